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
from chalicelib.tokens.access import Access, Demand


def decide(request: Request, method_arn: str, provider: Provider) -> dict[str, Any]:
    """A policy document that allows or denies `method_arn`, with the context for the API or for the refusal."""
    try:
        opened = access.check(request, provider, _demand(request, provider), now=provider.now())
    except OAuthError as refusal:
        return _policy("nobody", "Deny", method_arn, _refusal(refusal))
    return _policy(opened.sub or opened.token.client_id, "Allow", method_arn, _context(opened))


def _refusal(refusal: OAuthError) -> dict[str, str]:
    """What the gateway response makes of it, and the reason for the log."""
    headers = dict(refusal.headers)
    told = {"error": refusal.error, "www_authenticate": headers.get("WWW-Authenticate", access.BEARER)}
    if "DPoP-Nonce" in headers:
        told["dpop_nonce"] = headers["DPoP-Nonce"]
    return {**told, "reason": refusal.detail or refusal.description}


def _demand(request: Request, provider: Provider) -> Demand:
    """What the route asks for, from the settings. A route without a scope is shut. Raises InvalidRequest."""
    scope = json.loads(provider.settings.resource_scopes).get(f"{request.method} {request.path}")
    if not isinstance(scope, str) or not scope:
        raise InvalidRequest("this resource has no scope", detail="the route is not in DUCAT_RESOURCE_SCOPES")
    return Demand(scope, provider.settings.addresses(request.target))


def _context(opened: Access) -> dict[str, str]:
    context = {
        "client_id": opened.token.client_id,
        "scope": " ".join(opened.token.scope),
        "expires_at": str(opened.token.expires_at),
    }
    if opened.proof is not None:
        context["proof"] = opened.proof  # so that a function of ours behind this one need not take it for a replay
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
