"""KMS, the store of all private keys. Only this file calls it."""

from __future__ import annotations

import base64
import hmac
from functools import cached_property
from hashlib import sha256
from typing import cast

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.keys.algorithm import canonical
from chalicelib.keys.key_ring import CantSign, CantUnwrap, Signer, Unwrapper
from chalicelib.protocol_types import Jwk, Untyped
from chalicelib.settings import AWS_CONNECT_SECONDS, AWS_READ_SECONDS, AWS_TRIES
from chalicelib.storage.signing_keys import SigningKey

ALGORITHMS = {"PS256": "RSASSA_PSS_SHA_256", "ES256": "ECDSA_SHA_256", "EdDSA": "ED25519_SHA_512"}
DECRYPTS = {"RSA-OAEP-256": "RSAES_OAEP_SHA_256", "RSA-OAEP": "RSAES_OAEP_SHA_1"}
UNUSABLE = ("AccessDeniedException", "DisabledException", "KMSInvalidStateException", "NotFoundException")
"""KMS's codes for a key that this function can't sign with. Another key may work."""
P256_BYTES = 32
MAX_MESSAGE_BYTES = 4096
"""Maximum bytes of a message that KMS accepts."""


AWS_TIMEOUTS = Config(
    connect_timeout=AWS_CONNECT_SECONDS,
    read_timeout=AWS_READ_SECONDS,
    retries={"total_max_attempts": AWS_TRIES, "mode": "standard"},
    parameter_validation=False,  # KMS validates too, and the parameters are made here.
)


class MessageTooLong(Exception):
    """The message is too long for KMS. EdDSA signs the message itself, not a digest (RFC 8032 5.1)."""


class KmsSigner:
    """A Signer with a key in KMS. The digest is made here, so that a message may have any length."""

    def __init__(self, client: Untyped, key: SigningKey) -> None:
        self._client, self._key_id = client, key.key_id
        self.kid, self.alg = key.kid, key.alg

    def sign(self, data: bytes) -> bytes:
        """The signature. Raises CantSign, and MessageTooLong if KMS needs the message itself and it is too long."""
        whole = canonical(self.alg) == "EdDSA"
        if whole and len(data) > MAX_MESSAGE_BYTES:
            raise MessageTooLong(
                f"KMS signs at most {MAX_MESSAGE_BYTES} bytes as {self.alg}, and these are {len(data)}"
            )
        try:
            answer = self._client.sign(
                KeyId=self._key_id,
                Message=data if whole else sha256(data).digest(),
                MessageType="RAW" if whole else "DIGEST",
                SigningAlgorithm=ALGORITHMS[canonical(self.alg)],
            )
        except ClientError as problem:
            code = problem.response["Error"]["Code"]
            if code in UNUSABLE:
                raise CantSign(code) from problem
            raise
        signature: bytes = answer["Signature"]
        return _raw(signature) if self.alg == "ES256" else signature


class KmsUnwrapper:
    """An Unwrapper with a key in KMS."""

    def __init__(self, client: Untyped, key: SigningKey) -> None:
        self._client, self._key_id = client, key.key_id
        self.public_jwk = key.public_jwk

    def unwrap(self, wrapped: bytes, alg: str) -> bytes:
        """The decrypted key. Raises CantUnwrap if it was not encrypted to this key by `alg`."""
        try:
            answer = self._client.decrypt(KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionAlgorithm=DECRYPTS[alg])
        except ClientError as problem:
            if problem.response["Error"]["Code"] == "InvalidCiphertextException":
                raise CantUnwrap("KMS can't decrypt it") from None
            raise
        key: bytes = answer["Plaintext"]
        return key


