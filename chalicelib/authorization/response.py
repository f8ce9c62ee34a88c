"""The authorization response (RFC 6749 4.1.2), with `iss` against mix-up (RFC 9207)."""

from __future__ import annotations

from urllib.parse import urlencode

from chalicelib.errors import OAuthError
from chalicelib.messages import Response, see_other
from chalicelib.storage.records import AuthorizationRequest


def success(request: AuthorizationRequest, *, issuer: str, code: str) -> Response:
    """Back to the client with a code."""
    return _redirect(request, code=code, iss=issuer)


def failure(request: AuthorizationRequest, refusal: OAuthError, *, issuer: str) -> Response:
    """Back to the client without one (RFC 6749 4.1.2.1). Only for a request whose redirect_uri is proven."""
    answer = _redirect(request, error=refusal.error, error_description=refusal.description, iss=issuer)
    return answer.noting(error=refusal.error, reason=refusal.detail or refusal.description)


def _redirect(request: AuthorizationRequest, **parameters: str) -> Response:
    if request.state is not None:
        parameters["state"] = request.state  # RFC6749-4.1.2: the exact value
    uri = request.redirect_uri
    joint = "&" if "?" in uri else "?"
    return see_other(f"{uri}{joint}{urlencode(parameters)}").noting(client_id=request.client_id)
