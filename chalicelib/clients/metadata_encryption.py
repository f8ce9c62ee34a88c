"""The rules for encryption in client metadata (OpenID Connect Registration 2, JARM 3).

OpenID Connect Registration gives `enc` a default that no profile allows (A128CBC-HS256), so both members are required.
"""

from __future__ import annotations

from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.profiles.clauses import clause_of
from chalicelib.protocol_types import EncryptionAlg, EncryptionEnc
from chalicelib.storage.records import Client

ENCRYPTED_RESPONSES = ("id_token_encrypted_response", "userinfo_encrypted_response", "authorization_encrypted_response")
"""Prefixes of the metadata for encrypted responses."""


def encryption(client: Client, profile: Profile, *, keys_known: bool) -> Faults:
    """What is encrypted can be, as registered. `keys_known`: its jwks are all its keys, and can be used."""
    for name in ENCRYPTED_RESPONSES:
        wrong = tuple(_agreed(client, name, profile, profile.encryption_algs))
        yield from wrong
        if getattr(client, f"{name}_alg") is not None and not wrong and keys_known:
            yield from _key(client, profile, name)
    yield from _agreed(client, "request_object_encryption", profile, profile.request_object_encryption_algs)
    if client.request_object_encryption_alg is not None and not profile.request_object_signing_algs:
        yield Fault(
            InvalidClientMetadata("request_object_encryption_alg: the profile does not accept request objects"),
            clause_of(profile, "request_object_signing_algs"),
        )
    if client.authorization_encrypted_response_alg is not None and not profile.authorization_signing_algs:
        yield Fault(
            InvalidClientMetadata(
                "authorization_encrypted_response_alg: the profile does not sign authorization responses"
            ),
            "JARM-3",
        )


def _agreed(client: Client, name: str, profile: Profile, algs: tuple[EncryptionAlg, ...]) -> Faults:
    alg: EncryptionAlg | None = getattr(client, f"{name}_alg")
    enc: EncryptionEnc | None = getattr(client, f"{name}_enc")
    if (alg is None) != (enc is None):
        yield Fault(InvalidClientMetadata(f"{name}_alg and {name}_enc must be registered together"))
    clause = clause_of(profile, "encryption_algs")
    if alg is not None and alg not in algs:
        yield Fault(InvalidClientMetadata(f"{name}_alg: the profile does not allow this algorithm"), clause)
    if enc is not None and enc not in profile.encryption_encs:
        yield Fault(InvalidClientMetadata(f"{name}_enc: the profile does not allow this algorithm"), clause)


def _key(client: Client, profile: Profile, name: str) -> Faults:
    """An empty text can be encrypted to the client's key."""
    from chalicelib.keys import jwe  # This imports joserfc, which few clients need.

    try:
        jwe.encrypt(
            "",
            client.jwk_set,
            alg=getattr(client, f"{name}_alg"),
            enc=profile.encryption_encs[0],
            sizes=profile.key_sizes,
        )
    except jose.JoseError as problem:
        yield Fault(InvalidClientMetadata(f"{name}_alg: jwks has no key to encrypt to", detail=str(problem)))
