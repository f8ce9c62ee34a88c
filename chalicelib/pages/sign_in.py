"""The login page, and the script of the pages on which a user signs in."""

from __future__ import annotations

from functools import cache

from chalicelib.messages import Response
from chalicelib.pages import passkey_options, prepared
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.pages.render import OURS, TimeLimit, addresses, host_of, rendered, response

FIELDS_SCRIPT = passkey_options.script("sign_in.js")
"""The script asks for the user name first, and shows the password that was typed. It fetches nothing."""

OFFER_SCRIPT = passkey_options.script("passkey_offer.js") + passkey_options.SCRIPT
"""The script for passkeys, which the browser also offers by itself."""
TIME_SCRIPT = passkey_options.script("time_limit.js")
"""The script shows the warning that the page's time ends. It fetches nothing."""


def script_for(passkey: Ceremony | None, limit: TimeLimit | None = None) -> str:
    """The script of a page with the fields of a sign-in. `passkey`: the passkey options, if there are passkeys."""
    return _joined(FIELDS_SCRIPT, OFFER_SCRIPT if passkey else "", TIME_SCRIPT if limit else "")


@cache
def _joined(*scripts: str) -> str:
    """The same text each time, of which a hash is made once (the policy's, and a dictionary's)."""
    return "".join(scripts)


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

    As the first page of an interaction shows it, it is the same for all but a few values, and is kept.

    `username`: the user name that is filled in. `remembered`: this browser has kept it.
    `hint`: a help text.
    `problem`: a sentence about the last attempt.
    `passkey`: the passkey options, if the directory has passkeys.
    `recovery`: the address of the page for those who lost their phone, if the bank has one.
    `limit`: until when the page can be answered.
    Raises ValueError if no page may lead to `redirect_uri`.
    """
    script = script_for(passkey, limit)
    shown: dict[str, object] = {
        "client_name": client_name,
        "returns_to": host_of(redirect_uri),
        "username": username,
        "remembered": remembered,
        "remember": not remembered,
        "hint": hint,
        "problem": problem,
        "recovery": recovery,
        "addresses": tuple(addresses(frame.language, logo_uri, policy_uri, tos_uri)),
    }
    if username or problem:  # What one person typed is not kept.
        shown |= {"key": key, "csrf": csrf, "passkey": passkey, "limit": limit}
        return response(rendered("login.html", frame, script, shown), OURS, frame, script=script)
    varying: dict[str, object] = {"csrf": csrf}
    if passkey:
        varying |= {"passkey.options": passkey.options, "passkey.nonce": passkey.nonce}
    else:
        shown["passkey"] = None
    if limit:
        varying |= {"limit.time": limit.time, "limit.warn_after": limit.warn_after}
    else:
        shown["limit"] = None
    return prepared.page("login.html", OURS, frame, key=key, varying=varying, shown=shown, script=script)
