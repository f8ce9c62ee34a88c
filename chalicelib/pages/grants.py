"""The pages of /grants: the sign-in page, and the list with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import date_format
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import SCRIPT, Ceremony
from chalicelib.pages.render import OURS, Detail, page


@dataclass(frozen=True)
class Entry:
    """The access of one client.

    `may`: one sentence each.
    `first`, `last`: when it was granted.
    `until`: when it ends.
    """

    client_id: str
    client_name: str
    may: Sequence[str]
    details: Sequence[Detail]
    first: int
    last: int
    until: int


def sign_in(
    *,
    frame: Frame,
    key: str,
    csrf: str,
    username: str = "",
    hint: str | None = None,
    problem: str | None = None,
    passkey: Ceremony | None = None,
) -> Response:
    """The sign-in page. `problem`, `hint`, `passkey`: as on the login page."""
    return page(
        "grants_sign_in.html",
        OURS,
        frame,
        script=SCRIPT if passkey else None,
        key=key,
        csrf=csrf,
        username=username,
        hint=hint,
        problem=problem,
        passkey=passkey,
    )


def page_of(*, frame: Frame, key: str, csrf: str, person: str, grants: Sequence[Entry]) -> Response:
    """The list of the user's grants by client."""

    def day(moment: int) -> tuple[str, str]:
        """A time for programs and for people."""
        return date_format.for_machines(moment), date_format.in_words(moment, frame.language)

    return page("grants.html", OURS, frame, key=key, csrf=csrf, person=person, grants=grants, day=day)
