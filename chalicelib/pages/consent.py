"""The consent page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chalicelib import date_format
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame, client_logo
from chalicelib.pages.render import OURS, WEB, Detail, addresses, host_of
from chalicelib.pages.render import page as rendered


class Fact(Protocol):
    """A line about the client. `address`: where its value leads, empty for nowhere."""

    @property
    def label(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def address(self) -> str: ...


class End(Protocol):
    """An end of the access that may be chosen: the value of its field, how long it is, and the day."""

    @property
    def value(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def note(self) -> str: ...


def page(
    *,
    frame: Frame,
    client_name: str,
    client_id: str = "",
    key: str,
    csrf: str,
    redirect_uri: str,
    person: str,
    access: Sequence[str],
    until: int,
    ends: Sequence[End] = (),
    about: Sequence[Fact] = (),
    shown: str = "",
    details: Sequence[Detail] = (),
    look: bool = False,
    chosen: Mapping[str, str] | None = None,
    problem: str | None = None,
    logo_uri: str | None = None,
    policy_uri: str | None = None,
    tos_uri: str | None = None,
) -> Response:
    """The consent page, which shows what is granted (FAPI1-BASE-5.2.2-17).

    `client_id`: its logo is shown, if the bank's theme has one.
    `about`: what is known of the client.
    `access`: what the client may do, one sentence each.
    `until`: when that ends, epoch seconds.
    `ends`: the ends from which the user chooses, that of `until` first; empty where there is only that one.
    `shown`: a field that the form posts back.
    `details`: the requested details (RFC 9396), with choices.
    `look`: the approval needs a read first.
    `chosen`: the form fields as the user left them, or None.
    `problem`: a sentence about what was posted.
    Raises ValueError if no page may lead to `redirect_uri`.
    """
    return rendered(
        "consent.html",
        OURS,
        frame,
        client_name=client_name,
        logo=client_logo(frame.theme, client_id),
        key=key,
        csrf=csrf,
        returns_to=host_of(redirect_uri),
        person=person,
        about=[(one.label, one.value, one.address if WEB.match(one.address) else "") for one in about],
        access=access,
        shown=shown,
        details=details,
        look=look,
        chosen=chosen,
        problem=problem,
        ends=ends,
        end=next((end.value for end in ends if chosen is not None and end.value == chosen.get("until")), None),
        until=date_format.in_words(until, frame.language),
        until_iso=date_format.for_machines(until),
        addresses=addresses(frame.language, logo_uri, policy_uri, tos_uri),
    )
