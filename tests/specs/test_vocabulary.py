"""A bank's own words: scopes, claims, types of authorization details, names of levels and its time zone, by one file."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib import language, scopes, vocabulary, vocabulary_file
from chalicelib.authorization_details import declared_type, detail_types, details
from chalicelib.errors import InvalidAuthorizationDetails, InvalidClientMetadata
from chalicelib.users import assurance, claims
from chalicelib.vocabulary_file import VocabularyError, read
from local.sandbox_users import ALICE
from tests.actors import NOW, Browser, certificate, elements
from tests.conftest import STANDARD
from tests.each import each

SANDBOX = Path("local/vocabulary.json").read_text()
UK = {"acr": {"2": "urn:openbanking:psd2:ca", "3": "urn:openbanking:psd2:sca"}}
BRAZIL = {"acr": {"2": "urn:brasil:openbanking:loa2", "3": "urn:brasil:openbanking:loa3"}}
ORDER = {
    "type": "standing_order",
    "amount": {"currency": "EUR", "amount": "50"},
    "payee": "Landlord",
    "payeeAccount": {"iban": "DE02100100109307118603"},
    "firstPayment": "2027-02-01",
}

pytestmark = pytest.mark.fault("4h")


@pytest.fixture
def speaking(monkeypatch):
    """A function that gives this process a vocabulary, for the test."""

    def use(text):
        made = read(text if isinstance(text, str) else json.dumps(text))
        details._schema.cache_clear()  # a process has one vocabulary, and compiles each schema once
        monkeypatch.setattr(vocabulary, "_current", made)
        return made

    yield use
    details._schema.cache_clear()


@pytest.fixture
def own(bank, tls_client_auth_client, speaking):
    """A client of the sandbox's vocabulary that may ask for what is the bank's own."""
    speaking(SANDBOX)
    bank.register(
        **STANDARD
        | {
            "client_id": "own",
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=own,O=Fintech\\, Inc.,C=DE",
            "scope": "openid accounts customer",
            "authorization_details_types": ["standing_order"],
        }
    )
    return tls_client_auth_client.with_(client_id="own", certificate=certificate("own"))


def test_what_the_library_brings_is_named_where_the_vocabulary_looks():
    """The vocabulary stands on the ground floor and knows the library's names by heart."""
    assert tuple(scopes.SCOPES) == vocabulary.SCOPES
    assert tuple(detail_types.TYPES) == vocabulary.DETAIL_TYPES
    assert tuple(declared_type.MEMBERS) == vocabulary_file.MEMBER_KINDS
    assert set(vocabulary_file.CLAIMS.split()) == claims.NAMES


def test_a_scope_and_a_claim_of_the_banks_own_are_requested_and_disclosed(own):
    """Both needed edits in the library."""
    browser = Browser(own.bank)
    page = browser.consent_page("own", own.pushed(scope="openid customer"))
    assert "See since when you are a customer" in page.text
    tokens = own.redeem(browser.submit(page, "approve").parameters["code"]).json()
    assert own.userinfo(tokens["access_token"]).json()["customer_since"] == "2019-04-01"
    by_name = json.dumps({"userinfo": {"customer_since": None}})
    wanted = Browser(own.bank).consent_page("own", own.pushed(scope="openid", claims=by_name))
    assert "See your first day as a customer" in wanted.text


def test_a_type_of_the_banks_own_is_requested_in_words_chosen_and_granted(own):
    browser = Browser(own.bank)
    page = browser.consent_page("own", own.pushed(scope="openid", authorization_details=json.dumps([ORDER])))
    read_ = " ".join(page.text.replace("\u00a0", " ").split())
    assert '<span class="figure">50.00 EUR</span>' in read_
    assert "Landlord each month" in read_
    assert "1 February 2027" in read_
    radios = [a["value"] for t, a in elements(page.text) if t == "input" and a.get("type") == "radio"]
    assert radios == [account["iban"] for account in ALICE.accounts]
    form = {a["name"]: a.get("value", "") for t, a in elements(page.text) if t == "input" and a.get("type") == "hidden"}
    back = browser.post("/consent", form | {"details-0-account": radios[1], "action": "approve"})
    tokens = own.redeem(back.parameters["code"]).json()
    assert tokens["authorization_details"] == [{**ORDER, "debtorAccount": {"iban": radios[1]}}]
    assert "refresh_token" not in tokens  # it is for once
    narrowed = details.within(json.dumps([ORDER]), tuple(tokens["authorization_details"]))
    assert narrowed == tuple(tokens["authorization_details"])
    with pytest.raises(InvalidAuthorizationDetails, match="more than was granted"):
        details.within(json.dumps([{**ORDER, "payee": "Another"}]), tuple(tokens["authorization_details"]))


