"""Secure Payment Confirmation: the payment that the browser itself shows, before the passkey signs it (W3C).

It is a way to make the signature of a linked approval (linked_approval.py), with the same challenge. What the browser showed is
in what the passkey signs.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.authorization_details import currency, details
from chalicelib.authorization_details.detail_type import account_key, identified, is_named, number, references
from chalicelib.protocol_types import Account, Detail, JsonObject, ShownPayment
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication

TYPE = "payment_initiation"
ICON = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
"""One pixel. The browser needs an icon of the account, and may leave it out (SPC-7.1)."""


def payment_of(granted: Sequence[Detail], person: Authentication) -> ShownPayment | None:
    """What the browser shows: payee, amount and account, as it signs them (SPC-5.2). None unless it is one payment, made once.

    It is in no language, so that the same is made again from the posted form.
    """
    written = [one for one in granted if details.write([one])]
    if (
        len(written) != 1 or written[0]["type"] != TYPE or "frequency" in written[0]
    ):  # The browser shows one amount, once.
        return None
    paid = written[0]
    try:
        amount = currency.in_full(**paid["instructedAmount"])
    except ValueError:  # An older release accepted it.
        return None
    return {
        "payeeName": paid["creditorName"],
        "total": {"currency": paid["instructedAmount"]["currency"], "value": amount},
        "instrument": {"displayName": _account(paid["debtorAccount"], person), "icon": ICON},
    }


def options(granted: Sequence[Detail], person: Authentication, provider: Provider) -> JsonObject | None:
    """The options of the page's script, None if the browser can't show this payment or the person has no passkey."""
    payment, passkeys = payment_of(granted, person), provider.user_directory.passkeys
    ids = () if payment is None or passkeys is None else passkeys.ids(person.username, sub=person.sub)
    if payment is None or not ids:
        return None
    instrument = {**payment["instrument"], "iconMustBeShown": False}
    return {**payment, "instrument": instrument, "credentialIds": " ".join(ids)}


def _account(account: Account, person: Authentication) -> str:
    """The account that pays: its name, if it has one, and its number."""
    keys = [account_key(one) for one in references(account)]
    names = [one["name"] for one in identified(person.accounts) if is_named(one, keys) and one.get("name")]
    return " ".join([*names[:1], number(account)])
