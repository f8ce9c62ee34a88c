"""The rules for the names in client metadata, also in other languages."""

from __future__ import annotations

from unicodedata import category

from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.protocol_types import Claims, Json
from chalicelib.vocabulary_parts import TAG


def localized(members: Claims) -> Faults:
    """Each member with a language tag has a tag of BCP 47, and is as the member without it (OpenID Connect Registration 2.1)."""
    for tagged, value in members.items():
        member, _, tag = tagged.partition("#")
        if not TAG.fullmatch(tag):
            yield Fault(InvalidClientMetadata(f"{member}: its language tag is not one of BCP 47, such as {member}#de"))
        yield from name(f"{member}#{tag}" if TAG.fullmatch(tag) else member, value)


def name(member: str, value: Json) -> Faults:
    """The member is a name that people can read."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 100:
        yield Fault(InvalidClientMetadata(f"{member} must be a string of 1 to 100 characters"))
    if isinstance(value, str) and any(category(char)[0] == "C" or category(char) in ("Zl", "Zp") for char in value):
        yield Fault(InvalidClientMetadata(f"{member} has control, invisible or bidirectional characters"))
