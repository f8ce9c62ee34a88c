"""Client authentication by an assertion (RFC 7523 2.2, 3; OpenID Connect Core 9).

The assertion is signed with the client's private key (private_key_jwt), or has a MAC by the client's secret
(client_secret_jwt).
"""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.errors import InvalidClient
from chalicelib.keys import algorithm, jose, jwt_time
from chalicelib.keys.jose import UnverifiedJwt
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Json, JsonObject
from chalicelib.storage.records import Client, SingleUse
from chalicelib.storage.token_values import digest

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_JTI_LENGTH = 512

TYPES = frozenset({"client-authentication+jwt", "jwt"})
"""Values of the header's typ, if it is present (RFC 10070). Another JWT, such as a DPoP proof, is refused."""


def parse(assertion: str) -> UnverifiedJwt:
    """The parsed assertion, before any check. Raises InvalidClient."""
    try:
        return jose.parse(assertion)
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None


def subject(assertion: UnverifiedJwt) -> str:
    """The assertion's sub, before any check. Raises InvalidClient."""
    claimed = assertion.claims.get("sub")
    if not isinstance(claimed, str) or not claimed:
        raise _refused("sub is missing")
    return claimed


def signed(assertion: UnverifiedJwt, client: Client, profile: Profile) -> JsonObject:
    """The claims, if the client signed the assertion with its private key. Raises InvalidClient."""
    try:
        header, claims = jose.verify(
            assertion,
            client.jwk_set,
            algs=_algs(client, profile.client_signing_algs),
            sizes=profile.key_sizes,
        )
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None
    return _of_this_kind(header, claims)


def with_mac(assertion: UnverifiedJwt, client: Client, profile: Profile, *, secret: bytes | None) -> JsonObject:
    """The claims, if the assertion's MAC is by the client's secret. Raises InvalidClient."""
    if secret is None:
        raise _refused("the client has no secret")
    try:
        header, claims = jose.verify_mac(assertion, secret, algs=_algs(client, profile.client_secret_algs))
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None
    return _of_this_kind(header, claims)


def _of_this_kind(header: JsonObject, claims: JsonObject) -> JsonObject:
    """The claims, if the header's typ is not that of another kind of JWT (RFC 8725 3.11)."""
    if jose.media_type(header.get("typ", "jwt")) not in TYPES:
        raise _refused("typ must be client-authentication+jwt or JWT")
    return claims


def _algs(client: Client, offered: Collection[str]) -> Collection[str]:
    """The profile's algorithms, or only the registered one if the client registered one (OpenID Connect Registration 2)."""
    registered = client.token_endpoint_auth_signing_alg
    return offered if registered is None else [alg for alg in offered if algorithm.is_same(alg, registered)]


def require_claims(
    claims: JsonObject, client: Client, profile: Profile, *, issuer: str, endpoints: Collection[str], now: int
) -> SingleUse:
    """The jti for single use, if the assertion is the client's, is for us and is valid now. Raises InvalidClient.

    `endpoints`: other audiences that the profile accepts.
    """
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise _refused("iss or sub is not the client_id")  # RFC7523-3
    _require_audience(claims.get("aud"), client, profile, issuer, endpoints)
    expires_at = _require_time(claims, profile, now=now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise _refused("jti is missing, or longer than 512 characters")  # OpenID Connect Core 9
    return SingleUse(digest(f"assertion {client.client_id} {jti}"), expires_at, "assertion")


def _require_audience(aud: Json, client: Client, profile: Profile, issuer: str, endpoints: Collection[str]) -> str:
    """FAPI2-SP-FINAL-5.3.2.1-8, RFC7523-3 by RFC 10070: the issuer as a string; other forms only if the profile accepts them.

    In an array only the issuer counts. An endpoint's URL could be an assertion's audience at another server.
    """
    if aud == issuer:
        return issuer
    if not client.require_issuer_audience:
        if profile.assertion_audience_may_be_array and issuer in _texts(aud):
            return issuer
        if isinstance(aud, str) and aud in endpoints:
            return aud
    raise _refused("aud is not the issuer")


def _texts(aud: Json) -> list[str]:
    """The audiences of an array of strings; otherwise none."""
    return aud if isinstance(aud, list) and all(isinstance(one, str) for one in aud) else []


def _require_time(claims: JsonObject, profile: Profile, *, now: int) -> int:
    """`exp`, rounded up to a second. Raises InvalidClient."""
    try:
        exp, *begins = (jwt_time.read(claims, name) for name in ("exp", "iat", "nbf"))
    except jwt_time.NotATime as problem:
        raise _refused(str(problem)) from None
    if exp is None or exp <= now:
        raise _refused("exp is missing or in the past")  # RFC7523-3
    if not jwt_time.is_within(exp, profile.max_assertion_lifetime, after=now):
        raise _refused("exp is too far in the future")
    if not all(jwt_time.has_come(moment, now=now) for moment in begins if moment is not None):
        raise _refused("iat or nbf is in the future")  # FAPI2-SP-FINAL-5.3.2.1-13
    return int(exp) + 1


def _refused(detail: str) -> InvalidClient:
    return InvalidClient("client authentication failed", detail=f"assertion: {detail}")
