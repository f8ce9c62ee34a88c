"""KMS's stand-in: keys in this process, and the operations on them that the product uses.

A signature, a ciphertext and a MAC are as KMS makes them (KMS developer guide, "Key spec reference"): a PSS salt is as long as
the digest, an ECDSA signature is DER, the encryption context is authenticated.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hmac import digest
from os import urandom
from typing import Any
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.aws_in_process.errors import AwsError, Unknown, invalid

Body = dict[str, Any]
ACCOUNT = "123456789012"

MOST_BYTES = 4096
"""Of a message or a secret (KMS API reference)."""

SIGNS = {
    "RSA_2048": "RSASSA_PSS_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_EDWARDS25519": "ED25519_SHA_512",
}
"""Of each kind of key that signs, the one algorithm that is used here."""

UNWRAPS = {"RSAES_OAEP_SHA_1": hashes.SHA1(), "RSAES_OAEP_SHA_256": hashes.SHA256()}
USES = {
    "SYMMETRIC_DEFAULT": ("ENCRYPT_DECRYPT",),
    "HMAC_256": ("GENERATE_VERIFY_MAC",),
    "RSA_2048": ("SIGN_VERIFY", "ENCRYPT_DECRYPT"),
    "ECC_NIST_P256": ("SIGN_VERIFY",),
    "ECC_NIST_EDWARDS25519": ("SIGN_VERIFY",),
}
"""Of each kind of key, what it can be for."""

_PARAMETERS = {
    "CreateKey": ("KeySpec", "KeyUsage", "Description", "Tags", "MultiRegion"),
    "DescribeKey": ("KeyId",),
    "DisableKey": ("KeyId",),
    "ListKeys": ("Marker",),
    "ListResourceTags": ("KeyId",),
    "ScheduleKeyDeletion": ("KeyId", "PendingWindowInDays"),
    "GetPublicKey": ("KeyId",),
    "Sign": ("KeyId", "Message", "MessageType", "SigningAlgorithm"),
    "Encrypt": ("KeyId", "Plaintext", "EncryptionContext"),
    "Decrypt": ("KeyId", "CiphertextBlob", "EncryptionContext", "EncryptionAlgorithm"),
    "GenerateDataKeyWithoutPlaintext": ("KeyId", "KeySpec", "EncryptionContext"),
    "GenerateMac": ("KeyId", "Message", "MacAlgorithm"),
}
KEYS_A_PAGE = 5
_DIGEST = hashes.SHA256()
_PSS = padding.PSS(padding.MGF1(_DIGEST), salt_length=_DIGEST.digest_size)
_PREHASHED = utils.Prehashed(_DIGEST)
_NONCE, _NAME = 12, 16
"""Bytes of a ciphertext's parts: which key, the nonce, and then what AES-GCM made."""


@dataclass(frozen=True)
class Key:
    """A key. `material`: a private key, or the bytes of a secret one. `state`: KMS's KeyState."""

    name: UUID
    region: str
    spec: str
    usage: str
    material: Any
    tags: tuple[tuple[str, str], ...] = ()
    multi_region: bool = False
    state: str = "Enabled"

    @property
    def arn(self) -> str:
        return f"arn:aws:kms:{self.region}:{ACCOUNT}:key/{'mrk-' if self.multi_region else ''}{self.name}"

    def metadata(self) -> Body:
        return {
            "KeyId": str(self.name),
            "Arn": self.arn,
            "KeySpec": self.spec,
            "KeyUsage": self.usage,
            "KeyState": self.state,
            "MultiRegion": self.multi_region,
        }


