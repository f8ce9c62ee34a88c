"""The rules for client metadata, except those for URLs and for encryption. Each gives its faults and changes nothing."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from typing import get_type_hints
from urllib.parse import parse_qsl, urlsplit

from cryptography.x509 import load_der_x509_certificate

from chalicelib import holder_of_key, vocabulary
from chalicelib.clients import distinguished_name, jwk_set, metadata_display
from chalicelib.clients.certificate import UNREADABLE, can_issue
from chalicelib.clients.distinguished_name import DistinguishedNameError
from chalicelib.clients.jwk_set import KeysError, certificates
from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from chalicelib.keys import algorithm
from chalicelib.profiles import Profile
from chalicelib.profiles.clauses import clause_of
from chalicelib.protocol_types import JwkSet, Untyped
from chalicelib.storage.records import Client

CLIENT_ID = re.compile(r"[\x21-\x7e]{1,255}")  # RFC6749-A.1: VSCHAR, here without the space
RESOURCE = re.compile(r"https://[\x21\x22\x24-\x7e]{1,500}")
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC6749-3.3
REDIRECT_URI = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?([/?][\x21\x22\x24-\x7e]*)?")
RESPONSE = frozenset({"code", "state", "iss", "error", "error_description", "error_uri", "response"})
"""Parameters of the authorization response (RFC 6749 4.1.2, RFC 9207, JARM)."""
DEFAULT_ALG = "PS256"
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
SWITCHES = tuple(name for name, hint in get_type_hints(Client).items() if hint is bool)


def types(members: Mapping[str, Untyped]) -> Faults:
    """RFC 7591 2: each member has its JSON type. The string "false" is not a boolean."""
    for name in LISTS:
        values = members.get(name, ())
        if not isinstance(values, tuple | list) or not all(isinstance(v, str) for v in values):
            yield Fault(InvalidClientMetadata(f"{name} must be an array of strings"))
    for name in SWITCHES:
        if not isinstance(members.get(name, False), bool):
            yield Fault(InvalidClientMetadata(f"{name} must be true or false"))
    if not isinstance(members.get("jwks"), dict | None):
        yield Fault(InvalidClientMetadata("jwks must be a JWK Set"))


def texts(client: Client) -> Faults:
    """What people and other servers read has allowed characters."""
    if not isinstance(client.client_id, str) or not CLIENT_ID.fullmatch(client.client_id):
        yield Fault(InvalidClientMetadata("client_id must be 1 to 255 printable ASCII characters"), "RFC6749-A.1")
    yield from metadata_display.shown(client)
    if not all(RESOURCE.fullmatch(uri) for uri in client.protected_resources):
        yield Fault(InvalidClientMetadata("protected_resources must be https URLs without fragment"), "RFC8707-2")
    if client.protected_resources and client.public:
        yield Fault(
            InvalidClientMetadata("protected_resources: a public client can't introspect tokens"), "RFC7662-2.1"
        )
    if not all(SCOPE_TOKEN.fullmatch(token) for token in client.scope):
        yield Fault(InvalidClientMetadata("scope: a value has characters that are not allowed"), "RFC6749-3.3")


def known(client: Client) -> Faults:
    """Each scope and each type of authorization details exists. A misspelt one would have no effect."""
    words = vocabulary.current()
    for name, values, there in (
        ("scope", client.scope, words.scope_names),
        ("authorization_details_types", client.authorization_details_types, words.type_names),
    ):
        unknown = [value for value in values if value not in there]
        if unknown:
            yield Fault(InvalidClientMetadata(f"{name}: unknown {', '.join(unknown)}; known are {', '.join(there)}"))


def grants(client: Client, profile: Profile) -> Faults:
    """Its grant types, response types and redirect URIs fit each other and the profile."""
    refused = [grant for grant in client.grant_types if grant not in profile.grant_types]
    if refused:
        yield Fault(InvalidClientMetadata(f"grant_types: the profile does not allow {', '.join(refused)}"))
    uses_authorization_code = "authorization_code" in client.grant_types
    if client.public and (not uses_authorization_code or "client_credentials" in client.grant_types):
        yield Fault(
            InvalidClientMetadata(
                "grant_types: a public client must have authorization_code and must not have client_credentials"
            ),
            "RFC6749-4.4",
        )
    if "refresh_token" in client.grant_types and not uses_authorization_code:
        yield Fault(InvalidClientMetadata("grant_types: refresh_token needs authorization_code"))
    if uses_authorization_code != bool(client.redirect_uris):
        yield Fault(
            InvalidRedirectUri("redirect_uris and the grant type authorization_code must be registered together")
        )
    for uri in client.redirect_uris:
        yield from _redirect_uri(uri, profile)
    if not set(client.response_types) <= set(profile.response_types):
        yield Fault(
            InvalidClientMetadata(f"response_types: the profile allows {', '.join(profile.response_types)}"),
            clause_of(profile, "responses"),
        )


def _redirect_uri(uri: str, profile: Profile) -> Faults:
    """FAPI2-SP-FINAL-5.3.2.2-8, FAPI1-BASE-5.2.2-20: https; RFC 6749 3.1.2: absolute and without fragment."""
    if not REDIRECT_URI.fullmatch(uri):
        yield Fault(
            InvalidRedirectUri("redirect_uris: each must be an https URL without fragment and user information"),
            clause_of(profile, "redirect_uris"),
        )
        return
    ours = sorted(RESPONSE & {name for name, _ in parse_qsl(urlsplit(uri).query, keep_blank_values=True)})
    if ours:  # The response would have them twice, and the client could read either.
        yield Fault(
            InvalidRedirectUri(f"redirect_uris: the query must not have {', '.join(ours)}, which the response adds"),
            "RFC6749-3.1",
        )


def keys(client: Client, profile: Profile) -> Faults:
    """R3, R4 of the Read-Only profile; RFC 7517: public keys only, of which one can be used."""
    if client.jwks is None:
        return
    try:
        jwk_set.usable(jwk_set.require_public(jwk_set.members_of(client.jwks)), profile)
    except KeysError as problem:
        yield Fault(InvalidClientMetadata(f"jwks: {problem}"), clause_of(profile, "key_sizes"))


def usable_keys(jwks: JwkSet, profile: Profile) -> jwk_set.Usable:
    """Of a JWK Set that keeps the rule above: which keys are stored, and which are not, with the reason."""
    return jwk_set.usable(jwk_set.members_of(jwks), profile)


def authentication(client: Client, profile: Profile, *, keys_known: bool) -> Faults:
    """It can authenticate by its method. `keys_known`: its jwks are all its keys, and can be used."""
    method = client.token_endpoint_auth_method
    if method not in profile.token_endpoint_auth_methods:
        yield Fault(
            InvalidClientMetadata(
                f"token_endpoint_auth_method: the profile allows {', '.join(profile.token_endpoint_auth_methods)}"
            ),
            clause_of(profile, "token_endpoint_auth_methods"),
        )
    yield from _certificate_name(client)
    yield from _assertion_alg(client, profile)
    if not keys_known:
        return
    own = client.jwk_set["keys"]
    if method == "private_key_jwt" and not own:
        yield Fault(InvalidClientMetadata("private_key_jwt needs jwks or jwks_uri"))
    if method == "self_signed_tls_client_auth":
        yield from _own_certificates([x5c[0] for key in own if (x5c := certificates(key))])


def _certificate_name(client: Client) -> Faults:
    """RFC8705-2.1.2: by certificate it has exactly one name, which can be read, and otherwise none."""
    by_name = client.token_endpoint_auth_method == "tls_client_auth"
    given = {name: value for name in NAMES if (value := getattr(client, f"tls_client_auth_{name}")) is not None}
    if by_name != (len(given) == 1) or len(given) > 1:
        yield Fault(
            InvalidClientMetadata(
                "tls_client_auth needs exactly one tls_client_auth_subject_dn or tls_client_auth_san_*; "
                "other methods need none"
            ),
            "RFC8705-2.1.2",
        )
    issuer = client.tls_client_auth_issuer_dn
    if issuer is not None and (not by_name or not isinstance(issuer, str)):
        yield Fault(
            InvalidClientMetadata("tls_client_auth_issuer_dn must be a string, and is for tls_client_auth only")
        )
    for name, value in given.items():
        if not isinstance(value, str) or not value:
            yield Fault(InvalidClientMetadata(f"tls_client_auth_{name} must be a string"))
    yield from _readable_names(client)


def _readable_names(client: Client) -> Faults:
    try:
        for name in (client.tls_client_auth_subject_dn, client.tls_client_auth_issuer_dn):
            if isinstance(name, str):
                distinguished_name.read(name)
    except DistinguishedNameError as problem:
        yield Fault(
            InvalidClientMetadata(f"tls_client_auth_subject_dn or tls_client_auth_issuer_dn: {problem}"),
            "RFC8705-2.1.2",
        )
    try:
        if isinstance(client.tls_client_auth_san_ip, str):
            ip_address(client.tls_client_auth_san_ip)
    except ValueError:
        yield Fault(InvalidClientMetadata("tls_client_auth_san_ip must be an IP address"), "RFC8705-2.1.2")


def _own_certificates(own: Collection[str]) -> Faults:
    """RFC8705-2.2.2: at least one certificate, and none that can issue others, because each is in the truststore (RFC 8705
    7.4).
    """
    if not own:
        yield Fault(
            InvalidClientMetadata("self_signed_tls_client_auth needs jwks with x5c, or jwks_uri"), "RFC8705-2.2.2"
        )
    try:
        issuing = any(can_issue(load_der_x509_certificate(b64decode(der, validate=True))) for der in own)
    except UNREADABLE:
        yield Fault(InvalidClientMetadata("jwks: an x5c certificate can't be read"), "RFC8705-2.2.2")
        return
    if issuing:
        yield Fault(
            InvalidClientMetadata(
                "jwks: an x5c certificate can issue others; it needs basicConstraints CA:FALSE and no keyCertSign"
            ),
            "RFC8705-7.4",
        )


def _assertion_alg(client: Client, profile: Profile) -> Faults:
    """The registered algorithm of the client's assertions (OpenID Connect Registration 2)."""
    alg, method = client.token_endpoint_auth_signing_alg, client.token_endpoint_auth_method
    offered: Collection[str] = ()
    if method == "private_key_jwt":
        offered = profile.client_signing_algs
    elif method == "client_secret_jwt":
        offered = profile.client_secret_algs
    if alg is not None and not algorithm.is_one_of(alg, offered):
        yield Fault(
            InvalidClientMetadata("token_endpoint_auth_signing_alg: not allowed for the method or the profile"),
            clause_of(profile, "client_signing_algs"),
        )


