"""A person's page of payments and ended consents, and the last use of a consent in force (/grants, /grants?past=1)."""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib import language, vocabulary
from chalicelib.interaction import given_consents
from chalicelib.pages.frame import theme_of
from chalicelib.storage.grant_records import HISTORY
from chalicelib.storage.token_values import read
from ducat_cdk import themes
from local.sandbox_users import ALICE, BOB
from tests.actors import elements
from tests.paying import PAYMENT
from tests.storage.sample_records import REQUEST, flow
from tests.users.test_grants import Person, consents

DAY = 24 * 3600
ENGLISH = language.of("en")
PAID = ({**PAYMENT, "debtorAccount": {"iban": ALICE.accounts[0]["iban"]}},)


@pytest.fixture
def alice(bank):
    return Person(bank)


@pytest.fixture(autouse=True)
def _nothing_given(bank):
    """What other tests gave away is too long ago."""
    bank.now += 3 * HISTORY


def past(person):
    """The page, and the text of each consent on it."""
    person.arrive()
    page = person.get("/grants", {"past": "1"})
    assert page.status == 200
    return page, [
        " ".join(re.sub("<[^>]+>", " ", part).split())
        for part in re.findall('<section class="app".*?</section>', page.text, re.S)
    ]


def gave(bank, sub=ALICE.sub, *, request=REQUEST, granted=(), lasts=DAY):
    """A consent of alice, redeemed."""
    now = bank.now
    one = flow(
        sub=sub, request=request, request_expires_at=now + 90, expires_at=now + 90, consent_expires_at=now + lasts
    )
    one.pushed(bank.aws).open(bank.aws, now=now)
    one.authenticate(bank.aws, now=now)
    one.approve(bank.aws, now=now, granted=granted)
    one.redeem(bank.aws, now=now)
    return one


def paid(bank, granted=PAID, **more):
    one = gave(bank, granted=granted, **more)
    bank.aws.grants.consume(one.found(bank.aws), 0, by="x", now=bank.now)
    return one


def test_a_payment_that_was_made_says_when_how_much_to_whom_and_by_which_app(bank, alice):
    paid(bank)
    gave(bank, granted=PAID)  # Nobody made this one, and it is in force.
    _, (text,) = past(alice)
    for part in (
        "Pay 1,234.50 EUR to Merchant A",
        "DE02 1001 0010 9307 1186 03",
        "Payment made",
        "App Fintech",
        "Access ends",
    ):
        assert part in text, part


def test_what_ended_is_shown_for_a_year_with_its_end(bank, alice):
    expired, one, all_of_it = gave(bank, lasts=60), gave(bank), gave(bank)
    bank.aws.grants.revoke(one.key, now=bank.now + 10)
    bank.aws.bonds.end(all_of_it.bond, now=bank.now + 20, keep=bank.now + DAY)
    bank.now += 60
    page, texts = past(alice)
    assert len(texts) == 3
    assert all("Ended" in text for text in texts)
    assert page.text.count(", or before") == 1  # A bond says when all was ended last.
    assert expired.key not in page.text
    bank.now += HISTORY
    assert past(alice)[1] == []
    assert 'id="none"' in past(alice)[0].text


def test_a_consent_whose_code_was_used_twice_ended_for_the_persons_safety(bank, alice):
    one = gave(bank)
    with pytest.raises(Exception, match="redeemed before"):
        one.redeem(bank.aws, attempt="another", now=bank.now)
    assert "Ended for your safety" in past(alice)[1][0]


def test_what_was_never_redeemed_and_what_is_anothers_is_on_no_page(bank, alice):
    now = bank.now
    waits = flow(sub=ALICE.sub, request_expires_at=now + 90, expires_at=now + 90, consent_expires_at=now + 60)
    waits.pushed(bank.aws).open(bank.aws, now=now)
    waits.authenticate(bank.aws, now=now)
    waits.approve(bank.aws, now=now)
    gave(bank, sub=BOB.sub, lasts=60)
    bank.now += 61
    assert past(alice)[1] == []