class Keys:
    """Every key of one account and Region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._keys: dict[str, Key] = {}
        self._operations: dict[str, Callable[[Body], Body]] = {
            "CreateKey": self._create_key,
            "DescribeKey": self._describe_key,
            "DisableKey": self._disable_key,
            "ListKeys": self._list_keys,
            "ListResourceTags": self._list_resource_tags,
            "ScheduleKeyDeletion": self._schedule_key_deletion,
            "GetPublicKey": self._get_public_key,
            "Sign": self._sign,
            "Encrypt": self._encrypt,
            "Decrypt": self._decrypt,
            "GenerateDataKeyWithoutPlaintext": self._generate_data_key,
            "GenerateMac": self._generate_mac,
        }

    def call(self, operation: str, body: Body) -> Body:
        """What KMS answers. Raises AwsError, and Unknown."""
        if operation not in self._operations:
            raise Unknown(f"KMS's {operation}")
        unknown = body.keys() - set(_PARAMETERS[operation])
        if unknown:
            raise Unknown(f"{operation} with {', '.join(sorted(unknown))}")
        return self._operations[operation](body)

    def kept(self) -> dict[str, Key]:
        """All that is held, to be put back."""
        return dict(self._keys)

    def put_back(self, kept: dict[str, Key]) -> None:
        self._keys = dict(kept)

    def _create_key(self, body: Body) -> Body:
        spec, usage = body.get("KeySpec", "SYMMETRIC_DEFAULT"), body.get("KeyUsage", "ENCRYPT_DECRYPT")
        if usage not in USES.get(spec, ()):
            raise Unknown(f"a key of the kind {spec} for {usage}")
        already = sum(key.spec == spec for key in self._keys.values())
        tags = tuple((tag["TagKey"], tag["TagValue"]) for tag in body.get("Tags", ()))
        shared = body.get("MultiRegion", False)
        key = Key(uuid4(), self._region, spec, usage, _material(spec, already), tags=tags, multi_region=shared)
        self._keys[key.arn] = key
        return {"KeyMetadata": key.metadata()}

    def _describe_key(self, body: Body) -> Body:
        return {"KeyMetadata": self._there(body["KeyId"]).metadata()}

    def _disable_key(self, body: Body) -> Body:
        key = self._not_to_be_deleted(body["KeyId"])
        self._keys[key.arn] = replace(key, state="Disabled")
        return {}

    def _schedule_key_deletion(self, body: Body) -> Body:
        if not 7 <= body.get("PendingWindowInDays", 30) <= 30:
            raise invalid("PendingWindowInDays is 7 to 30")
        key = self._not_to_be_deleted(body["KeyId"])
        self._keys[key.arn] = replace(key, state="PendingDeletion")
        return {"KeyId": key.arn, "KeyState": "PendingDeletion"}

    def _list_keys(self, body: Body) -> Body:
        arns = sorted(self._keys)
        begin = arns.index(body["Marker"]) if "Marker" in body else 0
        page, more = arns[begin : begin + KEYS_A_PAGE], arns[begin + KEYS_A_PAGE :]
        keys = [{"KeyId": str(self._keys[arn].name), "KeyArn": arn} for arn in page]
        return {"Keys": keys, "Truncated": bool(more), **({"NextMarker": more[0]} if more else {})}

    def _list_resource_tags(self, body: Body) -> Body:
        tags = [{"TagKey": name, "TagValue": value} for name, value in self._there(body["KeyId"]).tags]
        return {"Tags": tags, "Truncated": False}

    def _get_public_key(self, body: Body) -> Body:
        key = self._key(body["KeyId"])
        if isinstance(key.material, bytes):
            raise AwsError("UnsupportedOperationException", f"{key.arn} has no public key")
        der = key.material.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        named = (
            {"SigningAlgorithms": [SIGNS[key.spec]]}
            if key.usage == "SIGN_VERIFY"
            else {"EncryptionAlgorithms": list(UNWRAPS)}
        )
        return {"KeyId": key.arn, "PublicKey": _b64(der), "KeySpec": key.spec, "KeyUsage": key.usage, **named}

    def _sign(self, body: Body) -> Body:
        key, algorithm = self._key(body["KeyId"], "SIGN_VERIFY"), body["SigningAlgorithm"]
        if algorithm != SIGNS[key.spec]:
            if algorithm not in SIGNS.values():
                raise Unknown(f"signatures by {algorithm}")
            raise _usage(f"{algorithm} is not for a key of the kind {key.spec}")
        message, kind = b64decode(body["Message"]), body.get("MessageType", "RAW")
        _check_length(message)
        if kind not in ("RAW", "DIGEST"):
            raise Unknown(f"a message of the type {kind}")
        if kind == "DIGEST" and algorithm == "ED25519_SHA_512":
            raise invalid(f"MessageType DIGEST is not for {algorithm}")
        if kind == "DIGEST" and len(message) != _DIGEST.digest_size:
            raise invalid(f"Digest is invalid length for algorithm {algorithm}")
        signature = _SIGNATURES[algorithm](key.material, message, _DIGEST if kind == "RAW" else _PREHASHED)
        return {"KeyId": key.arn, "Signature": _b64(signature), "SigningAlgorithm": algorithm}

    def _encrypt(self, body: Body) -> Body:
        key, secret = self._key(body["KeyId"], "ENCRYPT_DECRYPT"), b64decode(body["Plaintext"])
        if not isinstance(key.material, bytes):
            raise Unknown(f"Encrypt with a key of the kind {key.spec}")
        _check_length(secret)
        nonce = urandom(_NONCE)
        sealed = AESGCM(key.material).encrypt(nonce, secret, _authenticated(body))
        return {"KeyId": key.arn, "CiphertextBlob": _b64(key.name.bytes + nonce + sealed)}

    def _generate_data_key(self, body: Body) -> Body:
        if body["KeySpec"] != "AES_256":
            raise Unknown(f"a data key of the kind {body['KeySpec']}")
        made = {"KeyId": body["KeyId"], "EncryptionContext": body.get("EncryptionContext", {})}
        sealed = self._encrypt({**made, "Plaintext": _b64(urandom(32))})
        return {"KeyId": sealed["KeyId"], "CiphertextBlob": sealed["CiphertextBlob"]}

    def _decrypt(self, body: Body) -> Body:
        algorithm, blob = body.get("EncryptionAlgorithm", "SYMMETRIC_DEFAULT"), b64decode(body["CiphertextBlob"])
        if algorithm not in ("SYMMETRIC_DEFAULT", *UNWRAPS):
            raise Unknown(f"Decrypt by {algorithm}")
        if "KeyId" not in body:
            raise Unknown("Decrypt with a key that is not named")
        key = self._key(body["KeyId"], "ENCRYPT_DECRYPT")
        if isinstance(key.material, bytes) != (algorithm == "SYMMETRIC_DEFAULT"):
            raise _usage(f"{algorithm} is not for a key of the kind {key.spec}")
        secret = _unwrapped(key, blob, UNWRAPS[algorithm]) if algorithm in UNWRAPS else _opened(key, blob, body)
        return {"KeyId": key.arn, "Plaintext": _b64(secret), "EncryptionAlgorithm": algorithm}

    def _generate_mac(self, body: Body) -> Body:
        key, message = self._key(body["KeyId"], "GENERATE_VERIFY_MAC"), b64decode(body["Message"])
        if body["MacAlgorithm"] != "HMAC_SHA_256":
            raise Unknown(f"a MAC by {body['MacAlgorithm']}")
        _check_length(message)
        mac = digest(key.material, message, "sha256")
        return {"KeyId": key.arn, "Mac": _b64(mac), "MacAlgorithm": "HMAC_SHA_256"}

    def _there(self, name: str) -> Key:
        key = self._keys.get(name)
        if key is None:
            raise AwsError("NotFoundException", f"Key {name!r} does not exist")
        return key

    def _not_to_be_deleted(self, name: str) -> Key:
        key = self._there(name)
        if key.state == "PendingDeletion":
            raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return key

    def _key(self, name: str, usage: str | None = None) -> Key:
        """A key that is used (KMS developer guide, "Key states of KMS keys")."""
        key = self._not_to_be_deleted(name)
        if key.state == "Disabled":
            raise AwsError("DisabledException", f"{key.arn} is disabled.")
        if usage not in (None, key.usage):
            raise _usage(f"{key.arn} key usage is {key.usage} which is not valid for this operation")
        return key


@cache
def _material(spec: str, number: int) -> Any:
    """What a key is made of. Made once a process for the first, the second, and so on: an RSA key takes long to find."""
    if spec == "RSA_2048":
        return rsa.generate_private_key(65537, 2048)
    if spec == "ECC_NIST_P256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate() if spec == "ECC_NIST_EDWARDS25519" else urandom(32)


_SIGNATURES: Mapping[str, Callable[[Any, bytes, Any], bytes]] = {
    "RSASSA_PSS_SHA_256": lambda key, message, hashed: key.sign(message, _PSS, hashed),
    "ECDSA_SHA_256": lambda key, message, hashed: key.sign(message, ec.ECDSA(hashed)),
    "ED25519_SHA_512": lambda key, message, hashed: key.sign(message),
}


def _unwrapped(key: Key, blob: bytes, hashed: hashes.HashAlgorithm) -> bytes:
    try:
        secret: bytes = key.material.decrypt(blob, padding.OAEP(padding.MGF1(hashed), hashed, None))
    except ValueError:
        raise _ciphertext() from None
    return secret


def _opened(key: Key, blob: bytes, body: Body) -> bytes:
    name, nonce, sealed = blob[:_NAME], blob[_NAME : _NAME + _NONCE], blob[_NAME + _NONCE :]
    if len(nonce) < _NONCE:
        raise _ciphertext()
    if name != key.name.bytes:
        raise AwsError(
            "IncorrectKeyException", "The key ID in the request does not identify a key that can decrypt this"
        )
    try:
        return AESGCM(key.material).decrypt(nonce, sealed, _authenticated(body))
    except InvalidTag:
        raise _ciphertext() from None


def _authenticated(body: Body) -> bytes:
    return json.dumps(body.get("EncryptionContext", {}), sort_keys=True).encode()


def _check_length(data: bytes) -> None:
    if not 1 <= len(data) <= MOST_BYTES:
        raise invalid(f"a member must have length less than or equal to {MOST_BYTES}, and at least 1")


def _usage(words: str) -> AwsError:
    return AwsError("InvalidKeyUsageException", words)


def _ciphertext() -> AwsError:
    return AwsError("InvalidCiphertextException", "")


def _b64(data: bytes) -> str:
    return b64encode(data).decode()
