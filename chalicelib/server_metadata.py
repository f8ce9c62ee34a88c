"""The metadata of this provider (RFC 8414, OpenID Connect Discovery 3).

The metadata are computed from the rules that the code enforces: the profiles and, for signatures, the deployment's keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib import scopes, vocabulary
from chalicelib.authorization import prompt
from chalicelib.keys.algorithm import is_one_of
from chalicelib.messages import Request, Response, json_response
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import JsonObject
from chalicelib.resource_server import policy
from chalicelib.settings import Settings
from chalicelib.users import assurance, claims

if TYPE_CHECKING:  # The metadata need the settings alone.
    from chalicelib.provider import Provider

CACHED = ("Cache-Control", "public, max-age=300")

ENDPOINTS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "pushed_authorization_request_endpoint": "/par",
    "userinfo_endpoint": "/userinfo",
    "introspection_endpoint": "/introspect",
    "revocation_endpoint": "/revoke",
}
"""Paths by the member names of the "OAuth Authorization Server Metadata" registry."""


def answer(request: Request, provider: Provider) -> Response:
    """The metadata document. Both well-known addresses serve it."""
    global _made
    sources = (provider.settings, vocabulary.current(), *PROFILES.values())
    if _made is None or _made[0] != sources:
        _made = (sources, json_response(200, document(provider.settings), CACHED))
    return _made[1]


_made: tuple[tuple[object, ...], Response] | None = None
"""The latest response, and the values that it was made of. In a function they never change."""


def document(settings: Settings) -> JsonObject:
    """The metadata of this provider, for OAuth and for OpenID Connect Discovery alike.

    FAPI1-BASE-5.2.2-22, FAPI1-BASE-5.2.2-23.
    """
    disclosed: JsonObject = {
        "issuer": settings.issuer,
        "jwks_uri": f"{settings.issuer}/jwks",
        **{name: settings.issuer + path for name, path in ENDPOINTS.items()},
        "mtls_endpoint_aliases": {  # RFC8705-5
            name: settings.mtls_url + path for name, path in ENDPOINTS.items() if path != "/authorize"
        },
        "scopes_supported": list(scopes.known()),
        "protected_resources": list(policy.resources(settings)),  # RFC9728-4
        "claims_supported": ["sub", "auth_time", "acr", "amr", *claims.in_order()],
        "acr_values_supported": list(assurance.acr_values(settings)),
        "subject_types_supported": ["public", "pairwise"],
        "ui_locales_supported": list(settings.offered_languages),
        "prompt_values_supported": list(prompt.VALUES),
        "tls_client_certificate_bound_access_tokens": any("mtls" in p.sender_constraints for p in PROFILES.values()),
        "authorization_response_iss_parameter_supported": True,  # RFC9207-3
        "require_pushed_authorization_requests": all(p.pushed_requests_only for p in PROFILES.values()),
        "request_parameter_supported": any(p.request_object_signing_algs for p in PROFILES.values()),
        "request_uri_parameter_supported": _by_reference(),
        "require_request_uri_registration": _by_reference(),  # OpenID Connect Discovery 3
        "claims_parameter_supported": True,
        "authorization_details_types_supported": list(vocabulary.current().type_names),  # RFC9396-10
        **_offered(settings),
    }
    return {name: value for name, value in disclosed.items() if value != []}  # RFC8414-3.2


def _by_reference() -> bool:
    """Whether any profile accepts request objects by reference. Their addresses must be registered."""
    return any(p.request_object_signing_algs and not p.pushed_requests_only for p in PROFILES.values())


def _offered(settings: Settings) -> dict[str, list[str]]:
    """The values that any profile offers, each once, in the order of the profiles."""
    methods = _union("token_endpoint_auth_methods")
    signing = [*_union("client_signing_algs"), *_union("client_secret_algs")]
    return {
        **{f"{name}_supported": _union(name) for name in ("response_types", "response_modes", "grant_types")},
        "code_challenge_methods_supported": _union("code_challenge_methods"),
        "dpop_signing_alg_values_supported": _union("dpop_signing_algs"),
        "request_object_signing_alg_values_supported": _union("request_object_signing_algs"),
        **{
            f"{what}_encryption_{part}_values_supported": _union(f"encryption_{part}s")
            for what in ("id_token", "userinfo", "authorization", "request_object")
            for part in ("alg", "enc")
        },
        "request_object_encryption_alg_values_supported": _union("request_object_encryption_algs"),
        **{
            f"{what}_signing_alg_values_supported": _signed(f"{what}_signing_algs", settings)
            for what in ("id_token", "userinfo", "authorization", "introspection")
        },
        **{f"{name}_endpoint_auth_methods_supported": methods for name in ("token", "revocation")},
        "introspection_endpoint_auth_methods_supported": [m for m in methods if m != "none"],  # RFC7662-2.1
        **{
            f"{name}_endpoint_auth_signing_alg_values_supported": signing
            for name in ("token", "introspection", "revocation")
        },
    }


def _signed(question: str, settings: Settings) -> list[str]:
    return [alg for alg in _union(question) if is_one_of(alg, settings.signs_with)]


def _union(question: str) -> list[str]:
    return list(dict.fromkeys(value for profile in PROFILES.values() for value in getattr(profile, question)))
