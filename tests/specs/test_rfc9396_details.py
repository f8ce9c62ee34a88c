"""Authorization details by themselves (RFC 9396): what a type takes, how it is said to a person, and that it only gets less."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import language
from chalicelib.authorization_details import details
from chalicelib.authorization_details.currency import DECIMAL_PLACES, PUBLISHED
from chalicelib.authorization_details.detail_type import Choice, Question, Shown
from chalicelib.authorization_details.detail_types import TYPES
from chalicelib.errors import AccessDenied, InvalidAuthorizationDetails
from tests.each import each

TRIED = settings(deadline=None, derandomize=True)
"""A busy machine fails nothing, and each run tries the same."""

NOW = int(datetime(2027, 1, 15, 8, tzinfo=UTC).timestamp())
CURRENT, SAVINGS = "DE02100100100006820101", "DE18100100100006820201"
STRANGERS, SHOP = "DE89370400440532013000", "DE02100100109307118603"
ACCOUNTS = ({"iban": CURRENT, "name": "Current account"}, {"iban": SAVINGS, "name": "Savings"})
ACCESS = {"type": "account_information", "access": {"balances": []}}
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": SHOP},
}


def parsed(*given, now=NOW):
    return details.requested(json.dumps(given), TYPES, now=now)


def priced(amount, currency="EUR"):
    return {**PAYMENT, "instructedAmount": {"currency": currency, "amount": amount}}


SORTED = {"sortCode": "200000", "accountNumber": "55779911"}
ORDER = {**PAYMENT, "frequency": "Monthly", "startDate": "2027-02-01"}
CARD = {"maskedPan": "540912******1234"}
DOMESTIC = {"bban": "BARC20000055779911"}
MIXED = (
    {"name": "Sterling", **SORTED},
    {"name": "Card", **CARD, "pan": "5409120000001234"},
    {"name": "Dollars", **DOMESTIC},
    {"name": "Both", "iban": CURRENT, "bban": "100100100006820101"},
    {"name": "Loan"},
    {"name": "Half", "sortCode": "200000"},
)
"""Accounts by other numbers than an IBAN, one by two, and two that have none."""


# 2 Types and their fields


@pytest.mark.clause("RFC9396-2")
@each(
    "detail",
    [
        {**PAYMENT, "requestedExecutionDate": "2027-01-15"},
        {**PAYMENT, "actions": ["initiate", "status", "cancel"], "locations": ["https://bank.example/payments"]},
        {**PAYMENT, "creditorName": "\u0645\u062d\u0644 M\u00fcller & S\u00f6hne"},
        {**PAYMENT, "creditorAccount": {"iban": "NO9386011117947"}},
        {**PAYMENT, "creditorAccount": SORTED, "debtorAccount": CARD},
        {**PAYMENT, "creditorAccount": DOMESTIC, "debtorAccount": SORTED},
        {**ACCESS, "access": {"balances": [SORTED, CARD, DOMESTIC, {"iban": CURRENT}]}},
        {**PAYMENT, "creditorAccount": {"iban": "MT84MALT011000012345MTLCAST001S"}},
        *(
            {**ORDER, **more}
            for more in (
                {"frequency": "Daily"},
                {"endDate": "2027-02-01", "dayOfExecution": "31"},
                {"numberOfPayments": 1000, "debtorAccount": {"iban": CURRENT}},
            )
        ),
        *(priced(amount) for amount in ("1", "0.01", "123.5", "99999999999999.99")),
        priced("5000", "JPY"),
        priced("0.001", "BHD"),
        priced("0.0001", "UYW"),
        {**ACCESS, "validUntil": "2027-01-15", "recurringIndicator": True, "frequencyPerDay": 4},
        {**ACCESS, "validUntil": "9999-12-31"},
        {**ACCESS, "actions": ["read_balances", "list_accounts"]},
    ],
)
def test_2_a_type_takes_what_its_schema_has(detail):
    """The type determines the contents of the object; the AS defines the types that it supports."""
    assert parsed(detail) == (detail,)


@pytest.mark.clause("RFC9396-5")
@each(
    "member",
    [
        {"creditorName": "Merchant A\u202e"},
        {"creditorName": "Mer\u200bchant"},
        {"creditorName": "Merchant\u2028A"},
        {"creditorName": "Merchant\x85A"},
        {"creditorName": "\ud800"},
        {"creditorName": " \u3000"},
        {"remittanceInformationUnstructured": "Order\u2066 4711"},
        {"remittanceInformationUnstructured": "x" * 141},
        {"creditorAccount": {"iban": SHOP.lower()}},
        {"creditorAccount": {"iban": SHOP + "\n"}},
        {"creditorAccount": {"iban": "\u0044\u0045" + "\u0660\u0662" + SHOP[4:]}},
        {"debtorAccount": {"iban": "DE03100100109307118603"}},
        {"debtorAccount": [{"iban": CURRENT}]},
        {"requestedExecutionDate": "2027-01-14"},
        *({name: value} for name, value in (("startDate", "2027-02-01"), ("endDate", "2027-02-01"))),
        *(
            {name: value}
            for name, value in (("dayOfExecution", "1"), ("numberOfPayments", 2), ("frequency", "Monthly"))
        ),
        *(
            {"frequency": "Monthly", "startDate": "2027-02-01", **more}
            for more in (
                {"frequency": "Hourly"},
                {"startDate": "2027-01-14"},
                {"endDate": "2027-01-31"},
                {"endDate": "2027-06-01", "numberOfPayments": 5},
                {"requestedExecutionDate": "2027-02-01"},
                {"frequency": "EveryTwoWeeks", "dayOfExecution": "1"},
                {"dayOfExecution": "32"},
                {"dayOfExecution": 1},
                {"numberOfPayments": 1},
                {"numberOfPayments": "5"},
            )
        ),
        {"requestedExecutionDate": "2027-02-29"},
        {"requestedExecutionDate": "20270201"},
        {"requestedExecutionDate": "2027-02-01\n"},
        {"requestedExecutionDate": "2027-W05-1"},
        {"requestedExecutionDate": "0000-01-01"},
        {"locations": []},
        {"locations": ["https://"]},
        {"locations": ["https://bank.example/a", "https://bank.example/a"]},
        {"datatypes": ["x"]},
    ],
)
def test_5_a_payment_that_its_type_does_not_allow_is_refused(member):
    """Unknown fields, fields of the wrong type and invalid values: the AS MUST refuse the request."""
    with pytest.raises(InvalidAuthorizationDetails):
        parsed({**PAYMENT, **member})


@pytest.mark.clause("RFC9396-5")
@each(
    "member",
    [
        {"frequencyPerDay": True},
        {"frequencyPerDay": "4"},
        {"frequencyPerDay": 1001},
        {"recurringIndicator": 1},
        {"access": {"balances": [{"iban": CURRENT}] * 2}},
        {"access": {"balances": CURRENT}},
        {"access": {"balances": [{}]}},
        {"access": {"balances": None}},
        {"access": None},
        {"actions": ["list_accounts"]},
    ],
)
def test_5_access_that_its_type_does_not_allow_is_refused(member):
    """So is access that contradicts itself: an action on what the access does not name is no action at all."""
    with pytest.raises(InvalidAuthorizationDetails):
        parsed({**ACCESS, **member})


@pytest.mark.clause("RFC9396-5")
@each("number", ["4.0", "4e0", "1e400", "NaN", "Infinity", "9" * 5000])
def test_5_a_number_that_can_not_be_kept_as_it_is_is_refused(number):
    """Invalid values for the type: what is stored and handed on is what was asked, to the last digit."""
    value = json.dumps([{**ACCESS, "frequencyPerDay": 0}]).replace("0}", f"{number}}}")
    with pytest.raises(InvalidAuthorizationDetails):
        details.requested(value, TYPES, now=NOW)


@pytest.mark.clause("RFC9396-5")
def test_5_a_refusal_says_where_and_quotes_nothing():
    """The error names the parameter and which field, never what stood in it."""
    with pytest.raises(InvalidAuthorizationDetails) as refusal:
        parsed({**PAYMENT, "creditorAccount": {"iban": "DE03100100109307118603"}})
    said = "authorization_details: does not match the schema of payment_initiation: it.creditorAccount.iban (format)"
    assert refusal.value.description == said


@TRIED
@given(st.text(max_size=60))
def test_whatever_the_text_is_it_is_read_or_refused(text):
    with pytest.raises(InvalidAuthorizationDetails):
        details.requested(text, TYPES, now=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([SHOP, "EUR", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["iban", "amount", "x"]), inner),
)


@TRIED
@given(st.sampled_from([ACCESS, PAYMENT]), st.data(), JSON)
def test_whatever_stands_in_a_field_it_is_read_or_refused(detail, data, value):
    name = data.draw(st.sampled_from(sorted(TYPES[detail["type"]].schema["properties"])))
    odd = {**detail, name: value}
    with suppress(InvalidAuthorizationDetails):
        assert parsed(odd) == (odd,)


@each(
    ("until", "end"),
    [
        ((), NOW + 99_999_999),
        (("2027-01-15",), NOW + 16 * 3600),
        (("9999-12-31",), NOW + 99_999_999),
        (("2027-03-01", "2027-01-16"), NOW + 40 * 3600),
    ],
)
def test_a_consent_ends_with_the_last_day_of_the_first_of_its_details(until, end):
    found = [PAYMENT, *({**ACCESS, "validUntil": day} for day in until)]
    assert details.ends(found, otherwise=NOW + 99_999_999) == end


# 4 In words


def said(detail, accounts=ACCOUNTS):
    (shown,) = details.in_words((detail,), accounts, language.of("en"))
    return shown


@pytest.mark.clause("RFC9396-4")
def test_4_a_payment_says_how_much_to_whom_and_from_where():
    """The AS presents the details of the request to the person, who can then decide what they are about."""
    full = {
        **PAYMENT,
        "debtorAccount": {"iban": SAVINGS},
        "remittanceInformationUnstructured": "Order 4711",
        "requestedExecutionDate": "2027-02-01",
    }
    assert said(full) == Shown(
        heading="Pay 123.50\u00a0EUR to Merchant A",
        figure="123.50\u00a0EUR",
        facts=(
            ("To account", "DE02 1001 0010 9307 1186 03"),
            ("From", "Savings, DE18 1001 0010 0006 8202 01"),
            ("Reference", "Order 4711"),
            ("Scheduled payment", "Once, on 1 February 2027"),
        ),
    )


@pytest.mark.clause("RFC9396-4")
@each(
    ("more", "facts"),
    [
        ({}, ["Last payment: None: it goes on until you stop it"]),
        ({"endDate": "2027-12-31", "dayOfExecution": "15"}, ["Last payment: On 31 December 2027 at the latest"]),
        ({"numberOfPayments": 12}, ["Number of payments: 12"]),
    ],
)
def test_4_a_standing_order_says_how_often_from_when_to_when_and_how_it_is_stopped(more, facts):
    """The person reads all that they agree to, and no token is of another order."""
    (shown,) = details.in_words([{**ORDER, **more}], ACCOUNTS, language.of("en"))
    day = ["Day of the month: 15"] if "dayOfExecution" in more else []
    assert shown.heading == "Standing order: 123.50\u00a0EUR to Merchant A"
    assert [f"{label}: {value}" for label, value in shown.facts] == [
        "To account: DE02 1001 0010 9307 1186 03",
        "How often: Every month",
        *day,
        "First payment: 1 February 2027",
        *facts,
        "To stop it: At the bank, like any standing order",
    ]
    (granted,) = details.granted([{**ORDER, **more}], {"details-0-from": CURRENT}, ACCOUNTS)
    assert granted == {**ORDER, **more, "debtorAccount": {"iban": CURRENT}}
    for changed in ({"frequency": "Weekly"}, {"startDate": "2027-02-02"}, {"numberOfPayments": 13}):
        with pytest.raises(InvalidAuthorizationDetails):
            details.within(json.dumps([granted | changed]), (granted,))


@pytest.mark.clause("RFC9396-4")
def test_4_a_payment_from_no_account_in_particular_asks_for_one():
    """What the request leaves open, the person chooses."""
    assert said(PAYMENT).questions == (
        Question(
            "Pay from",
            (
                Choice("details-0-from", CURRENT, "Current account", "DE02 1001 0010 0006 8201 01"),
                Choice("details-0-from", SAVINGS, "Savings", "DE18 1001 0010 0006 8202 01"),
            ),
            none="You have no account to pay from.",
            one=True,
        ),
    )


@each(
    ("amount", "words"),
    [
        ("999.99", "999.99\u00a0EUR"),
        ("1000", "1,000.00\u00a0EUR"),
        ("1234567.5", "1,234,567.50\u00a0EUR"),
        ("0.001", "0.001\u00a0EUR"),
    ],
)
def test_an_amount_is_said_to_the_last_digit_and_its_thousands_are_no_decimals(amount, words):
    assert said(priced(amount)).figure == words


@pytest.mark.fault("4g")
@pytest.mark.clause("RFC9396-5")
@each(
    "amount",
    [
        ("1.500", "EUR", "EUR has 2 decimal places"),
        ("100.50", "JPY", "JPY has no decimal places"),
        ("100.0", "JPY", "JPY has no decimal places"),
        ("1.0001", "KWD", "KWD has 3 decimal places"),
        ("1", "ZZZ", "the currency is not in ISO 4217"),
        ("1", "XAU", "the currency is not in ISO 4217"),
        ("1", "DEM", "the currency is not in ISO 4217"),
    ],
)
def test_5_an_amount_that_its_currency_has_not_is_refused(amount):
    """EUR 1.500 was shown as "1.500", which half of Europe reads as fifteen hundred; ZZZ could be paid."""
    value, currency, words = amount
    with pytest.raises(InvalidAuthorizationDetails, match=words):
        parsed(priced(value, currency))


@pytest.mark.fault("4g")
@each(
    "amount",
    [
        ("1.5", "EUR", "1.50\u00a0EUR"),
        ("1500", "EUR", "1,500.00\u00a0EUR"),
        ("1500", "JPY", "1,500\u00a0JPY"),
        ("1.5", "BHD", "1.500\u00a0BHD"),
        ("1.500", "EUR", "1.500\u00a0EUR"),  # kept by a release that took it
    ],
)
def test_4_an_amount_has_the_decimal_places_of_its_currency(amount):
    """ISO 4217: minor units."""
    value, currency, words = amount
    assert said(priced(value, currency)).figure == words


def test_the_currencies_are_those_of_the_edition_that_is_named():
    """Counted from list one as it is published; a new edition changes the table and this together."""
    counted = {locations: list(DECIMAL_PLACES.values()).count(locations) for locations in set(DECIMAL_PLACES.values())}
    assert (PUBLISHED, counted) == ("2026-01-01", {0: 16, 2: 133, 3: 7, 4: 1})
    assert "BGN" not in DECIMAL_PLACES  # Bulgaria pays in euro since that day


@pytest.mark.clause("RFC9396-4")
def test_4_account_access_says_what_of_which_accounts_and_how_often():
    """Each permission and each account is a choice of its own."""
    detail = {**ACCESS, "access": {"accounts": [{"iban": SAVINGS}], "transactions": []}}
    detail |= {"frequencyPerDay": 4, "validUntil": "2027-04-30"}
    assert said(detail) == Shown(
        heading="Look at your accounts",
        facts=(("How often", "Up to 4 times a day"),),
        questions=(
            Question(
                "What may be seen",
                (
                    Choice("details-0-may-accounts", "accounts", "Account details", "Name and number of the account"),
                    Choice(
                        "details-0-may-transactions",
                        "transactions",
                        "Transactions",
                        "Payments in and out, and with whom",
                    ),
                ),
                none="",
            ),
            Question(
                "Of which accounts",
                (
                    Choice(f"details-0-account-{CURRENT}", CURRENT, "Current account", "DE02 1001 0010 0006 8201 01"),
                    Choice(f"details-0-account-{SAVINGS}", SAVINGS, "Savings", "DE18 1001 0010 0006 8202 01"),
                ),
                none="You have none of the accounts that are asked for.",
            ),
        ),
    )


@each(
    ("member", "words"),
    [
        ({"recurringIndicator": False}, "Once"),
        ({"recurringIndicator": False, "frequencyPerDay": 4}, "Once"),
        ({"frequencyPerDay": 1}, "Once a day"),
    ],
)
def test_how_often_is_said_as_people_say_it(member, words):
    assert said({**ACCESS, **member}).facts == (("How often", words),)


@pytest.mark.parametrize(
    "detail",
    [
        {**ACCESS, "access": {"balances": [{"iban": STRANGERS}]}},
        {**PAYMENT, "debtorAccount": {"iban": STRANGERS}},
    ],
)
@pytest.mark.parametrize("accounts", [ACCOUNTS, ()])
def test_an_account_of_another_person_is_not_named_and_there_is_nothing_to_choose(detail, accounts):
    shown = said(detail, accounts)
    assert shown.questions[-1].choices == ()
    assert shown.questions[-1].none
    assert STRANGERS not in repr(shown).replace(" ", "")


# Only ever less


SOME = st.lists(st.sampled_from([CURRENT, SAVINGS, STRANGERS]), max_size=3, unique=True)
MEMBERS = {"accounts": "list_accounts", "balances": "read_balances", "transactions": "read_transactions"}
NAMED = st.dictionaries(st.sampled_from(list(MEMBERS)), SOME.map(lambda s: [{"iban": i} for i in s]), min_size=1)
ACTIONS = st.lists(st.sampled_from(list(MEMBERS.values())), min_size=1, unique=True)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "recurringIndicator": st.booleans(),
        "validUntil": st.sampled_from(["2027-01-15", "2027-06-30", "9999-12-31"]),
        "frequencyPerDay": st.integers(1, 4),
        "locations": st.lists(st.sampled_from(["https://a.example/", "https://b.example/"]), min_size=1, unique=True),
    },
)
ACCOUNT_INFORMATION = st.builds(
    lambda either, limits: {"type": "account_information", **either, **limits},
    st.one_of(
        st.fixed_dictionaries({"access": NAMED}),
        st.fixed_dictionaries({"actions": ACTIONS}),
        st.fixed_dictionaries({"access": NAMED, "actions": ACTIONS}),
    ),
    LIMITS,
).filter(lambda detail: rights(detail))
PAYMENT_INITIATION = st.builds(
    lambda amount, name, more: {**priced(amount), "creditorName": name, **more},
    st.sampled_from(["1", "2"]),
    st.sampled_from(["A", "B"]),
    st.fixed_dictionaries(
        {},
        optional={
            "debtorAccount": st.sampled_from([CURRENT, SAVINGS, STRANGERS]).map(lambda iban: {"iban": iban}),
            "actions": st.lists(st.sampled_from(["initiate", "status", "cancel"]), min_size=1, unique=True),
            "requestedExecutionDate": st.sampled_from(["2027-01-15", "2027-02-01"]),
        },
    ),
)
DETAILS = st.lists(ACCOUNT_INFORMATION | PAYMENT_INITIATION, min_size=1, max_size=3)
FIELDS = st.builds(
    "details-{}-{}".format,
    st.integers(0, 3),
    st.sampled_from(
        [*(f"may-{name}" for name in MEMBERS), *(f"account-{iban}" for iban in (CURRENT, SAVINGS, STRANGERS)), "from"]
    ),
)
VALUES = st.sampled_from([*MEMBERS, CURRENT, SAVINGS, STRANGERS, ""])
FORMS = st.dictionaries(FIELDS, VALUES) | st.sets(FIELDS).map(lambda names: {n: n.rpartition("-")[2] for n in names})
"""Whatever a form may say: any value in any field, or each ticked field as the page has it."""


def rights(detail):
    """What a detail means, as pairs of permission and account; one without accounts means each that somebody could have."""
    anyones = {CURRENT, SAVINGS, STRANGERS}
    found = set()
    for name, action in MEMBERS.items():
        named = detail.get("access", dict.fromkeys(MEMBERS, ())).get(name)
        if named is not None and action in detail.get("actions", MEMBERS.values()):
            found |= {(name, iban) for iban in ({account["iban"] for account in named} or anyones)}
    return found


def ticked(detail, location):
    """The form in which a person agrees to all that they are asked."""
    (shown,) = details.in_words((detail,), ACCOUNTS, language.of("en"))
    found = {}
    for question in shown.questions:
        for choice in question.choices:
            found.setdefault(choice.field.replace("details-0", location), choice.value)
    return found


def split(granted, kind):
    return [one for one in granted if one["type"] == kind]


@pytest.mark.clause("RFC9396-7")
@TRIED
@given(DETAILS, FORMS)
def test_7_whatever_a_form_says_no_more_is_granted_than_was_requested(requested_details, form):
    """The granted details may differ from the asked ones, and here they are only ever less."""
    try:
        granted = details.granted(requested_details, form, ACCOUNTS)
    except AccessDenied:
        return
    assert granted
    remaining = iter(requested_details)
    for one in granted:  # in order, each from an asked one of its own
        assert any(is_within(one, candidate) for candidate in remaining)


def is_within(one, candidate):
    """Whether what was granted is some of what was asked, with accounts of the person's alone, all of them named."""
    free = ("access", "actions") if one["type"] == "account_information" else ("debtorAccount",)
    if {k: v for k, v in one.items() if k not in free} != {k: v for k, v in candidate.items() if k not in free}:
        return False
    if one["type"] == "payment_initiation":
        assert one["debtorAccount"]["iban"] in (CURRENT, SAVINGS)
        return candidate.get("debtorAccount", one["debtorAccount"]) == one["debtorAccount"]
    assert one["access"]
    assert all(one["access"].values())
    return rights(one) <= rights(candidate) and {iban for _, iban in rights(one)} <= {CURRENT, SAVINGS}


