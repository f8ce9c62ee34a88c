"""The type payment_initiation: the amount, the creditor and the debtor account, once, on a later day, or as a standing order.

Members and meaning are those of the Berlin Group's NextGenPSD2 payments, and `numberOfPayments` is Open Banking UK's. `actions`
and `locations` are those of RFC 9396 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

FREQUENCIES = {
    "Daily": message("Every day"),
    "Weekly": message("Every week"),
    "EveryTwoWeeks": message("Every two weeks"),
    "Monthly": message("Every month"),
    "EveryTwoMonths": message("Every two months"),
    "Quarterly": message("Every three months"),
    "SemiAnnual": message("Every six months"),
    "Annual": message("Every year"),
}
"""How often a standing order pays (Berlin Group: periodic payments), with the text for users."""
BY_THE_MONTH = ("Monthly", "EveryTwoMonths", "Quarterly", "SemiAnnual", "Annual")
OF_STANDING_ORDERS = ("startDate", "endDate", "dayOfExecution", "numberOfPayments")

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
        "frequency": {"enum": list(FREQUENCIES)},
        "startDate": DAY,
        "endDate": DAY,
        "dayOfExecution": {"type": "string", "pattern": "^([1-9]|[12][0-9]|3[01])$"},
        "numberOfPayments": {"type": "integer", "minimum": 2, "maximum": 1000},
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
    if "frequency" in detail:
        detail = _require_standing_order(detail)
    elif alone := [name for name in OF_STANDING_ORDERS if name in detail]:
        raise ValueError(f"{alone[0]} needs frequency")
    return require_ahead(require_ahead(detail, "requestedExecutionDate", today), "startDate", today)


def _require_standing_order(detail: Detail) -> Detail:
    """The detail. Raises ValueError if it has no first day, or two ends, or is for once and for many times."""
    if "startDate" not in detail:
        raise ValueError("frequency needs startDate")
    if "requestedExecutionDate" in detail:
        raise ValueError("requestedExecutionDate is of a payment that is made once, without frequency")
    if "endDate" in detail and "numberOfPayments" in detail:
        raise ValueError("endDate and numberOfPayments are two ends")
    if detail.get("endDate", detail["startDate"]) < detail["startDate"]:
        raise ValueError("endDate is before startDate")
    if "dayOfExecution" in detail and detail["frequency"] not in BY_THE_MONTH:
        raise ValueError("dayOfExecution is a day of the month, and frequency is shorter than a month")
    return detail


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
        day = language.date(date.fromisoformat(detail["requestedExecutionDate"]))
        facts.append((say("Scheduled payment"), say("Once, on {day}", day=day)))
    payee = detail["creditorName"]
    if "frequency" in detail:
        facts += _standing_order(detail, language)
        heading = say("Standing order: {amount} to {payee}", amount=amount, payee=payee)
    else:
        heading = say("Pay {amount} to {payee}", amount=amount, payee=payee)
    return Shown(heading, tuple(facts), questions, figure=language.isolated(amount))


def _standing_order(detail: Detail, language: Language) -> Iterator[tuple[str, str]]:
    """How often it pays, from when to when, and how it is stopped."""
    say = language.say
    yield say("How often"), say(FREQUENCIES[detail["frequency"]])
    if "dayOfExecution" in detail:
        yield say("Day of the month"), language.number(detail["dayOfExecution"])
    yield say("First payment"), language.date(date.fromisoformat(detail["startDate"]))
    if "endDate" in detail:
        yield (
            say("Last payment"),
            say("On {day} at the latest", day=language.date(date.fromisoformat(detail["endDate"]))),
        )
    elif "numberOfPayments" in detail:
        yield say("Number of payments"), language.number(str(detail["numberOfPayments"]))
    else:
        yield say("Last payment"), say("None: it goes on until you stop it")
    yield say("To stop it"), say("At the bank, like any standing order")


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
