"""The pages of /grants: the sign-in page, and the list with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chalicelib import date_format
from chalicelib.language import Language
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.pages.render import OURS, Detail, page
from chalicelib.pages.sign_in import script_for


@dataclass(frozen=True)
class Consent:
    """A consent in force.

    `key`: of its grant, which the form posts back.
    `may`: one sentence each.
    `given`, `until`: when it was given, and when it ends.
    `used`: the day on which its client last used it, as text.
    """

    key: str
    may: Sequence[str]
    details: Sequence[Detail]
    given: int
    until: int
    used: str


@dataclass(frozen=True)
class PastConsent:
    """A consent that has ended, or by which something was paid.

    `may`, `details`, `given`: as of a Consent.
    `label`, `end`: what its end is called, and the end as text.
    """

    client_name: str
    may: Sequence[str]
    details: Sequence[Detail]
    given: int
    label: str
    end: str


MARKUP = 90
"""Bytes around each text of a consent, about."""
MAX_WEIGHT = 4500
"""Bytes of the consents on a page: it weighs at most 15 KB in every language."""


def weight(consent: Consent | PastConsent) -> int:
    """Bytes that the consent adds to its page, about."""
    texts = [*consent.may]
    for detail in consent.details:
        texts += [detail.heading, *(text for fact in detail.facts for text in fact)]
        texts += [
            text for question in detail.questions for choice in question.choices for text in (choice.words, choice.note)
        ]
    return sum(len(text.encode()) + MARKUP for text in texts) + 6 * MARKUP


@dataclass(frozen=True)
class Connection:
    """A client, and the consents that it has on this page, the newest first."""

    client_id: str
    client_name: str
    consents: Sequence[Consent]


def sign_in(
    *,
    frame: Frame,
    key: str,
    csrf: str,
    username: str = "",
    remembered: bool = False,
    hint: str | None = None,
    problem: str | None = None,
    done: str | None = None,
    passkey: Ceremony | None = None,
) -> Response:
    """The sign-in page. `remembered`, `problem`, `hint`, `passkey`: as on the login page. `done`: as on the list."""
    return page(
        "grants_sign_in.html",
        OURS,
        frame,
        script=script_for(passkey),
        key=key,
        csrf=csrf,
        username=username,
        remembered=remembered,
        remember=not remembered,
        hint=hint,
        problem=problem,
        done=done,
        passkey=passkey,
    )


@dataclass(frozen=True)
class Ours:
    """What both lists have: the frame, the form's key and token, the person, and whether it is a later page of the list.

    `own_page`: the address of the page on which the person changes how they sign in, or None.
    """

    frame: Frame
    key: str
    csrf: str
    person: str
    later: bool = False
    own_page: str | None = None


def page_of(
    ours: Ours, connections: Sequence[Connection], *, done: str | None = None, more: str | None = None
) -> Response:
    """The list of the user's consents by client.

    `done`: a sentence about what was ended a moment ago.
    `more`: the address of the next page.
    """
    return page(
        "grants.html",
        OURS,
        ours.frame,
        own=ours,
        day=partial(_day, ours.frame.language),
        connections=connections,
        done=done,
        more=more,
    )


def past(ours: Ours, found: Sequence[PastConsent], *, more: str | None = None) -> Response:
    """The user's past. `more`: as of the list."""
    return page(
        "grants_past.html", OURS, ours.frame, own=ours, day=partial(_day, ours.frame.language), found=found, more=more
    )


def _day(language: Language, moment: int) -> tuple[str, str]:
    """A time for programs and for people."""
    return date_format.for_machines(moment), date_format.in_words(moment, language)
