"""Somebody else has the link: the address of a page, out of a log, over a shoulder, or sent to a victim."""

from urllib.parse import urlsplit

import pytest

from tests.actors import Browser


def gets_nowhere(answer):
    assert answer.status == 400, (answer.status, answer.text)
    assert answer.page_error == "access_denied"
    assert answer.header("location") is None
    assert answer.header("set-cookie") is None
    assert "<form" not in answer.text
    return True


@pytest.fixture
def victim(bank):
    return Browser(bank)


@pytest.fixture
def attacker(bank):
    return Browser(bank)


@pytest.mark.parametrize("path", ["/login", "/consent"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_page_opens_only_in_the_browser_that_began(fintech, victim, attacker, path, signed_in):
    """The interaction belongs to the cookie of the browser that opened the authorization endpoint."""
    login = victim.open("fintech", fintech.pushed()).location
    if signed_in:
        victim.sign_in(victim.get(login))
    link = login.replace("/login", path)
    assert gets_nowhere(attacker.get(link))
    assert victim.get(link).status in (200, 303)


@pytest.mark.parametrize("action", ["login", "cancel"])
def test_a_login_form_works_only_in_its_browser(fintech, victim, attacker, action):
    """Even with everything that stands in the page, token included."""
    page = victim.page("fintech", fintech.pushed())
    typed = {"username": "alice", "password": "wonderland", "one_time_code": "123456"} if action == "login" else {}
    assert gets_nowhere(attacker.submit(page, action, **typed))
    assert "code" in victim.submit(victim.get(victim.sign_in(page).location), "approve").parameters


@pytest.mark.parametrize("action", ["approve", "cancel"])
def test_a_consent_form_works_only_in_its_browser(fintech, victim, attacker, action):
    """Who copied the consent page decides nothing."""
    page = victim.consent_page("fintech", fintech.pushed())
    assert gets_nowhere(attacker.submit(page, action))
    assert "code" in victim.submit(page, "approve").parameters


def test_a_cookie_of_ones_own_opens_no_other_interaction(fintech, victim, attacker):
    """The attacker has a cookie of us as well, and gives it the name of the victim's."""
    attackers_link = attacker.open("fintech", fintech.pushed()).location
    link = victim.open("fintech", fintech.pushed()).location
    (name,) = victim.cookies
    (own,) = attacker.cookies.values()
    attacker.cookies[name] = own
    assert gets_nowhere(attacker.get(link))
    assert attacker.get(attackers_link).status == 200


@pytest.mark.parametrize("value", ["", "x", "\x00", "a" * 5000, "\N{SNOWMAN}", "null", ".", "{}"])
def test_no_made_up_cookie_opens_a_page(fintech, victim, attacker, value):
    """The cookie holds 256 random bits, which nobody guesses."""
    link = victim.open("fintech", fintech.pushed()).location
    (name,) = victim.cookies
    attacker.cookies[name] = value
    assert gets_nowhere(attacker.get(link))


def test_a_cookie_that_stands_twice_is_none(fintech, victim):
    """Who can plant a second cookie of that name, from a sibling host, gets no interaction out of it."""
    link = urlsplit(victim.open("fintech", fintech.pushed()).location)
    ((name, value),) = victim.cookies.items()
    for line in (f"{name}={value}; {name}=planted", f"{name}=planted; {name}={value}"):
        answer = victim.bank.send("GET", link.path, query=link.query, headers=(("Cookie", line),))
        assert gets_nowhere(answer)


def test_what_a_person_did_is_not_there_for_who_opens_the_request_again(fintech, victim, attacker):
    """Opening the request_uri once more begins anew: no sign-in of the first browser is taken over by the second."""
    request_uri = fintech.pushed()
    consent = victim.consent_page("fintech", request_uri)
    link = attacker.open("fintech", request_uri).location
    back_at_login = attacker.get(link.replace("/login", "/consent"))
    assert urlsplit(back_at_login.location).path == "/login"
    assert gets_nowhere(victim.submit(consent, "approve"))
    assert 'name="password"' in attacker.get(link).text


def test_a_person_who_is_sent_the_attackers_link_gives_the_attacker_nothing(fintech, victim, attacker):
    """Login swap: the attacker begins, the victim is to finish; the link does not open in the victim's browser."""
    link = attacker.open("fintech", fintech.pushed()).location
    assert gets_nowhere(victim.get(link))
    assert gets_nowhere(victim.get(link.replace("/login", "/consent")))


def test_two_logins_in_one_browser_do_not_mix(fintech, rival, victim):
    """Two tabs, two clients: each form decides its own interaction."""
    one, other = victim.open("fintech", fintech.pushed(state="one")), victim.open("rival", rival.pushed(state="two"))
    assert len(victim.cookies) == 2
    one = victim.get(victim.sign_in(victim.get(one.location)).location)
    other = victim.get(victim.sign_in(victim.get(other.location), username="bob").location)
    second, first = victim.submit(other, "approve"), victim.submit(one, "approve")
    assert (first.parameters["state"], second.parameters["state"]) == ("one", "two")
    subs = {
        client.userinfo(client.redeem(back.parameters["code"]).json()["access_token"]).json()["sub"]
        for client, back in ((fintech, first), (rival, second))
    }
    assert len(subs) == 2


def test_after_the_decision_only_the_same_decision_can_be_made_again(fintech, victim):
    """The back button finds Allow, which makes another code, until one is redeemed; nobody signs in or cancels any more."""
    login = victim.open("fintech", fintech.pushed()).location
    consent = victim.get(victim.sign_in(victim.get(login)).location)
    victim.submit(consent, "approve")
    assert gets_nowhere(victim.get(login))
    assert gets_nowhere(victim.submit(consent, "cancel"))
    shown = victim.get(login.replace("/login", "/consent"))
    code = victim.submit(shown, "approve").parameters["code"]
    assert fintech.redeem(code).status == 200
    assert gets_nowhere(victim.get(login.replace("/login", "/consent")))
    assert gets_nowhere(victim.submit(consent, "approve"))


def test_an_interaction_ends_by_itself(bank, fintech, victim):
    """A browser that was left open decides nothing a quarter of an hour later."""
    consent = victim.consent_page("fintech", fintech.pushed())
    bank.now += 900
    assert gets_nowhere(victim.submit(consent, "approve"))
