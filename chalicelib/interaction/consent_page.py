"""The consent page: its content, and the same page again with a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.authorization_details import details
from chalicelib.errors import AccessDenied, InvalidRequest
from chalicelib.interaction import (
    browser_binding,
    consent_time,
    consent_without_page,
    decision,
    remembered_consent,
    shown_words,
)
from chalicelib.interaction.consent_words import consent_words
from chalicelib.interaction.decision import Choice
from chalicelib.interaction.remembered_consent import RequestedAccess
from chalicelib.language import message
from chalicelib.messages import Response
from chalicelib.pages import consent
from chalicelib.pages.frame import Frame
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Bond, Grant
from chalicelib.storage.records import Authentication, Client
from chalicelib.storage.token_values import digest
from chalicelib.users import claims

NOTHING_CHOSEN = message("You have not chosen anything to allow. Choose what you want to allow below, or press Cancel.")


@dataclass(frozen=True)
class Question:
    """The question of the consent page. Only `of` makes it.

    `wanted`: the requested access.
    `bond`: the remembered consent that applies to it.
    """

    grant: Grant
    login: Authentication
    client: Client
    wanted: RequestedAccess
    bond: Bond

    @property
    def new(self) -> RequestedAccess:
        """The part of the requested access that is not in the remembered consent."""
        return remembered_consent.new(self.wanted, self.bond.remembered)

    @property
    def answered(self) -> bool:
        """Whether the remembered consent covers the request, so that no page is needed."""
        return "consent" not in self.grant.request.prompt and bool(self.bond.remembered) and not any(self.new)


def of(grant: Grant, login: Authentication, provider: Provider, *, now: int) -> Question:
    """The question of a grant. Raises AccessDenied if the client is no longer registered or the user ended its access."""
    client = provider.clients.find(grant.client_id, now=now)
    if client is None or not grant.is_requested_by(client, lifetime=PROFILES[client.profile].request_uri_lifetime):
        raise AccessDenied("the app that sent you here is no longer registered")
    wanted = remembered_consent.requested(grant.request, known=claims.known())
    return Question(
        grant, login, client, wanted, consent_without_page.bond_of(grant, client, wanted, provider, now=now)
    )


def page(
    question: Question,
    cookie: str,
    frame: Frame,
    *,
    chosen: Mapping[str, str] | None = None,
    problem: str | None = None,
) -> Response:
    """The consent page.

    `chosen`: the form fields as the user left them, if the page is shown again.
    `problem`: the reason why it is shown again, in English.
    """
    grant, login = question.grant, question.login
    words = consent_words(grant, question.client, frame.language, remembered=question.bond.remembered)
    if chosen is not None and "." in chosen.get("action", ""):
        from chalicelib.interaction import consent_boxes  # Needed only for its buttons.

        chosen = consent_boxes.pressed(chosen, words.details)
    summary = shown_words.summary_of(grant, question.client, frame.language)
    addresses = {name: question.client.in_language(name, frame.tag) for name in ("logo_uri", "policy_uri", "tos_uri")}
    return consent.page(
        frame=frame,
        client_name=words.client_name,
        client_id=grant.client_id,
        about=words.about,
        key=grant.key,
        csrf=browser_binding.token(grant.key, cookie, person=digest(login.sub)),
        shown=browser_binding.shown_field(grant.key, cookie, summary),
        redirect_uri=grant.request.redirect_uri,
        person=shown_words.person_of(login),
        access=words.access,
        details=words.details,
        until=grant.consent_expires_at,
        ends=consent_time.ends(grant, frame.language),
        look=decision.needs_a_look(grant),
        chosen=chosen,
        problem=problem and frame.language.say(problem),
        **addresses,
    )


def again(
    grant: Grant,
    cookie: str,
    form: Mapping[str, str],
    provider: Provider,
    frame: Frame,
    *,
    now: int,
    problem: str | None = None,
) -> Response:
    """The page again, with the user's choices. It stores no decision. Raises AccessDenied."""
    if grant.login is None:
        raise browser_binding.over()
    return page(of(grant, grant.login, provider, now=now), cookie, frame, chosen=form, problem=problem)


def choice(
    form: Mapping[str, str], grant: Grant, cookie: str, provider: Provider, frame: Frame, *, now: int
) -> Choice | Response:
    """The user's approval, or the page where a part of it is missing.

    A form without any account to pay from ends the request. Raises AccessDenied or InvalidRequest.
    """
    requested = grant.request.authorization_details
    if grant.login is None:
        raise browser_binding.over()
    ending = consent_time.ending(form, grant)
    # The form may come again, after the grant has got the chosen end: the page knows the requested one.
    page_of = shown_words.as_shown(grant, browser_binding.shown(form, grant.key, cookie))
    shorter = ending.consent_expires_at < max(grant.consent_expires_at, page_of.consent_expires_at)
    until = ending.consent_expires_at if shorter else None
    if not requested:
        return _without_approval(form, cookie, (), until)
    try:
        granted = details.granted(requested, form, grant.login.accounts)
    except AccessDenied:
        if details.can_be_chosen(requested, grant.login.accounts):
            return again(grant, cookie, form, provider, frame, now=now, problem=NOTHING_CHOSEN)
        return decision.cancel(grant, cookie, provider, frame, now=now)
    if until is not None:
        granted = details.until(granted, until)
    if not details.write(granted):
        return _without_approval(form, cookie, granted, until)

    from chalicelib.interaction import approval_page  # Needed only for payments.

    evidence = approval_page.approved(form, ending, granted, cookie, provider, frame, now=now)
    return evidence if isinstance(evidence, Response) else _choice(form, cookie, granted, until, approval=evidence)


def choice_without_read(form: Mapping[str, str], cookie: str) -> Choice:
    """The user's approval of all that the request asks for."""
    return _choice(form, cookie, (), None)


def _without_approval(form: Mapping[str, str], cookie: str, granted: tuple[Detail, ...], until: int | None) -> Choice:
    """An approval that needs no evidence. A form that waits for one in the app decides nothing. Raises InvalidRequest."""
    if form.get("action") in decision.APP_ACTIONS:
        raise InvalidRequest("there is nothing to approve in the app")
    return _choice(form, cookie, granted, until)


def _choice(
    form: Mapping[str, str], cookie: str, granted: tuple[Detail, ...], until: int | None, *, approval: str = ""
) -> Choice:
    shown = browser_binding.shown(form, form["interaction"], cookie)
    person = browser_binding.requested(form)
    return Choice(person, granted, approval, by_hand=True, until=until, shown=shown)
