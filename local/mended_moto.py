"""moto, the stand-in for DynamoDB and KMS, with its faults mended. All of them here; product code is never bent to moto.

Seen in moto 5.2.5. KMS:
1. RSASSA_PSS signatures have the longest salt; KMS makes it as long as the digest (KMS developer guide, "Asymmetric key
   specs"; RFC 7518 3.5 asks for the same).
2. MessageType DIGEST is not read, so that a digest is hashed once more.
3. A RAW message may be of any length; KMS takes at most 4,096 bytes.
4. Keys of the kind ECC_NIST_EDWARDS25519 are unknown; KMS has them, and takes a RAW message alone for ED25519_SHA_512 (API
   reference, "Sign"). The algorithm for digests, ED25519_PH_SHA_512, is not here: JOSE has no name for it.
5. Nothing is ever encrypted with an RSA key, and so nothing that others encrypted to one is decrypted; KMS does both by
   RSAES_OAEP_SHA_1 and RSAES_OAEP_SHA_256 (API reference, "Decrypt"), and names no other reason than InvalidCiphertextException.
6. A key that encrypts or authenticates alone has a private key of RSA as well, which takes long to make; KMS has none.
DynamoDB:
7. Conditions and writes of two requests interleave in a threaded server; DynamoDB's single item writes and transactions
   are atomic.
8. A transaction that fails puts back a copy of its whole tables, which loses what others wrote; and each one copies them,
   which takes longer the more they hold.
9. A transaction that is repeated with its ClientRequestToken is done again; DynamoDB answers the repetition as it did
   the first time.
"""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from collections.abc import Mapping
from threading import RLock
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto.dynamodb.models import DynamoDBBackend, dynamo_type
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.kms import models
from moto.kms.exceptions import InvalidCiphertextException, InvalidKeyUsageException, ValidationException
from moto.kms.responses import KmsResponse
from moto.kms.utils import (
    AbstractPrivateKey,
    ECDSAPrivateKey,
    KeySpec,
    RSAPrivateKey,
    SigningAlgorithm,
    generate_private_key,
    validate_signing_algorithm,
)

HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
OAEP_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "RSAES_OAEP_SHA_1": hashes.SHA1(),
    "RSAES_OAEP_SHA_256": hashes.SHA256(),
}
MAX_RAW_MESSAGE_BYTES = 4096
ED25519_SPEC, ED25519_ALGORITHM = "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"

Key = tuple[str, Any, Any]

_one_at_a_time = RLock()
_moto_get_param = KmsResponse._get_param
_moto_decrypt = KmsResponse.decrypt
_moto_key_specs = KeySpec.key_specs
_moto_generate_private_key = generate_private_key
_moto_signing_algorithms: Any = models.Key.__dict__["signing_algorithms"]
_moto_call_action = DynamoHandler.call_action
_moto_answer_transaction = DynamoHandler.transact_write_items
_moto_transact = DynamoDBBackend.transact_write_items


def mend() -> None:
    """Mend moto in this process, in-process mocks and server alike. Doing it twice is no harm."""
    for owner, name, mended in (
        (KmsResponse, "_get_param", _get_param),
        (RSAPrivateKey, "sign", _sign_rsa),
        (RSAPrivateKey, "verify", _verify_rsa),
        (ECDSAPrivateKey, "sign", _sign_ecdsa),
        (ECDSAPrivateKey, "verify", _verify_ecdsa),
        (KeySpec, "key_specs", _key_specs),
        (KmsResponse, "decrypt", _decrypt),
        (models, "generate_private_key", _generate_private_key),
        (models.Key, "signing_algorithms", property(_signing_algorithms)),
        (DynamoHandler, "call_action", _call_action),
        (DynamoHandler, "transact_write_items", _answer_transaction),
        (DynamoDBBackend, "transact_write_items", _transact),
        (Table, "__deepcopy__", _the_same_table),
    ):
        setattr(owner, name, mended)


class Digest(bytes):
    """A message that is a digest already."""


def _get_param(self: Any, name: str, if_none: Any = None) -> Any:
    value = _moto_get_param(self, name, if_none)
    if name != "Message" or value is None:
        return value
    if _moto_get_param(self, "MessageType") == "DIGEST":
        return Digest(value)
    if len(value) > MAX_RAW_MESSAGE_BYTES:
        raise ValidationException(f"Message must have length less than or equal to {MAX_RAW_MESSAGE_BYTES}")
    return value


def _hash_of(message: bytes, signing_algorithm: str) -> tuple[hashes.HashAlgorithm, Any]:
    """The algorithm's hash, and what cryptography is to be told about the message. Raises as KMS does."""
    algorithm = HASHES[signing_algorithm[-3:]]
    if not isinstance(message, Digest):
        return algorithm, algorithm
    if len(message) != algorithm.digest_size:
        raise ValidationException("Digest is invalid length for algorithm " + signing_algorithm)
    return algorithm, utils.Prehashed(algorithm)


def _padding(signing_algorithm: str, algorithm: hashes.HashAlgorithm) -> Any:
    if "PSS" in signing_algorithm:
        return padding.PSS(padding.MGF1(algorithm), salt_length=algorithm.digest_size)
    return padding.PKCS1v15()


