"""The authorization response (RFC 6749 4.1.2): with `iss` against mix-up attacks (RFC 9207), or signed as a whole (JARM)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

from chalicelib.authorization import response_mode
from chalicelib.errors import InvalidRequest, OAuthError
from chalicelib.messages import Response, see_other
from chalicelib.pages.frame import Frame
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import ResponseMode, SigningAlg
from chalicelib.provider import Provider

LIFETIME = 300
"""Lifetime of a signed response in seconds (JARM 2.1 recommends at most 600)."""


class ResponseTarget(Protocol):
    """The target of a response: an authorization request, or the part of one that an error response needs."""

    @property
    def client_id(self) -> str: ...
    @property
    def redirect_uri(self) -> str: ...
    @property
    def state(self) -> str | None: ...
    @property
    def response_mode(self) -> ResponseMode: ...
    @property
    def response_alg(self) -> SigningAlg | None: ...
    @property
    def response_encrypted(self) -> bool: ...


def success(
    request: ResponseTarget, provider: Provider, parameters: Mapping[str, str], frame: Frame, *, now: int, by_page: bool
) -> Response:
    """The authorization response: FAPI1-BASE-5.2.2.1-4.

    `frame`: of its page, if it is one.
    `by_page`: by a page that continues by itself, because a form was posted before; otherwise by a redirect.
    """
    return _answer(request, provider, parameters, frame, now=now, by_page=by_page)


def failure(
    request: ResponseTarget,
    provider: Provider,
    refusal: OAuthError,
    frame: Frame,
    *,
    now: int,
    by_page: bool = False,
) -> Response:
    """The error response (RFC 6749 4.1.2.1), only for a verified redirect_uri. `frame`, `by_page`: as in `success`."""
    disclosed = {"error": refusal.error, "error_description": refusal.description}
    answer = _answer(request, provider, disclosed, frame, now=now, by_page=by_page)
    return answer.noting(error=refusal.error, reason=refusal.detail or refusal.description)


def _answer(
    request: ResponseTarget, provider: Provider, disclosed: Mapping[str, str], frame: Frame, *, now: int, by_page: bool
) -> Response:
    parameters = {**disclosed, "iss": provider.settings.issuer}
    if request.state is not None:
        parameters["state"] = request.state  # RFC6749-4.1.2: the exact value
    if request.response_alg is not None:
        parameters = {"response": _signed(request, request.response_alg, provider, parameters, now=now)}
    return _sent(request, parameters, frame, by_page=by_page).noting(client_id=request.client_id)


def _sent(request: ResponseTarget, parameters: Mapping[str, str], frame: Frame, *, by_page: bool) -> Response:
    """The response in its response_mode. A registered redirect_uri has no fragment (RFC 6749 3.1.2)."""
    uri = request.redirect_uri
    mode = request.response_mode.removesuffix(response_mode.SIGNED)
    joint = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    location = f"{uri}{joint}{urlencode(parameters)}"
    if mode != "form_post" and not by_page:
        return see_other(location)
    from chalicelib.pages import render  # This imports Jinja2, which a redirect does not need.

    if mode == "form_post":  # OAuth 2.0 Form Post Response Mode 2
        return render.form_post(frame=frame, redirect_uri=uri, parameters=parameters)
    return render.onward(frame=frame, redirect_uri=uri, location=location)


def _signed(
    request: ResponseTarget, alg: SigningAlg, provider: Provider, parameters: Mapping[str, str], *, now: int
) -> str:
    """JARM-2.1: all parameters, for this client, with a short lifetime."""
    from chalicelib.keys import signing  # This imports PyJWT, which an unsigned response does not need.

    claims = {**parameters, "aud": request.client_id, "iat": now, "exp": now + LIFETIME}
    signed = signing.sign(claims, provider.ring, alg, "authorization_response", now=now)
    return _encrypted(signed, request, provider, now=now) if request.response_encrypted else signed


def _encrypted(signed: str, request: ResponseTarget, provider: Provider, *, now: int) -> str:
    """JARM-2.2: signed, then encrypted. Raises InvalidRequest, for a page: the response is never sent unencrypted."""
    from chalicelib.clients.encryption import encrypted

    client = provider.clients.find(request.client_id, now=now)
    if client is None:
        raise InvalidRequest("client_id: unknown client")
    client = provider.published_keys.for_encryption(client, now=now)
    return encrypted(signed, "authorization", client, PROFILES[client.profile])
