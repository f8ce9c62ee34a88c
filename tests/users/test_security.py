"""A person's own page of how they sign in: passkeys, the authenticator app, recovery codes."""

import re
from base64 import b32decode
from contextlib import suppress
from dataclasses import replace

import pyotp
import pytest

from chalicelib.assembly import Aws
from chalicelib.interaction import own_page, session
from chalicelib.one_time_code_secrets import SEPARATOR
from chalicelib.storage.dynamodb.attributes import Write
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, of_session
from chalicelib.users import enrolment
from chalicelib.users.passkeys import MAX_ITEMS
from local import sandbox_users as sandbox
from tests.actors import Browser, elements
from tests.authenticator import Authenticator, passkey_options
from tests.users.test_deployed_directory import CLAIMS, DIRECTORY, PASSWORD, as_stored_before, with_passkey

pytestmark = pytest.mark.usefixtures("light_passwords")


class Owner(Browser):
    """Somebody who changes how they sign in. `app`: their authenticator app."""

    def __init__(self, bank, name="carol"):
        super().__init__(bank)
        self.name, made = (
            name,
            {"password": PASSWORD, "claims": CLAIMS, "random_bytes": lambda n: name[:1].encode() * n},
        )
        self.app = pyotp.parse_uri(enrolment.enrol(bank.aws, name, sub=f"s-{name}", **made))

    @property
    def user(self):
        return self.bank.aws.users.find(self.name)

    @property
    def passkeys(self):
        return self.bank.aws.passkeys.of(self.user)

    def code(self):
        """A one-time code that was not used."""
        self.bank.now += 30
        return self.app.at(self.bank.now)

    def prove(self, page, **typed):
        return self.submit(page, "login", **{"username": self.name, "password": PASSWORD} | typed)

    def arrive(self):
        """The page, after a sign-in by password and code."""
        answer = self.prove(self.get("/security"), one_time_code=self.code())
        assert answer.location == "/security", answer.text
        return self.get("/security")

    def form(self, page, action, **chosen):
        """What the form of the button posts. `chosen`: which of several."""
        for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
            tags = elements(part)
            form = {a["name"]: a.get("value", "") for t, a in tags if t == "input" and "name" in a}
            buttons = {a.get("value") for t, a in tags if t == "button"}
            if action in buttons and chosen.items() <= form.items():
                return form | {"action": action}
        raise AssertionError(f"no button {action}")

    def press(self, page, action, typed=None, **chosen):
        return self.post("/security", Owner.form(self, page, action, **chosen) | (typed or {}))

    def open_passkey(self, page):
        """The page of the first passkey."""
        form = self.form(page, "sign-out")
        return self.post("/security", form | {"action": "", "open": keys(page)[0]})

    def make(self, page, authenticator, name="", **said):
        """Post the passkey that the browser made, as the page's script does."""
        (form,) = [one for one in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if "passkey-answer" in one]
        fields = {a["name"]: a.get("value", "") for t, a in elements(form) if t == "input" and "name" in a}
        answer = authenticator.create(passkey_options(page.text), **said)
        return self.post("/security", fields | {"name": name, "passkey": answer})

    def recovery_codes(self, page):
        shown = Owner.press(self, page, "make-codes")
        assert shown.status == 200
        return re.findall(r"<code>([A-Z2-7-]+)</code>", shown.text)


@pytest.fixture
def carol(bank):
    bank.aws.settings = bank.settings._replace(user_directory=DIRECTORY)
    return Owner(bank)


def keys(page):
    """The passkeys on the page, each once."""
    return list(dict.fromkeys(a["value"] for t, a in elements(page.text) if a.get("name") == "open"))


def secret_on(page):
    shown = re.search(r'<p class="secret" id="secret".*?</p>', page.text, re.DOTALL).group(0)
    return "".join(re.findall(r"<span>([A-Z2-7]+)</span>", shown))


# Passkeys.


def test_a_person_adds_names_and_removes_a_passkey(carol):
    page = carol.arrive()
    assert 'id="none"' in page.text
    device = Authenticator()
    assert carol.make(page, device, name=" My \u202e phone\n").location == "/security"
    page = carol.get("/security")
    assert "Done. The passkey was added." in page.text
    assert "<bdi>My phone</bdi>" in page.text
    assert "Done." not in carol.get("/security").text
    (key,) = keys(page)
    assert carol.press(carol.open_passkey(page), "rename", {"name": "<b>Old</b>"}).location == "/security"
    page = carol.get("/security")
    assert "<bdi>&lt;b&gt;Old&lt;/b&gt;</bdi>" in page.text
    one = carol.open_passkey(page)
    assert 'id="last"' in one.text  # The last one is not removed without a word.
    assert len(carol.passkeys) == 1
    assert carol.press(one, "remove", key=key).location == "/security"
    assert carol.passkeys == []
    assert 'id="none"' in carol.get("/security").text
    login = carol.get("/security")
    assert carol.press(login, "sign-out").location == "/security"
    signed_out = carol.get("/security")
    answer = device.get(passkey_options(signed_out.text))
    assert "That passkey was not accepted" in carol.submit(signed_out, "login", passkey=answer).text


