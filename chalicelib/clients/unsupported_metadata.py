"""Client metadata that are not in the record: descriptive members are left out, and members that request protection are
refused.

RFC 7591 2: a server ignores members that it does not understand. But a client that requests a protection that it does not get,
or that misspells a member, is refused.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.protocol_types import Claims

SERVER_ASSIGNED = {
    "client_secret": "the server makes it when the client is registered",
    "sector_identifier": "the server derives it",
    "registered_at": "the server sets it when the client is registered",
    "localized": "send each member with its language tag, such as client_name#de",
}
"""Members of the record or of a registration response that a client can't set."""

UNSUPPORTED = {
    "backchannel_logout_uri": "clients are not notified of a logout",
    "frontchannel_logout_uri": "clients are not notified of a logout",
    "backchannel_token_delivery_mode": "backchannel authentication is not supported",
    "default_acr_values": "send acr_values in each request",
    "default_max_age": "send max_age in each request",
    "introspection_encrypted_response_alg": "introspection responses are not encrypted",
    "introspection_encrypted_response_enc": "introspection responses are not encrypted",
    "signed_jwks_uri": "keys are taken from jwks or jwks_uri",
    "client_registration_types": "federation is not supported",
}
"""Members that a client or a user would rely on for protection, with the reason why they are refused."""

DESCRIPTIVE = frozenset(
    {
        *("application_type", "client_uri", "contacts", "initiate_login_uri"),
        *("post_logout_redirect_uris", "require_auth_time", "software_id", "software_statement", "software_version"),
        *("client_id_issued_at", "client_secret_expires_at", "registration_access_token", "registration_client_uri"),
        "use_mtls_endpoint_aliases",
    }
)
"""Registered members without effect here. For example, the ID token always has auth_time."""

LOCALIZED = ("client_name", "purpose", "logo_uri", "policy_uri", "tos_uri", "register_name", "register_uri")
"""Members of the record that people read."""

MIN_SIMILARITY = 0.9
"""Similarity of names from which a name counts as misspelt."""


def harmless(metadata: Claims, known: Collection[str]) -> Faults:
    """Each member outside of the record is harmless. `known`: members of the record."""
    for name in others(metadata, known):
        if name in SERVER_ASSIGNED:
            yield Fault(InvalidClientMetadata(f"{name}: {SERVER_ASSIGNED[name]}"))
        if name in UNSUPPORTED and metadata[name] not in (None, False, [], ""):
            yield Fault(InvalidClientMetadata(f"{name}: {UNSUPPORTED[name]}; leave it out"))
        meant = [] if name in DESCRIPTIVE else get_close_matches(name, known, n=1, cutoff=MIN_SIMILARITY)
        if meant:
            yield Fault(InvalidClientMetadata(f"{name}: unknown member; did you mean {meant[0]}?"))


def others(metadata: Claims, known: Collection[str]) -> tuple[str, ...]:
    """The names of the members that are left out."""
    return tuple(sorted(name for name in metadata if name not in known and not is_localized(name)))


def is_localized(name: str) -> bool:
    """Whether it is a member of the record with a language tag (OpenID Connect Registration 2.1)."""
    return name.partition("#")[0] in LOCALIZED and "#" in name
