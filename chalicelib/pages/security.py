"""The pages of /security: the sign-in page, the list, and one page each for a passkey, an app and recovery codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib import date_format
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import CREATE_SCRIPT, Ceremony
from chalicelib.pages.render import NOWHERE, OURS, page
from chalicelib.pages.sign_in import script_for

if TYPE_CHECKING:
    from chalicelib.own_means import OwnMeans
    from chalicelib.storage.passkey_stores import OwnPasskey

BY_CODE = "/security?with=recovery-code"
"""The sign-in page for those who lost their phone."""
GROUP = 4
"""Characters of a secret or code that stand together."""


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
    by_code: bool = False,
    recovers: bool = False,
    passkey: Ceremony | None = None,
) -> Response:
    """The sign-in page. The others are as on the page of /grants.

    `by_code`: with a recovery code.
    `recovers`: the bank has a recovery without one.
    """
    return page(
        "security_sign_in.html",
        OURS,
        frame,
        script=None if by_code else script_for(passkey),
        key=key,
        csrf=csrf,
        username=username,
        remembered=remembered,
        remember=not remembered,
        hint=hint,
        problem=problem,
        done=done,
        by_code=by_code,
        recovery=BY_CODE,
        recovers=recovers,
        passkey=passkey,
    )


def begin_recovery(
    *, frame: Frame, key: str, csrf: str, hours: int, username: str = "", problem: str | None = None
) -> Response:
    """The page on which a recovery is begun, seen and completed by the password. `hours`: how long it takes."""
    return page(
        "security_begin_recovery.html",
        OURS,
        frame,
        key=key,
        csrf=csrf,
        hours=hours,
        username=username,
        problem=problem,
    )


def recovery(*, frame: Frame, ready_at: int) -> Response:
    """The page of a recovery that can't be completed yet. `ready_at`: from when it can be, epoch seconds."""
    machine, words = date_format.for_machines(ready_at), date_format.in_words(ready_at, frame.language)
    return page("security_recovery.html", NOWHERE, frame, machine=machine, words=words)


def page_of(
    *,
    frame: Frame,
    key: str,
    csrf: str,
    person: str,
    means: OwnMeans,
    nonce: str,
    ceremony: Ceremony | None,
    done: str | None = None,
    problem: str | None = None,
    recovering: bool = False,
) -> Response:
    """The person's passkeys, app and recovery codes. `ceremony`: for a new passkey; None if none may be made.

    `recovering`: it shows the app alone.
    """
    return page(
        "security.html",
        OURS,
        frame,
        script=CREATE_SCRIPT if ceremony else None,
        key=key,
        csrf=csrf,
        person=person,
        passkeys=[(one, *_added(one, frame)) for one in means.passkeys],
        codes=means.recovery_codes,
        nonce=nonce,
        passkey=ceremony,
        full=means.full,
        recovering=recovering,
        runs=date_format.in_words(means.recovery_at, frame.language) if means.recovery_at else None,
        done=done,
        problem=problem,
    )


def passkey(*, frame: Frame, key: str, csrf: str, one: OwnPasskey, last: bool) -> Response:
    """The page of one passkey, to name or remove it. `last`: the person has no other."""
    machine, words = _added(one, frame)
    return page(
        "security_passkey.html", OURS, frame, key=key, csrf=csrf, one=one, machine=machine, words=words, last=last
    )


def app(
    *, frame: Frame, key: str, csrf: str, shown: str, uri: str, secret: str, problem: str | None = None
) -> Response:
    """The page with a new secret, as a QR code and in groups, which a code of the app proves."""
    return page(
        "security_app.html",
        OURS,
        frame,
        key=key,
        csrf=csrf,
        shown=shown,
        picture=_qr_code(uri),
        groups=_groups(secret),
        problem=problem,
    )


def codes(*, frame: Frame, codes: Sequence[str]) -> Response:
    """The page that shows new recovery codes, once."""
    return page("security_codes.html", NOWHERE, frame, codes=["-".join(_groups(code)) for code in codes])


def _added(passkey: OwnPasskey, frame: Frame) -> tuple[str, str]:
    """When it was added, for programs and for people."""
    moment = passkey.passkey.get("created_at", 0)
    return date_format.for_machines(moment), date_format.in_words(moment, frame.language)


def _groups(text: str) -> list[str]:
    return [text[at : at + GROUP] for at in range(0, len(text), GROUP)]


def _qr_code(uri: str) -> str:
    """The QR code as an SVG element, with its white margin. It loads nothing."""
    import segno  # For this page only.

    made: str = segno.make(uri, error="m", micro=False).svg_inline(
        border=4, light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return made