def _sign_rsa(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    validate_signing_algorithm(signing_algorithm, SigningAlgorithm.rsa_signing_algorithms())
    algorithm, disclosed = _hash_of(message, signing_algorithm)
    signature: bytes = self.private_key.sign(bytes(message), _padding(signing_algorithm, algorithm), disclosed)
    return signature


def _verify_rsa(self: Any, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
    validate_signing_algorithm(signing_algorithm, SigningAlgorithm.rsa_signing_algorithms())
    algorithm, disclosed = _hash_of(message, signing_algorithm)
    return _holds(self, signature, bytes(message), _padding(signing_algorithm, algorithm), disclosed)


def _sign_ecdsa(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    validate_signing_algorithm(signing_algorithm, self.valid_signing_algorithms)
    _, disclosed = _hash_of(message, signing_algorithm)
    signature: bytes = self.private_key.sign(bytes(message), ec.ECDSA(disclosed))
    return signature


def _verify_ecdsa(self: Any, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
    validate_signing_algorithm(signing_algorithm, self.valid_signing_algorithms)
    _, disclosed = _hash_of(message, signing_algorithm)
    return _holds(self, signature, bytes(message), ec.ECDSA(disclosed))


def _decrypt(self: Any) -> Any:
    """5: by the private key, where the algorithm is one of RSA's. KMS wants the key named then."""
    algorithm = str(_moto_get_param(self, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT"))
    if not algorithm.startswith("RSAES_OAEP_"):
        return _moto_decrypt(self)
    key_id = _moto_get_param(self, "KeyId")
    self._validate_key_id(key_id)
    key = self.kms_backend.describe_key(key_id)
    if key.key_usage != "ENCRYPT_DECRYPT" or not key.key_spec.startswith("RSA_"):
        raise InvalidKeyUsageException()
    disclosed = OAEP_HASHES[algorithm]
    try:
        plaintext = key.private_key.private_key.decrypt(
            _moto_get_param(self, "CiphertextBlob"), padding.OAEP(padding.MGF1(disclosed), disclosed, None)
        )
    except ValueError:
        raise InvalidCiphertextException() from None
    answer = {"Plaintext": b64encode(plaintext).decode(), "KeyId": key.arn, "EncryptionAlgorithm": algorithm}
    return json.dumps(answer)


class _Ed25519PrivateKey(AbstractPrivateKey):
    """4: what moto's own kinds of private key are, for Ed25519."""

    def __init__(self) -> None:
        self.private_key = ed25519.Ed25519PrivateKey.generate()

    def sign(self, message: bytes, signing_algorithm: str) -> bytes:
        return self.private_key.sign(self._whole(message, signing_algorithm))

    def verify(self, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
        return _holds(self, signature, self._whole(message, signing_algorithm))

    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @staticmethod
    def _whole(message: bytes, signing_algorithm: str) -> bytes:
        validate_signing_algorithm(signing_algorithm, [ED25519_ALGORITHM])
        if isinstance(message, Digest):
            raise ValidationException(f"MessageType DIGEST is not for {ED25519_ALGORITHM}")
        return bytes(message)


def _key_specs() -> list[str]:
    return sorted([*_moto_key_specs(), ED25519_SPEC])


def _generate_private_key(key_spec: str) -> Any:
    if key_spec.startswith(("SYMMETRIC_", "HMAC_")):
        return None
    return _Ed25519PrivateKey() if key_spec == ED25519_SPEC else _moto_generate_private_key(key_spec)


def _signing_algorithms(self: Any) -> Any:
    return [ED25519_ALGORITHM] if self.key_spec == ED25519_SPEC else _moto_signing_algorithms.fget(self)


def _holds(key: Any, *arguments: Any) -> bool:
    try:
        key.private_key.public_key().verify(*arguments)
    except InvalidSignature:
        return False
    return True


def _call_action(self: Any) -> Any:
    with _one_at_a_time:
        return _moto_call_action(self)


def _answer_transaction(self: Any) -> Any:
    """9: the first answer is kept; one that failed is not, since DynamoDB lets that be tried again."""
    transaction = json.dumps(self.body["TransactItems"], sort_keys=True)
    kept: dict[str, tuple[str, Any]] = self.dynamodb_backend.__dict__.setdefault("_answered", {})
    token = self.body.get("ClientRequestToken")
    if token in kept and kept[token][0] == transaction:
        return kept[token][1]
    answer = _moto_answer_transaction(self)
    if token:
        kept[token] = (transaction, answer)
    return answer


def _transact(self: Any, transact_items: list[dict[str, Any]]) -> None:
    before = {}
    for part in transact_items:
        for write in part.values():
            location = _location(self, write)
            before[location] = copy.deepcopy(_there(self, location))
    try:
        _moto_transact(self, transact_items)
    except Exception:
        for location, item in before.items():
            _put_back(self, location, item)
        raise


def _location(backend: Any, write: dict[str, Any]) -> Key:
    table = backend.get_table(write["TableName"])
    key = write.get("Item") or write["Key"]
    names = (table.hash_key_attr, table.range_key_attr)
    partition, sort = (dynamo_type.DynamoType(key[name]) if name else None for name in names)
    return table.name, partition, sort


def _there(backend: Any, location: Key) -> Any:
    name, partition, sort = location
    return backend.get_table(name).get_item(partition, sort)


def _put_back(backend: Any, location: Key, item: Any) -> None:
    name, partition, sort = location
    table = backend.get_table(name)
    if item is None:
        table.delete_item(partition, sort)
    elif sort is None:
        table.items[partition] = item
    else:
        table.items[partition][sort] = item


def _the_same_table(self: Any, memo: dict[int, Any]) -> Any:
    return self
