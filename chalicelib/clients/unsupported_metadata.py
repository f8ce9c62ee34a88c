"""Client metadata that the record has no member for: what only describes a client is left out, and what would matter is refused.

RFC 7591 2: what a server does not understand it ignores. But whoever asks for a protection that is not given, or misspells a
rule, is told at once.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from chalicelib.errors import InvalidClientMetadata
from chalicelib.protocol_types import Claims

SERVER_ASSIGNED = {
    "client_secret": "the server makes it when the client is registered",
    "sector_identifier": "the server derives it",
    "registered_at": "the server sets it when the client is registered",
}
"""Members of the record, or of an answer, that no client says."""

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
"""What a client would rely on for its own or a person's safety, and does not get."""

DESCRIPTIVE = frozenset(
    {
        *("application_type", "client_uri", "contacts", "initiate_login_uri", "logo_uri", "policy_uri", "tos_uri"),
        *("post_logout_redirect_uris", "require_auth_time", "software_id", "software_statement", "software_version"),
        *("client_id_issued_at", "client_secret_expires_at", "registration_access_token", "registration_client_uri"),
        "use_mtls_endpoint_aliases",
    }
)
"""Registered members that ask for nothing, or for what everybody gets: the ID token always has auth_time."""

MIN_SIMILARITY = 0.9
"""How much of a name must be the same for it to be a misspelling."""


def require_harmless(metadata: Claims, known: Collection[str]) -> tuple[str, ...]:
    """The names of the members that are left out; `known` are those of the record. Raises InvalidClientMetadata."""
    others = sorted(metadata.keys() - set(known))
    for name in others:
        if name in SERVER_ASSIGNED:
            raise InvalidClientMetadata(f"{name}: {SERVER_ASSIGNED[name]}")
        if name in UNSUPPORTED and metadata[name] not in (None, False, [], ""):
            raise InvalidClientMetadata(f"{name}: {UNSUPPORTED[name]}; leave it out")
        meant = [] if name in DESCRIPTIVE else get_close_matches(name, known, n=1, cutoff=MIN_SIMILARITY)
        if meant:
            raise InvalidClientMetadata(f"{name}: unknown member; did you mean {meant[0]}?")
    return tuple(others)
