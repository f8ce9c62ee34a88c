"""POST /token: the token endpoint (RFC 6749 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import client_authentication
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import InvalidRequest, UnauthorizedClient, UnsupportedGrantType
from chalicelib.grant_types import authorization_code, client_credentials, refresh_token
from chalicelib.messages import Request, Response, uncached
from chalicelib.provider import Provider
from chalicelib.single_use import SingleUseValues, consuming
from chalicelib.tokens import dpop
from chalicelib.tokens.sender_constraint import PresentedKeys

GRANTS = {
    "authorization_code": authorization_code.issue,
    "refresh_token": refresh_token.issue,
    "client_credentials": client_credentials.issue,
}


def answer(request: Request, provider: Provider) -> Response:
    """200 with the token response (RFC 6749 5.1). It always has `scope`, except for tokens without scope values."""
    now = provider.now()
    form = request.form
    caller = client_authentication.authenticate(request, form, provider, now=now)
    with consuming(caller, provider, now=now) as use:
        possession = _possession(
            request, caller, use, provider, now=now
        )  # First, so that an error uses the proof up too.
        issue = GRANTS[_grant_type(form, caller)]
        issued = issue(caller, form, possession, use, provider, now=now)
    return uncached(200, **issued.members).noting(
        client_id=caller.client.client_id, grant_type=form["grant_type"], event="tokens_issued"
    )


def _possession(
    request: Request, caller: AuthenticatedClient, use: SingleUseValues, provider: Provider, *, now: int
) -> PresentedKeys:
    """The keys that the request proves. Raises InvalidDpopProof or UseDpopNonce."""
    urls = provider.settings.addresses(request.path)
    shown = dpop.proof(request, urls=urls, nonces=provider.nonces, now=now)
    if shown is not None:
        use.add(shown.single_use)
    if caller.client.dpop_nonce_required:
        dpop.require_server_nonce(shown, provider.nonces, now=now)
    return PresentedKeys(use.certificate, shown)


def _grant_type(form: Mapping[str, str], caller: AuthenticatedClient) -> str:
    """The grant_type, if it is supported and the client is registered for it (RFC 6749 5.2)."""
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise InvalidRequest("grant_type is missing")
    if grant_type not in GRANTS:
        raise UnsupportedGrantType(f"grant_type: unknown value; known are {', '.join(GRANTS)}")
    if grant_type not in caller.client.grant_types or grant_type not in caller.profile.grant_types:
        raise UnauthorizedClient(f"the client is not registered for {grant_type}")
    return grant_type
