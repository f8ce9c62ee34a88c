"""The request object (RFC 9101): a signed authorization request, by FAPI 2.0 Message Signing 5.3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from chalicelib.errors import InvalidRequest, InvalidRequestObject, RequestNotSupported
from chalicelib.keys import jose, jwt_time
from chalicelib.keys.jose import UnverifiedJwt
from chalicelib.messages import MAY_REPEAT
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Claims, Json, JsonObject
from chalicelib.storage.records import Client

TYPES = frozenset({"oauth-authz-req+jwt", "jwt"})
"""Values of the header's typ, if it is present (RFC 9101 10.8.1). Another JWT, such as a DPoP proof, is refused."""

UNUSABLE = "the request object can't be used"
NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")

OF_A_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
"""Claims about the JWT itself, which are not parameters of the request."""


def parse(parameters: Mapping[str, str], profile: Profile, *, encrypted: bool) -> UnverifiedJwt | None:
    """The parsed request object, before any check; None if the request has none.

    `encrypted`: as in `unwrap`. Raises RequestNotSupported, and InvalidRequestObject if it is not a JWT.
    """
    sent = parameters.get("request")
    if sent is None:
        return None
    if not profile.request_object_signing_algs:
        raise RequestNotSupported("request is not supported")  # OpenID Connect Core 6.1
    try:
        return jose.parse(sent)
    except jose.JoseError as problem:
        refusal = _refused(str(problem))
        raise _unsaid(refusal) if encrypted else refusal from None


def unwrap(
    parameters: Mapping[str, str],
    sent: UnverifiedJwt | None,
    client: Client,
    profile: Profile,
    *,
    issuer: str,
    encrypted: bool,
    now: int,
) -> Mapping[str, str]:
    """The parameters of the request: only the claims of the request object, or all parameters if there is none.

    `sent`: the parsed request object.
    `client`: with its keys.
    `encrypted`: the object was encrypted. Then no error describes its content, because the sender may not be its author.
    Raises InvalidRequestObject with a reason, and InvalidRequest if the client must sign its requests and did not.
    """
    try:
        return _unwrapped(parameters, sent, client, profile, issuer=issuer, now=now)
    except InvalidRequestObject as refusal:
        if not encrypted:
            raise
        raise _unsaid(refusal) from None


def _unwrapped(
    parameters: Mapping[str, str],
    sent: UnverifiedJwt | None,
    client: Client,
    profile: Profile,
    *,
    issuer: str,
    now: int,
) -> Mapping[str, str]:
    if sent is None:
        if client.require_signed_request_object or profile.signed_requests_only:
            raise InvalidRequest(
                "request is missing: this client must sign its authorization requests"
            )  # JAR-10.5, FAPI1-ADV-5.2.2-1
        return parameters
    claims = _signed(sent, client, profile)
    _require_parties(claims, client, issuer)
    _require_time(claims, profile, now=now)
    if "request" in claims or "request_uri" in claims:
        raise InvalidRequestObject("request and request_uri are not allowed in a request object")  # JAR-4
    # JAR-6.3, FAPI1-ADV-5.2.2-10: parameters outside the object are ignored.
    return {
        name: _text(name, [value] if name == MAY_REPEAT and isinstance(value, str) else value)
        for name, value in claims.items()
        if name not in OF_A_JWT and value not in (None, "")
    }


def _signed(sent: UnverifiedJwt, client: Client, profile: Profile) -> JsonObject:
    registered = client.request_object_signing_alg
    algs = profile.request_object_signing_algs if registered is None else (registered,)
    try:
        header, claims = jose.verify(
            sent,
            client.jwk_set,
            algs=algs,
            sizes=profile.key_sizes,
        )
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None
    if jose.media_type(header.get("typ", "jwt")) not in TYPES:
        raise _refused("its typ must be oauth-authz-req+jwt")
    return claims


def _require_parties(claims: Claims, client: Client, issuer: str) -> str:
    """The client_id, if client and audience are right."""
    if claims.get("client_id") != client.client_id:
        raise _refused("its client_id is not that of the client")  # PAR-3
    if claims.get("iss", client.client_id) != client.client_id:
        raise _refused("its iss is not the client_id")
    if claims.get("sub") == client.client_id:
        raise _refused("its sub must not be the client_id")  # JAR-10.8
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise _refused("its aud is not the issuer")  # FAPI2-MS-ID1-5.3.1-2, FAPI1-ADV-5.2.2-15
    return client.client_id


def _require_time(claims: Claims, profile: Profile, *, now: int) -> float:
    """At most an hour from nbf to exp, and from nbf to now (FAPI 2.0 Message Signing 5.3.1)."""
    try:
        not_before, expires_at = (jwt_time.read(claims, name) for name in ("nbf", "exp"))
    except jwt_time.NotATime as problem:
        raise _refused(f"its {problem}") from None
    if not_before is None or expires_at is None:
        raise _refused(f"its {'nbf' if not_before is None else 'exp'} is missing")
    if expires_at <= now:
        raise _refused("its exp is in the past")
    if not jwt_time.has_come(not_before, now=now):
        raise _refused("its nbf is in the future")
    if not jwt_time.is_within(now, profile.max_request_object_lifetime, after=not_before):
        raise _refused(
            f"its nbf is more than {profile.max_request_object_lifetime} seconds ago"
        )  # FAPI2-MS-ID1-5.3.1-3, FAPI1-ADV-5.2.2-17
    if expires_at - not_before > profile.max_request_object_lifetime:  # Both times come from one clock.
        raise _refused(
            f"its exp is more than {profile.max_request_object_lifetime} seconds after its nbf"
        )  # FAPI2-MS-ID1-5.3.1-4, FAPI1-ADV-5.2.2-13
    return expires_at


def _text(name: str, value: Json) -> str:
    """A claim as a parameter: a number in digits, an object as JSON (RFC 9101 4)."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # JSON can spell half a character.
            raise _refused(f"{_called(name)} is no text") from None
        return value
    if isinstance(value, dict | list) or (isinstance(value, int) and not isinstance(value, bool)):
        try:
            return json.dumps(value, separators=(",", ":"))
        except RecursionError:  # It could just be parsed, where fewer calls were on the stack.
            raise _refused(f"{_called(name)} is nested too deeply") from None
    raise _refused(f"{_called(name)} must be a string, a number, an array or an object")


def _called(name: str) -> str:
    """A claim by its name, if the name may be in an error_description (RFC 6749 5.2)."""
    return f"its {name}" if NAME.fullmatch(name) else "a claim"


def _unsaid(refusal: InvalidRequestObject) -> InvalidRequestObject:
    """The same error. Only the log gets the reason."""
    return InvalidRequestObject(UNUSABLE, detail=refusal.detail or refusal.description)


def _refused(why: str) -> InvalidRequestObject:
    """The client made the request object, so the description may say what is wrong with it."""
    return InvalidRequestObject(f"{UNUSABLE}: {why}")
