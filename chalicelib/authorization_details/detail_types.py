"""The types of authorization details (RFC 9396 2): those of the library, and those that the bank declares."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import vocabulary
from chalicelib.authorization_details.account_information import ACCOUNT_INFORMATION
from chalicelib.authorization_details.detail_type import DetailType
from chalicelib.authorization_details.payment_initiation import PAYMENT_INITIATION

TYPES: Mapping[str, DetailType] = {one.name: one for one in (ACCOUNT_INFORMATION, PAYMENT_INITIATION)}
"""The types of the library, by name."""


def types() -> Mapping[str, DetailType]:
    """All types of this deployment, by name: `authorization_details_types_supported`."""
    own = vocabulary.current().authorization_details_types
    if not own:
        return TYPES
    from chalicelib.authorization_details.declared_type import detail_type  # Needed only if the bank declares types.

    return {**TYPES, **{one.name: detail_type(one) for one in own}}
