"""The three pages of a passkey's enrolment: sign in, make the passkey, done."""

from __future__ import annotations

from chalicelib.messages import Response
from chalicelib.pages.passkey_options import SCRIPT, Ceremony
from chalicelib.pages.render import NOWHERE, OURS, page


def prove(
    *, bank_name: str, key: str, csrf: str, invitation: str, username: str = "", problem: str | None = None
) -> Response:
    """The page of the link. `problem`: a sentence about the last attempt."""
    return page(
        "passkey.html",
        OURS,
        bank_name=bank_name,
        key=key,
        csrf=csrf,
        invitation=invitation,
        username=username,
        problem=problem,
    )


def make(*, bank_name: str, key: str, csrf: str, username: str, passkey: Ceremony) -> Response:
    """The page that makes the passkey in the browser. It needs its script."""
    return page(
        "passkey_make.html",
        OURS,
        script=SCRIPT,
        bank_name=bank_name,
        key=key,
        csrf=csrf,
        username=username,
        passkey=passkey,
    )


def made(*, bank_name: str) -> Response:
    """The final page."""
    return page("passkey_made.html", NOWHERE, bank_name=bank_name)