def test_a_long_past_is_shown_page_by_page_and_each_costs_the_same(bank, alice):
    for n in range(7):
        paid(bank, ({**PAID[0], "creditorName": f"Merchant {n}"},))
        bank.now += 1
    seen, page = [], past(alice)[0]
    while True:
        seen += re.findall(r"Merchant \d", page.text)
        more = [a["href"] for t, a in elements(page.text) if a.get("rel") == "next"]
        if not more:
            break
        page = alice.get(more[0])
    assert seen == [f"Merchant {n}" for n in range(6, -1, -1)]


def test_a_page_of_the_past_reads_no_more_however_long_it_is(bank, monkeypatch):
    """Consents in force between those of the past are read too."""
    reads = []

    def history_of_person(sub, *, after, limit):
        reads.append(limit)
        return [(gave(bank).found(bank.aws), 0)], "1.x"

    monkeypatch.setattr(bank.aws.grants, "history_of_person", history_of_person)
    found, after = given_consents.past(ALICE.sub, bank.aws, ENGLISH, after=None, now=bank.now)
    assert (found, after, reads) == ([], "1.x", [given_consents.PAST_READ] * given_consents.PAST_READS)


def test_the_last_use_is_a_day_and_one_write_a_day(bank, alice, fintech):
    tokens = fintech.tokens()
    key = read(tokens["access_token"]).grant
    written = []
    really = bank.aws.grants.used

    def used(key, *, now):
        written.append(now)
        really(key, now=now)

    bank.aws.grants.used, before = used, really
    try:
        for hours in (1, 22, 2, 1, 21, 1):
            bank.now += hours * 3600
            assert fintech.refresh(tokens["refresh_token"]).status == 200
    finally:
        bank.aws.grants.used = before
    assert len(written) == 1
    alice.arrive()
    assert bank.aws.grants.find(key, now=bank.now).last_used_at == written[0]
    (_, shown), *_ = re.findall(r"(Last used)</dt><dd><strong>([^<]+)", alice.get("/grants").text)
    assert shown == ENGLISH.date(datetime.fromtimestamp(written[0], vocabulary.current().zone))


def test_the_longest_consents_keep_the_page_within_its_weight(bank, alice, tmp_path, monkeypatch):
    """In the language and the letters that take most, with a brand, each as long as a request may make it."""
    themes.write(Path("local") / "brands" / "coral", tmp_path)
    theme = str(tmp_path)
    monkeypatch.setattr(bank.aws, "settings", bank.aws.settings._replace(theme=theme, bank_name="Coral Bank"))
    longest = {
        **PAID[0],
        "creditorName": "\u0634" * 70,
        "remittanceInformationUnstructured": "\u0634" * 140,
        "requestedExecutionDate": "2099-12-31",
    }
    scope = ("openid", "profile", "email", "phone", "address", "accounts", "payments")
    for n in range(4):
        paid(bank, (longest, longest), request=replace(REQUEST, scope=scope), lasts=DAY + n)
    alice.arrive()
    for address in ("/grants", "/grants?past=1"):
        page = alice.get(f"{address}{'&' if '?' in address else '?'}language=ar")
        assert 'dir="rtl"' in page.text
        assert "\u0634" * 140 in page.text
        assert len(page.text.replace(theme_of(theme).logo, "").encode()) <= 15 * 1024
        assert 'rel="next"' in page.text


def test_an_after_of_the_persons_making_gives_nothing(alice, bank):
    paid(bank)
    alice.arrive()
    for after in ("x", "1.x", "9" * 30 + ".x", "\u0661"):
        for query in ({"past": "1", "after": after}, {"after": after}):
            assert 'id="none"' in alice.get("/grants", query).text
    assert consents(alice.get("/grants")) != []
