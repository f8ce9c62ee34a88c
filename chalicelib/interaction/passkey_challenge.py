"""Passkey challenges: made for one page, valid for a limited time, and usable once.

Web Authentication 13.4.3: a predictable challenge could be signed in advance. The grant remembers the challenge of a login. The
sign-in of /grants has no grant, so its challenge is stored itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.interaction import browser_binding
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.provider import Provider
from chalicelib.user_directory import SignInRefused
from chalicelib.users import sign_in_form, web_authentication
from chalicelib.users.sign_in_form import PasskeyChallenge

PAGE_EXPIRY = re.compile(r"[0-9]{1,12}")


def begin(key: str, cookie: str, provider: Provider, *, until: int, offered: bool = False) -> Ceremony | None:
    """The challenge and options for the page of `key`, with a new challenge each time; None if the directory has no passkeys.

    `until`: when the answer is too late.
    `offered`: no grant remembers the sign-in, so the challenge is stored.
    """
    if provider.user_directory.passkeys is None:
        return None
    nonce = f"{provider.new_token_value()}.{until}"
    requested = PasskeyChallenge(browser_binding.challenge(key, cookie, nonce), until, offered)
    if offered:
        provider.replay_cache.offer(requested.single_use)
    return Ceremony(web_authentication.requested(requested.challenge, provider.settings.issuer), nonce)


def answered(
    form: Mapping[str, str], key: str, cookie: str, *, latest: int, now: int, offered: bool = False
) -> PasskeyChallenge | None:
    """The challenge that the form's passkey must have signed, None if the form has no passkey.

    `latest`: the latest possible end of a page of this sign-in.
    `offered`: the challenge must have been stored. Its use checks that.
    Raises SignInRefused.
    """
    return posted(form, key, cookie, latest=latest, now=now, offered=offered) if "passkey" in form else None


def posted(
    form: Mapping[str, str], key: str, cookie: str, *, latest: int, now: int, offered: bool = False
) -> PasskeyChallenge:
    """The challenge of the page that posted the form. The arguments are those of `answered`. Raises SignInRefused."""
    nonce = sign_in_form.form_field(form, "passkey_nonce")
    until = nonce.partition(".")[2]
    if not PAGE_EXPIRY.fullmatch(until) or not now < int(until) <= latest:
        raise SignInRefused("passkey: the challenge has expired")
    return PasskeyChallenge(browser_binding.challenge(key, cookie, nonce), int(until), offered)