def test_a_passkey_that_a_person_added_signs_in_there_and_at_an_app(carol):
    page, device = carol.arrive(), Authenticator(counts=True)
    carol.make(page, device)
    carol.press(page, "sign-out")
    page = carol.get("/security")
    assert carol.submit(page, "login", passkey=device.get(passkey_options(page.text))).location == "/security"
    page = carol.get("/security")
    assert passkey_options(page.text)["excludeCredentials"][0]["id"] == carol.passkeys[0].passkey["id"]
    assert "Passkey of" in page.text


def test_a_passkey_of_an_earlier_releases_record_is_listed_and_removed(carol):
    with_passkey(carol)
    (one,) = carol.passkeys
    tables, name = carol.bank.aws.dynamo._tables, carol.bank.settings.users_table
    tables.write(Write("Delete", name, f"passkey {one.key}"))
    tables.write(Write("Put", name, f"passkey {one.key}", {"username": "carol", "sign_count": 1}))
    carol.bank.aws.users.put(replace(carol.user, passkeys=(one.passkey,), passkey_keys=()))
    page = carol.arrive()
    assert keys(page) == [one.key]
    carol.press(carol.open_passkey(page), "remove")
    assert carol.passkeys == []
    assert carol.user.passkeys == ()


def test_a_person_has_so_many_passkeys_and_no_more(carol):
    page = carol.arrive()
    for n in range(MAX_ITEMS):
        assert carol.make(page, Authenticator()).location == "/security", n
        again, page = page, carol.get("/security")
    assert "You can have no more passkeys" in page.text
    assert 'id="passkey"' not in page.text
    assert "The passkey was not accepted" in carol.make(again, Authenticator()).text  # Of a page of before.
    assert carol.user.passkey_count == MAX_ITEMS


def test_what_was_posted_twice_is_added_once(carol):
    page, device = carol.arrive(), Authenticator()
    assert [carol.make(page, device).location for _ in range(2)] == ["/security"] * 2
    assert len(carol.passkeys) == 1


# The authenticator app (RFC 6238).


@pytest.mark.clause("RFC6238-5.2")
def test_an_app_counts_once_its_code_is_right_and_the_earlier_one_until_then(carol):
    """The page has the secret as a picture and in groups. The proving code is used up."""
    page = carol.press(carol.arrive(), "offer-app")
    assert re.search(r'<div class="qr" role="img" aria-label="[^"]+"><svg ', page.text)
    assert "data:" not in page.text
    assert "style=" not in page.text.partition("<svg")[2]
    secret = secret_on(page)
    assert len(b32decode(secret)) == 20  # RFC 4226 4, R6
    again = carol.press(page, "set-app", {"one_time_code": "000000"})
    assert "That code did not match" in again.text
    assert secret_on(again) == secret
    new, old = pyotp.TOTP(secret), carol.app
    assert carol.user.own_totp == ""
    other = Browser(carol.bank)
    earlier = Owner.prove(carol_in(other), other.get("/security"), one_time_code=carol.code())
    assert earlier.status == 303  # It still works.
    code = new.at(carol.bank.now)
    assert carol.press(again, "set-app", {"one_time_code": code}).location == "/security"
    assert "Your new app makes your one-time codes" in carol.get("/security").text
    stored = str(carol.bank.aws.dynamo._tables.get(carol.bank.settings.users_table, "carol"))
    assert secret not in stored
    carol.cookies.clear()
    assert carol.prove(carol.get("/security"), one_time_code=code).status == 200  # RFC 6238 5.2: it was used.
    carol.bank.now += 900
    assert carol.prove(carol.get("/security"), one_time_code=old.at(carol.bank.now)).status == 200
    assert carol.prove(carol.get("/security"), one_time_code=new.at(carol.bank.now)).status == 303


# Recovery codes.


