"""The three pages on which a person adds a passkey: prove who you are, make it, done."""

from __future__ import annotations

from chalicelib.messages import Response
from chalicelib.pages.passkey_options import SCRIPT, Ceremony
from chalicelib.pages.render import NOWHERE, OURS, page


def prove(
    *, bank_name: str, key: str, csrf: str, invitation: str, username: str = "", problem: str | None = None
) -> Response:
    """The page behind the link. `problem`: a sentence about what was wrong with the last try."""
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
    """The page that has the browser make the passkey. It needs its script."""
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
    """The page that says it is done."""
    return page("passkey_made.html", NOWHERE, bank_name=bank_name)
