"""What happened, before a person's key is known and somebody is said to have done it."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.protocol_types import JsonObject
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import digest


@dataclass(frozen=True)
class Draft:
    """What happened.

    `what`, `client`, `grant`, `journey`, `interaction`, `key`, `details`: as of an Event.
    `sub`: of the person, where it is known. `person`: its digest.
    `personal`: what is to be sealed.
    `agreed`: the grant whose agreement is to be sealed too.
    `explains`: attributes whose change it tells.
    """

    what: str
    client: str = ""
    person: str = ""
    sub: str = ""
    grant: str = ""
    journey: str = ""
    interaction: str = ""
    key: str = ""
    details: JsonObject = field(default_factory=dict)
    personal: JsonObject = field(default_factory=dict)
    agreed: Grant | None = None
    shown: str = ""
    explains: frozenset[str] = frozenset()

    @property
    def about(self) -> str:
        """The digest of the sub of the person concerned; empty if there is none."""
        return self.person or (digest(self.sub) if self.sub else "")
