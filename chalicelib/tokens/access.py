"""The access token at a resource (RFC 6750 2.1): found, in force, and in the right hands."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.errors import InsufficientScope, InvalidRequest, InvalidToken, OAuthError
from chalicelib.messages import Request
from chalicelib.storage.records import AccessToken, Consent
from chalicelib.storage.stores import Tokens
from chalicelib.tokens import confirmation

LONGEST = 512
SCHEME = "Bearer"


@dataclass(frozen=True)
class Access:
    """What a presented token opens. Made in `check` alone. `consent` is None for a client's own token."""

    token: AccessToken
    consent: Consent | None

    @property
    def sub(self) -> str | None:
        """The person, if there is one."""
        return None if self.consent is None else self.consent.login.sub


def check(request: Request, tokens: Tokens, *, scope: str, now: int) -> Access:
    """What the request's token opens, if it is in force, bound to what TLS showed, and carries `scope`.

    Raises InvalidToken, InsufficientScope or InvalidRequest, each with its WWW-Authenticate challenge (RFC 6750 3).
    """
    try:
        found = tokens.find(_presented(request), now=now)
        if found is None:
            raise InvalidToken("the access token is unknown, expired or revoked")
        token, consent = found
        confirmation.require(token.cnf, request.client_certificate)
        if scope not in token.scope:
            raise InsufficientScope("the access token does not cover this")
    except OAuthError as refusal:
        raise challenged(refusal, scope) from None
    return Access(token, consent)


def challenged(refusal: OAuthError, scope: str) -> OAuthError:
    """The refusal with its challenge; one that found no token at all tells no error (RFC 6750 3.1)."""
    told = [f'error="{refusal.error}"', f'error_description="{refusal.description}"', f'scope="{scope}"']
    challenge = told[2:] if isinstance(refusal, NoToken) else told
    refusal.headers = (("WWW-Authenticate", f"{SCHEME} {', '.join(challenge)}"),)
    return refusal


class NoToken(InvalidToken):
    """The request carries no access token where one is looked for."""


def _presented(request: Request) -> str:
    """The token of the Authorization header; never of the query (FAPI2-SP-FINAL-5.3.4-2) or the body."""
    header = request.header("authorization")
    if header is None:
        if any(name == "access_token" for name, _ in request.query):
            raise InvalidRequest("the access token belongs into the Authorization header")
        raise NoToken("an access token is needed")
    scheme, _, value = header.partition(" ")
    if scheme.lower() != SCHEME.lower():  # RFC9110-11.1: schemes have no case
        raise NoToken("an access token is needed", detail="another authentication scheme")
    value = value.strip()
    if not 0 < len(value) <= LONGEST:
        raise InvalidToken("the access token is malformed")
    return value
