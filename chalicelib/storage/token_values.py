"""Token values: 256 random bits that stand for a record (FAPI1-BASE-5.2.2-16). Only a hash is stored.

A token or code of a user's grant is `<secret>.<grant>.<bond>`, and that of a session `<secret>.<bond>`. The keys are not secret.
By them one call reads everything that can end the token. A prefix `<family>~` is the secret of a family of refresh tokens. A
suffix `.r<week>` says that the value has its own item, which expires in that week.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

WEEK = 7 * 24 * 3600
"""Seconds. Values for single use are in the table of the week in which they expire, if the deployment has weekly tables."""

_PART = "[A-Za-z0-9_-]{43}"
_FORM = re.compile(
    rf"(?:(?P<family>{_PART})~)?(?P<secret>{_PART})(?:(?:\.(?P<grant>{_PART}))?\.(?P<bond>{_PART}))?(?:\.r(?P<week>[0-9]{{1,5}}))?"
)
_KEY = re.compile(_PART)


@dataclass(frozen=True)
class TokenValue:
    """A parsed token value.

    `value`: the whole value.
    `secret`: its random part.
    `grant`, `bond`: keys, None if it belongs to no grant. A session has the bond of its user alone.
    `family`: the secret of its family of refresh tokens, or None.
    `week`: the week in which its own item expires, None if it has no item.
    """

    value: str
    secret: str
    grant: str | None
    bond: str | None
    family: str | None = None
    week: int | None = None

    @property
    def digest(self) -> str:
        """The stored digest."""
        return digest(self.value)


def read(value: str) -> TokenValue | None:
    """The parsed token value, None for any other form. No lookup happens for other forms."""
    found = _FORM.fullmatch(value)
    if found is None:
        return None
    week = found["week"]
    return TokenValue(
        value, found["secret"], found["grant"], found["bond"], found["family"], None if week is None else int(week)
    )


def of_grant(value: str) -> TokenValue | None:
    """The token value, if it belongs to a user's grant."""
    token_value = read(value)
    return token_value if token_value is not None and token_value.grant is not None else None


def of_session(value: str) -> TokenValue | None:
    """The token value, if it is that of a session, which has a week."""
    token_value = read(value)
    return (
        token_value if token_value is not None and token_value.grant is None and token_value.week is not None else None
    )


def session_of(value: str) -> str | None:
    """The session's identifier in a grant: digest, bond and week."""
    token_value = of_session(value)
    if token_value is None:
        return None
    bond = f".{token_value.bond}" if token_value.bond else ""
    return f"{token_value.digest}{bond}.r{token_value.week}"


def session_key(session: str) -> tuple[str, str | None, int]:
    """Key, bond and week of a result of `session_of`. An earlier release had no bond in it."""
    keys, _, week = session.rpartition(".r")  # A bond may begin with an r too.
    key, _, bond = keys.partition(".")
    return key, bond or None, int(week)


def is_key(text: str) -> bool:
    """Whether the text has the form of a key: a digest, or a keyed one."""
    return _KEY.fullmatch(text) is not None


def is_username(text: str) -> bool:
    """Whether the text has the form of a user's key in the table: not empty, and without spaces, which other keys have."""
    return text != "" and " " not in text


def join(secret: str, grant: str, bond: str, *, family: str | None = None) -> str:
    """A token value with the keys of its grant and bond."""
    return f"{'' if family is None else family + '~'}{secret}.{grant}.{bond}"


def with_week(value: str, expires_at: int) -> str:
    """The token value with the week of its own item's end (epoch seconds)."""
    return f"{value}.r{week_of(expires_at)}"


def week_of(instant: int) -> int:
    """The week of a time, counted from the epoch."""
    return instant // WEEK


def digest(token_value: str) -> str:
    """SHA-256 of a token value, base64url without padding: 43 characters. No salt, because a token value is 256 random bits."""
    return urlsafe_b64encode(sha256(token_value.encode(errors="surrogatepass")).digest()).rstrip(b"=").decode()


def matches(token_value: str | None, stored: str | None) -> bool:
    """Whether `stored` is the digest of `token_value`; in constant time."""
    return token_value is not None and stored is not None and hmac.compare_digest(digest(token_value), stored)


def known_by(sub: str) -> str:
    """The key of the item of a sub. It is no username, because usernames have no spaces."""
    return f"sub {digest(sub)}"


def passkey_key(credential_id: str) -> str:
    """The key of a passkey's item. It is no username, because usernames have no spaces."""
    return item_of_passkey(digest(credential_id))


def item_of_passkey(key: str) -> str:
    """The key of the item of a passkey. `key`: digest of the credential's id."""
    return f"passkey {key}"
