"""What a person decides, written once, and the answer to the client that follows (RFC 6749 4.1.2).

Whatever the answer needs, such as a signature, is there before the decision is written; what is not needed follows, quietly.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.best_effort import best_effort
from chalicelib.clients import lifetimes
from chalicelib.errors import AccessDenied, OAuthError
from chalicelib.interaction import browser_binding, remembered_consent, response
from chalicelib.messages import Request, Response
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import AccessToken, Bond, Decision, Grant, RememberedConsent
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import join
from chalicelib.users import claims


@dataclass(frozen=True)
class Choice:
    """What the person agreed to. `person`: digest of the sub of who was asked. `granted`: of the authorization details.

    `by_hand`: somebody read the page, and so need not be asked again. `until`: when what comes of it ends, where that is
    sooner than the grant says; epoch seconds.
    """

    person: str
    granted: tuple[Detail, ...] = ()
    by_hand: bool = False
    until: int | None = None


def own(request: Request, key: str, provider: Provider, *, now: int, decided: Decision = "") -> Grant:
    """The grant of the page that was posted, if it is this browser's and nobody signed out since. Raises AccessDenied."""
    grant = browser_binding.require_own(request, provider.grants.find(key, now=now), now=now, decided=decided)
    if grant.session is not None and provider.sessions.signed_out(grant.session):
        raise browser_binding.over()
    return grant


def needs_a_look(grant: Grant) -> bool:
    """Whether the grant has to be read before it is approved: for its signature, or for the session that it came from."""
    request = grant.request
    return request.response_type != "code" or request.response_alg is not None or grant.session is not None


def approve(grant: Grant | None, key: str, cookie: str, choice: Choice, provider: Provider, *, now: int) -> Response:
    """Back to the client with what it gets. `grant`: as it was read, None where the page said that it need not be.

    The write itself checks that the grant is this browser's, undecided, and signed in to as `choice.person`, who agreed:
    somebody else may have signed in meanwhile, who agreed to nothing.
    """
    secret = provider.new_token_value()
    if grant is None:
        written = _write(None, key, cookie, choice, secret, None, provider, now=now)
        if needs_a_look(written):  # whatever the form said; the code is nobody's yet, and another one takes its place
            return approve(written, key, cookie, choice, provider, now=now)
        back = _answer(written, _code(written, secret), None, provider, now=now)
    else:
        code = _code(grant, secret)
        front, given = _front(grant, code, provider, now=now)
        back = _answer(grant, code, given, provider, now=now)
        written = _write(grant, key, cookie, choice, secret, front, provider, now=now)
    if choice.by_hand:  # after the decision, and never before it: nobody is remembered to have agreed who did not
        best_effort("remembered consent", lambda: _remember(written, provider, now=now))
    return back.noting(journey=written.journey)


def cancel(grant: Grant, cookie: str, provider: Provider, *, now: int, why: OAuthError | None = None) -> Response:
    """Back to the client with `why`, or, as the person says no, with access_denied (RFC 6749 4.1.2.1).

    Raises AccessDenied, for a page.
    """
    back = response.failure(
        grant.request, provider, why or AccessDenied("the user denied the request"), now=now, by_page=_by_page(grant)
    )
    try:
        provider.grants.deny(grant.key, cookie, now=now)
    except NotOpen:
        raise browser_binding.over() from None
    return back


def _write(
    grant: Grant | None,
    key: str,
    cookie: str,
    choice: Choice,
    secret: str,
    front: tuple[str, AccessToken] | None,
    provider: Provider,
    *,
    now: int,
) -> Grant:
    try:
        return provider.grants.approve(
            key,
            cookie,
            person=choice.person,
            secret=secret,
            now=now,
            granted=choice.granted,
            session=None if grant is None else grant.session,
            until=choice.until,
            front=front,
        )
    except NotOpen:
        raise browser_binding.over() from None


def _code(grant: Grant, secret: str) -> str:
    return join(secret, grant.key, str(grant.bond))


def _front(
    grant: Grant, code: str, provider: Provider, *, now: int
) -> tuple[tuple[str, AccessToken] | None, dict[str, str] | None]:
    if grant.request.response_type == "code":
        return None, None
    from chalicelib.grant_types import front_channel  # brings PyJWT, which a code alone never needs

    return front_channel.issue(grant, code, provider, now=now)


def _answer(grant: Grant, code: str, given: dict[str, str] | None, provider: Provider, *, now: int) -> Response:
    disclosed = {"code": code} if given is None else given
    return response.success(grant.request, provider, disclosed, now=now, by_page=_by_page(grant))


def _by_page(grant: Grant) -> bool:
    """Whether a form of ours may have been posted on the way; never where the client asked for no page."""
    return "none" not in grant.request.prompt


def _remember(grant: Grant, provider: Provider, *, now: int) -> None:
    """The person need not be asked for the same again while this grant is in force."""
    client = provider.clients.find(grant.client_id, now=now)
    if client is None or grant.bond is None:
        return
    if remembered_consent.may_be_remembered(grant.request, client, PROFILES[client.profile]):
        scope, names = remembered_consent.requested(grant.request, known=claims.known())
        more = RememberedConsent(scope, names, grant.consent_expires_at, grant.key)
        provider.bonds.remember(grant.bond, Bond(grant.epoch), more, keep=now + lifetimes.MAX_CONSENT_LIFETIME)
