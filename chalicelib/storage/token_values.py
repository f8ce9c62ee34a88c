"""Handles: 256 random bits that stand for something remembered (FAPI1-BASE-5.2.2-16). Only a hash of one is ever stored.

A token or a code of a person's grant is `<secret>.<grant>.<bond>`: the keys, which are no secrets, let everything that can
end it be read in one call. Beside the secret a handle may say of which family of refresh tokens it is (`<family>~`), and
whether it has an item of its own, and in which week that one expires (`.r<week>`).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

WEEK = 7 * 24 * 3600
"""Seconds. What is used once is kept in the table of the week in which it expires, where a deployment sweeps by tables."""

_PART = "[A-Za-z0-9_-]{43}"
_FORM = re.compile(
    rf"(?:(?P<family>{_PART})~)?(?P<secret>{_PART})(?:\.(?P<grant>{_PART})\.(?P<bond>{_PART}))?(?:\.r(?P<week>[0-9]{{1,5}}))?"
)
_KEY = re.compile(_PART)


@dataclass(frozen=True)
class TokenValue:
    """A handle taken apart. `value`: all of it. `secret`: its random part. `grant`, `bond`: keys of what it lives from, None
    where it lives from neither.

    `family`: the secret of the family of refresh tokens that it is of, if any. `week`: in which its own item expires, None
    where it has none.
    """

    value: str
    secret: str
    grant: str | None
    bond: str | None
    family: str | None = None
    week: int | None = None

    @property
    def digest(self) -> str:
        """What is stored of it."""
        return digest(self.value)


def read(value: str) -> TokenValue | None:
    """The handle, None where no handle of ours has this form; so nothing of another form is ever looked for."""
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    week = found["week"]
    return TokenValue(
        value, found["secret"], found["grant"], found["bond"], found["family"], None if week is None else int(week)
    )


def of_grant(value: str) -> TokenValue | None:
    """The handle, if it is of a person's grant."""
    token_value = read(value)
    return token_value if token_value is not None and token_value.grant is not None else None


def of_session(value: str) -> TokenValue | None:
    """The handle, if it is of a browser's session, which says in which week it expires."""
    token_value = read(value)
    return (
        token_value if token_value is not None and token_value.grant is None and token_value.week is not None else None
    )


def session_of(value: str) -> str | None:
    """What a grant remembers of the session of this handle: its digest, and in which week it expires."""
    token_value = of_session(value)
    return None if token_value is None else f"{token_value.digest}.r{token_value.week}"


def session_key(session: str) -> tuple[str, int]:
    """Key and week of what `session_of` gave."""
    key, _, week = session.partition(".r")
    return key, int(week)


def is_key(text: str) -> bool:
    """Whether it has the form of a key: a digest, or a keyed one."""
    return _KEY.fullmatch(text) is not None


def is_username(text: str) -> bool:
    """Whether it has the form of a person's key in the directory: a text without spaces, as no other item's key there is."""
    return text != "" and " " not in text


def join(secret: str, grant: str, bond: str, *, family: str | None = None) -> str:
    """A handle that carries the keys of what it lives from."""
    return f"{'' if family is None else family + '~'}{secret}.{grant}.{bond}"


def with_week(value: str, expires_at: int) -> str:
    """The same handle, of what has an item of its own until then (epoch seconds)."""
    return f"{value}.r{week_of(expires_at)}"


def week_of(instant: int) -> int:
    """The week of an instant, counted since the epoch."""
    return instant // WEEK


def digest(token_value: str) -> str:
    """SHA-256 of a handle, base64url without padding: 43 characters. Plain, since a handle is 256 random bits."""
    return urlsafe_b64encode(sha256(token_value.encode(errors="surrogatepass")).digest()).rstrip(b"=").decode()


def matches(token_value: str | None, stored: str | None) -> bool:
    """Whether `stored` is the digest of `token_value`; in constant time."""
    return token_value is not None and stored is not None and hmac.compare_digest(digest(token_value), stored)