UNSIGNED_WITHOUT = ("userinfo_signed_response_alg", "request_object_signing_alg")
"""Members that may be null: what they name is not signed then. The other responses are always signed."""


def signatures(client: Client, profile: Profile, signs: Collection[str], *, keys_known: bool) -> Faults:
    """The algorithms of the client's signatures and of ours for it. If the profile has none, only the default is allowed."""
    for_it = {
        "id_token_signed_response_alg": "id_token_signing_algs",
        "authorization_signed_response_alg": "authorization_signing_algs",
        "introspection_signed_response_alg": "introspection_signing_algs",
        "userinfo_signed_response_alg": "userinfo_signing_algs",
    }
    for name, question in (for_it | {"request_object_signing_alg": "request_object_signing_algs"}).items():
        value = getattr(client, name)
        if value is None and name in UNSIGNED_WITHOUT:
            continue
        if value is None or not algorithm.is_one_of(value, getattr(profile, question) or (DEFAULT_ALG,)):
            yield Fault(
                InvalidClientMetadata(f"{name}: the profile does not allow this algorithm"),
                clause_of(profile, question),
            )
        elif name in for_it and not algorithm.is_one_of(value, signs):
            yield Fault(InvalidClientMetadata(f"{name}: this deployment has no key for this algorithm"))
    signs_requests = client.require_signed_request_object or client.request_object_signing_alg is not None
    has_keys = not keys_known or bool(client.jwk_set["keys"])
    if signs_requests and not (profile.request_object_signing_algs and has_keys):
        yield Fault(
            InvalidClientMetadata("signed request objects need jwks or jwks_uri, and a profile that accepts them"),
            clause_of(profile, "request_object_signing_algs"),
        )


def constraint(client: Client, profile: Profile) -> Faults:
    """The sender constraint, if the profile requires one or the client may have write access (W5)."""
    bound_by = {
        "mtls": client.tls_client_certificate_bound_access_tokens,
        "dpop": client.dpop_bound_access_tokens,
    }
    may_write = holder_of_key.writes(client.scope, client.authorization_details_types)
    unbound = not any(bound_by[constraint] for constraint in profile.sender_constraints)
    if client.grant_types and unbound and (may_write or not profile.unbound_tokens):
        yield Fault(
            InvalidClientMetadata(
                "tls_client_certificate_bound_access_tokens or dpop_bound_access_tokens must be true for this profile or scope"
            ),
            clause_of(profile, "unbound_tokens"),
        )
    if client.public and may_write and not client.dpop_bound_access_tokens:
        yield Fault(
            InvalidClientMetadata("dpop_bound_access_tokens must be true for a public client with write access")
        )
