"""What API Gateway says by itself, in OAuth's words. Read without the CDK, which starts Node."""

from __future__ import annotations

from chalicelib.errors import TemporarilyUnavailable

SAFE = {
    "Cache-Control": "'no-store'",
    "Strict-Transport-Security": "'max-age=63072000; includeSubDomains'",
    "x-fapi-interaction-id": "method.request.header.x-fapi-interaction-id",
}
"""What every one of them carries; the authorizer's refusal names the call by what it found to be a UUID, or made."""

UNAVAILABLE = (
    TemporarilyUnavailable.status,
    {"Retry-After": f"'{TemporarilyUnavailable.retry_after}'"},
    {"error": TemporarilyUnavailable.error},
)

REFUSALS = {
    # The authorizer's refusal. A function's own WWW-Authenticate would be renamed by API Gateway; this one is not.
    "ACCESS_DENIED": (
        401,
        {
            "WWW-Authenticate": "context.authorizer.www_authenticate",
            "DPoP-Nonce": "context.authorizer.dpop_nonce",
            "Accept-Signature": "context.authorizer.accept_signature",
            "x-fapi-interaction-id": "context.authorizer.interaction_id",
        },
        {"error": "$context.authorizer.error"},
    ),
    "UNAUTHORIZED": (401, {"WWW-Authenticate": "'Bearer'"}, {"error": ""}),  # RFC6750-3.1: no token, no error
    # Any path or method that we don't serve; API Gateway would say 403 "Missing Authentication Token".
    "MISSING_AUTHENTICATION_TOKEN": (404, {}, {"error": "not_found"}),
    "WAF_FILTERED": (403, {}, {"error": "access_denied"}),  # the web ACL
    "THROTTLED": (429, {"Retry-After": "'1'"}, {"error": "temporarily_unavailable"}),
    # The authorizer failed, so nothing was decided. API Gateway would say 500, after which no client tries again.
    "AUTHORIZER_FAILURE": UNAVAILABLE,
    "AUTHORIZER_CONFIGURATION_ERROR": UNAVAILABLE,
    "DEFAULT_4_XX": (None, {}, {"error": "invalid_request"}),
    "DEFAULT_5_XX": (None, {}, {"error": "server_error"}),
}
