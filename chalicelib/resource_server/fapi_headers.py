"""The x-fapi headers of an API call (FAPI 1.0 Baseline 6.2.1, 6.2.2): the interaction id, and data about the user.

This file needs no Provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.errors import InvalidRequest
from chalicelib.messages import Request

if TYPE_CHECKING:  # Every function reads the interaction id, and few read the other headers.
    from datetime import datetime
    from ipaddress import IPv4Address, IPv6Address

INTERACTION_ID = "x-fapi-interaction-id"
AUTH_DATE = "x-fapi-auth-date"
CUSTOMER_IP_ADDRESS = "x-fapi-customer-ip-address"

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
HTTP_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
"""The format of senders, and two older formats that a recipient accepts: RFC9110-5.6.7."""
AS_GMT = r" (UTC|\+0000)$"
"""Forms of GMT in ecosystems' examples and in libraries."""
ADDRESS = r"\[(?P<v6>[0-9A-Fa-f:.]+)\](:[0-9]{1,5})?|(?P<v4>[0-9.]+):[0-9]{1,5}"
"""An address in brackets, or with a port, as proxies log it."""


class FapiHeaders(NamedTuple):
    """The client's statements about its user. They are not verified.

    `auth_date`: when the user last signed in at the client, UTC.
    `customer_ip_address`: the user's address.
    `unread`: names of headers that were sent and can't be parsed.
    """

    auth_date: datetime | None
    customer_ip_address: IPv4Address | IPv6Address | None
    unread: tuple[str, ...] = ()

    @property
    def noted(self) -> dict[str, str]:
        """The member for the log: the headers that were ignored."""
        return {"reason": f"{', '.join(self.unread)} can't be read"} if self.unread else {}


def interaction_id(headers: Iterable[tuple[str, str]], request_id: str | None) -> str | None:
    """The interaction id of a call: the caller's UUID as it was sent, otherwise API Gateway's request id.

    `headers`: names in lower case. None if neither is a UUID, so that no other text gets into a log or a response.
    """
    if named := sent(headers):
        return named  # FAPI1-BASE-6.2.1-11
    return request_id if request_id and UUID.fullmatch(request_id) else None


def sent(headers: Iterable[tuple[str, str]]) -> str | None:
    """The caller's interaction id, None if it sent none."""
    values = [value for name, value in headers if name == INTERACTION_ID]
    return values[0] if len(values) == 1 and UUID.fullmatch(values[0]) else None


def check(request: Request) -> FapiHeaders:
    """The x-fapi headers of a call. All are optional.

    Malformed headers about the user are ignored, because they decide nothing. Raises InvalidRequest if the interaction id is
    not a UUID: the response would have another id, and the caller could not find the call (FAPI1-BASE-6.2.2-5).
    """
    name = request.header(INTERACTION_ID)
    if name is not None and not UUID.fullmatch(name):
        raise InvalidRequest(f"{INTERACTION_ID} must be a UUID")
    auth_date, address = _http_date(request), _ip_address(request)
    read = {AUTH_DATE: auth_date, CUSTOMER_IP_ADDRESS: address}
    return FapiHeaders(
        auth_date,
        address,
        tuple(name for name, value in read.items() if value is None and request.header_values(name)),
    )


def _http_date(request: Request) -> datetime | None:
    """FAPI1-BASE-6.2.2-3. A date with a wrong day of the week is malformed."""
    from datetime import datetime

    text = re.sub(AS_GMT, " GMT", _only(request, AUTH_DATE))
    for form in HTTP_DATES:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        if moment.strftime(form) == text.replace("  ", " 0"):  # The oldest format pads with a space.
            return moment
    return None


def _ip_address(request: Request) -> IPv4Address | IPv6Address | None:
    """FAPI1-BASE-6.2.1-13: IPv4 or IPv6, without a zone."""
    text = _only(request, CUSTOMER_IP_ADDRESS)
    if not text:
        return None
    from ipaddress import ip_address

    found = re.fullmatch(ADDRESS, text)
    try:
        return None if "%" in text else ip_address(text if found is None else found["v6"] or found["v4"])
    except ValueError:
        return None


def _only(request: Request, name: str) -> str:
    """The value of the header; empty if it is absent or repeated."""
    values = request.header_values(name)
    return values[0] if len(values) == 1 else ""
