"""A person's own page of what each app may do (OpenID Connect Core 16.18): what it shows, and what ends by its buttons."""

import json
import re
from dataclasses import replace

import pytest

from chalicelib.authorization_details.detail_types import TYPES
from chalicelib.interaction import connections, given_consents
from chalicelib.storage.records import SingleUse
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import Unavailable
from local.sandbox_users import Sandbox
from tests.actors import ISSUER, Browser, certificate, elements
from tests.conftest import STANDARD


class Person(Browser):
    """Somebody who opens the page by themselves."""

    def arrive(self, username="alice"):
        """The page, after signing in where that is asked for."""
        page = self.get("/grants")
        if 'id="password"' in page.text:
            answer = self.sign_in(page, username=username)
            assert answer.location == "/grants"
            page = self.get("/grants")
        assert page.status == 200
        return page

    def form(self, page, action, client=None):
        """What the button posts."""
        for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
            tags = elements(part)
            form = {a["name"]: a.get("value", "") for t, a in tags if t == "input" and "name" in a}
            buttons = {a.get("value") for t, a in tags if t == "button"}
            if action in buttons and form.get("client") == client:
                return form | {"action": action}
        raise AssertionError(f"no button {action} for {client}")

    def end_one(self, consent):
        """What its button posts, which a page with one consent lacks."""
        form = self.form(self.get("/grants"), "sign-out")
        return self.post("/grants", form | {"action": "end-one", "consent": consent})

    def end(self, page, client):
        return self.post("/grants", self.form(page, "end", client))


@pytest.fixture
def alice(bank):
    return Person(bank)


def clients(page):
    """The clients on the page, each once."""
    return [a["value"] for t, a in elements(page.text) if a.get("name") == "client"]


def consents(page):
    return [a["value"] for t, a in elements(page.text) if a.get("name") == "consent"]


@pytest.fixture(autouse=True)
def _nothing_given(bank):
    """Whatever other tests gave away is over."""
    for username in ("alice", "bob"):
        one = Person(bank)
        page = one.arrive(username)
        for client in clients(page):
            one.end(page, client)
        bank.now += 60  # another one-time code


@pytest.mark.clause("OIDCC-16.18")
@pytest.mark.clause("FAPI1-BASE-5.2.2-18")
def test_what_a_client_was_granted_ends_at_once_by_the_persons_button(bank, alice, fintech, rival):
    """The end user can revoke the access tokens and refresh tokens granted to a client; another client's live on."""
    given, again, others = fintech.tokens(), fintech.tokens(), rival.tokens()
    page = alice.arrive()
    assert sorted(clients(page)) == ["fintech", "rival"]
    assert alice.end(page, "fintech").location == "/grants"
    for one in (given, again):
        assert fintech.userinfo(one["access_token"]).error == "invalid_token"
        assert fintech.refresh(one["refresh_token"]).error == "invalid_grant"
        assert fintech.accounts(one["access_token"])["context"]["error"] == "invalid_token"
    assert rival.userinfo(others["access_token"]).status == 200
    assert clients(alice.get("/grants")) == ["rival"]


@pytest.mark.clause("FAPI1-BASE-5.2.2-18")
def test_each_consent_is_on_a_page_however_many_there_are(bank, alice, fintech, rival, monkeypatch):
    """A page has some of them and leads to the next. What was given first ends too."""
    monkeypatch.setattr(given_consents, "PAGE_LENGTH", 1)
    given = fintech.tokens()
    bank.now += 60
    rival.tokens()
    newest = alice.arrive()
    assert clients(newest) == ["rival"]
    (more,) = [a["href"] for t, a in elements(newest.text) if a.get("rel") == "next"]
    oldest = alice.get(more)
    assert clients(oldest) == ["fintech"]
    assert 'rel="next"' not in oldest.text
    end = alice.form(oldest, "end", "fintech")
    assert alice.post("/grants", end).status == 303
    assert 'id="none"' in alice.get(more).text
    assert "No app has access" not in alice.get(more).text
    assert fintech.userinfo(given["access_token"]).error == "invalid_token"


def test_one_consent_ends_and_the_others_of_its_client_live_on(bank, alice, fintech):
    first = fintech.tokens()
    bank.now += 60
    second = fintech.tokens()
    newest, oldest = consents(alice.arrive())
    assert alice.end_one(newest).location == "/grants"
    assert fintech.userinfo(second["access_token"]).error == "invalid_token"
    assert fintech.refresh(second["refresh_token"]).error == "invalid_grant"
    assert fintech.userinfo(first["access_token"]).status == 200
    page = alice.get("/grants")
    assert "Done. This consent of Fintech has ended." in page.text
    assert consents(page) == [oldest]
    assert 'value="end-one"' not in page.text  # With one, there is one button.


def test_a_consent_that_ended_is_not_remembered_and_one_that_lives_is(bank, alice, fapi1_bearer_client):
    fapi1_bearer_client.tokens()
    (given,) = consents(alice.arrive())
    alice.end_one(given)
    bank.now += 60
    page = Browser(bank).consent_page("fapi1-bearer", fapi1_bearer_client.pushed())
    assert 'id="approve"' in page.text


