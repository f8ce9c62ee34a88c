"""The types of authorization details that are known here (RFC 9396 2), with the fields of the Berlin Group's NextGenPSD2.

A type is a JSON schema and a way to say it to a person. Whoever adds one adds a line to TYPES, and nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Detail = dict[str, Any]
Account = Mapping[str, Any]
"""An account of the person's, as their bank's directory gives it: `iban` and `name`."""


@dataclass(frozen=True)
class Choice:
    """What a person may take or leave. `field`: name of the form's field; `value`: what it sends when taken."""

    field: str
    value: str
    words: str


@dataclass(frozen=True)
class Shown:
    """A detail as a person reads it. `facts`: label and value. `choices`: in groups with a label; each may be left out.

    `one_of`: one is taken.
    """

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    choices: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    one_of: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class DetailType:
    """A type. `say`: in words, of a person with these accounts, fields named after `place`.

    `grant`: what is left of it once the person chose (the form's fields), None if nothing is; never more than was asked.
    `narrow`: what of a granted one an asked one covers, None where it asks for more.
    """

    name: str
    schema: Mapping[str, Any]
    say: Callable[[Detail, Sequence[Account], str], Shown]
    grant: Callable[[Detail, Sequence[Account], str, Mapping[str, str]], Detail | None]
    narrow: Callable[[Detail, Detail], Detail | None]


