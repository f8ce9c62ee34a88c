"""The KMS keys. A key's policy leaves it to the account's IAM who may use it, and the roles say that in functions.py.

Removing the stack removes none of them: what they signed or sealed outlives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.deployment import Deployment

TABLES_KEY = "tables"


@dataclass(frozen=True)
class Row:
    """One key. `signs`, `decrypts`: the one algorithm that it is used with, where its kind has several.

    `chosen`: whether a deployment has it only where it says so, by the setting of the row's name.
    """

    name: str
    purpose: str
    spec: kms.KeySpec
    signs: str | None = None
    decrypts: str | None = None
    usage: kms.KeyUsage = kms.KeyUsage.ENCRYPT_DECRYPT
    chosen: bool = False


KEYS = (
    Row("ps256", "Signs tokens as PS256", kms.KeySpec.RSA_2048, "RSASSA_PSS_SHA_256"),
    Row("es256", "Signs tokens as ES256", kms.KeySpec.ECC_NIST_P256, "ECDSA_SHA_256"),
    Row("eddsa", "Signs tokens as EdDSA", kms.KeySpec.ECC_NIST_EDWARDS25519, "ED25519_SHA_512", chosen=True),
    Row(
        "secrets",
        "Seals secrets that must be read again, such as those of one-time codes and of clients",
        kms.KeySpec.SYMMETRIC_DEFAULT,
    ),
    Row("nonces", "Makes the nonces of DPoP proofs", kms.KeySpec.HMAC_256, usage=kms.KeyUsage.GENERATE_VERIFY_MAC),
    Row(
        "subjects",
        "Makes the subjects that only one sector of clients knows a person by; replacing it changes them all",
        kms.KeySpec.HMAC_256,
        usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
    ),
    Row(
        "decryption",
        "Decrypts what clients encrypt for the provider",
        kms.KeySpec.RSA_2048,
        decrypts="RSAES_OAEP_SHA_256",
    ),
    Row(TABLES_KEY, "Encrypts the tables at rest", kms.KeySpec.SYMMETRIC_DEFAULT),
)

SIGNING_ALGORITHMS = {row.name: row.signs for row in KEYS if row.signs}
DECRYPTION_ALGORITHMS = {row.name: row.decrypts for row in KEYS if row.decrypts}


def build(scope: Construct, deployment: Deployment) -> Mapping[str, kms.Key]:
    """Every key that the deployment has, by its row's name."""
    return {
        row.name: kms.Key(
            scope,
            f"{row.name.title()}Key",
            description=f"Ducat: {row.purpose[0].lower()}{row.purpose[1:]}",
            key_spec=row.spec,
            key_usage=kms.KeyUsage.SIGN_VERIFY if row.signs else row.usage,
            # KMS rotates by itself what it alone reads: keys that encrypt.
            enable_key_rotation=True if row.spec == kms.KeySpec.SYMMETRIC_DEFAULT else None,
            removal_policy=RemovalPolicy.RETAIN,
        )
        for row in KEYS
        if not row.chosen or deployment.chooses(row.name)
    }
