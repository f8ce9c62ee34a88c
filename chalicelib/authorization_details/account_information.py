"""The type account_information: which accounts, which data, for how long and how often.

Members and meaning are those of the Berlin Group's NextGenPSD2 consent; `actions` and `locations` are those of RFC 9396 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.authorization_details.detail_type import (
    ACCOUNT,
    DAY,
    LOCATIONS,
    Choice,
    DetailType,
    Question,
    Shown,
    account_key,
    best_key,
    called,
    distinct,
    identified,
    is_named,
    named,
    no_looser,
    number,
    require_ahead,
    some_of,
    text,
)
from chalicelib.language import Language, message
from chalicelib.protocol_types import Account, Detail

PERMISSIONS = (
    ("accounts", "list_accounts", message("Account details"), message("Name and number of the account")),
    ("balances", "read_balances", message("Balances"), message("How much is in the account")),
    (
        "transactions",
        "read_transactions",
        message("Transactions"),
        message("Payments in and out, and with whom"),
    ),
)
"""Member of `access`, its action, its text and its explanation."""

LIMITS = ("locations", "recurringIndicator", "validUntil", "frequencyPerDay")

ACCOUNTS = {"type": "array", "items": ACCOUNT, "maxItems": 20, "uniqueItems": True}

SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"const": "account_information"},
        "actions": some_of(*(action for _, action, _, _ in PERMISSIONS)),
        "locations": LOCATIONS,
        "access": {
            "type": "object",
            "properties": {name: ACCOUNTS for name, _, _, _ in PERMISSIONS},
            "minProperties": 1,
            "additionalProperties": False,
        },
        "recurringIndicator": {"type": "boolean"},
        "validUntil": DAY,
        "purpose": text(140),
        "frequencyPerDay": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
    "anyOf": [{"required": ["actions"]}, {"required": ["access"]}],
    "required": ["type"],
    "additionalProperties": False,
}


def wanted(detail: Detail) -> dict[str, frozenset[str] | None]:
    """The keys of the requested accounts by permission; None for all accounts that the user may choose from."""
    actions, access = detail.get("actions"), detail.get("access")
    found: dict[str, frozenset[str] | None] = {}
    for name, action, _, _ in PERMISSIONS:
        if (actions is None or action in actions) and (access is None or name in access):
            keys = frozenset(account_key(account) for account in (access or {}).get(name, ()))
            found[name] = keys or None
    return found


def _require(detail: Detail, today: date) -> Detail:
    if not wanted(detail):
        raise ValueError("actions and access have nothing in common")
    return require_ahead(detail, "validUntil", today)


# `validUntil` is not shown: the page shows the end of the consent, which is no later.
def _say(detail: Detail, accounts: Sequence[Account], field_prefix: str, language: Language) -> Shown:
    say, facts = language.say, []
    if "purpose" in detail:
        facts.append((say("Stated purpose"), detail["purpose"]))
    if detail.get("recurringIndicator") is False:
        facts.append((say("How often"), say("Once")))
    elif "frequencyPerDay" in detail:
        times = detail["frequencyPerDay"]
        facts.append((say("How often"), language.plural("Once a day", "Up to {number} times a day", times)))
    requested = wanted(detail)
    may = [
        Choice(f"{field_prefix}-may-{n}", n, say(words), say(note))
        for n, _, words, note in PERMISSIONS
        if n in requested
    ]
    open_to = [
        Choice(_field(field_prefix, account), best_key(account), called(account, language), number(account))
        for account in _meant(requested, accounts)
    ]
    return Shown(
        say("Look at your accounts"),
        tuple(facts),
        (
            Question(say("What may be seen"), tuple(may), none=""),
            Question(
                say("Of which accounts"), tuple(open_to), none=say("You have none of the accounts that are asked for.")
            ),
        ),
    )


def _grant(detail: Detail, accounts: Sequence[Account], field_prefix: str, form: Mapping[str, str]) -> Detail | None:
    requested = wanted(detail)
    ticked = [a for a in _meant(requested, accounts) if form.get(_field(field_prefix, a)) == best_key(a)]
    kept = {
        name: [reference for account in ticked for reference in named(account, keys)]
        for name, keys in requested.items()
        if form.get(f"{field_prefix}-may-{name}") == name
    }
    return _open(detail, {name: found for name, found in kept.items() if found})


def _narrow(requested: Detail, granted: Detail) -> Detail | None:
    limits = {name: requested[name] for name in LIMITS if name in requested}
    if not all(no_looser(limit, granted.get(name)) for name, limit in limits.items()):
        return None
    if "purpose" in requested and requested["purpose"] != granted.get("purpose"):
        return None
    had = wanted(granted)
    kept: dict[str, list[Account]] = {}
    for name, keys in wanted(requested).items():
        own = had.get(name) or frozenset()
        if not own or (keys is not None and not keys <= own):
            return None
        less = own if keys is None else keys
        kept[name] = [account for account in granted["access"][name] if account_key(account) in less]
    return _open({**granted, **limits}, kept)


def _open(detail: Detail, kept: Mapping[str, Sequence[Account]]) -> Detail | None:
    """The detail with exactly these accounts; None for no accounts, because an empty list would mean all."""
    if not kept:
        return None
    access = {name: list(references) for name, references in kept.items()}
    actions = {"actions": [action for name, action, _, _ in PERMISSIONS if name in kept]} if "actions" in detail else {}
    return {**detail, **actions, "access": access}


def _meant(requested: Mapping[str, frozenset[str] | None], accounts: Sequence[Account]) -> list[Account]:
    """The user's own accounts that the detail requests."""
    return [one for one in identified(accounts) if any(is_named(one, keys) for keys in requested.values())]


def _field(field_prefix: str, account: Account) -> str:
    return f"{field_prefix}-account-{best_key(account)}"


ACCOUNT_INFORMATION = DetailType(
    "account_information",
    SCHEMA,
    _require,
    _say,
    _grant,
    _narrow,
    writes=False,
    one_off=lambda detail: detail.get("recurringIndicator") is False,
    consumed="Looked at",
    own_accounts=lambda detail: distinct(account for some in detail.get("access", {}).values() for account in some),
)