@TRIED
@given(ACCOUNT_INFORMATION)
def test_who_agrees_to_everything_grants_all_that_is_theirs(detail):
    own = {(name, iban) for name, iban in rights(detail) if iban != STRANGERS}
    form = ticked(detail, "details-0")
    if own:
        (granted,) = details.granted((detail,), form, ACCOUNTS)
        assert rights(granted) == own
    else:
        with pytest.raises(AccessDenied):
            details.granted((detail,), form, ACCOUNTS)


@pytest.mark.clause("RFC9396-7")
def test_7_what_was_requested_of_one_account_is_not_granted_of_another():
    """Both accounts are ticked, and each was asked about something else."""
    parsed = {
        "type": "account_information",
        "access": {"accounts": [{"iban": CURRENT}], "balances": [{"iban": SAVINGS}]},
    }
    (granted,) = details.granted((parsed,), ticked(parsed, "details-0"), ACCOUNTS)
    assert granted["access"] == parsed["access"]


@TRIED
@given(ACCOUNT_INFORMATION, st.data())
def test_what_is_left_unticked_is_not_granted_and_all_else_is(detail, data):
    form = ticked(detail, "details-0")
    dropped = data.draw(st.sampled_from(sorted(form)))
    left = {(name, iban) for name, iban in rights(detail) if iban != STRANGERS and not dropped.endswith((name, iban))}
    del form[dropped]
    try:
        (granted,) = details.granted((detail,), form, ACCOUNTS)
    except AccessDenied:
        assert left == set()
    else:
        assert rights(granted) == left


