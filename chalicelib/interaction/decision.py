"""The user's decision, which is written once, and the authorization response (RFC 6749 4.1.2).

Everything that the response needs, such as a signature, is made before the decision is written. Optional writes follow it, and
their failure has no effect on the response.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from chalicelib.best_effort import best_effort
from chalicelib.errors import AccessDenied, OAuthError
from chalicelib.interaction import browser_binding, remembered_consent, response
from chalicelib.messages import Request, Response
from chalicelib.pages.frame import Frame
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import AccessToken, Bond, Decision, Grant, RememberedConsent
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import join
from chalicelib.users import claims

BOX_ACTION = re.compile(r"(all|none)\.([0-9])\.([0-9])")
"""What a button of the consent page posts that ticks all boxes of a question, or none: the detail's index, and the question's."""
APP_ACTIONS = ("app", "app-look", "app-poll")
"""What the pages of an approval in the bank's app post: push the request, look for its answer, and the same by the script."""


@dataclass(frozen=True)
class Choice:
    """The user's approval.

    `person`: digest of the sub of the user on the page.
    `granted`, `approval`: the granted authorization details, and the evidence of their approval.
    `by_hand`: the user read the page, so the consent may be remembered.
    `until`: when the consent ends, if that is earlier than the grant says; epoch seconds.
    `shown`: the summary of the words on the page, empty if there was none.
    """

    person: str
    granted: tuple[Detail, ...] = ()
    approval: str = ""
    by_hand: bool = False
    until: int | None = None
    shown: str = ""


def own(request: Request, key: str, provider: Provider, *, now: int, decided: Decision = "") -> Grant:
    """The grant of the posted page, if it is this browser's and its session has not signed out. Raises AccessDenied."""
    grant = browser_binding.require_own(request, provider.grants.find(key, now=now), now=now, decided=decided)
    if grant.session is not None and provider.sessions.signed_out(grant.session, auth_time=grant.person.auth_time):
        raise browser_binding.over()
    return grant


def needs_a_look(grant: Grant) -> bool:
    """Whether the grant must be read before its approval: for a signature, or for its session."""
    request = grant.request
    return request.response_type != "code" or request.response_alg is not None or grant.session is not None


def approve(
    grant: Grant | None, key: str, cookie: str, choice: Choice, provider: Provider, frame: Frame, *, now: int
) -> Response:
    """The authorization response with a code. `grant`: as it was read, None if the page said that no read is needed.

    The write checks that the grant is this browser's, is undecided, and is signed in as `choice.person`. Another user who
    signed in meanwhile has not consented.
    """
    secret = provider.new_token_value()
    if grant is None:
        written = _write(None, key, cookie, choice, secret, None, provider, now=now)
        if needs_a_look(written):  # The form was wrong. Nobody has the code yet, and a new code replaces it.
            return approve(written, key, cookie, choice, provider, frame, now=now)
        back = _answer(
            written, _code(written, secret), None, provider, frame.preferring(written.request.ui_locales), now=now
        )
    else:
        if choice.until is not None:
            grant = replace(grant, consent_expires_at=choice.until)
        code = _code(grant, secret)
        front, given = _front(grant, code, provider, now=now)
        back = _answer(grant, code, given, provider, frame, now=now)
        written = _write(grant, key, cookie, choice, secret, front, provider, now=now)
    if choice.by_hand:  # After the decision: only a written consent is remembered.
        best_effort("remembered consent", lambda: _remember(written, provider, now=now))
    return back.noting(journey=written.journey, event="consent_given" if choice.by_hand else "consent_remembered")


def cancel(
    grant: Grant, cookie: str, provider: Provider, frame: Frame, *, now: int, why: OAuthError | None = None
) -> Response:
    """The authorization response with the error `why`, or with access_denied if the user cancels (RFC 6749 4.1.2.1).

    Raises AccessDenied, for a page.
    """
    denied = why or AccessDenied("the user denied the request")
    back = response.failure(grant.request, provider, denied, frame, now=now, by_page=_by_page(grant))
    try:
        provider.grants.deny(grant.key, cookie, now=now)
    except NotOpen:
        raise browser_binding.over() from None
    return back.noting(event="consent_refused") if why is None else back


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
            approval=choice.approval,
            session=None if grant is None else grant.session,
            until=choice.until,
            shown=choice.shown,
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
    from chalicelib.grant_types import front_channel  # This imports PyJWT, which response_type code does not need.

    return front_channel.issue(grant, code, provider, now=now)


def _answer(
    grant: Grant, code: str, given: dict[str, str] | None, provider: Provider, frame: Frame, *, now: int
) -> Response:
    disclosed = {"code": code} if given is None else given
    return response.success(grant.request, provider, disclosed, frame, now=now, by_page=_by_page(grant))


def _by_page(grant: Grant) -> bool:
    """Whether a form may have been posted before the response. With prompt=none there is no form."""
    return "none" not in grant.request.prompt


def _remember(grant: Grant, provider: Provider, *, now: int) -> None:
    """Remember the consent for as long as this grant is in force."""
    client = provider.clients.find(grant.client_id, now=now)
    if client is None or grant.bond is None:
        return
    if remembered_consent.may_be_remembered(grant.request, client, PROFILES[client.profile]):
        from chalicelib.clients import lifetimes  # Needed only here, after the decision.

        scope, names = remembered_consent.requested(grant.request, known=claims.known())
        more = RememberedConsent(scope, names, grant.consent_expires_at, grant.key)
        provider.bonds.remember(
            grant.bond,
            Bond(grant.epoch),
            more,
            keep=now + lifetimes.KEPT_BOND,
            client_id=grant.client_id,
            sub=grant.person.sub,
        )
