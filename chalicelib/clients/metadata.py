"""Client metadata (RFC 7591 2), checked at registration."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Collection, Sequence
from dataclasses import MISSING, fields, replace
from ipaddress import ip_address
from typing import get_type_hints
from unicodedata import category
from urllib.parse import parse_qsl, urlsplit

from cryptography.x509 import load_der_x509_certificate

from chalicelib import holder_of_key, vocabulary
from chalicelib.clients import distinguished_name, jwk_set
from chalicelib.clients.certificate import UNREADABLE, can_issue
from chalicelib.clients.distinguished_name import DistinguishedNameError
from chalicelib.clients.encryption import require_encryption
from chalicelib.clients.jwk_set import KeysError, certificates
from chalicelib.clients.metadata_urls import require_locations, require_sector
from chalicelib.clients.unsupported_metadata import SERVER_ASSIGNED, require_harmless
from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from chalicelib.fetch.documents import DocumentFetcher
from chalicelib.keys import algorithm
from chalicelib.profiles import PROFILES, Profile
from chalicelib.protocol_types import Claims, Json, Untyped
from chalicelib.storage.records import Client

CLIENT_ID = re.compile(r"[\x21-\x7e]{1,255}")  # RFC6749-A.1: VSCHAR, here without the space
RESOURCE = re.compile(r"https://[\x21\x22\x24-\x7e]{1,500}")
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC6749-3.3
REDIRECT_URI = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?([/?][\x21\x22\x24-\x7e]*)?")
RESPONSE = frozenset({"code", "state", "iss", "error", "error_description", "error_uri", "response"})
"""Parameters of the authorization response (RFC 6749 4.1.2, RFC 9207, JARM)."""
DEFAULT_ALG = "PS256"
ALWAYS_SIGNS = ("PS256", "ES256")
"""Algorithms for which every deployment has a key."""
NAMES = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
LISTS = (
    "scope",
    "grant_types",
    "response_types",
    "redirect_uris",
    "authorization_details_types",
    "request_uris",
    "protected_resources",
)
MEMBERS = frozenset(f.name for f in fields(Client)) - SERVER_ASSIGNED.keys()
"""Members of the record that client metadata may contain."""
REQUIRED = tuple(f.name for f in fields(Client) if f.default is MISSING and f.default_factory is MISSING)
SWITCHES = tuple(name for name, hint in get_type_hints(Client).items() if hint is bool)


def registered(
    metadata: Claims,
    *,
    signs: Collection[str] = ALWAYS_SIGNS,
    documents: DocumentFetcher | None = None,
) -> Client:
    """The client of the metadata. Member names are those of RFC 7591 and RFC 8705, and `profile`.

    `signs`: the algorithms of the deployment's signing keys (Settings.signing_keys).
    `documents`: fetches a sector_identifier_uri. Descriptive members are left out. Raises InvalidClientMetadata or
    InvalidRedirectUri for the first problem.
    """
    left_out(metadata)
    profile = PROFILES.get(str(metadata.get("profile")))
    if profile is None:
        raise InvalidClientMetadata(f"profile must be one of {', '.join(PROFILES)}")
    missing = [name for name in REQUIRED if name not in metadata]
    if missing:
        raise InvalidClientMetadata(f"{', '.join(missing)}: required for every client")
    members: dict[str, Untyped] = {k: _frozen(k, v) for k, v in metadata.items() if k in MEMBERS}
    client = Client(**members)  # The checks below read the type of each member.
    client = _require_texts(_require_types(client))
    client = _require_grants(_require_known(client), profile)
    client = require_locations(_require_authentication(_require_keys(client, profile), profile), profile)
    client = _require_signatures(_require_constraint(client, profile), profile, signs)
    return require_sector(require_encryption(client, profile), documents)


def left_out(metadata: Claims) -> tuple[str, ...]:
    """The names of the members that the record does not have. Raises InvalidClientMetadata."""
    return require_harmless(metadata, MEMBERS)


def _frozen(name: str, value: Json) -> Json:
    if name == "scope" and isinstance(value, str):
        return tuple(value.split(" "))
    if name == "response_types" and value is None:
        return ()
    return tuple(value) if isinstance(value, list) else value


def _require_types(client: Client) -> Client:
    """RFC 7591 2: each member has its JSON type. The string "false" is not a boolean."""
    for name in LISTS:
        values = getattr(client, name)
        if not isinstance(values, tuple | list) or not all(isinstance(v, str) for v in values):
            raise InvalidClientMetadata(f"{name} must be an array of strings")
    for name in SWITCHES:
        if not isinstance(getattr(client, name), bool):
            raise InvalidClientMetadata(f"{name} must be true or false")
    if not isinstance(client.jwks, dict | None):
        raise InvalidClientMetadata("jwks must be a JWK Set")
    return client


def _require_texts(client: Client) -> Client:
    if not isinstance(client.client_id, str) or not CLIENT_ID.fullmatch(client.client_id):
        raise InvalidClientMetadata("client_id must be 1 to 255 printable ASCII characters")
    if not isinstance(client.client_name, str) or not 0 < len(client.client_name.strip()) <= 100:
        raise InvalidClientMetadata("client_name must be a string of 1 to 100 characters")
    if any(category(char)[0] == "C" or category(char) in ("Zl", "Zp") for char in client.client_name):
        raise InvalidClientMetadata("client_name has control, invisible or bidirectional characters")
    if not all(RESOURCE.fullmatch(uri) for uri in client.protected_resources):
        raise InvalidClientMetadata("protected_resources must be https URLs without fragment")  # RFC8707-2
    if client.protected_resources and client.public:
        raise InvalidClientMetadata("protected_resources: a public client can't introspect tokens")  # RFC7662-2.1
    if not all(SCOPE_TOKEN.fullmatch(token) for token in client.scope):
        raise InvalidClientMetadata("scope: a value has characters that are not allowed")
    return client


def _require_known(client: Client) -> Client:
    """The client, if each scope and each type of authorization details exists. A misspelt one would have no effect."""
    words = vocabulary.current()
    for name, values, known in (
        ("scope", client.scope, words.scope_names),
        ("authorization_details_types", client.authorization_details_types, words.type_names),
    ):
        unknown = [value for value in values if value not in known]
        if unknown:
            raise InvalidClientMetadata(f"{name}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    return client


def _require_grants(client: Client, profile: Profile) -> Client:
    refused = [grant for grant in client.grant_types if grant not in profile.grant_types]
    if refused:
        raise InvalidClientMetadata(f"grant_types: the profile does not allow {', '.join(refused)}")
    uses_authorization_code = "authorization_code" in client.grant_types
    if client.public and (not uses_authorization_code or "client_credentials" in client.grant_types):
        raise InvalidClientMetadata(
            "grant_types: a public client must have authorization_code and must not have client_credentials"
        )  # RFC6749-4.4
    if "refresh_token" in client.grant_types and not uses_authorization_code:
        raise InvalidClientMetadata("grant_types: refresh_token needs authorization_code")
    if uses_authorization_code != bool(client.redirect_uris):
        raise InvalidRedirectUri("redirect_uris and the grant type authorization_code must be registered together")
    for uri in client.redirect_uris:
        _require_redirect_uri(uri)
    if not set(client.response_types) <= set(profile.response_types):
        raise InvalidClientMetadata(f"response_types: the profile allows {', '.join(profile.response_types)}")
    return client


def _require_redirect_uri(uri: str) -> str:
    """FAPI2-SP-FINAL-5.3.2.2-8, FAPI1-BASE-5.2.2-20: https; RFC 6749 3.1.2: absolute and without fragment."""
    if not REDIRECT_URI.fullmatch(uri):
        raise InvalidRedirectUri("redirect_uris: each must be an https URL without fragment and user information")
    ours = sorted(RESPONSE & {name for name, _ in parse_qsl(urlsplit(uri).query, keep_blank_values=True)})
    if ours:  # RFC6749-3.1: the response would have them twice, and the client could read either.
        raise InvalidRedirectUri(f"redirect_uris: the query must not have {', '.join(ours)}, which the response adds")
    return uri


def _require_authentication(client: Client, profile: Profile) -> Client:
    method = client.token_endpoint_auth_method
    if method not in profile.token_endpoint_auth_methods:
        raise InvalidClientMetadata(
            f"token_endpoint_auth_method: the profile allows {', '.join(profile.token_endpoint_auth_methods)}"
        )
    given = [name for name in NAMES if getattr(client, f"tls_client_auth_{name}") is not None]
    if (method == "tls_client_auth") != (len(given) == 1) or len(given) > 1:
        raise InvalidClientMetadata(
            "tls_client_auth needs exactly one tls_client_auth_subject_dn or tls_client_auth_san_*; other methods need none"
        )  # RFC8705-2.1.2
    issuer = client.tls_client_auth_issuer_dn
    if issuer is not None and (method != "tls_client_auth" or not isinstance(issuer, str)):
        raise InvalidClientMetadata("tls_client_auth_issuer_dn must be a string, and is for tls_client_auth only")
    if not all(isinstance(name, str) and name for name in (getattr(client, f"tls_client_auth_{one}") for one in given)):
        raise InvalidClientMetadata(f"tls_client_auth_{given[0]} must be a string")
    _require_readable_name(client)
    _require_assertion_alg(client, profile)
    if client.jwks_uri is not None:
        return client  # Published keys are checked when they are used.
    keys = client.jwk_set["keys"]
    if method == "private_key_jwt" and not keys:
        raise InvalidClientMetadata("private_key_jwt needs jwks or jwks_uri")
    if method == "self_signed_tls_client_auth":
        _require_certificates([x5c[0] for key in keys if (x5c := certificates(key))])
    return client


def _require_certificates(own: Sequence[str]) -> Sequence[str]:
    """RFC8705-2.2.2: at least one certificate, and none that can issue others, because each is in the truststore (RFC 8705
    7.4).
    """
    if not own:
        raise InvalidClientMetadata("self_signed_tls_client_auth needs jwks with x5c, or jwks_uri")
    try:
        issuing = any(can_issue(load_der_x509_certificate(b64decode(der, validate=True))) for der in own)
    except UNREADABLE:
        raise InvalidClientMetadata("jwks: an x5c certificate can't be read") from None
    if issuing:
        raise InvalidClientMetadata(
            "jwks: an x5c certificate can issue others; it needs basicConstraints CA:FALSE and no keyCertSign"
        )
    return own


def _require_readable_name(client: Client) -> Client:
    try:
        if client.tls_client_auth_subject_dn is not None:
            distinguished_name.read(client.tls_client_auth_subject_dn)
        if client.tls_client_auth_issuer_dn is not None:
            distinguished_name.read(client.tls_client_auth_issuer_dn)
        if client.tls_client_auth_san_ip is not None:
            ip_address(client.tls_client_auth_san_ip)
    except DistinguishedNameError as problem:
        raise InvalidClientMetadata(f"tls_client_auth_subject_dn or tls_client_auth_issuer_dn: {problem}") from None
    except ValueError:
        raise InvalidClientMetadata("tls_client_auth_san_ip must be an IP address") from None
    return client


def _require_assertion_alg(client: Client, profile: Profile) -> str | None:
    """The registered algorithm of the client's assertions (OpenID Connect Registration 2)."""
    alg = client.token_endpoint_auth_signing_alg
    algs = {"private_key_jwt": profile.client_signing_algs, "client_secret_jwt": profile.client_secret_algs}
    offered = algs.get(client.token_endpoint_auth_method, ())
    if alg is not None and not algorithm.is_one_of(alg, offered):
        raise InvalidClientMetadata("token_endpoint_auth_signing_alg: not allowed for the method or the profile")
    return alg


