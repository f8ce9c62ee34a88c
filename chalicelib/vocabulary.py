"""A bank's additions to the library: scope values, claims, types of authorization details, names of levels of assurance, and
the time zone.

They are one JSON file (docs/operate/vocabulary.md), which is packaged with the functions and named by DUCAT_VOCABULARY. A
process has one deployment and one vocabulary.

Annotations are objects here, as in protocol_types.py.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.protocol_types import MemberKind, Schema, Untyped

SCOPES = ("openid", "profile", "email", "phone", "address", "accounts", "payments")
DETAIL_TYPES = ("account_information", "payment_initiation")
"""The library's names. `scopes.py` and `authorization_details/` define them."""

ACR: Mapping[str, str] = {"2": "urn:ducat:loa:2", "3": "urn:ducat:loa:3"}
"""The levels of assurance, and the library's own names for them."""
NOTHING: Mapping[str, Untyped] = MappingProxyType({})


class Scope(NamedTuple):
    """A scope value. `words`: its text for users. `about_a_person`: it needs a user. `writes`: it gives write access."""

    name: str
    words: str
    about_a_person: bool = False
    writes: bool = False


class Claim(NamedTuple):
    """A claim about a user. `words`: its text for users. `scopes`: scope values that request it."""

    name: str
    words: str
    scopes: tuple[str, ...] = ()


class DeclaredType(NamedTuple):
    """A declared type of authorization details.

    `heading`, `facts`: texts for users. `{member}` stands for a member's value.
    `members`: by name a JSON schema or a kind of member. `required`: the required members.
    `account`: the member for the user's own account, which the user chooses if it is absent; None for none.
    `writes`: it gives write access. `once`: it is for one use. `done`: the label of the day of that use.
    """

    name: str
    heading: str
    members: Mapping[str, MemberKind | Schema]
    required: tuple[str, ...] = ()
    facts: Mapping[str, str] = NOTHING
    account: str | None = None
    writes: bool = True
    once: bool = False
    done: str = "Done"


class Vocabulary(NamedTuple):
    """A vocabulary.

    `acr`: the bank's names of levels of assurance, by level.
    `texts`: translations by language tag. `said`: the texts that need one.
    """

    scopes: tuple[Scope, ...] = ()
    claims: tuple[Claim, ...] = ()
    authorization_details_types: tuple[DeclaredType, ...] = ()
    acr: Mapping[str, str] = NOTHING
    time_zone: str = "UTC"
    texts: Mapping[str, Mapping[str, str]] = NOTHING
    said: tuple[str, ...] = ()

    @property
    def zone(self) -> tzinfo:
        """The time zone of the deployment."""
        if self.time_zone == "UTC":
            return UTC
        from zoneinfo import ZoneInfo  # Needed only for days.

        return ZoneInfo(self.time_zone)

    @property
    def scope_names(self) -> tuple[str, ...]:
        """All known scope values."""
        return (*SCOPES, *(one.name for one in self.scopes))

    @property
    def type_names(self) -> tuple[str, ...]:
        """All known types of authorization details."""
        return (*DETAIL_TYPES, *(one.name for one in self.authorization_details_types))

    def today(self, now: int) -> date:
        """The current day in the deployment's time zone."""
        return datetime.fromtimestamp(now, self.zone).date()


_current = Vocabulary()


def current() -> Vocabulary:
    """The vocabulary of this process."""
    return _current


def use(vocabulary: Vocabulary) -> Vocabulary:
    """Set the vocabulary of this process."""
    global _current
    _current = vocabulary
    return vocabulary