@pytest.mark.clause("RFC9396-6")
@TRIED
@given(DETAILS, DETAILS)
def test_6_a_token_covers_no_more_than_was_granted(requested_details, requested_again):
    """The AS compares the requested details with those of the grant; more than those is refused."""
    granted = granted_in_full(requested_details)
    try:
        covered = details.within(json.dumps(requested_again), granted)
    except InvalidAuthorizationDetails:
        return
    assert len(covered) == len(requested_again)
    assert any(all(map(is_narrower, covered, some)) for some in permutations(granted, len(covered)))


def granted_in_full(requested_details):
    form = {}
    for location, detail in enumerate(requested_details):
        form |= ticked(detail, f"details-{location}")
    try:
        return details.granted(requested_details, form, ACCOUNTS)
    except AccessDenied:
        return ()


def is_narrower(one, had):
    """Whether a detail gives nothing that the other does not give."""
    if one["type"] != had["type"]:
        return False
    if one["type"] == "account_information" and not rights(one) <= rights(had):
        return False
    limits = {
        "recurringIndicator": lambda a, b: a is False or b is True,
        "validUntil": lambda a, b: a <= b,
        "frequencyPerDay": lambda a, b: a <= b,
        "locations": lambda a, b: set(a) <= set(b),
        "actions": lambda a, b: set(a) <= set(b),
    }
    kept = all(name in one and fits(one[name], had[name]) for name, fits in limits.items() if name in had)
    exact = ("instructedAmount", "creditorName", "creditorAccount", "debtorAccount", "requestedExecutionDate")
    return kept and all(one.get(name) == had.get(name) for name in exact)


