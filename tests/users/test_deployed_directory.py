"""The journeys of a login with the directory of users that is deployed: every endpoint that asks it, as a bank would have it.

The other tests have the sandbox's people, whose secrets stand on the login page.
"""

import re
from dataclasses import replace

import pyotp
import pytest

from chalicelib.assembly import Aws
from chalicelib.interaction import session
from chalicelib.jobs import sweep
from chalicelib.storage.dynamodb.attributes import Write
from chalicelib.storage.dynamodb.users import record_of
from chalicelib.users import enrolment
from tests.actors import Browser, elements
from tests.authenticator import Authenticator, passkey_options
from tests.conftest import _fapi1

pytestmark = pytest.mark.usefixtures("light_passwords")

DIRECTORY = "chalicelib.users.directory:build"
PASSWORD = "correct horse battery staple"
CLAIMS = {"name": "Carol Example", "email": "carol@example.com"}


class Customer(Browser):
    """A browser, and the authenticator app of carol, who is in the directory."""

    def __init__(self, bank):
        super().__init__(bank)
        uri = enrolment.enrol(
            bank.aws,
            "carol",
            sub="s-carol",
            password=PASSWORD,
            claims=CLAIMS,
            random_bytes=lambda octets: b"c" * octets,
        )
        self.app = pyotp.parse_uri(uri)

    def show(self, page, password=PASSWORD):
        """Sign in on the page."""
        self.bank.now += 30  # a code that was not used
        return self.sign_in(page, username="carol", password=password, one_time_code=self.app.at(self.bank.now))

    def approve(self, client, **requested):
        """The authorization response of a request that needs a sign-in and consent."""
        signed_in = self.show(self.page(client.client_id, client.pushed(**requested)))
        return self.submit(self.get(signed_in.location), "approve")


@pytest.fixture
def carol(bank):
    bank.aws.settings = bank.settings._replace(user_directory=DIRECTORY)
    return Customer(bank)


@pytest.fixture
def client(carol):
    """A client whose profile recognises who signed in before."""
    return _fapi1(carol.bank, "baseline", profile="fapi1-baseline")


