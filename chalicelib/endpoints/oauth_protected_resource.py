"""GET /.well-known/oauth-protected-resource: the metadata of the bank's API (RFC 9728), computed from the authorizer's rules.

The document belongs on the API's own host. There an HTTP integration can serve it from here, or the bank's own function can
call
`document`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chalicelib.messages import Request, Response, json_response
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import JsonObject
from chalicelib.resource_server import policy
from chalicelib.settings import Settings

if TYPE_CHECKING:  # The metadata need the settings alone.
    from chalicelib.provider import Provider

CACHED = ("Cache-Control", "public, max-age=300")


def answer(request: Request, provider: Provider) -> Response:
    """The metadata document."""
    return json_response(200, document(provider.settings), CACHED)


def document(settings: Settings) -> JsonObject:
    """The metadata of the API at `settings.resource_url` (RFC 9728 2). Empty members are left out."""
    rules = policy.rules(settings.resource_rules).values()
    profiles = PROFILES.values()
    members = {
        "resource": settings.resource_url,
        "authorization_servers": [settings.issuer],
        "resource_name": settings.bank_name,
        "bearer_methods_supported": ["header"],
        "scopes_supported": _each(rule.get("scope") for rule in rules),
        "authorization_details_types_supported": _each(rule.get("authorization_details_type") for rule in rules),
        "tls_client_certificate_bound_access_tokens": any("mtls" in p.sender_constraints for p in profiles),
        "dpop_signing_alg_values_supported": _each(alg for p in profiles for alg in p.dpop_signing_algs),
    }
    return {name: value for name, value in members.items() if value != []}


def _each(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value is not None))