class Kms:
    """A KMS client for signatures, public keys, decryption, sealed secrets and MACs.

    `session`: botocore's session, which the DynamoDB client also uses.
    """

    def __init__(self, session: Untyped, *, secrets_key: str, nonces_key: str, subjects_key: str) -> None:
        self.session = session
        self.client: Untyped = session.create_client("kms", config=AWS_TIMEOUTS)
        """botocore's."""
        self._secrets_key, self._nonces_key, self._subjects_key = secrets_key, nonces_key, subjects_key

    def signer(self, key: SigningKey) -> Signer:
        """The Signer of a published key."""
        return KmsSigner(self.client, key)

    def unwrapper(self, key: SigningKey) -> Unwrapper:
        """The Unwrapper of a published encryption key."""
        return KmsUnwrapper(self.client, key)

    def public_key(self, key_id: str) -> bytes:
        """The public key of a KMS key: DER, SubjectPublicKeyInfo."""
        der: bytes = self.client.get_public_key(KeyId=key_id)["PublicKey"]
        return der

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of at most 4,096 bytes."""
        answer = self.client.generate_mac(KeyId=self._nonces_key, Message=data, MacAlgorithm="HMAC_SHA_256")
        mac: bytes = answer["Mac"]
        return mac

    def subject_mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of at most 4,096 bytes, with the key for pairwise subjects."""
        answer = self.client.generate_mac(KeyId=self._subjects_key, Message=data, MacAlgorithm="HMAC_SHA_256")
        mac: bytes = answer["Mac"]
        return mac

    def bond_mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 of any length, with a key that a process derives once from the key for pairwise subjects."""
        return hmac.digest(self._bond_key, data, sha256)

    @cached_property
    def _bond_key(self) -> bytes:
        # No pairwise subject uses this text: their input is a JSON array.
        return self.subject_mac(b"ducat bonds 1")

    def seal(self, secret: bytes, context: dict[str, str]) -> str:
        """The sealed form of a secret of at most 4,096 bytes, for storage; base64. `unseal` needs the same `context`."""
        answer = self.client.encrypt(KeyId=self._secrets_key, Plaintext=secret, EncryptionContext=context)
        return base64.b64encode(answer["CiphertextBlob"]).decode()

    def unseal(self, sealed: str, context: dict[str, str]) -> bytes:
        """The secret. Raises botocore's ClientError if the context or the ciphertext is wrong."""
        answer = self.client.decrypt(
            KeyId=self._secrets_key, CiphertextBlob=base64.b64decode(sealed), EncryptionContext=context
        )
        secret: bytes = answer["Plaintext"]
        return secret

    def new_data_key(self, context: dict[str, str]) -> str:
        """A new AES-256 key, sealed as by `seal`. KMS makes it, and `unseal` opens it."""
        answer = self.client.generate_data_key_without_plaintext(
            KeyId=self._secrets_key, KeySpec="AES_256", EncryptionContext=context
        )
        return base64.b64encode(answer["CiphertextBlob"]).decode()


def to_jwk(der: bytes, alg: str) -> Jwk:
    """A public key as a JWK with `kid` (its RFC 7638 thumbprint), `alg` and `use`."""
    # Imported here, because the login function uses this file only to unseal.
    from cryptography.hazmat.primitives import serialization

    from chalicelib.keys.thumbprint import thumbprint

    key: Untyped = serialization.load_der_public_key(der)
    members: dict[str, str]
    if canonical(alg) == "EdDSA":
        members = {"kty": "OKP", "crv": "Ed25519", "x": _b64(key.public_bytes_raw())}  # RFC8037-2
    elif alg == "ES256":
        point = key.public_numbers()
        members = {"kty": "EC", "crv": "P-256", "x": _number(point.x, P256_BYTES), "y": _number(point.y, P256_BYTES)}
    else:
        numbers = key.public_numbers()
        members = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    members |= {"kid": thumbprint(members), "alg": alg, "use": "enc" if alg in DECRYPTS else "sig"}
    return cast(Jwk, members)


def _raw(der: bytes) -> bytes:
    """ECDSA's DER as JOSE's r||s (RFC 7518 3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(der)
    return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")


def _number(number: int, length: int | None = None) -> str:
    return _b64(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