def test_a_whole_login_by_password_and_code(carol, client):
    tokens = client.redeem(carol.approve(client, scope="openid email accounts").parameters["code"]).json()
    assert carol.bank.verified(tokens["id_token"], "baseline")["sub"] == "s-carol"
    assert client.userinfo(tokens["access_token"]).json()["email"] == CLAIMS["email"]
    assert client.accounts(tokens["access_token"])["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert client.refresh(tokens["refresh_token"]).status == 200


def test_a_whole_login_on_tables_by_week(bank):
    """The names of the tables change each week; an access token of a refresh, a session and used values are in them."""
    settings = bank.settings._replace(user_directory=DIRECTORY, weekly_tables="yes")
    bank.aws = Aws(settings, clock=lambda: bank.now)
    bank.aws.documents = bank.web
    sweep.run(bank.aws)
    client = _fapi1(bank, "baseline", profile="fapi1-baseline")
    carol = Customer(bank)
    tokens = client.redeem(carol.approve(client).parameters["code"]).json()
    refreshed = client.refresh(tokens["refresh_token"]).json()
    assert client.userinfo(refreshed["access_token"]).status == 200
    assert carol.open("baseline", client.pushed()).location.startswith("/consent?")
    assert client.revoke(refreshed["access_token"]).status == 200
    assert client.userinfo(refreshed["access_token"]).error == "invalid_token"


def test_who_signed_in_before_is_recognised_with_the_claims_of_now(carol, client):
    carol.approve(client)
    known = carol.bank.aws.users.find("carol")
    carol.bank.aws.users.put(replace(known, claims={**CLAIMS, "email": "new@example.com"}))
    back = carol.open("baseline", client.pushed(scope="openid email"))
    assert back.location.startswith("/consent?")
    code = carol.submit(carol.get(back.location), "approve").parameters["code"]
    access_token = client.redeem(code).json()["access_token"]
    assert client.userinfo(access_token).json()["email"] == "new@example.com"


def test_who_left_is_neither_recognised_nor_refreshed(carol, client):
    tokens = client.redeem(carol.approve(client).parameters["code"]).json()
    enrolment.remove(carol.bank.aws, "carol")
    assert carol.open("baseline", client.pushed()).location.startswith("/login?")
    assert carol.open("baseline", client.pushed(prompt="none")).parameters["error"] == "login_required"
    assert client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert client.userinfo(tokens["access_token"]).error == "invalid_token"


def test_guesses_lock_the_name_and_a_known_browser_goes_on(carol, client):
    carol.approve(client)
    outsider = Browser(carol.bank)
    page = outsider.page("baseline", client.pushed())
    for guess in range(12):
        page = outsider.sign_in(page, username="carol", password=f"guess {guess}", one_time_code="000000")
        assert 'id="problem"' in page.text
    right = outsider.sign_in(page, username="carol", password=PASSWORD, one_time_code=carol.app.at(carol.bank.now))
    assert right.status == 200
    assert carol.show(carol.page("baseline", client.pushed(prompt="login"))).status == 303


def test_a_passkey_is_added_by_a_link_and_signs_in(carol, client):
    authenticator = with_passkey(carol)
    login = carol.page("baseline", client.pushed())
    signed_in = carol.submit(login, "login", passkey=authenticator.get(passkey_options(login.text)))
    back = carol.submit(carol.get(signed_in.location), "approve")
    claims = carol.bank.verified(client.redeem(back.parameters["code"]).json()["id_token"], "baseline")
    assert (claims["sub"], claims["acr"]) == ("s-carol", "urn:ducat:loa:3")


def with_passkey(carol):
    """Her authenticator, after she added a passkey by a link."""
    page = carol.get(enrolment.invite(carol.bank.aws, "carol"))
    carol.bank.now += 30
    typed = {"username": "carol", "password": PASSWORD, "one_time_code": carol.app.at(carol.bank.now)}
    page = carol.submit(page, "continue", **typed)
    authenticator = Authenticator(counts=True)
    names = ("interaction", "csrf", "username", "ticket")
    form = {name: page.text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in names}
    made = authenticator.create(passkey_options(page.text))
    assert carol.post("/passkey", form | {"passkey": made}).status == 200
    return authenticator


def as_stored_before(bank):
    """Her item as a release wrote it that knew no profile, and put passkeys into the record."""
    tables, name = bank.aws.dynamo._tables, bank.settings.users_table
    user = bank.aws.users.find("carol")
    passkeys = tuple(one.passkey for one in bank.aws.passkeys.of(user))
    tables.write(Write("Put", name, "carol", {"v": 1, "record": record_of(replace(user, passkeys=passkeys))}))
    assert bank.aws.users.find("carol").passkey_keys == ()
    assert bank.aws.users.find_profile("carol") is None


@pytest.mark.parametrize("page", ["/login", "/grants"])
@pytest.mark.parametrize("way", ["password", "passkey"])
def test_a_sign_in_stores_the_profile_of_who_was_enrolled_by_an_earlier_release(carol, client, page, way):
    """Until then the person is asked to sign in anew, and from then on is recognised."""
    authenticator = with_passkey(carol) if way == "passkey" else None
    carol.approve(client)
    as_stored_before(carol.bank)
    passkeys = carol.bank.aws.users.find("carol").passkeys
    assert bool(passkeys) == (way == "passkey")
    assert carol.open("baseline", client.pushed()).location.startswith("/login?")
    shown = carol.page("baseline", client.pushed()) if page == "/login" else carol.get("/grants")
    if page == "/grants":
        carol.cookies.clear()
        shown = carol.get("/grants")
    if authenticator is None:
        assert carol.show(shown).status == 303
    else:
        assert carol.submit(shown, "login", passkey=authenticator.get(passkey_options(shown.text))).status == 303
    assert carol.bank.aws.users.find_profile("carol").claims == CLAIMS
    assert carol.bank.aws.users.find("carol").passkeys == passkeys


def test_a_link_for_a_passkey_stores_the_profile_too(carol):
    as_stored_before(carol.bank)
    with_passkey(carol)
    assert carol.bank.aws.users.find_profile("carol").sub == "s-carol"


def test_a_session_that_ended_elsewhere_is_replaced_at_the_page_of_grants(carol, client):
    carol.approve(client)
    before = carol.cookies[session.COOKIE]
    carol.bank.aws.sessions.end(before, now=carol.bank.now, keep=carol.bank.now + 60)
    assert carol.show(carol.get("/grants")).location == "/grants"
    assert carol.cookies[session.COOKIE] != before
    assert carol.get("/grants").status == 200


def test_what_was_granted_is_shown_after_a_sign_in_and_ends_by_its_button(carol, client):
    tokens = client.redeem(carol.approve(client).parameters["code"]).json()
    carol.cookies.clear()
    page = carol.get("/grants")
    assert carol.show(page, "a wrong password").status == 200
    assert carol.show(page).location == "/grants"
    page = carol.get("/grants")
    (shown,) = [part for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if 'value="baseline"' in part]
    form = {a["name"]: a["value"] for tag, a in elements(shown) if tag == "input"}
    assert carol.post("/grants", form | {"action": "end"}).location == "/grants"
    assert client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert 'id="none"' in carol.get("/grants").text
    (out,) = [part for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if 'value="sign-out"' in part]
    form = {a["name"]: a["value"] for tag, a in elements(out) if tag == "input"}
    carol.post("/grants", form | {"action": "sign-out"})
    assert 'id="password"' in carol.get("/grants").text


# A person whom an operator suspended.


@pytest.fixture
def suspended(carol, client):
    """Carol, who signed in and agreed before; the tokens; a function that takes the suspension back."""
    tokens = client.redeem(carol.approve(client).parameters["code"]).json()
    operated, known = carol.bank.aws.dynamo.operated_users, carol.bank.aws.users.find("carol")
    operated.suspend(known, now=carol.bank.now)
    return tokens, lambda: operated.resume(operated.find("carol"))


def test_who_is_suspended_is_refreshed_again_after_that_with_the_same_token(client, suspended):
    tokens, resume = suspended
    refused = client.refresh(tokens["refresh_token"])
    assert (refused.status, refused.error) == (400, "access_denied")
    assert client.userinfo(tokens["access_token"]).status == 200  # to its end, ten minutes at most
    resume()
    assert client.refresh(tokens["refresh_token"]).status == 200


def test_who_is_suspended_sees_the_page_of_a_wrong_password(carol, client, suspended):
    _, resume = suspended
    carol.cookies.clear()
    page = carol.page("baseline", client.pushed())
    varied = r'[\w-]{43}|data-after="[0-9]+"'  # The second comes later.
    pages = [re.sub(varied, "", carol.show(page, typed).text) for typed in (PASSWORD, "a wrong password")]
    assert pages[0] == pages[1]
    assert 'id="problem"' in pages[0]
    resume()
    assert carol.show(page).status == 303


def test_who_is_suspended_is_recognised_nowhere(carol, client, suspended):
    _, resume = suspended
    assert carol.open("baseline", client.pushed()).location.startswith("/login?")
    assert carol.open("baseline", client.pushed(prompt="none")).parameters["error"] == "login_required"
    assert 'id="password"' in carol.get("/grants").text
    resume()
    assert carol.open("baseline", client.pushed()).location.startswith("/consent?")
    assert 'value="baseline"' in carol.get("/grants").text


def test_who_is_suspended_neither_adds_a_passkey_nor_signs_in_by_one(carol, client):
    authenticator, operated = with_passkey(carol), carol.bank.aws.dynamo.operated_users
    link = enrolment.invite(carol.bank.aws, "carol")
    page = carol.get(link)
    operated.suspend(carol.bank.aws.users.find("carol"), now=carol.bank.now)
    carol.bank.now += 30
    typed = {"username": "carol", "password": PASSWORD, "one_time_code": carol.app.at(carol.bank.now)}
    assert "data-options" not in carol.submit(page, "continue", **typed).text
    login = carol.page("baseline", client.pushed())
    assert carol.submit(login, "login", passkey=authenticator.get(passkey_options(login.text))).status == 200
    operated.resume(operated.find("carol"))
    login = carol.page("baseline", client.pushed())
    assert carol.submit(login, "login", passkey=authenticator.get(passkey_options(login.text))).status == 303


def test_who_is_suspended_keeps_that_where_the_record_is_put_anew(carol, client, suspended):
    tokens, _ = suspended
    bank = carol.bank
    enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password=PASSWORD, claims=CLAIMS, random_bytes=lambda n: b"d" * n, anew=True
    )
    assert bank.aws.users.find("carol").suspended_at
    assert client.refresh(tokens["refresh_token"]).error == "access_denied"


def test_who_leaves_while_suspended_is_gone(carol, client, suspended):
    tokens, _ = suspended
    enrolment.remove(carol.bank.aws, "carol")
    assert client.refresh(tokens["refresh_token"]).error == "invalid_grant"