@each(
    "wrong",
    [
        {"amount": {"currency": "EUR", "amount": "1.500"}},
        {"payee": "Land\u202elord"},
        {"firstPayment": "2027-02-30"},
        {"more": 1},
        {"payeeAccount": {"iban": "DE03100100109307118603"}},
    ],
)
def test_a_type_of_the_banks_own_is_as_strict_as_the_librarys(speaking, wrong):
    speaking(SANDBOX)
    with pytest.raises(InvalidAuthorizationDetails):
        details.requested(json.dumps([ORDER | wrong]), ["standing_order"], now=NOW)


@each(
    "metadata",
    [{"scope": "openid acounts"}, {"scope": "openid customer"}, {"authorization_details_types": ["standing_order"]}],
)
def test_registration_refuses_what_there_is_none_of(bank, metadata):
    """It said yes to any, and the client could never ask for it."""
    with pytest.raises(InvalidClientMetadata, match=r"unknown (acounts|customer|standing_order); known are"):
        bank.register(
            **STANDARD
            | {"client_id": "typo", "token_endpoint_auth_method": "tls_client_auth"}
            | {"tls_client_auth_subject_dn": "CN=typo,O=F,C=DE"}
            | metadata
        )


def test_a_scope_that_was_taken_away_is_refused(own, speaking):
    """The client's record still has it; RFC 6749 3.3."""
    speaking({})
    refused = own.push(scope="openid customer")
    assert (refused.status, refused.error) == (400, "invalid_scope")


def test_the_metadata_follow(bank, speaking):
    """RFC 8414 2: scopes_supported; RFC 9396 10; OpenID Connect Discovery 3."""
    before = bank.metadata()
    speaking(json.loads(SANDBOX) | UK)
    after = bank.metadata()
    for name, added in (
        ("scopes_supported", "customer"),
        ("claims_supported", "customer_since"),
        ("authorization_details_types_supported", "standing_order"),
    ):
        assert after[name] == [*before[name], added]
    assert after["acr_values_supported"] == ["urn:openbanking:psd2:ca", "urn:openbanking:psd2:sca"]


@each("names", [UK, BRAZIL])
def test_levels_have_the_names_of_an_ecosystem(bank, fintech, speaking, names):
    speaking(names)
    acr = names["acr"]["2"]
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "value": acr}}})
    tokens = fintech.tokens(scope="openid", claims=wanted)
    assert bank.verified(tokens["id_token"], "fintech")["acr"] == acr
    assert [assurance.level(name) for name in names["acr"].values()] == [2, 3]
    assert assurance.level("urn:ducat:loa:3") == 0


@each(
    "case",
    [
        # 23:30 in São Paulo on the 15th is the 16th in UTC; 08:00 in Sydney on the 16th is the 15th.
        ("America/Sao_Paulo", datetime(2027, 1, 16, 2, 30, tzinfo=UTC), "2027-01-15", True),
        ("America/Sao_Paulo", datetime(2027, 1, 16, 2, 30, tzinfo=UTC), "2027-01-14", False),
        ("Australia/Sydney", datetime(2027, 1, 15, 21, 0, tzinfo=UTC), "2027-01-15", False),
        ("Australia/Sydney", datetime(2027, 1, 15, 21, 0, tzinfo=UTC), "2027-01-16", True),
    ],
)
def test_today_is_the_banks_today(speaking, case):
    """In São Paulo "today" was refused each evening; in Sydney yesterday was taken."""
    zone, now, day, taken = case
    speaking({"time_zone": zone})
    wanted = [{"type": "account_information", "access": {"accounts": []}, "validUntil": day}]
    try:
        assert details.requested(json.dumps(wanted), ["account_information"], now=int(now.timestamp())) == tuple(wanted)
    except InvalidAuthorizationDetails:
        assert not taken
    else:
        assert taken