def test_everything_ends_by_one_button(bank, alice, fintech, rival):
    given, others = fintech.tokens(), rival.tokens()
    assert alice.post("/grants", alice.form(alice.arrive(), "end-all")).location == "/grants"
    assert fintech.userinfo(given["access_token"]).error == "invalid_token"
    assert rival.refresh(others["refresh_token"]).error == "invalid_grant"
    page = alice.get("/grants")
    assert 'id="none"' in page.text
    assert "Done. The access of all your apps has ended." in page.text


def test_very_many_consents_end_press_by_press_and_the_page_says_so(bank, alice, fintech, rival, monkeypatch):
    """A press reads a bounded number of them."""
    of_person = bank.aws.grants.of_person
    monkeypatch.setattr(bank.aws.grants, "of_person", lambda sub, **wanted: of_person(sub, **wanted | {"limit": 1}))
    monkeypatch.setattr(connections, "MAX_READS", 1)
    given = fintech.tokens()
    bank.now += 60
    rival.tokens()
    form = alice.form(alice.arrive(), "end-all")
    alice.post("/grants", form)
    page = alice.get("/grants")
    assert "not yet of all" in page.text
    assert clients(page) == ["fintech"]
    alice.post("/grants", form)
    assert fintech.userinfo(given["access_token"]).error == "invalid_token"


def test_what_was_done_is_said_once_and_to_nobody_else(bank, alice, fintech):
    fintech.tokens()
    alice.end(alice.arrive(), "fintech")
    cookie = alice.cookies["__Host-done"]
    assert "has no more access" in alice.get("/grants").text
    assert 'id="done"' not in alice.get("/grants").text
    bob = Person(bank)
    bank.now += 60
    bob.arrive("bob")
    for wrong in (cookie, "client", "client.", "client.x.y", "other.x.y", "out.x.y", "\u00e4.\u00e4.\u00e4"):
        bob.cookies["__Host-done"] = wrong
        page = bob.get("/grants")
        assert (page.status, 'id="done"' in page.text) == (200, False)


@pytest.mark.clause("FAPI1-BASE-5.2.2-12")
def test_what_was_remembered_of_an_agreement_is_forgotten_with_it(bank, alice, fapi1_bearer_client):
    """After the access was ended, the person is asked for explicit consent again."""
    fapi1_bearer_client.tokens()
    alice.end(alice.arrive(), "fapi1-bearer")
    bank.now += 60
    page = Browser(bank).consent_page("fapi1-bearer", fapi1_bearer_client.pushed())
    assert 'id="approve"' in page.text


@pytest.mark.clause("FAPI1-BASE-5.2.2-18")
def test_it_tells_who_may_do_what_since_when_and_until_when(bank, alice, fintech):
    """A person sees each client with what it may do, when that was given and when it ends."""
    fintech.tokens()
    page = alice.arrive()
    for disclosed in ("Fintech", "See your accounts and their balances", "Since", "Access ends", "alice"):
        assert disclosed in page.text


def test_it_tells_which_details_were_granted_and_no_others(bank, alice, tls_client_auth_client):
    made = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=rich,O=Fintech\\, Inc.,C=DE",
    }
    bank.register(**STANDARD | made | {"client_id": "rich", "authorization_details_types": list(TYPES)})
    rich = tls_client_auth_client.with_(client_id="rich", certificate=certificate("rich"))
    wanted = {"type": "account_information", "access": {"accounts": [{"iban": "DE02100100100006820101"}]}}
    assert rich.redeem(_agreed(bank, rich, wanted)).status == 200
    shown = alice.arrive().text
    assert clients(alice.get("/grants")) == ["rich"]
    for disclosed in ("Account details", "DE02"):
        assert disclosed in shown
    assert "Balances" not in shown
    assert "DE18" not in shown


def _agreed(bank, client, wanted):
    browser = Browser(bank)
    pushed = client.pushed(scope="openid", authorization_details=json.dumps([wanted]))
    page = browser.consent_page(client.client_id, pushed)
    inputs = [a for t, a in elements(page.text) if t == "input" and "name" in a]
    form = {a["name"]: a.get("value", "") for a in inputs} | {"action": "approve"}
    return browser.post("/consent", form).parameters["code"]


def test_a_person_without_grants_reads_so(alice):
    assert 'id="none"' in alice.arrive().text


def test_who_signs_out_is_not_known_any_more(bank, alice):
    page = alice.arrive()
    kept = dict(alice.cookies)
    assert alice.post("/grants", alice.form(page, "sign-out")).location == "/grants"
    assert "__Host-ducat-session" not in alice.cookies
    assert "Done. You are signed out." in alice.get("/grants").text
    alice.cookies = kept  # a thief who copied it
    assert 'id="password"' in alice.get("/grants").text


def test_a_wrong_password_opens_nothing_and_is_counted(bank, alice):
    page = alice.get("/grants")
    answer = alice.sign_in(page, password="wrong")
    assert (answer.status, 'id="problem"' in answer.text) == (200, True)
    assert "__Host-ducat-session" not in alice.cookies


