"""The Lambda authorizer: stands before the bank's own API on API Gateway and lets in who holds a fitting token.

Checks the token, its consent, what it is bound to and its scope; hands on who asks and for whom. What it hands on are
texts: API Gateway takes no others.
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.errors import InvalidRequest, OAuthError
from chalicelib.messages import Request
from chalicelib.provider import Provider
from chalicelib.tokens import access
from chalicelib.tokens.access import Access


def decide(request: Request, method_arn: str, provider: Provider) -> dict[str, Any]:
    """A policy document that allows or denies `method_arn`, with the context for the API or for the refusal."""
    try:
        opened = access.check(request, provider.tokens, scope=_scope(request, provider), now=provider.now())
    except OAuthError as refusal:
        challenge = dict(refusal.headers).get("WWW-Authenticate", access.SCHEME)
        reason = refusal.detail or refusal.description
        return _policy(
            "nobody", "Deny", method_arn, {"error": refusal.error, "www_authenticate": challenge, "reason": reason}
        )
    return _policy(opened.sub or opened.token.client_id, "Allow", method_arn, _context(opened))


def _scope(request: Request, provider: Provider) -> str:
    """The scope of the route, from the settings. A route that has none is shut."""
    scope = json.loads(provider.settings.resource_scopes).get(f"{request.method} {request.path}")
    if not isinstance(scope, str) or not scope:
        raise InvalidRequest("this resource has no scope", detail="the route is not in DUCAT_RESOURCE_SCOPES")
    return scope


def _context(opened: Access) -> dict[str, str]:
    context = {
        "client_id": opened.token.client_id,
        "scope": " ".join(opened.token.scope),
        "expires_at": str(opened.token.expires_at),
    }
    if opened.consent is not None:
        login = opened.consent.login
        context |= {
            "sub": login.sub,
            "acr": login.acr,
            "auth_time": str(login.auth_time),
            "consent_id": opened.consent.consent_id,
        }
    return context


def _policy(principal: str, effect: str, method_arn: str, context: dict[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
