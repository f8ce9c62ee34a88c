"""What a person decides, written once, and the answer to the client that follows (RFC 6749 4.1.2)."""

from __future__ import annotations

from chalicelib.authorization import agreement, browser, response
from chalicelib.authorization.detail_type import Detail
from chalicelib.clients import lifetimes
from chalicelib.errors import AccessDenied, OAuthError
from chalicelib.messages import Response
from chalicelib.people import claims
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.handles import join
from chalicelib.storage.records import Interaction
from chalicelib.storage.stores import Gone


def approve(
    key: str,
    cookie: str,
    person: str,
    provider: Provider,
    *,
    now: int,
    granted: tuple[Detail, ...] = (),
    by_hand: bool = False,
) -> Response:
    """303 back to the client with what it gets. `by_hand`: somebody read the page, and so need not be asked again.

    The write itself checks that the interaction is this browser's, open, and logged in as `person`, who agreed: somebody else may
    have signed in meanwhile, who agreed to nothing.
    """
    code = join(provider.new_handle(), key)
    try:
        interaction = provider.interactions.decide(
            key,
            cookie,
            decision="approved",
            now=now,
            person=person,
            consent_id=provider.new_handle(),
            code=code,
            granted=granted,
        )
    except Gone:
        raise browser.over() from None

    if by_hand:  # after the decision, and never before it: nobody is remembered to have agreed who did not
        _remember(interaction, provider, now=now)
    back = response.success(interaction.request, provider, _given(interaction, code, provider, now=now), now=now)
    return back.with_headers(browser.release(key))


def cancel(key: str, cookie: str, provider: Provider, *, now: int, why: OAuthError | None = None) -> Response:
    """Back to the client with `why`, or, as the person says no, with access_denied (RFC 6749 4.1.2.1).

    Raises AccessDenied, for a page.
    """
    try:
        interaction = provider.interactions.decide(key, cookie, decision="denied", now=now)
    except Gone:
        raise browser.over() from None
    back = response.failure(interaction.request, provider, why or AccessDenied("the person said no"), now=now)
    return back.with_headers(browser.release(interaction.key))


def _given(interaction: Interaction, code: str, provider: Provider, *, now: int) -> dict[str, str]:
    if interaction.request.response_type == "code":
        return {"code": code}
    from chalicelib.grants import front_channel  # brings PyJWT, which a code alone never needs

    return front_channel.issue(interaction, code, provider, now=now)


def _remember(interaction: Interaction, provider: Provider, *, now: int) -> None:
    client = provider.clients.find(interaction.request.client_id, now=now)
    if client is None or interaction.login is None:
        return
    profile = PROFILES[client.profile]
    if agreement.rememberable(interaction.request, client, profile):
        wanted = agreement.asked(interaction.request, known=claims.NAMES)
        until = now + lifetimes.of_consent(client, profile)
        provider.agreements.remember(interaction.login.sub, client.client_id, wanted, until=until)