def test_a_day_ends_and_is_shown_where_the_bank_is(speaking):
    """What is valid until the 15th ends with the 15th in São Paulo, three hours after UTC's."""
    speaking({"time_zone": "America/Sao_Paulo"})
    end = details.ends([{"validUntil": "2027-01-15"}], otherwise=1 << 40)
    assert datetime.fromtimestamp(end, UTC) == datetime(2027, 1, 16, 3, tzinfo=UTC)
    from chalicelib import date_format

    assert date_format.in_words(end, language.of("en")) == "15 January 2027, end of day (UTC-03)"
    assert date_format.in_words(end - 1800, language.of("en")) == "15 January 2027, 23:30\u00a0UTC-03"
    assert details.ends([{"validUntil": "9999-12-31"}], otherwise=7) == 7


def test_a_day_also_ends_where_the_next_one_has_no_midnight(speaking):
    """In Santiago the clocks go from 5 September, 24:00 to one o'clock of the 6th. In Havana a day may have two midnights."""
    from chalicelib import date_format

    speaking({"time_zone": "America/Santiago"})
    end = details.ends([{"validUntil": "2026-09-05"}], otherwise=1 << 40)
    assert datetime.fromtimestamp(end, UTC) == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert date_format.in_words(end, language.of("en")) == "5 September 2026, end of day (UTC-04)"
    assert details.until([{"type": "account_information"}], end)[0]["validUntil"] == "2026-09-05"
    speaking({"time_zone": "America/Havana"})
    second = int(datetime(2026, 11, 1, 5, tzinfo=UTC).timestamp())
    assert date_format.in_words(second, language.of("en")) == "1 November 2026, 00:00\u00a0CST"


def test_every_fault_is_reported_at_once():
    wrong = {
        "time_zone": "Mars/Olympus",
        "acr": {"4": "x"},
        "words": [],
        "scopes": [{"name": "a b", "words": ""}, {"nam": "x"}],
        "claims": [{"name": "sub line", "words": "x"}],
        "authorization_details_types": {},
    }
    with pytest.raises(VocabularyError) as disclosed:
        read(json.dumps(wrong))
    for part in (
        *("words: not a section", "time_zone:", "acr:", "scopes[0]: name", "scopes[0]: words", "scopes[1]: nam"),
        *("scopes[1]: writes is missing", "claims[0]: name", "authorization_details_types: not a list"),
    ):
        assert part in str(disclosed.value), part


@each(
    "clash",
    [
        ({"scopes": [{"name": "openid", "words": "x", "about_a_person": True, "writes": False}]}, "openid is there"),
        ({"claims": [{"name": "a", "words": "x", "scopes": ["nowhere"]}]}, "no scope nowhere"),
        ({"acr": {"2": "same", "3": "same"}}, "two levels"),
    ],
)
def test_what_is_named_twice_or_names_what_is_not_there_is_refused(clash):
    text, words = clash
    with pytest.raises(VocabularyError, match=words):
        read(json.dumps(text))


@each(
    "change",
    [
        ({"heading": "Pay {sum}"}, "no member sum"),
        ({"members": {"amount": "amont"}}, "amount is no schema and no kind"),
        ({"account": "payee"}, "payee is no account"),
        ({"name": "payment_initiation"}, "payment_initiation is there already"),
    ],
)
def test_a_declared_type_that_does_not_hold_together_is_refused(change):
    more, words = change
    declared = json.loads(SANDBOX)
    declared["authorization_details_types"][0] |= more
    with pytest.raises(VocabularyError, match=words):
        read(json.dumps(declared))


def test_a_schema_that_can_not_be_compiled_is_reported_before_it_is_deployed():
    declared = json.loads(SANDBOX)
    declared["authorization_details_types"][0]["members"]["payee"] = {"type": "strnig"}
    (one,) = read(json.dumps(declared)).authorization_details_types
    assert declared_type.problems_of(one)
    (good,) = read(SANDBOX).authorization_details_types
    assert declared_type.problems_of(good) == []


def test_no_claim_but_those_that_are_known_is_disclosed(own, monkeypatch):
    """A directory that gives more tells no more."""
    assert "customer_since" in claims.known()
    monkeypatch.setattr(vocabulary, "_current", vocabulary.Vocabulary())
    assert "customer_since" not in claims.known()


def test_the_example_of_the_documentation_can_be_used():
    (example,) = Path("docs/operate/vocabulary.md").read_text().split("```json\n")[1:]
    made = read(example.split("```")[0])
    assert [one.name for one in made.authorization_details_types] == ["standing_order"]
    assert declared_type.problems_of(made.authorization_details_types[0]) == []
