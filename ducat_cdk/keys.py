"""The KMS keys, as rows; storage.py makes them. Read without the CDK, which starts Node.

A key's policy leaves it to the account's IAM who may use it, and the roles say that in functions.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.protocol_types import SigningAlg

TABLES_KEY = "tables"
TAGS = ("ducat:stack", "ducat:use", "ducat:attempt")
"""The tags of a signing key that the job rotate_keys makes (chalicelib/keys/kms_lifecycle.py)."""


@dataclass(frozen=True)
class Row:
    """One key. `spec`, `usage`: as KMS names them. `signs`, `decrypts`: the one algorithm that it is used with, where its
    kind has several.

    `chosen`: whether a deployment has it only where it says so, by the setting of the row's name.
    """

    name: str
    purpose: str
    spec: str
    signs: str | None = None
    decrypts: tuple[str, ...] = ()
    usage: str = "ENCRYPT_DECRYPT"
    chosen: bool = False


KEYS = (
    Row("ps256", "Signs tokens as PS256", "RSA_2048", "RSASSA_PSS_SHA_256"),
    Row("es256", "Signs tokens as ES256", "ECC_NIST_P256", "ECDSA_SHA_256"),
    Row("eddsa", "Signs tokens as EdDSA", "ECC_NIST_EDWARDS25519", "ED25519_SHA_512", chosen=True),
    Row(
        "secrets",
        "Seals secrets that must be read again, such as those of one-time codes and of clients",
        "SYMMETRIC_DEFAULT",
    ),
    Row("nonces", "Makes the nonces of DPoP proofs", "HMAC_256", usage="GENERATE_VERIFY_MAC"),
    Row(
        "subjects",
        "Makes the subjects that only one sector of clients knows a person by; replacing it changes them all",
        "HMAC_256",
        usage="GENERATE_VERIFY_MAC",
    ),
    Row(
        "decryption",
        "Decrypts what clients encrypt for the provider",
        "RSA_2048",
        decrypts=("RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"),
    ),
    Row(TABLES_KEY, "Encrypts the tables at rest", "SYMMETRIC_DEFAULT"),
)

SIGNING_ALGORITHMS = {row.name: row.signs for row in KEYS if row.signs}
SIGNATURES: dict[str, SigningAlg] = {"ps256": "PS256", "es256": "ES256", "eddsa": "EdDSA"}
"""The JWS algorithms, by the names of the keys."""
SIGNING_SPECS = {row.name: row.spec for row in KEYS if row.signs}
DECRYPTION_ALGORITHMS = {row.name: row.decrypts for row in KEYS if row.decrypts}
