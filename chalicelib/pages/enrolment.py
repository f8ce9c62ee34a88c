"""The three pages of a passkey's enrolment: sign in, make the passkey, done."""

from __future__ import annotations

from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import CREATE_SCRIPT, Ceremony
from chalicelib.pages.render import NOWHERE, OURS, page


def prove(
    *, frame: Frame, key: str, csrf: str, invitation: str, username: str = "", problem: str | None = None
) -> Response:
    """The page of the link. `problem`: a sentence about the last attempt."""
    return page(
        "passkey.html",
        OURS,
        frame,
        key=key,
        csrf=csrf,
        invitation=invitation,
        username=username,
        problem=problem,
    )


def make(*, frame: Frame, key: str, csrf: str, username: str, passkey: Ceremony) -> Response:
    """The page that makes the passkey in the browser. It needs its script."""
    return page(
        "passkey_make.html",
        OURS,
        frame,
        script=CREATE_SCRIPT,
        key=key,
        csrf=csrf,
        username=username,
        passkey=passkey,
    )


def made(*, frame: Frame) -> Response:
    """The final page."""
    return page("passkey_made.html", NOWHERE, frame)
