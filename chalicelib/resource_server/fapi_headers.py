"""The x-fapi headers of a call (FAPI 1.0 Baseline 6.2.1, 6.2.2): its name in both logs, and what is said of the person.

It needs no Provider: a handler gives what it got.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import InvalidRequest
from chalicelib.messages import Request

if TYPE_CHECKING:  # every function names its calls, and few read the other two
    from datetime import datetime
    from ipaddress import IPv4Address, IPv6Address

INTERACTION_ID = "x-fapi-interaction-id"
AUTH_DATE = "x-fapi-auth-date"
CUSTOMER_IP_ADDRESS = "x-fapi-customer-ip-address"

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
HTTP_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
"""What senders use, and the two older forms that a recipient takes too: RFC9110-5.6.7."""
AS_GMT = re.compile(r" (UTC|\+0000)$")
"""How ecosystems' examples and common libraries write GMT."""
ADDRESS = re.compile(r"\[(?P<v6>[0-9A-Fa-f:.]+)\](:[0-9]{1,5})?|(?P<v4>[0-9.]+):[0-9]{1,5}")
"""An address in brackets, or with the port behind it that a proxy logs."""


@dataclass(frozen=True)
class FapiHeaders:
    """What a client says of the person at its end. It is the client's word, and no more.

    `auth_date`: when they last logged into the client, in UTC. `customer_ip_address`: where they are. `unread`: names of those of
    the two that were sent and can't be read.
    """

    auth_date: datetime | None
    customer_ip_address: IPv4Address | IPv6Address | None
    unread: tuple[str, ...] = ()

    @property
    def noted(self) -> dict[str, str]:
        """For the log: which headers were left out."""
        return {"reason": f"{', '.join(self.unread)} can't be read"} if self.unread else {}


def interaction_id(headers: Iterable[tuple[str, str]], request_id: str | None) -> str | None:
    """What a call is named: the caller's UUID, as it was sent, else API Gateway's for this request.

    `headers`: names in lower case. None where neither is one UUID, so that nothing else gets into a log or an answer.
    """
    if named := sent(headers):
        return named  # FAPI1-BASE-6.2.1-11
    return request_id if request_id and UUID.fullmatch(request_id) else None


def sent(headers: Iterable[tuple[str, str]]) -> str | None:
    """The one UUID by which the caller names the call, None where it sent none."""
    values = [value for name, value in headers if name == INTERACTION_ID]
    return values[0] if len(values) == 1 and UUID.fullmatch(values[0]) else None


def check(request: Request) -> FapiHeaders:
    """The call's x-fapi headers; none of them is needed.

    What describes the person and can't be read is left out, since it decides nothing. Raises InvalidRequest where the name of the
    call is no UUID: nobody could find it again by an answer that has another (FAPI1-BASE-6.2.2-5).
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
    """FAPI1-BASE-6.2.2-3. A day that was not that day of the week can't be read."""
    from datetime import datetime

    text = AS_GMT.sub(" GMT", _only(request, AUTH_DATE))
    for form in HTTP_DATES:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        if moment.strftime(form) == text.replace("  ", " 0"):  # the oldest form fills up with a space
            return moment
    return None


def _ip_address(request: Request) -> IPv4Address | IPv6Address | None:
    """FAPI1-BASE-6.2.1-13: of version 4 or 6, without a zone."""
    text = _only(request, CUSTOMER_IP_ADDRESS)
    if not text:
        return None
    from ipaddress import ip_address

    found = ADDRESS.fullmatch(text)
    try:
        return None if "%" in text else ip_address(text if found is None else found["v6"] or found["v4"])
    except ValueError:
        return None


def _only(request: Request, name: str) -> str:
    """The header's one value, nothing where there are several."""
    values = request.header_values(name)
    return values[0] if len(values) == 1 else ""
