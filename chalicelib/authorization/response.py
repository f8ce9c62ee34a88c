"""The authorization response (RFC 6749 4.1.2), with `iss` against mix-up (RFC 9207), or signed as a whole (JARM)."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlencode

from chalicelib.errors import OAuthError
from chalicelib.keys.ring import Ring
from chalicelib.messages import Response, see_other
from chalicelib.settings import Settings
from chalicelib.storage.records import AuthorizationRequest

LIFETIME = 300
"""Seconds that a signed response may be used (JARM 2.1 recommends at most 600)."""


class Speaker(Protocol):
    """Who answers."""

    @property
    def settings(self) -> Settings: ...
    @property
    def ring(self) -> Ring: ...


def success(request: AuthorizationRequest, speaker: Speaker, *, code: str, now: int) -> Response:
    """Back to the client with a code."""
    return _redirect(request, speaker, {"code": code}, now=now)


def failure(request: AuthorizationRequest, speaker: Speaker, refusal: OAuthError, *, now: int) -> Response:
    """Back to the client without one (RFC 6749 4.1.2.1). Only for a request whose redirect_uri is proven."""
    told = {"error": refusal.error, "error_description": refusal.description}
    answer = _redirect(request, speaker, told, now=now)
    return answer.noting(error=refusal.error, reason=refusal.detail or refusal.description)


def _redirect(request: AuthorizationRequest, speaker: Speaker, parameters: dict[str, str], *, now: int) -> Response:
    parameters = {**parameters, "iss": speaker.settings.issuer}
    if request.state is not None:
        parameters["state"] = request.state  # RFC6749-4.1.2: the exact value
    if request.response_alg is not None:
        parameters = {"response": _signed(request, request.response_alg, speaker, parameters, now=now)}
    uri = request.redirect_uri
    joint = "&" if "?" in uri else "?"
    return see_other(f"{uri}{joint}{urlencode(parameters)}").noting(client_id=request.client_id)


def _signed(request: AuthorizationRequest, alg: str, speaker: Speaker, parameters: dict[str, str], *, now: int) -> str:
    """JARM-2.1: all parameters, for this client, for a short time."""
    from chalicelib.keys import jose  # brings PyJWT, which a response that is not signed never needs

    claims = {**parameters, "aud": request.client_id, "iat": now, "exp": now + LIFETIME}
    return jose.sign(claims, speaker.ring.signing(alg, now=now))