def _require_keys(client: Client, profile: Profile) -> Client:
    """R3, R4 of the Read-Only profile; RFC 7517: public keys only. Unusable keys are not stored, and the log names them."""
    if client.jwks is None:
        return client
    try:
        members = jwk_set.members_of(client.jwks)
        found = jwk_set.usable(jwk_set.require_public(members), profile)
    except KeysError as problem:
        raise InvalidClientMetadata(f"jwks: {problem}") from None
    jwk_set.report(client.client_id, found.left)
    return replace(client, jwks={**client.jwks, "keys": found.keys})


def _require_signatures(client: Client, profile: Profile, signs: Collection[str]) -> Client:
    """The algorithms of the client's signatures and of ours for it. If the profile has none, only the default is allowed."""
    for_it = {
        "id_token_signed_response_alg": profile.id_token_signing_algs,
        "authorization_signed_response_alg": profile.authorization_signing_algs,
        "introspection_signed_response_alg": profile.introspection_signing_algs,
        "userinfo_signed_response_alg": profile.userinfo_signing_algs,
    }
    for name, algs in (for_it | {"request_object_signing_alg": profile.request_object_signing_algs}).items():
        value = getattr(client, name)
        if value is None:
            continue
        if not algorithm.is_one_of(value, algs or (DEFAULT_ALG,)):
            raise InvalidClientMetadata(f"{name}: the profile does not allow this algorithm")
        if name in for_it and not algorithm.is_one_of(value, signs):
            raise InvalidClientMetadata(f"{name}: this deployment has no key for this algorithm")
    signs_requests = client.require_signed_request_object or client.request_object_signing_alg is not None
    has_keys = client.jwks_uri is not None or bool(client.jwk_set["keys"])
    if signs_requests and not (profile.request_object_signing_algs and has_keys):
        raise InvalidClientMetadata("signed request objects need jwks or jwks_uri, and a profile that accepts them")
    return client


def _require_constraint(client: Client, profile: Profile) -> Client:
    """The sender constraint, if the profile requires one or the client may have write access (W5)."""
    registered = {
        "mtls": client.tls_client_certificate_bound_access_tokens,
        "dpop": client.dpop_bound_access_tokens,
    }
    may_write = holder_of_key.writes(client.scope, client.authorization_details_types)
    unbound = not any(registered[constraint] for constraint in profile.sender_constraints)
    if client.grant_types and unbound and (may_write or not profile.unbound_tokens):
        raise InvalidClientMetadata(
            "tls_client_certificate_bound_access_tokens or dpop_bound_access_tokens must be true for this profile or scope"
        )
    if client.public and may_write and not client.dpop_bound_access_tokens:
        raise InvalidClientMetadata("dpop_bound_access_tokens must be true for a public client with write access")
    return client
