"""The pages of a linked approval: the final payment with the ways to approve exactly it, and the wait for the bank's app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib import date_format
from chalicelib.messages import Response
from chalicelib.pages import passkey_options
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import SCRIPT, Ceremony
from chalicelib.pages.render import OURS, OURS_BY_SCRIPT, Detail, TimeLimit, host_of
from chalicelib.pages.render import page as rendered

TIME_SCRIPT = passkey_options.script("time_limit.js")
POLL = passkey_options.script("approval_wait.js")
"""The script looks whether the app has answered, and then presses the page's button. It fetches from this host alone."""


@dataclass(frozen=True)
class Shown:
    """What both pages have.

    `details`: what is approved, without a question.
    `chosen`: the form fields of the choices.
    `until`: when the access ends, epoch seconds.
    `limit`: until when the page can be answered.
    `nonce`: the value that the page posts back, from which its challenge is made.
    """

    frame: Frame
    client_name: str
    key: str
    csrf: str
    nonce: str
    redirect_uri: str
    person: str
    details: Sequence[Detail]
    chosen: Mapping[str, str]
    limit: TimeLimit | None
    until: int

    @property
    def ends(self) -> tuple[str, str]:
        """When the access ends, for programs and for people."""
        return date_format.for_machines(self.until), date_format.in_words(self.until, self.frame.language)

    @property
    def returns_to(self) -> str | None:
        """The host of the redirect_uri. Raises ValueError as render.host_of."""
        return host_of(self.redirect_uri)


def page(shown: Shown, *, passkey: Ceremony | None, by_app: bool = False, problem: str | None = None) -> Response:
    """The page. `passkey`: the passkey options, if there are passkeys. `by_app`: the bank has an app.

    `problem`: a sentence about the last attempt. Raises ValueError as render.host_of.
    """
    pays = passkey is not None and passkey.payment is not None
    own = (passkey_options.script("payment.js") if pays else "") + SCRIPT
    return rendered(
        "approval.html",
        OURS,
        shown.frame,
        script=(own if passkey else "") + TIME_SCRIPT,
        pays=pays,
        of=shown,
        passkey=passkey,
        by_app=by_app,
        problem=problem,
    )


def waiting(shown: Shown, *, number: str, again: bool) -> Response:
    """The page while the request is open in the app. `number`: what the app shows too.

    `again`: the person looked, and the app has not answered. Raises ValueError as render.host_of.
    """
    return rendered(
        "approval_wait.html",
        OURS_BY_SCRIPT,
        shown.frame,
        script=POLL + TIME_SCRIPT,
        of=shown,
        number=number,
        again=again,
    )
