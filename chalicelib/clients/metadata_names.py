"""The rule for the names in client metadata."""

from __future__ import annotations

from chalicelib.clients.metadata_fault import Fault, Faults
from chalicelib.errors import InvalidClientMetadata
from chalicelib.language import is_readable
from chalicelib.protocol_types import Json


def name(member: str, value: Json) -> Faults:
    """The member is a name that people can read."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 100:
        yield Fault(InvalidClientMetadata(f"{member} must be a string of 1 to 100 characters"))
    if isinstance(value, str) and value.strip() and not is_readable(value):
        yield Fault(InvalidClientMetadata(f"{member} has control, invisible or bidirectional characters"))