@pytest.mark.clause("RFC9396-6")
@TRIED
@given(DETAILS)
def test_6_what_was_granted_can_be_requested_again_as_it_is(requested_details):
    """Details equal to the granted ones are granted; so are all where none are named."""
    granted = granted_in_full(requested_details)
    assert details.within(None, granted) == granted
    if granted:
        assert details.within(json.dumps(granted), granted) == granted


@pytest.mark.clause("RFC9396-6")
@TRIED
@given(DETAILS)
def test_6_what_was_requested_first_gives_what_was_granted_of_it(requested_details):
    """A client need not know what the person chose: asking as at first never fails for what was granted in full."""
    granted = granted_in_full(requested_details)
    for detail in split(granted, "payment_initiation"):
        first = {name: value for name, value in detail.items() if name != "debtorAccount"}
        (covered,) = details.within(json.dumps([first]), (detail,))
        assert covered == detail


MANY = {**ACCESS, "access": {"balances": [{"iban": CURRENT}]}}


@pytest.mark.clause("RFC9396-5")
@each(
    "account",
    [
        {},
        {"iban": CURRENT, "bban": "1"},
        {"iban": CURRENT, "sortCode": "200000"},
        {"sortCode": "200000"},
        {"accountNumber": "55779911"},
        {"sortCode": "20-00-00", "accountNumber": "55779911"},
        {"sortCode": "200000", "accountNumber": "5577991"},
        {"bban": "1 2"},
        {"bban": "1" * 31},
        {"maskedPan": "5409120000001234"},
        {"pan": "5409120000001234"},
        {"maskedPan": "540912******1234", "pan": "5409120000001234"},
    ],
)
def test_5_an_account_is_identified_in_one_way_and_a_card_never_by_its_whole_number(account):
    """Details that do not match the schema of their type are refused."""
    for detail in ({**PAYMENT, "debtorAccount": account}, {**ACCESS, "access": {"balances": [account]}}):
        with pytest.raises(InvalidAuthorizationDetails):
            parsed(detail)