def test_a_one_time_code_that_was_used_opens_nothing(bank, alice, monkeypatch):
    once = SingleUse(digest("of another browser"), bank.now + 60, "one-time code")
    bank.aws.replay_cache.consume(once, now=bank.now)
    really = Sandbox.sign_in
    monkeypatch.setattr(
        Sandbox, "sign_in", lambda *known, **typed: replace(really(*known, **typed), single_use=(once,))
    )
    answer = alice.sign_in(alice.get("/grants"))
    assert 'id="problem"' in answer.text
    assert "__Host-ducat-session" not in alice.cookies


# Attacks.


def test_another_site_can_not_press_a_button(bank, alice, fintech):
    given = fintech.tokens()
    form = alice.form(alice.arrive(), "end", "fintech")
    other = Person(bank)
    bank.now += 60
    outsider = other.form(other.arrive("bob"), "sign-out")["csrf"]
    for token in ("", "x", outsider):
        answer = alice.post("/grants", form | {"csrf": token})
        assert answer.page_error == "access_denied"
    assert alice.post("/grants", form | {"interaction": "grants"}).page_error == "access_denied"
    assert fintech.userinfo(given["access_token"]).status == 200


def test_nobody_ends_what_another_person_gave(bank, alice, fintech):
    given = fintech.tokens()
    bob = Person(bank)
    form = bob.form(bob.arrive("bob"), "sign-out") | {"action": "end", "client": "fintech"}
    assert bob.post("/grants", form).location == "/grants"
    bank.now += 60
    (key,) = consents(alice.arrive())
    for action in ("end-one", "end-all"):
        assert bob.post("/grants", form | {"action": action, "client": "", "consent": key}).location == "/grants"
    assert fintech.userinfo(given["access_token"]).status == 200


def test_a_consent_that_waits_for_its_decision_is_not_ended_by_its_key(bank, alice, fintech):
    """It is on no page, and its key is in the address of the consent page."""
    browser = Browser(bank)
    page = browser.consent_page("fintech", fintech.pushed())
    key = next(a["value"] for t, a in elements(page.text) if a.get("name") == "interaction")
    bank.now += 60
    alice.arrive()
    for wrong in (key, "x", "\u00e4", "a" * 43):
        assert alice.end_one(wrong).location == "/grants"
        assert 'id="done"' not in alice.get("/grants").text
    assert browser.submit(page, "approve").parameters["code"]


def test_a_page_of_before_does_nothing_for_who_sits_there_now(bank, alice, fintech):
    given = fintech.tokens()
    stale = alice.form(alice.arrive(), "end", "fintech")
    alice.post("/grants", alice.form(alice.get("/grants"), "sign-out"))
    bank.now += 60
    alice.arrive("bob")
    assert alice.post("/grants", stale).page_error == "access_denied"
    assert fintech.userinfo(given["access_token"]).status == 200


def test_a_page_that_outlived_its_sign_in_does_nothing(bank, alice, fintech):
    given = fintech.tokens()
    stale = alice.form(alice.arrive(), "end", "fintech")
    bank.now += 15 * 60
    assert alice.post("/grants", stale).location == "/grants"
    assert fintech.refresh(given["refresh_token"]).status == 200


@pytest.mark.parametrize(
    "wrong", [{"action": "other"}, {"client": ""}, {"action": ""}, {"consent": "x"}, {"action": "end-one"}]
)
def test_no_other_button_is_there(alice, fintech, wrong):
    given = fintech.tokens()
    form = alice.form(alice.arrive(), "end", "fintech")
    assert alice.post("/grants", form | wrong).page_error == "access_denied"
    assert fintech.userinfo(given["access_token"]).status == 200


@pytest.mark.parametrize("name", ["next", "return_to", "redirect_uri", "url"])
def test_it_leads_nowhere_else(alice, name):
    page = alice.get("/grants", {name: "https://evil.example"})
    assert "evil" not in page.text
    assert alice.sign_in(page).location == "/grants"
    assert ISSUER.startswith("https://")


def test_a_directory_that_recognises_nobody_without_a_sign_in_shows_the_page_after_one(alice, bank, monkeypatch):
    """As the one in the docs: `recall` gives None for each, which says nothing of who just signed in."""
    monkeypatch.setattr(Sandbox, "recall", lambda self, username, **more: None)
    assert "Sign out" in alice.arrive().text


def test_who_may_sign_in_no_more_sees_the_sign_in_page_and_ends_nothing(alice, bank, monkeypatch):
    page = alice.arrive()
    monkeypatch.setattr(Sandbox, "may_sign_in", lambda self, sub, *, now: False)
    assert 'id="password"' in alice.get("/grants").text
    assert 'id="password"' not in page.text


def test_a_directory_that_can_not_answer_is_a_page_that_says_so(alice, bank, monkeypatch):
    def unavailable(self, sub, *, now):
        raise Unavailable

    alice.arrive()
    monkeypatch.setattr(Sandbox, "may_sign_in", unavailable)
    answer = alice.get("/grants")
    assert (answer.status, answer.header("retry-after") is not None) == (503, True)