IBAN = {"type": "string", "pattern": r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z"}  # ISO 13616
TEXT = {"type": "string", "minLength": 1, "maxLength": 140, "pattern": r"^[^\x00-\x1f\x7f]*\Z"}
DATE = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"}
ACCOUNT = {"type": "object", "properties": {"iban": IBAN}, "required": ["iban"], "additionalProperties": False}
ACCOUNTS = {"type": "array", "items": ACCOUNT, "maxItems": 20, "uniqueItems": True}
LOCATIONS = {"type": "array", "items": {"type": "string", "pattern": r"^https://[\x21-\x7e]{1,500}\Z"}, "maxItems": 5}


def _actions(*names: str) -> dict[str, Any]:
    return {"type": "array", "items": {"enum": list(names)}, "minItems": 1, "uniqueItems": True}


# Account information: which accounts, what of them, and how long.

PERMISSIONS = (
    ("accounts", "list_accounts", "Name and number of the account"),
    ("balances", "read_balances", "Balance"),
    ("transactions", "read_transactions", "Transactions"),
)
"""Member of `access`, its action, and what it means."""

ACCOUNT_INFORMATION = {
    "type": "object",
    "properties": {
        "type": {"const": "account_information"},
        "actions": _actions(*(action for _, action, _ in PERMISSIONS)),
        "locations": LOCATIONS,
        "access": {
            "type": "object",
            "properties": {name: ACCOUNTS for name, _, _ in PERMISSIONS},
            "minProperties": 1,
            "additionalProperties": False,
        },
        "recurringIndicator": {"type": "boolean"},
        "validUntil": DATE,
        "frequencyPerDay": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
    "anyOf": [{"required": ["actions"]}, {"required": ["access"]}],
    "required": ["type"],
    "additionalProperties": False,
}


def wanted(detail: Detail) -> dict[str, frozenset[str] | None]:
    """By permission, the IBANs that are meant; None for all those that the person has, which the bank offers."""
    actions, access = detail.get("actions"), detail.get("access")
    found: dict[str, frozenset[str] | None] = {}
    for name, action, _ in PERMISSIONS:
        if (actions is None or action in actions) and (access is None or name in access):
            named = frozenset(account["iban"] for account in (access or {}).get(name, ()))
            found[name] = named or None
    return found


def _say_accounts(detail: Detail, accounts: Sequence[Account], place: str) -> Shown:
    facts = []
    if detail.get("recurringIndicator") is False:
        facts.append(("How often", "Once"))
    elif "frequencyPerDay" in detail:
        facts.append(("How often", f"Up to {detail['frequencyPerDay']} times a day"))
    if "validUntil" in detail:
        facts.append(("Until", _day(detail["validUntil"])))
    asked = wanted(detail)
    may = tuple(Choice(f"{place}-may-{n}", n, words) for n, _, words in PERMISSIONS if n in asked)
    open_to = tuple(
        Choice(
            _field(place, account["iban"]),
            account["iban"],
            f"{account.get('name', 'Account')}, {spaced(account['iban'])}",
        )
        for account in _meant(asked, accounts)
    )
    return Shown("Look at your accounts", tuple(facts), (("What may be seen", may), ("Of which accounts", open_to)))


def _grant_accounts(detail: Detail, accounts: Sequence[Account], place: str, form: Mapping[str, str]) -> Detail | None:
    asked = wanted(detail)
    ibans = [a["iban"] for a in _meant(asked, accounts) if form.get(_field(place, a["iban"])) == a["iban"]]
    kept = {
        name: [iban for iban in ibans if named is None or iban in named]
        for name, named in asked.items()
        if form.get(f"{place}-may-{name}") == name
    }
    return _open({name: found for name, found in kept.items() if found}, detail)


def _narrow_accounts(asked: Detail, granted: Detail) -> Detail | None:
    if not _same(asked, granted, without=("access", "actions")):
        return None
    had = wanted(granted)
    kept: dict[str, list[str]] = {}
    for name, ibans in wanted(asked).items():
        own = had.get(name) or frozenset()
        if not own or (ibans is not None and not ibans <= own):
            return None
        kept[name] = sorted(own if ibans is None else ibans)
    return _open(kept, granted)


def _open(kept: Mapping[str, Sequence[str]], detail: Detail) -> Detail | None:
    """The detail with just these accounts, by their numbers; None where there are none."""
    if not kept:
        return None
    access = {name: [{"iban": iban} for iban in ibans] for name, ibans in kept.items()}
    actions = {"actions": [a for n, a, _ in PERMISSIONS if n in kept]} if "actions" in detail else {}
    return {**detail, **actions, "access": access}


def _meant(asked: Mapping[str, frozenset[str] | None], accounts: Sequence[Account]) -> list[Account]:
    """Those of the person's accounts that anything is asked about; another's never."""
    return [a for a in accounts if any(named is None or a["iban"] in named for named in asked.values())]


# A payment: how much, to whom, from where.

PAYMENT_INITIATION = {
    "type": "object",
    "properties": {
        "type": {"const": "payment_initiation"},
        "actions": _actions("initiate", "status", "cancel"),
        "locations": LOCATIONS,
        "instructedAmount": {
            "type": "object",
            "properties": {
                "currency": {"type": "string", "pattern": r"^[A-Z]{3}\Z"},
                "amount": {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,13})(\.[0-9]{1,3})?\Z"},
            },
            "required": ["currency", "amount"],
            "additionalProperties": False,
        },
        "creditorName": {**TEXT, "maxLength": 70},
        "creditorAccount": ACCOUNT,
        "debtorAccount": ACCOUNT,
        "remittanceInformationUnstructured": TEXT,
        "requestedExecutionDate": DATE,
    },
    "required": ["type", "instructedAmount", "creditorName", "creditorAccount"],
    "additionalProperties": False,
}


def _say_payment(detail: Detail, accounts: Sequence[Account], place: str) -> Shown:
    amount = f"{detail['instructedAmount']['amount']} {detail['instructedAmount']['currency']}"
    facts = [
        ("Amount", amount),
        ("To", detail["creditorName"]),
        ("Their account", spaced(detail["creditorAccount"]["iban"])),
    ]
    if "debtorAccount" in detail:
        facts.append(("From", spaced(detail["debtorAccount"]["iban"])))
    if "remittanceInformationUnstructured" in detail:
        facts.append(("Reference", detail["remittanceInformationUnstructured"]))
    if "requestedExecutionDate" in detail:
        facts.append(("On", _day(detail["requestedExecutionDate"])))
    offered: tuple[Choice, ...] = ()
    if "debtorAccount" not in detail:
        offered = tuple(
            Choice(f"{place}-from", a["iban"], f"{a.get('name', 'Account')}, {spaced(a['iban'])}") for a in accounts
        )
    return Shown(f"Pay {amount} to {detail['creditorName']}", tuple(facts), one_of=offered)


def _grant_payment(detail: Detail, accounts: Sequence[Account], place: str, form: Mapping[str, str]) -> Detail | None:
    own = [account["iban"] for account in accounts]
    debtor = detail["debtorAccount"]["iban"] if "debtorAccount" in detail else form.get(f"{place}-from")
    return {**detail, "debtorAccount": {"iban": debtor}} if debtor in own else None


def _narrow_payment(asked: Detail, granted: Detail) -> Detail | None:
    return granted if _same(asked, granted) else None


def _same(asked: Detail, granted: Detail, *, without: Sequence[str] = ()) -> bool:
    """Whether each member that is asked for is granted just so."""
    return all(granted.get(name) == value for name, value in asked.items() if name not in without)


def spaced(iban: str) -> str:
    """An IBAN in groups of four, as people read it."""
    return " ".join(iban[n : n + 4] for n in range(0, len(iban), 4))


def _field(place: str, iban: str) -> str:
    return f"{place}-account-{iban}"


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


TYPES: Mapping[str, DetailType] = {
    one.name: one
    for one in (
        DetailType("account_information", ACCOUNT_INFORMATION, _say_accounts, _grant_accounts, _narrow_accounts),
        DetailType("payment_initiation", PAYMENT_INITIATION, _say_payment, _grant_payment, _narrow_payment),
    )
}
"""Every type, by its name: `authorization_details_types_supported`."""