@pytest.mark.clause("RFC9396-5")
def test_5_no_payment_goes_to_a_masked_number():
    """Nobody could say which card it is."""
    with pytest.raises(InvalidAuthorizationDetails, match="creditorAccount"):
        parsed({**PAYMENT, "creditorAccount": CARD})


@pytest.mark.clause("RFC9396-4")
def test_4_accounts_by_other_numbers_are_offered_read_and_granted():
    """As people write them: a sort code in pairs, a card with its stars. The best number of an account is granted."""
    (shown,) = details.in_words([ACCESS], MIXED, language.of("en"))
    assert [(choice.words, choice.note) for choice in shown.questions[1].choices] == [
        ("Sterling", "20-00-00 55779911"),
        ("Card", "5409 12** **** 1234"),
        ("Dollars", "BARC20000055779911"),
        ("Both", "DE02 1001 0010 0006 8201 01"),
    ]
    form = {choice.field: choice.value for question in shown.questions for choice in question.choices}
    (granted,) = details.granted([ACCESS], form, MIXED)
    assert granted["access"] == {"balances": [SORTED, CARD, DOMESTIC, {"iban": CURRENT}]}
    (again,) = details.in_words([granted], granted["access"]["balances"], language.of("en"))
    assert [choice.note for choice in again.questions[1].choices] == [c.note for c in shown.questions[1].choices]
    for less in (SORTED, CARD, DOMESTIC):
        (covered,) = details.within(json.dumps([{**ACCESS, "access": {"balances": [less]}}]), (granted,))
        assert covered["access"] == {"balances": [less]}
    for other in ({**SORTED, "accountNumber": "55779912"}, {"bban": "DE02100100100006820101"}):
        with pytest.raises(InvalidAuthorizationDetails):
            details.within(json.dumps([{**ACCESS, "access": {"balances": [other]}}]), (granted,))