def test_recovery_codes_are_shown_once_stored_as_digests_and_work_once_each(carol):
    page = carol.arrive()
    assert 'id="left"' in page.text
    codes = carol.recovery_codes(page)
    assert len(set(codes)) == 10
    assert all(len(b32decode(code.replace("-", ""))) == 15 for code in codes)  # 120 bits
    stored = str(carol.bank.aws.dynamo._tables.get(carol.bank.settings.users_table, "carol"))
    assert not [code for code in codes if code in stored or code.replace("-", "") in stored]
    assert not [code for code in codes if code in carol.get("/security").text]
    again = carol.press(page, "make-codes")
    assert "These recovery codes were shown before" in again.text  # A double press replaces nothing.
    typed = codes[3].lower().replace("-", " ").replace("o", "0")
    found = Browser(carol.bank)
    shown = found.get("/security?with=recovery-code")
    assert Owner.prove(carol_in(found), shown, recovery_code=typed).location == "/security"
    assert "Recovery codes left: <strong>9</strong>" in found.get("/security").text
    found.cookies.clear()
    shown = found.get("/security?with=recovery-code")
    refused = Owner.prove(found, shown, recovery_code=codes[3])
    assert "Check your user name, password and recovery code" in refused.text
    assert len(carol.user.recovery_codes) == 9


def carol_in(browser):
    browser.name = "carol"
    return browser


def by_code(owner, code, browser=None, **typed):
    """The answer to a sign-in by a recovery code, in another browser by default."""
    browser = carol_in(browser or Browser(owner.bank))
    return browser, Owner.prove(browser, browser.get("/security?with=recovery-code"), recovery_code=code, **typed)


def test_the_pages_that_can_not_be_loaded_again_have_no_language_switch(carol):
    """It would lead away, and the codes be lost."""
    page = carol.arrive()
    carol.make(page, Authenticator())
    page = carol.get("/security")
    shown = [carol.press(page, "offer-app"), carol.open_passkey(page), carol.press(page, "make-codes")]
    assert 'id="languages"' in page.text
    assert not [one for one in shown if 'id="languages"' in one.text]


def test_new_recovery_codes_void_the_earlier_ones(carol):
    page = carol.arrive()
    (old, *_) = carol.recovery_codes(page)
    (new, *_) = carol.recovery_codes(carol.get("/security"))
    assert by_code(carol, old)[1].status == 200
    assert by_code(carol, new)[1].status == 303


def test_with_a_recovery_code_a_person_without_a_phone_sets_up_another(carol):
    code = carol.recovery_codes(carol.arrive())[0]
    del carol.cookies["__Host-ducat-security-page"]
    browser, answer = by_code(carol, code, carol)  # In a browser that knows her, which has a count of its own.
    assert answer.location == "/security"
    page = Owner.press(browser, browser.get("/security"), "offer-app")
    new = pyotp.TOTP(secret_on(page))
    assert Owner.press(browser, page, "set-app", {"one_time_code": new.at(carol.bank.now)}).location == "/security"
    carol.bank.now += 30
    carol.cookies.clear()
    assert carol.prove(carol.get("/security"), one_time_code=new.at(carol.bank.now)).status == 303


def test_the_same_form_with_a_recovery_code_may_come_twice_and_uses_one(carol):
    codes, browser = carol.recovery_codes(carol.arrive()), Browser(carol.bank)
    carol_in(browser)
    page, cookies = browser.get("/security?with=recovery-code"), dict(browser.cookies)
    assert Owner.prove(browser, page, recovery_code=codes[0]).location == "/security"
    own = dict(browser.cookies)
    browser.cookies = cookies
    assert Owner.prove(browser, page, recovery_code=codes[0]).location == "/security"
    assert "__Host-ducat-security-page" in own
    assert "__Host-ducat-security-page" not in browser.cookies  # Whoever copied the request has no session.
    assert len(carol.user.recovery_codes) == 9


# What an operator does ends what a thief may have set up.


def test_another_second_factor_by_the_operator_ends_the_persons_app_and_recovery_codes(carol):
    code = carol.recovery_codes(carol.arrive())[0]
    page = carol.press(carol.get("/security"), "offer-app")
    carol.press(page, "set-app", {"one_time_code": pyotp.TOTP(secret_on(page)).at(carol.bank.now)})
    users, one = carol.bank.aws.dynamo.operated_users, carol.bank.aws.dynamo.operated_users.find("carol")
    users.change(one, replace(one.user, claims={"name": "Caroline"}))
    assert carol.user.own_totp == one.user.own_totp != ""
    assert len(carol.user.recovery_codes) == 10
    changed = users.find("carol")
    users.change(changed, replace(changed.user, totp="another"))
    assert (carol.user.own_totp, carol.user.recovery_codes) == ("", ())
    assert by_code(carol, code)[1].status == 200


