"""The x-fapi headers of a call (FAPI 1.0 Baseline 6.2.1, 6.2.2): its name in both logs, and what is said of the person.

It needs no Provider: a handler gives what it got. Behind the authorizer nothing malformed arrives.
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


@dataclass(frozen=True)
class FapiHeaders:
    """What a client says of the person at its end. It is the client's word, and no more.

    `auth_date`: when they last logged into the client, in UTC. `customer_ip_address`: where they are.
    """

    auth_date: datetime | None
    customer_ip_address: IPv4Address | IPv6Address | None


def interaction_id(headers: Iterable[tuple[str, str]], request_id: str | None) -> str | None:
    """What a call is named: the caller's UUID, as it was sent, else API Gateway's for this request.

    `headers`: names in lower case. None where neither is one UUID, so that nothing else gets into a log or an answer.
    """
    sent = [value for name, value in headers if name == INTERACTION_ID]
    for value in (sent[0] if len(sent) == 1 else "", request_id or ""):  # FAPI1-BASE-6.2.1-11
        if UUID.fullmatch(value):
            return value
    return None


def check(request: Request) -> FapiHeaders:
    """The call's x-fapi headers; none of them is needed. Raises InvalidRequest where one is not what it must be."""
    sent = request.header(INTERACTION_ID)
    if sent is not None and not UUID.fullmatch(sent):
        raise InvalidRequest(f"{INTERACTION_ID} must be a UUID")  # FAPI1-BASE-6.2.2-5
    auth_date, address = request.header(AUTH_DATE), request.header(CUSTOMER_IP_ADDRESS)
    return FapiHeaders(
        None if auth_date is None else _http_date(auth_date),
        None if address is None else _ip_address(address),
    )


def _http_date(text: str) -> datetime:
    """FAPI1-BASE-6.2.2-3. A day that was not that day of the week is refused. Raises InvalidRequest."""
    from datetime import datetime

    for form in HTTP_DATES:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        if moment.strftime(form) == text.replace("  ", " 0"):  # the oldest form fills up with a space
            return moment
    raise InvalidRequest(f"{AUTH_DATE} must be an HTTP date")


def _ip_address(text: str) -> IPv4Address | IPv6Address:
    """FAPI1-BASE-6.2.1-13: of version 4 or 6, without a zone. Raises InvalidRequest."""
    from ipaddress import ip_address

    try:
        if "%" not in text:
            return ip_address(text)
    except ValueError:
        pass
    raise InvalidRequest(f"{CUSTOMER_IP_ADDRESS} must be an IPv4 or IPv6 address")
