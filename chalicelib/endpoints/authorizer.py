"""The Lambda authorizer of the bank's own API on API Gateway.

It checks the access token, its grant, its sender constraint and its scope. Its context tells the API which client calls for
which user. The values of the context are strings, because API Gateway accepts no others.
"""

from __future__ import annotations

import json

from chalicelib.errors import InvalidRequest, OAuthError
from chalicelib.events import AuthorizerAnswer, Effect, Statement
from chalicelib.messages import Request
from chalicelib.provider import Provider
from chalicelib.resource_server import fapi_headers, policy, verified_access_token
from chalicelib.resource_server.policy import ResourcePolicy
from chalicelib.resource_server.verified_access_token import VerifiedAccessToken
from chalicelib.users import assurance


def decide(request: Request, method_arn: str, provider: Provider) -> AuthorizerAnswer:
    """A policy document that allows or denies `method_arn`, with the context for the API or for the error response."""
    named = {"interaction_id": request.interaction_id or provider.new_uuid()}
    try:
        now = provider.now()
        required = _required_policy(request, provider)
        opened = verified_access_token.verify_access_token(request, provider, required, now=now)
        noted = fapi_headers.check(request).noted
        more = _more(request, opened, required, provider, now=now)
    except OAuthError as refusal:
        return _policy("nobody", "Deny", method_arn, _refusal(refusal) | named)
    return _policy(opened.principal, "Allow", method_arn, _context(opened) | noted | more | named)


def _more(
    request: Request, opened: VerifiedAccessToken, required: ResourcePolicy, provider: Provider, *, now: int
) -> dict[str, str]:
    """The checks that few routes have. The consumption of a detail is last, because nothing that can fail may follow it."""
    more: dict[str, str] = {}
    if required.signed:
        from chalicelib.resource_server import signed_request

        more |= signed_request.check(request, opened, required, provider, now=now)
    if required.consumes is not None:
        from chalicelib.resource_server import detail_consumption

        more |= detail_consumption.consume(request, opened, required, provider, now=now)
    return more


def _refusal(refusal: OAuthError) -> dict[str, str]:
    """The context of a denial: values for the gateway response; the reason and the event are for the log."""
    headers = dict(refusal.headers)
    error = "" if refusal.silent else refusal.error
    disclosed = {"error": error, "www_authenticate": headers.get("WWW-Authenticate", verified_access_token.BEARER)}
    if "DPoP-Nonce" in headers:
        disclosed["dpop_nonce"] = headers["DPoP-Nonce"]
    if "Accept-Signature" in headers:
        disclosed["accept_signature"] = headers["Accept-Signature"]
    return {**disclosed, "reason": refusal.detail or refusal.description, "event": refusal.event or ""}


def _required_policy(request: Request, provider: Provider) -> ResourcePolicy:
    """The policy of the route, from the settings. Raises InvalidRequest if the route has no rule."""
    settings = provider.settings
    try:
        return policy.policy_for(
            settings,
            f"{request.method} {request.path}",
            settings.addresses(request.target),
            acr_values=assurance.levels(),
        )
    except LookupError:
        raise InvalidRequest("this route is not open to clients", detail="no rule in DUCAT_RESOURCE_RULES") from None


def _context(opened: VerifiedAccessToken) -> dict[str, str]:
    context = {
        "client_id": opened.token.client_id,
        "scope": " ".join(opened.token.scope),
        "expires_at": str(opened.token.expires_at),
    }
    if opened.token.authorization_details:
        context["authorization_details"] = json.dumps(opened.token.authorization_details, separators=(",", ":"))
    if opened.proof is not None:
        context["proof"] = opened.proof  # /userinfo must not take the same proof for a replay.
    if opened.grant is not None:
        login = opened.grant.person
        context |= {
            "sub": login.sub,
            "acr": login.acr,
            "auth_time": str(login.auth_time),
            "consent_id": opened.grant.key,
        }
    return context


def _policy(principal: str, effect: Effect, method_arn: str, context: dict[str, str]) -> AuthorizerAnswer:
    statement: Statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