# The page.


def test_a_bank_with_a_directory_of_its_own_has_no_such_page(bank, monkeypatch):
    monkeypatch.delattr(sandbox.Sandbox, "sign_in_means")  # As a directory has none that is older than the port.
    assert Browser(bank).get("/security").status == 404


def test_whoever_is_in_no_table_can_change_nothing(bank):
    """The sandbox's people sign in without it."""
    with suppress(NotOpen):
        bank.aws.users.remove("alice", now=bank.now)
    browser = Browser(bank)
    assert browser.sign_in(browser.get("/security")).page_error == "access_denied"
    assert "__Host-ducat-security-page" not in browser.cookies


def test_the_page_asks_for_another_sign_in_after_ten_minutes(carol):
    page = carol.arrive()
    carol.bank.now += own_page.LIFETIME - 30
    assert 'id="sign-out"' in carol.get("/security").text
    carol.bank.now += 30
    assert carol.press(page, "make-codes").location == "/security"
    assert carol.user.recovery_codes == ()
    assert 'id="login"' in carol.get("/security").text


def test_the_pages_are_in_no_frame_in_no_cache_and_load_nothing(carol):
    signing_in = carol.get("/security")
    page = carol.arrive()
    pages = [signing_in, page, carol.press(page, "offer-app"), carol.press(page, "make-codes")]
    for each in pages:
        assert each.header("x-frame-options") == "DENY"
        assert "frame-ancestors 'none'" in each.header("content-security-policy")
        assert "default-src 'none'" in each.header("content-security-policy")
        assert each.header("cache-control") == "no-store"
        assert "src=" not in each.text
        assert len(each.text.encode()) <= 15 * 1024


def test_an_action_that_is_none_is_refused(carol):
    page = carol.arrive()
    form = carol.form(page, "sign-out")
    assert carol.post("/security", form | {"action": "x"}).page_error == "access_denied"
    assert digest("x") not in keys(page)
    assert carol.press(page, "sign-out").location == "/security"
    assert "Done. You are signed out." in carol.get("/security").text
    assert session.COOKIE not in carol.cookies


def test_a_sign_in_after_the_session_replaces_it_and_stores_the_profile_of_an_earlier_releases_user(carol):
    as_stored_before(carol.bank)
    carol.arrive()
    assert carol.bank.aws.users.find_profile("carol").claims == CLAIMS
    before = carol.cookies["__Host-ducat-security-page"]
    carol.bank.now += own_page.LIFETIME
    carol.arrive()
    tables, name = carol.bank.aws.dynamo._tables, carol.bank.settings.sessions_table
    assert "replaced_at" in tables.get(name, of_session(before).digest)


def test_where_kms_seals_each_secret_an_app_is_set_up_too(bank):
    bank.aws = Aws(bank.settings._replace(user_directory=DIRECTORY, data_keys="no"), clock=lambda: bank.now)
    carol = Owner(bank)
    page = carol.press(carol.arrive(), "offer-app")
    new = pyotp.TOTP(secret_on(page))
    assert carol.press(page, "set-app", {"one_time_code": new.at(bank.now)}).location == "/security"
    assert SEPARATOR not in carol.user.own_totp
    bank.now += 30
    carol.cookies.clear()
    assert carol.prove(carol.get("/security"), one_time_code=new.at(bank.now)).status == 303


def test_in_the_sandbox_an_own_app_works_beside_the_code_that_everybody_knows_and_recovery_codes_do(bank):
    sandbox.invitations(bank.aws)
    alice = Browser(bank)
    assert alice.sign_in(alice.get("/security")).location == "/security"
    (code, *_) = Owner.recovery_codes(alice, alice.get("/security"))
    page = Owner.press(alice, alice.get("/security"), "offer-app")
    app = pyotp.TOTP(secret_on(page))
    assert Owner.press(alice, page, "set-app", {"one_time_code": app.at(bank.now)}).location == "/security"
    for typed in (app.at(bank.now), sandbox.ONE_TIME_CODE):
        alice.cookies.clear()
        assert alice.sign_in(alice.get("/security"), one_time_code=typed).status == 303
    alice.cookies.clear()
    assert alice.sign_in(alice.get("/security"), one_time_code="654321").status == 200
    for password, status in (("wrong", 200), ("wonderland", 303)):
        typed = {"username": "alice", "password": password, "recovery_code": code}
        assert alice.submit(alice.get("/security?with=recovery-code"), "login", **typed).status == status
