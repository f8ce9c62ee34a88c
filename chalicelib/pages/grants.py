"""The pages of /grants: the sign-in page, and the list with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import date_format
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
    """

    key: str
    may: Sequence[str]
    details: Sequence[Detail]
    given: int
    until: int


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
    hint: str | None = None,
    problem: str | None = None,
    done: str | None = None,
    passkey: Ceremony | None = None,
) -> Response:
    """The sign-in page. `problem`, `hint`, `passkey`: as on the login page. `done`: as on the list."""
    return page(
        "grants_sign_in.html",
        OURS,
        frame,
        script=script_for(passkey),
        key=key,
        csrf=csrf,
        username=username,
        hint=hint,
        problem=problem,
        done=done,
        passkey=passkey,
    )


def page_of(
    *,
    frame: Frame,
    key: str,
    csrf: str,
    person: str,
    connections: Sequence[Connection],
    done: str | None = None,
    later: bool = False,
    more: str | None = None,
) -> Response:
    """The list of the user's consents by client.

    `done`: a sentence about what was ended a moment ago.
    `later`: this is not the first page of the list. `more`: the address of the next one.
    """

    def day(moment: int) -> tuple[str, str]:
        """A time for programs and for people."""
        return date_format.for_machines(moment), date_format.in_words(moment, frame.language)

    return page(
        "grants.html",
        OURS,
        frame,
        key=key,
        csrf=csrf,
        person=person,
        connections=connections,
        done=done,
        later=later,
        more=more,
        day=day,
    )
