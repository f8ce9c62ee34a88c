"""The rules for what people read of a client: name, purpose, entry in a register, and addresses, also in other languages."""

from __future__ import annotations

import re
from collections.abc import Callable

from chalicelib.clients import metadata_names
from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.protocol_types import Claims, Json
from chalicelib.storage.records import Client
from chalicelib.vocabulary_parts import TAG

ADDRESS = re.compile(
    r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?([/?#][\x21\x23-\x3b\x3d\x3f-\x7e]{0,400})?"
)
TEXTS = ("purpose", "register_name", "register_number")
ADDRESSES = ("logo_uri", "policy_uri", "tos_uri", "register_uri")


def shown(client: Client) -> Faults:
    """What the consent page shows of the client can be read, and its links lead to https."""
    yield from metadata_names.name("client_name", client.client_name)
    for member in (*TEXTS, *ADDRESSES):
        yield from _optional(member, member, getattr(client, member))
    if (client.register_number or client.register_uri) and not client.register_name:
        yield Fault(InvalidClientMetadata("register_number and register_uri need register_name"))


def localized(members: Claims) -> Faults:
    """Each member with a language tag has a tag of BCP 47, and is as the member without it (OpenID Connect Registration 2.1)."""
    for tagged, value in members.items():
        member, _, tag = tagged.partition("#")
        if not TAG.fullmatch(tag):
            yield Fault(InvalidClientMetadata(f"{member}: its language tag is not one of BCP 47, such as {member}#de"))
            tagged = member
        if member == "client_name":
            yield from metadata_names.name(tagged, value)
        else:
            yield from _optional(member, tagged, value)


def _optional(member: str, called: str, value: Json) -> Faults:
    """The rule of the member for a value, which may be absent: directories send empty texts for that."""
    if value in (None, ""):
        return
    rule: Callable[[str, Json], Faults] = metadata_names.name if member in TEXTS else _address
    yield from rule(called, value)


def _address(called: str, value: Json) -> Faults:
    if not isinstance(value, str) or not ADDRESS.fullmatch(value):
        yield Fault(InvalidClientMetadata(f"{called} must be an https URL of at most 400 characters after its host"))
