"""The pages of what a person lets each app do: the sign-in before it, and the list with its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import date_format
from chalicelib.messages import Response
from chalicelib.pages.passkey_options import SCRIPT, Ceremony
from chalicelib.pages.render import OURS, Detail, page


@dataclass(frozen=True)
class Entry:
    """What one client may do. `may`: a sentence each. `first`, `last`: when it was given; `until`: when it ends."""

    client_id: str
    client_name: str
    may: Sequence[str]
    details: Sequence[Detail]
    first: int
    last: int
    until: int


def sign_in(
    *,
    bank_name: str,
    key: str,
    csrf: str,
    username: str = "",
    hint: str | None = None,
    problem: str | None = None,
    passkey: Ceremony | None = None,
) -> Response:
    """The page on which a person says who they are. `problem`, `hint`, `passkey`: as on the login page."""
    return page(
        "grants_sign_in.html",
        OURS,
        script=SCRIPT if passkey else None,
        bank_name=bank_name,
        key=key,
        csrf=csrf,
        username=username,
        hint=hint,
        problem=problem,
        passkey=passkey,
    )


def page_of(*, bank_name: str, key: str, csrf: str, person: str, grants: Sequence[Entry]) -> Response:
    """The list of what this person lets each client do."""
    return page("grants.html", OURS, bank_name=bank_name, key=key, csrf=csrf, person=person, grants=grants, day=_day)


def _day(moment: int) -> tuple[str, str]:
    """A moment for a machine and for a person."""
    return date_format.for_machines(moment), date_format.in_words(moment)
