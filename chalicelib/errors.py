"""OAuth errors, one class per registered error code.

`description` is for the caller, `detail` is for the log. Neither contains a token, a code, a secret, an assertion or a key.
Codes: the IANA "OAuth Extensions Error" registry, RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 9101 6, OpenID Connect Core
3.1.2.6.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final, Literal, Self

Event = Literal["replay", "certificate_revoked", "crl_stale"]
"""Events that an error is counted as, beside its code (docs/operate/watch.md)."""
Header = tuple[str, str]

QUOTABLE = r"(?!.*[0-9]{5})[A-Za-z][A-Za-z0-9_:-]{0,31}"
"""A word of the caller that a description, and so a log line, may quote (RFC 6749 5.2). Every token, code and secret of ours is
longer, and numbers of accounts, cards and phones have more digits in a row.
"""


def quoted(value: object) -> str:
    """A space and the caller's value in single quotes; empty if a description may not quote the value."""
    return f" '{value}'" if isinstance(value, str) and re.fullmatch(QUOTABLE, value) else ""


class OAuthError(Exception):
    """An error response with a registered code. It is immutable.

    `description`: for the caller. ASCII without double quotes, backslashes and line breaks (RFC 6749 5.2).
    `detail`: for the log line only.
    `headers`: headers of the response, such as a challenge.
    `status`: status of the response, if it is not that of the class.
    `event`: what the log counts it as, beside its code.
    """

    error: ClassVar[str]
    status: int = 400
    silent: ClassVar[bool] = False
    """Whether the body contains neither code nor description (RFC 6750 3.1)."""

    def __init__(
        self,
        description: str,
        *,
        detail: str = "",
        headers: tuple[Header, ...] = (),
        status: int | None = None,
        event: Event | None = None,
    ) -> None:
        super().__init__(description)
        self.description: Final = description
        self.detail: Final = detail
        self.headers: Final = headers
        self.event: Final = event
        self.status = type(self).status if status is None else status

    def with_headers(self, *more: Header, status: int | None = None) -> Self:
        """The error with additional headers, and with another status if one is given."""
        return type(self)(
            self.description,
            detail=self.detail,
            headers=(*self.headers, *more),
            status=self.status if status is None else status,
            event=self.event,
        )


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated, malformed or not allowed here (RFC 6749 4.1.2.1, 5.2)."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """Client authentication failed (RFC 6749 5.2)."""

    error = "invalid_client"
    status = 401


class InvalidGrant(OAuthError):
    """The code or refresh token is unknown, expired, used, revoked or issued to another client (RFC 6749 5.2)."""

    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """The client is not registered for this grant type or endpoint (RFC 6749 5.2)."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """The grant type is not supported (RFC 6749 5.2)."""

    error = "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    """The response_type is not allowed for the client's profile (RFC 6749 4.1.2.1)."""

    error = "unsupported_response_type"


class InvalidScope(OAuthError):
    """The scope is unknown, malformed or beyond what was granted (RFC 6749 5.2)."""

    error = "invalid_scope"


class AccessDenied(OAuthError):
    """The user, or a rule about the user, denied the request (RFC 6749 4.1.2.1)."""

    error = "access_denied"


class InvalidRequestUri(OAuthError):
    """The request_uri is unknown, expired, used or issued to another client (RFC 9101 6.2)."""

    error = "invalid_request_uri"


class InvalidRequestObject(OAuthError):
    """The request object is invalid (RFC 9101 6.1)."""

    error = "invalid_request_object"


class RequestNotSupported(OAuthError):
    """The client's profile does not accept request objects (OpenID Connect Core 3.1.2.6)."""

    error = "request_not_supported"


class InvalidRedirectUri(OAuthError):
    """A redirect_uri is invalid in client metadata (RFC 7591 3.2.2)."""

    error = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError):
    """The client metadata are invalid (RFC 7591 3.2.2)."""

    error = "invalid_client_metadata"


class LoginRequired(OAuthError):
    """The user must sign in, but the client sent prompt=none (OpenID Connect Core 3.1.2.6)."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """The user must consent, but the client sent prompt=none (OpenID Connect Core 3.1.2.6)."""

    error = "consent_required"


class InvalidTarget(OAuthError):
    """A resource is unknown, malformed or beyond what was granted (RFC 8707 2)."""

    error = "invalid_target"


class InvalidAuthorizationDetails(OAuthError):
    """Authorization details are unknown, malformed or beyond what was granted (RFC 9396 5)."""

    error = "invalid_authorization_details"


class UnmetAuthenticationRequirements(OAuthError):
    """No sign-in meets the client's requirement (OpenID Connect Core Error Code unmet_authentication_requirements)."""

    error = "unmet_authentication_requirements"


class ServerError(OAuthError):
    """The server failed; the request may be right (RFC 6749 4.1.2.1)."""

    error = "server_error"
    status = 500


class TemporarilyUnavailable(OAuthError):
    """The server failed for a short time; the same request may succeed later (RFC 6749 4.1.2.1)."""

    error = "temporarily_unavailable"
    status = 503
    retry_after: ClassVar[int] = 2
    """Seconds of the Retry-After header of every 503 response (RFC 9110 10.2.3)."""


class UnsupportedTokenType(OAuthError):
    """A token of this type can't be revoked (RFC 7009 2.2.1)."""

    error = "unsupported_token_type"


class InvalidToken(OAuthError):
    """The access token is unknown, expired, revoked or bound to another key (RFC 6750 3.1)."""

    error = "invalid_token"
    status = 401


class InvalidDpopProof(OAuthError):
    """The DPoP proof is malformed, made for another request or used before (RFC 9449 5, 7.1)."""

    error = "invalid_dpop_proof"


class UseDpopNonce(OAuthError):
    """The DPoP proof must have the nonce of the DPoP-Nonce header (RFC 9449 8, 9)."""

    error = "use_dpop_nonce"


class InsufficientScope(OAuthError):
    """The access token's scope does not cover this resource (RFC 6750 3.1)."""

    error = "insufficient_scope"
    status = 403


class InsufficientUserAuthentication(OAuthError):
    """The user must sign in again, or with a stronger method (RFC 9470 3)."""

    error = "insufficient_user_authentication"
    status = 401


class NotFoundOrMethodNotAllowed(OAuthError):
    """The function does not serve this path or method: 404 or 405."""

    error = "invalid_request"
    status = 404