@pytest.mark.clause("RFC9396-7")
def test_7_a_payment_is_from_the_account_that_was_named_or_chosen_by_whatever_number():
    """The granted detail has the account, and is of no account beside it."""
    (shown,) = details.in_words([{**PAYMENT, "creditorAccount": SORTED}], MIXED, language.of("en"))
    assert shown.facts == (("To account", "20-00-00 55779911"),)
    for choice, reference in zip(shown.questions[0].choices, (SORTED, CARD, DOMESTIC, {"iban": CURRENT}), strict=True):
        (granted,) = details.granted([PAYMENT], {choice.field: choice.value}, MIXED)
        assert granted["debtorAccount"] == reference
        named = {**PAYMENT, "debtorAccount": reference}
        assert details.granted([named], {}, MIXED) == (named,)
    second = {**PAYMENT, "debtorAccount": {"bban": "100100100006820101"}}
    assert details.granted([second], {}, MIXED) == (second,)  # The other number of the same account.
    (own,) = details.in_words([second], MIXED, language.of("en"))
    assert ("From", "Both, 100100100006820101") in own.facts
    for theirs in ({**SORTED, "sortCode": "200001"}, {"bban": "55779911"}, {"maskedPan": "540912******1235"}):
        with pytest.raises(AccessDenied):
            details.granted([{**PAYMENT, "debtorAccount": theirs}], {}, MIXED)
    for value in ("20000055779911", "bban.200000.55779911", "maskedPan.5409120000001234", "Loan", "sortCode.200000"):
        with pytest.raises(AccessDenied):
            details.granted([PAYMENT], {"details-0-from": value}, MIXED)


