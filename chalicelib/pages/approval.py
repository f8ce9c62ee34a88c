"""The page of a linked approval: the final payment, and the passkey that approves exactly it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import SCRIPT, Ceremony
from chalicelib.pages.render import OURS, Detail, host_of
from chalicelib.pages.render import page as rendered


def page(
    *,
    frame: Frame,
    client_name: str,
    key: str,
    csrf: str,
    redirect_uri: str,
    person: str,
    details: Sequence[Detail],
    chosen: Mapping[str, str],
    passkey: Ceremony,
    problem: str | None = None,
) -> Response:
    """The page. `details`: what is approved, without a question. `chosen`: the form fields of the choices.

    `problem`: a sentence about the last attempt. Raises ValueError as render.consent.
    """
    return rendered(
        "approval.html",
        OURS,
        frame,
        script=SCRIPT,
        client_name=client_name,
        key=key,
        csrf=csrf,
        returns_to=host_of(redirect_uri),
        person=person,
        details=details,
        chosen=chosen,
        passkey=passkey,
        problem=problem,
    )
