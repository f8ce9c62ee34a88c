"""What a passkey is asked to sign on a page of ours: a challenge of a sign-in that we began, in its time, answered once.

Web Authentication 13.4.3: who could have an authenticator answer before we asked would need no authenticator later. What is
remembered of a sign-in is its grant; of the page on which a person signs in for no client's sake, the challenge itself.
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
    """What the page of `key` asks a passkey of this browser for, another challenge each time; None where people have none.

    `until`: when it is too late for the answer. `offered`: nothing else remembers the sign-in, so the challenge is.
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
    """What the form's passkey must have been asked for, None where no passkey answers.

    `latest`: no page of this sign-in waits for longer. Whether an `offered` one was offered shows as it is used up.
    Raises SignInRefused.
    """
    if "passkey" not in form:
        return None
    nonce = sign_in_form.form_field(form, "passkey_nonce")
    until = nonce.partition(".")[2]
    if not PAGE_EXPIRY.fullmatch(until) or not now < int(until) <= latest:
        raise SignInRefused("passkey: the challenge has expired")
    return PasskeyChallenge(browser_binding.challenge(key, cookie, nonce), int(until), offered)