def test_two_cards_of_one_masked_number_are_one_choice():
    """It is called by both names, since what is granted names both."""
    twins = ({"name": "Card", **CARD}, {"name": "Card of my wife", **CARD})
    (shown,) = details.in_words([ACCESS], twins, language.of("en"))
    (choice,) = shown.questions[1].choices
    assert choice.words == "Card / Card of my wife"
    form = {choice.field: choice.value, "details-0-may-balances": "balances"}
    assert details.granted([ACCESS], form, twins)[0]["access"] == {"balances": [CARD]}


@pytest.mark.clause("RFC9396-4")
def test_4_a_number_of_two_accounts_names_neither():
    """A tick at one of two cards would give both away, and a payment would be from whichever comes first."""
    first, second = {"name": "First", "iban": CURRENT, **CARD}, {"name": "Second", "iban": SAVINGS, **CARD}
    for own in ((first, second), (first, {"name": "Third", **CARD})):
        wanted = {**ACCESS, "access": {"balances": [CARD]}}
        (shown,) = details.in_words([wanted], own, language.of("en"))
        assert shown.questions[1].choices == ()
        for field in (f"details-0-account-{CURRENT}", "details-0-account-maskedPan.540912******1234"):
            form = {field: field.removeprefix("details-0-account-"), "details-0-may-balances": "balances"}
            with pytest.raises(AccessDenied):
                details.granted([wanted], form, own)
        with pytest.raises(AccessDenied):
            details.granted([{**PAYMENT, "debtorAccount": CARD}], {}, own)
        (paid,) = details.granted([PAYMENT], {"details-0-from": CURRENT}, own)
        assert paid["debtorAccount"] == {"iban": CURRENT}


@pytest.mark.clause("RFC9396-5")
@each("blank", ["\u3164", "\u2800\u115f", "Order\u034f 1", "\uffa0", "\u0301", "\ufe0f", "a" + "\u0336" * 40])
def test_5_a_text_that_can_not_be_seen_or_covers_what_is_beside_it_is_refused(blank):
    """Letters without a glyph, and marks that pile up over the amount."""
    for member in ("creditorName", "remittanceInformationUnstructured"):
        with pytest.raises(InvalidAuthorizationDetails):
            parsed({**PAYMENT, member: blank})


@pytest.mark.clause("RFC9396-5")
@each("text", ["Nguy\u0065\u0302\u0303n", "\u2764\ufe0f Shop", "\u845b\U000e0100\u57ce", "\u0e17\u0e35\u0e48"])
def test_5_a_text_of_any_language_is_taken(text):
    """Marks of a writing system, and the variants of its characters."""
    parsed({**PAYMENT, "creditorName": text})


