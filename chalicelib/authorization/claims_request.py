"""The `claims` parameter (OpenID Connect Core 5.5): requests for single claims of userinfo or of the ID token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from chalicelib.errors import InvalidRequest, UnmetAuthenticationRequirements
from chalicelib.protocol_types import Claims, ClaimsDestination, ClaimsRequest, Json, JsonObject, Wish
from chalicelib.storage.records import Authentication, AuthorizationRequest

MAX_LENGTH = 4096
"""Characters of the parameter that are read."""
MAX_DEPTH = 8
"""Maximum depth of its JSON. A value that is compared with an address is five levels deep."""
DESTINATIONS: tuple[ClaimsDestination, ...] = ("userinfo", "id_token")


class AnotherPerson(Exception):
    """The user who signed in is not the user whom the client requested."""


def requested(value: str | None) -> ClaimsRequest | None:
    """The requested claims, by destination and name. Unknown members are ignored (5.5). Raises InvalidRequest."""
    if value is None:
        return None
    if len(value) > MAX_LENGTH:
        raise InvalidRequest(f"claims: longer than {MAX_LENGTH} characters")
    try:
        sent = json.loads(value)
        json.dumps(sent, ensure_ascii=False).encode()  # JSON can spell half a character, which is not valid text.
    except (ValueError, RecursionError):
        raise InvalidRequest("claims: not JSON") from None
    if not isinstance(sent, dict):
        raise InvalidRequest("claims: not a JSON object")
    if not _nests(sent, MAX_DEPTH):  # A deeper value might be unreadable later, inside a larger one.
        raise InvalidRequest("claims: nested too deeply")
    return {"userinfo": _wishes(sent.get("userinfo")), "id_token": _wishes(sent.get("id_token"))}


def of(request: AuthorizationRequest, destination: ClaimsDestination) -> Mapping[str, Wish]:
    """The claims that the request has for userinfo or for the ID token."""
    return {} if request.claims is None else request.claims.get(destination, {})


def names(request: AuthorizationRequest) -> tuple[str, ...]:
    """The names of all requested claims."""
    return tuple(dict.fromkeys(name for destination in DESTINATIONS for name in of(request, destination)))


def granted(wishes: Mapping[str, Wish], claims: Claims) -> JsonObject:
    """The members of `claims` that are requested; a claim requested with values only with one of these values (5.5.1)."""
    return {name: claims[name] for name, wish in wishes.items() if name in claims and allows(wish, claims[name])}


def allows(wish: Wish, value: Json) -> bool:
    """Whether the claim's value is one that was requested."""
    return not _wanted(wish) or value in _wanted(wish)


def require_person(request: AuthorizationRequest, sub: str) -> str:
    """The sub, if it matches the requested and the hinted sub (5.5.1, 3.1.2.1). Raises AnotherPerson."""
    if request.hinted_sub not in (None, sub) or not all(
        allows(of(request, destination).get("sub", {}), sub) for destination in DESTINATIONS
    ):
        raise AnotherPerson("the client requested another user")
    return sub


def require_person_of(request: AuthorizationRequest, login: Authentication) -> Authentication:
    """The authentication as this request needs it, if its user matches the request. Raises AnotherPerson.

    The user's accounts are included only if the request has authorization details, which let the user choose accounts.
    """
    require_person(request, login.client_sub)
    return login if request.authorization_details else replace(login, accounts=())


def require_acr(request: AuthorizationRequest, *reached: str) -> tuple[str, ...]:
    """The members of `reached` that an essential acr claim allows; all of them if there is no essential acr claim (5.5.1.1).

    Raises UnmetAuthenticationRequirements if none is left (OpenID Connect Core Error Code unmet_authentication_requirements
    1.0).
    """
    wish = of(request, "id_token").get("acr", {})
    fit = tuple(acr for acr in reached if not wish.get("essential") or allows(wish, acr))
    if not fit:
        raise UnmetAuthenticationRequirements(
            "claims: the essential acr can't be reached; see acr_values_supported in the metadata"
        )
    return fit


def _wanted(wish: Wish) -> list[Json]:
    return [*wish.get("values", []), *([wish["value"]] if "value" in wish else [])]


def _nests(value: Json, limit: int) -> bool:
    """Whether a JSON value is at most `limit` levels deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is None or (limit > 0 and all(_nests(one, limit - 1) for one in inner))


def _object(value: Json) -> JsonObject:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest("claims: a member must be an object or null")
    return value


def _wishes(value: Json) -> dict[str, Wish]:
    return {name: _wish(wish) for name, wish in _object(value).items()}


def _wish(value: Json) -> Wish:
    wish = _object(value)
    essential, values = wish.get("essential", False), wish.get("values", [])
    if not isinstance(essential, bool) or not isinstance(values, list):
        raise InvalidRequest("claims: essential must be true or false, and values must be an array")
    return cast(Wish, {name: wish[name] for name in ("essential", "value", "values") if name in wish})
