"""The type payment_initiation: the amount, the creditor and the debtor account.

Members and meaning are those of the Berlin Group's NextGenPSD2 payments; `actions` and `locations` are those of RFC 9396 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.authorization_details import currency
from chalicelib.authorization_details.detail_type import (
    ACCOUNT,
    DAY,
    LOCATIONS,
    PAYEE,
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

LIMITS = ("actions", "locations")

AMOUNT_DIGITS = r"^(?=.*[1-9])(0|[1-9][0-9]{0,13})(\.[0-9]{1,4})?$"  # Not zero.
AMOUNT = {
    "type": "object",
    "properties": {
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},  # ISO 4217
        "amount": {"type": "string", "pattern": AMOUNT_DIGITS},
    },
    "required": ["currency", "amount"],
    "additionalProperties": False,
}

SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"const": "payment_initiation"},
        "actions": some_of("initiate", "status", "cancel"),
        "locations": LOCATIONS,
        "instructedAmount": AMOUNT,
        "creditorName": text(70),
        "creditorAccount": PAYEE,
        "debtorAccount": ACCOUNT,
        "remittanceInformationUnstructured": text(140),
        "requestedExecutionDate": DAY,
    },
    "required": ["type", "instructedAmount", "creditorName", "creditorAccount"],
    "additionalProperties": False,
}


def in_words(instructed: Mapping[str, str], language: Language) -> str:
    """An amount as text for people, with all decimal places of the currency."""
    try:
        amount = currency.in_full(**instructed)
    except ValueError:  # An older release accepted it. It is shown as it was granted.
        amount = instructed["amount"]
    return language.money(amount, instructed["currency"])


def _require(detail: Detail, today: date) -> Detail:
    currency.in_full(**detail["instructedAmount"])
    return require_ahead(detail, "requestedExecutionDate", today)


def _say(detail: Detail, accounts: Sequence[Account], field_prefix: str, language: Language) -> Shown:
    say = language.say
    amount = in_words(detail["instructedAmount"], language)
    facts = [(say("To account"), number(detail["creditorAccount"]))]
    own = identified(accounts)
    questions: tuple[Question, ...] = ()
    if "debtorAccount" not in detail:
        offered = tuple(
            Choice(f"{field_prefix}-from", best_key(one), called(one, language), number(one)) for one in own
        )
        questions = (Question(say("Pay from"), offered, none=say("You have no account to pay from."), one=True),)
    elif payer := _payer(detail, own):
        shown = number(detail["debtorAccount"])
        facts.append((say("From"), say("{name}, {number}", name=called(payer, language), number=shown)))
    else:
        questions = (Question(say("Pay from"), (), none=say("The account that is to pay is not yours.")),)
    if "remittanceInformationUnstructured" in detail:
        facts.append((say("Reference"), detail["remittanceInformationUnstructured"]))
    if "requestedExecutionDate" in detail:
        facts.append((say("On"), language.date(date.fromisoformat(detail["requestedExecutionDate"]))))
    heading = say("Pay {amount} to {payee}", amount=amount, payee=detail["creditorName"])
    return Shown(heading, tuple(facts), questions, figure=language.isolated(amount))


def _grant(detail: Detail, accounts: Sequence[Account], field_prefix: str, form: Mapping[str, str]) -> Detail | None:
    own = identified(accounts)
    if "debtorAccount" in detail:
        return detail if _payer(detail, own) else None
    chosen = [one for one in own if best_key(one) == form.get(f"{field_prefix}-from")]
    return {**detail, "debtorAccount": named(chosen[0], None)[0]} if chosen else None


def _payer(detail: Detail, own: Sequence[Account]) -> Account | None:
    """The user's own account that the detail names."""
    key = account_key(detail["debtorAccount"])
    return next((one for one in own if is_named(one, [key])), None)


def _narrow(requested: Detail, granted: Detail) -> Detail | None:
    limits = {name: requested[name] for name in LIMITS if name in requested}
    same = all(granted.get(name) == value for name, value in requested.items() if name not in limits)
    if not same or not all(no_looser(limit, granted.get(name)) for name, limit in limits.items()):
        return None
    return {**granted, **limits}


PAYMENT_INITIATION = DetailType(
    "payment_initiation",
    SCHEMA,
    _require,
    _say,
    _grant,
    _narrow,
    writes=True,
    one_off=lambda detail: True,
    consumed=message("Payment made"),
    own_accounts=lambda detail: distinct([detail["debtorAccount"]] if "debtorAccount" in detail else []),
)