@pytest.mark.clause("RFC9396-6")
@each(
    ("had", "member", "allowed"),
    [
        ({}, {"frequencyPerDay": 9}, True),
        ({"frequencyPerDay": 4}, {"frequencyPerDay": 4}, True),
        ({"frequencyPerDay": 4}, {"frequencyPerDay": 5}, False),
        ({}, {"recurringIndicator": True}, True),
        ({"recurringIndicator": True}, {"recurringIndicator": False}, True),
        ({"recurringIndicator": False}, {"recurringIndicator": True}, False),
        ({"validUntil": "2027-06-30"}, {"validUntil": "2027-03-31"}, True),
        ({"validUntil": "2027-06-30"}, {"validUntil": "2027-07-01"}, False),
        ({"locations": ["https://a.example/", "https://b.example/"]}, {"locations": ["https://b.example/"]}, True),
        ({"locations": ["https://a.example/"]}, {"locations": ["https://c.example/"]}, False),
        ({"purpose": "Rent"}, {"purpose": "Rent"}, True),
        ({"purpose": "Rent"}, {"purpose": "Debt"}, False),
        ({}, {"purpose": "Debt"}, False),
    ],
)
def test_6_a_limit_may_be_tightened_and_never_loosened(had, member, allowed):
    """A subset of what was granted, in every field that sets a limit; what is not named stays as it was."""
    granted = ({**MANY, **had},)
    if allowed:
        assert details.within(json.dumps([{**ACCESS, **member}]), granted) == ({**granted[0], **member},)
    else:
        with pytest.raises(InvalidAuthorizationDetails):
            details.within(json.dumps([{**ACCESS, **member}]), granted)


@pytest.mark.clause("RFC9396-6")
@each(
    "member",
    [
        {"instructedAmount": {"currency": "EUR", "amount": "123.5"}},
        {"instructedAmount": {"currency": "USD", "amount": "123.50"}},
        {"creditorName": "Merchant B"},
        {"creditorAccount": {"iban": CURRENT}},
        {"debtorAccount": {"iban": SAVINGS}},
        {"remittanceInformationUnstructured": "Order 4712"},
        {"requestedExecutionDate": "2027-02-01"},
        {"frequency": "Monthly", "startDate": "2027-02-01"},
        {"actions": ["initiate", "cancel"]},
    ],
)
def test_6_a_payment_is_the_one_that_was_agreed_to_or_none(member):
    """Another amount, payee, account, reference or day is another payment."""
    granted = ({**PAYMENT, "debtorAccount": {"iban": CURRENT}, "actions": ["initiate"]},)
    with pytest.raises(InvalidAuthorizationDetails):
        details.within(json.dumps([{**PAYMENT, **member}]), granted)


@pytest.mark.clause("RFC9396-6")
@pytest.mark.parametrize("again", [{}, {"actions": ["status"]}])
def test_6_a_payment_that_was_agreed_to_once_is_in_no_token_twice(again):
    """Twice the same payment is more than was granted, unless it was granted twice."""
    paid = {**PAYMENT, "debtorAccount": {"iban": CURRENT}}
    twice = json.dumps([PAYMENT, {**PAYMENT, **again}])
    with pytest.raises(InvalidAuthorizationDetails):
        details.within(twice, (paid,))
    assert details.within(twice, (paid, paid)) == (paid, {**paid, **again})


@pytest.mark.clause("RFC9396-6")
def test_6_the_order_in_which_details_are_requested_does_not_matter():
    """What each covers is looked for among all that were granted."""
    wide, narrow = {**MANY, "frequencyPerDay": 4}, {**MANY, "frequencyPerDay": 1}
    for granted in ((wide, narrow), (narrow, wide)):
        assert details.within(json.dumps([narrow, wide]), granted) == (narrow, wide)
        assert details.within(json.dumps([wide, {**narrow, "recurringIndicator": False}]), granted)


@pytest.mark.clause("RFC9396-6")
def test_6_a_payment_can_be_requested_after_its_day():
    """The day was ahead when it was agreed to; that it is over since makes the same details no more than was granted."""
    granted = ({**PAYMENT, "requestedExecutionDate": "2020-02-01", "debtorAccount": {"iban": CURRENT}},)
    assert details.within(json.dumps(granted), granted) == granted


def test_one_account_less_leaves_no_empty_list_for_that_would_mean_every_account():
    detail = {**ACCESS, "access": {"accounts": [{"iban": CURRENT}], "balances": [{"iban": SAVINGS}]}}
    form = ticked(detail, "details-0")
    del form[f"details-0-account-{SAVINGS}"]
    (granted,) = details.granted((detail,), form, ACCOUNTS)
    assert granted == {**detail, "access": {"accounts": [{"iban": CURRENT}]}}


@each("name", TYPES)
def test_each_schema_lets_nothing_unknown_through_at_any_depth(name):
    objects = re.findall(r'"type": "object"', json.dumps(TYPES[name].schema))
    closed = re.findall(r'"additionalProperties": false', json.dumps(TYPES[name].schema))
    assert len(objects) == len(closed) > 0
