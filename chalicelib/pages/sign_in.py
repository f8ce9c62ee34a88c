"""The login page, and the script of the pages on which a user signs in."""

from __future__ import annotations

from chalicelib.messages import Response
from chalicelib.pages import passkey_options
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.pages.render import OURS, TimeLimit, addresses, host_of, page

FIELDS_SCRIPT = passkey_options.script("sign_in.js")
"""The script asks for the user name first, and shows the password that was typed. It fetches nothing."""

OFFER_SCRIPT = passkey_options.script("passkey_offer.js") + passkey_options.SCRIPT
"""The script for passkeys, which the browser also offers by itself."""
TIME_SCRIPT = passkey_options.script("time_limit.js")
"""The script shows the warning that the page's time ends. It fetches nothing."""


def script_for(passkey: Ceremony | None) -> str:
    """The script of a page with the fields of a sign-in. `passkey`: the passkey options, if there are passkeys."""
    return FIELDS_SCRIPT + (OFFER_SCRIPT if passkey else "")


def login(
    *,
    frame: Frame,
    client_name: str,
    key: str,
    csrf: str,
    redirect_uri: str,
    username: str = "",
    remembered: bool = False,
    hint: str | None = None,
    problem: str | None = None,
    passkey: Ceremony | None = None,
    recovery: str | None = None,
    limit: TimeLimit | None = None,
    logo_uri: str | None = None,
    policy_uri: str | None = None,
    tos_uri: str | None = None,
) -> Response:
    """The login page.

    `username`: the user name that is filled in. `remembered`: this browser has kept it.
    `hint`: a help text.
    `problem`: a sentence about the last attempt.
    `passkey`: the passkey options, if the directory has passkeys.
    `recovery`: the address of the page for those who lost their phone, if the bank has one.
    `limit`: until when the page can be answered.
    Raises ValueError if no page may lead to `redirect_uri`.
    """
    return page(
        "login.html",
        OURS,
        frame,
        script=script_for(passkey) + (TIME_SCRIPT if limit else ""),
        client_name=client_name,
        key=key,
        csrf=csrf,
        returns_to=host_of(redirect_uri),
        username=username,
        remembered=remembered,
        remember=not remembered,
        hint=hint,
        problem=problem,
        passkey=passkey,
        recovery=recovery,
        limit=limit,
        addresses=addresses(frame.language, logo_uri, policy_uri, tos_uri),
    )
