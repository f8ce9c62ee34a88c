"""The types of authorization details that are known here (RFC 9396 2). Whoever adds one writes its file and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.authorization.account_information import ACCOUNT_INFORMATION
from chalicelib.authorization.detail_type import DetailType
from chalicelib.authorization.payment_initiation import PAYMENT_INITIATION

TYPES: Mapping[str, DetailType] = {one.name: one for one in (ACCOUNT_INFORMATION, PAYMENT_INITIATION)}
"""Every type, by its name: `authorization_details_types_supported`."""
