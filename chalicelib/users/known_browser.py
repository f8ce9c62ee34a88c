"""Known browsers: a browser in which a user has signed in before. Guesses of the password elsewhere do not lock it.

Each user has a cookie in the browser. Its value is random, with the time, the key of the user's own bond, and a keyed hash over
them and the username. It can't be forged, nothing of it is stored, and it gives no access by itself.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from chalicelib.keys.key_ring import KeyManagement
from chalicelib.messages import Request
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication
from chalicelib.storage.token_values import digest
from chalicelib.users import bond_key
from chalicelib.users.username import normalize_username

PREFIX = "__Host-ducat-device-"
LIFETIME = 400 * 24 * 3600
"""Seconds: the maximum lifetime of a cookie in browsers (RFC 6265bis 5.5)."""
MAX_ITEMS = 20
"""Maximum number of users in one browser. API Gateway refuses requests with more than 10,240 bytes of headers."""
OURS = re.compile(re.escape(PREFIX) + "[A-Za-z0-9_-]{12}")


@dataclass(frozen=True)
class KnownBrowser:
    """A browser in which a user has signed in before.

    `identifier`: of the browser and the user.
    `since`: when its cookie was made, epoch seconds.
    `bond`: key of the bond between the user and this provider. Its epoch ends the browser with the user's sessions.
    """

    identifier: str
    since: int
    bond: str

    def unless_ended(self, epoch: int) -> str | None:
        """The identifier; None if the user has signed out everywhere since. `epoch`: of the bond."""
        return self.identifier if self.since > epoch else None


def known(request: Request, username: str, kms: KeyManagement) -> KnownBrowser | None:
    """This browser, if the user has signed in here before; otherwise None."""
    if not any(name.startswith(PREFIX) for name in request.cookies):
        return None
    value = request.cookies.get(_name(username, kms), "")
    said, _, made = value.rpartition(".")
    if not hmac.compare_digest(made.encode(), _mac("value", [normalize_username(username), said], kms).encode()):
        return None
    _, *when = said.split(".")
    if len(when) != 2:  # Of an earlier release, which could not end it.
        return None
    return KnownBrowser(digest(value)[:16], int(when[0]), when[1])


def identified(request: Request, username: str, provider: Provider, *, now: int) -> tuple[str | None, bool]:
    """The identifier of this browser, None if the user is not known in it; and whether the user signed out everywhere since."""
    browser = known(request, username, provider.kms)
    if browser is None:
        return None, False
    identifier = browser.unless_ended(provider.bonds.find(browser.bond, now=now).epoch)
    return identifier, identifier is None


def remember(
    request: Request, login: Authentication, kms: KeyManagement, random: str, *, ended: bool = False
) -> tuple[tuple[str, str], ...]:
    """The Set-Cookie headers after a sign-in; empty if the browser is known. `random`: a new random value.

    `ended`: the user has signed out everywhere since the browser's cookie was made.
    If the browser knows too many users, the first one is deleted; browsers send the oldest cookie first (RFC 6265bis 5.8.3).
    """
    username = login.username
    if not ended and known(request, username, kms) is not None:
        return ()
    said = f"{random}.{login.auth_time}.{bond_key.of_person(login.sub, kms)}"
    value = f"{said}.{_mac('value', [normalize_username(username), said], kms)}"
    before = [name for name in request.cookies if OURS.fullmatch(name)]
    forgotten = (_cookie(name, "", 0) for name in before[: max(0, len(before) - MAX_ITEMS + 1)])
    return (*forgotten, _cookie(_name(username, kms), value, LIFETIME))


def _cookie(name: str, value: str, seconds: int) -> tuple[str, str]:
    return ("Set-Cookie", f"{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")


def _name(username: str, kms: KeyManagement) -> str:
    """The name of a user's cookie. It does not reveal the user."""
    return PREFIX + _mac("name", [normalize_username(username)], kms)[:12]


def _mac(what: str, of: list[str], kms: KeyManagement) -> str:
    made = kms.bond_mac(f"ducat device 1 {what} {json.dumps(of)}".encode())  # a bond's key is made of a JSON array
    return urlsafe_b64encode(made).rstrip(b"=").decode()
