"""Attacks on a person's own page of how they sign in: another's session, an old one, another site, a guess, a race."""

import json
from dataclasses import replace
from threading import Thread

import pyotp
import pytest

from chalicelib.interaction import browser_binding, own_page, session
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest
from chalicelib.users import lockout, sign_in_form
from tests.actors import Browser
from tests.authenticator import PRESENT, Authenticator, b64, passkey_options
from tests.conftest import _fapi1
from tests.users.test_deployed_directory import PASSWORD
from tests.users.test_security import Owner, by_code, carol, carol_in, keys, secret_on  # noqa: F401

pytestmark = pytest.mark.usefixtures("light_passwords")
PAGE_COOKIE = "__Host-ducat-security-page"


@pytest.fixture
def dave(carol):  # noqa: F811
    """Another customer, with an app and codes of his own."""
    return Owner(carol.bank, "dave")


def test_no_session_of_another_page_opens_this_one_and_its_own_opens_no_other(carol):  # noqa: F811
    """Single sign-on may be hours old. A change needs a sign-in for this page."""
    client = _fapi1(carol.bank, "baseline", profile="fapi1-baseline")
    page = carol.page("baseline", client.pushed())
    carol.prove(page, one_time_code=carol.code())
    stolen = carol.cookies[session.COOKIE]
    carol.cookies[PAGE_COOKIE] = stolen
    assert 'id="login"' in carol.get("/security").text
    del carol.cookies[PAGE_COOKIE], carol.cookies[session.COOKIE]
    carol.arrive()
    outsider = Browser(carol.bank)
    outsider.cookies = {session.COOKIE: carol.cookies[PAGE_COOKIE]}
    assert outsider.open("baseline", client.pushed()).location.startswith("/login?")
    assert 'id="password"' in outsider.get("/grants").text


def test_a_recovery_code_signs_in_to_no_app(carol):  # noqa: F811
    """Nor does the session that it began satisfy one: it reaches no level of assurance."""
    codes = carol.recovery_codes(carol.arrive())
    client = _fapi1(carol.bank, "baseline", profile="fapi1-baseline")
    for code in codes[:2]:
        outsider = Browser(carol.bank)
        page = outsider.page("baseline", client.pushed())
        assert outsider.sign_in(page, username="carol", password=PASSWORD, one_time_code=code).status == 200
    browser, answer = by_code(carol, codes[0])
    assert answer.location == "/security"
    token_value = browser.cookies[PAGE_COOKIE]
    begun = carol.bank.aws.sessions.find(token_value, now=carol.bank.now, made_for=own_page.MADE_FOR)
    assert (begun.acr, begun.amr) == ("", ("pwd", "recovery_code"))
    assert carol.bank.aws.sessions.find(token_value, now=carol.bank.now) is None


def test_another_persons_page_changes_nothing_of_mine(carol, dave):  # noqa: F811
    mine = carol.arrive()
    carol.make(mine, Authenticator())
    mine, his = carol.get("/security"), dave.arrive()
    (key,) = keys(mine)
    dave.make(his, Authenticator())
    his = dave.get("/security")
    for action in ("rename", "remove"):
        form = dave.form(dave.open_passkey(his), "rename") | {"action": action, "key": key, "name": "His"}
        assert dave.post("/security", form).location == "/security"
    assert dave.post("/security", dave.form(his, "sign-out") | {"action": "", "open": key}).location == "/security"
    assert [(one.key, one.name) for one in carol.passkeys] == [(key, "")]
    # A form of my page in his browser, and of his page in mine.
    for browser, form in ((dave, carol.form(mine, "make-codes")), (carol, dave.form(his, "make-codes"))):
        assert browser.post("/security", form).page_error == "access_denied"
    # The secret that my page offered is none that his page proves.
    offered, page = carol.press(mine, "offer-app"), dave.press(his, "offer-app")
    code = pyotp.TOTP(secret_on(offered)).at(carol.bank.now)
    form = dave.form(page, "set-app") | {"shown": carol.form(offered, "set-app")["shown"], "one_time_code": code}
    assert dave.post("/security", form).location == "/security"
    assert (carol.user.own_totp, dave.user.own_totp) == ("", "")
    # Nor does his code open it with my name.
    (theirs, *_) = dave.recovery_codes(his)
    assert by_code(carol, theirs)[1].status == 200


def test_another_site_posts_nothing(carol):  # noqa: F811
    page = carol.arrive()
    for form in (
        {"action": "make-codes"},
        {"action": "make-codes", "interaction": own_page.FORM},
        carol.form(page, "make-codes") | {"csrf": "x"},
        carol.form(page, "make-codes") | {"interaction": own_page.SIGN_IN_FORM},
    ):
        assert carol.post("/security", form).page_error == "access_denied"
    for cookie, key in ((session.COOKIE, "session"), ("__Host-ducat-x", "x")):
        carol.cookies[cookie] = "known"
        form = {"interaction": key, "csrf": browser_binding.token(key, "known"), "action": "make-codes"}
        assert carol.post("/security", form).page_error == "access_denied"
    assert carol.user.recovery_codes == ()


def test_a_stolen_form_is_of_no_use_after_the_session(carol):  # noqa: F811
    page = carol.arrive()
    cookies = dict(carol.cookies)
    carol.press(page, "sign-out")
    carol.cookies = cookies  # The thief's copy.
    assert carol.press(page, "make-codes").location == "/security"
    assert carol.user.recovery_codes == ()


def test_a_secret_that_an_earlier_session_offered_is_not_set(carol):  # noqa: F811
    """Whoever saw it then can't have it set later, also by a page of now."""
    seen = carol.press(carol.arrive(), "offer-app")
    carol.press(carol.get("/security"), "sign-out")
    page = carol.press(carol.arrive(), "offer-app")
    code = pyotp.TOTP(secret_on(seen)).at(carol.bank.now)
    old = {"shown": carol.form(seen, "set-app")["shown"], "one_time_code": code}
    assert carol.press(page, "set-app", old).location == "/security"
    assert carol.user.own_totp == ""


def test_an_answer_of_an_authenticator_adds_one_passkey_and_not_again_once_it_was_removed(carol, caplog):  # noqa: F811
    page, device = carol.arrive(), Authenticator()
    answer = device.create(passkey_options(page.text))

    def post(shown, made):
        form = carol.form(shown, "sign-out") | {"action": "", "passkey": made}
        nonce = shown.text.partition('name="passkey_nonce" value="')[2].partition('"')[0]
        return carol.post("/security", form | {"passkey_nonce": nonce})

    assert post(page, answer).location == "/security"
    carol.press(carol.open_passkey(carol.get("/security")), "remove")
    assert "The passkey was not accepted" in post(page, answer).text
    assert "used before" in json.loads(caplog.messages[-1])["reason"]
    later = carol.get("/security")
    assert "The passkey was not accepted" in post(later, answer).text  # Another challenge.
    wrong = Authenticator().create(passkey_options(later.text), flags=PRESENT)
    assert "The passkey was not accepted" in post(later, wrong).text  # WebAuthn 7.1: the person was not verified.
    elsewhere = Authenticator().create(passkey_options(later.text), origin="https://evil.example")
    assert "The passkey was not accepted" in post(later, elsewhere).text
    assert carol.passkeys == []


def test_a_stolen_device_adds_no_passkey_once_its_own_is_taken_away(carol):  # noqa: F811
    """By its person or by an operator: the page that its passkey opened ends with it."""
    bank, thief = carol.bank, Browser(carol.bank)
    carol.arrive()
    for take_away in ("person", "operator"):
        stolen = Authenticator()
        carol.make(carol.get("/security"), stolen)
        login = thief.get("/security")
        answer = stolen.get(passkey_options(login.text))
        assert thief.submit(login, "login", passkey=answer).location == "/security"
        opened = thief.get("/security")
        if take_away == "person":
            carol.press(carol.open_passkey(carol.get("/security")), "remove")
        else:
            bank.aws.dynamo.operated_users.forget_passkeys(carol.user)
            before = bank.aws.dynamo.operated_users.find("carol")
            bank.aws.dynamo.operated_users.change(before, carol.user, forget_passkeys=True)
        assert Owner.make(thief, opened, Authenticator()).location == "/security"
        assert 'id="password"' in thief.get("/security").text
        assert carol.user.passkey_count == 0


def test_a_stolen_device_that_signs_in_during_its_removal_opens_nothing(carol, monkeypatch):  # noqa: F811
    """Its assertion was right before the removal, and its session begins after it."""
    thief, stolen, claim = Browser(carol.bank), Authenticator(), sign_in_form.claim
    carol.make(carol.arrive(), stolen)
    mine, login = carol.open_passkey(carol.get("/security")), thief.get("/security")

    def claim_late(*args, **named):
        monkeypatch.setattr(sign_in_form, "claim", claim)
        carol.press(mine, "remove")
        return claim(*args, **named)

    monkeypatch.setattr(sign_in_form, "claim", claim_late)
    thief.submit(login, "login", passkey=stolen.get(passkey_options(login.text)))
    assert carol.passkeys == []
    assert 'id="password"' in thief.get("/security").text


def test_who_signs_in_during_a_reset_by_means_that_are_gone_opens_nothing(carol, monkeypatch):  # noqa: F811
    """The password, the operator's secret, the person's own app and the codes were right before, and the session begins after."""
    users, bank, claim = carol.bank.aws.dynamo.operated_users, carol.bank, sign_in_form.claim
    codes = carol.recovery_codes(carol.arrive())

    def reset(**changes):
        held = users.find("carol")
        users.change(held, replace(held.user, **changes))

    meanwhile = [
        lambda: reset(password=f"{carol.user.password}x"),
        lambda: reset(totp=f"{carol.user.totp}x"),
        lambda: bank.aws.second_factors.set_app(carol.user, "another app", step=0),
        lambda: bank.aws.second_factors.make_codes(carol.user, ["a digest"], attempt="b"),
    ]
    as_enrolled = carol.user
    for change in meanwhile:
        bank.aws.users.put(replace(as_enrolled, own_totp="", passkey_keys=()))
        if change is meanwhile[-1]:
            bank.aws.second_factors.make_codes(carol.user, as_enrolled.recovery_codes, attempt="a")

        def claim_late(*args, change=change, **named):
            monkeypatch.setattr(sign_in_form, "claim", claim)
            beside = Thread(target=change)  # The operator's, or of another request: none of this function's calls.
            beside.start()
            beside.join()
            return claim(*args, **named)

        monkeypatch.setattr(sign_in_form, "claim", claim_late)
        thief, code = Browser(bank), carol.code()
        if change is meanwhile[-1]:
            thief, answer = by_code(carol, codes[0])
        else:
            answer = Owner.prove(carol_in(thief), thief.get("/security"), one_time_code=code)
        assert answer.page_error == "access_denied"
        assert PAGE_COOKIE not in thief.cookies
        assert 'id="password"' in thief.get("/security").text


def test_what_a_page_changes_during_a_reset_is_not_there_after_it(carol, monkeypatch):  # noqa: F811
    """The page was in force when it was looked at, and each change was checked against the secrets of after the reset."""
    users, session_of = carol.bank.aws.dynamo.operated_users, own_page.session_of
    totp = carol.user.totp  # It is sealed, and may end with an x by itself.

    def reset():
        held = users.find("carol")
        users.forget_passkeys(held.user)
        users.change(held, replace(held.user, totp=f"{held.user.totp}x"), forget_passkeys=True)

    def overtaken(*args, **named):
        monkeypatch.setattr(own_page, "session_of", session_of)
        found, beside = session_of(*args, **named), Thread(target=reset)
        beside.start()
        beside.join()
        return found

    for change in ("passkey", "set-app", "make-codes"):
        held = users.find("carol")
        users.change(held, replace(held.user, totp=totp))
        carol.cookies.clear()
        page = carol.arrive()
        if change == "set-app":
            page = carol.press(page, "offer-app")
        code = pyotp.TOTP(secret_on(page)).at(carol.bank.now) if change == "set-app" else ""
        monkeypatch.setattr(own_page, "session_of", overtaken)
        if change == "passkey":
            carol.make(page, Authenticator())
        else:
            carol.press(page, change, {"one_time_code": code})
        assert carol.user.totp == f"{totp}x"
        assert (carol.user.passkey_keys, carol.user.own_totp, carol.user.recovery_codes) == ((), "", ()), change
        assert 'id="password"' in carol.get("/security").text


def test_what_another_request_reads_of_a_person_changes_nothing_of_an_earlier_one(carol):  # noqa: F811
    """A directory may make its means once, for all requests and threads. A change is of what its own request read."""
    means, bank = carol.bank.aws.user_directory.sign_in_means, carol.bank
    before = means.read("carol", "s-carol")
    secrets = means.secrets_of(before, now=bank.now)
    held = bank.aws.dynamo.operated_users.find("carol")
    bank.aws.dynamo.operated_users.change(held, replace(held.user, totp=f"{held.user.totp}x"))
    after = means.read("carol", "s-carol")
    assert means.secrets_of(after, now=bank.now) != secrets == means.secrets_of(before, now=bank.now)
    with pytest.raises(NotOpen):
        means.make_codes(before, attempt="a")
    assert carol.user.recovery_codes == ()
    assert len(means.make_codes(after, attempt="a")) == len(carol.user.recovery_codes) > 0


def test_a_stolen_phone_changes_nothing_once_its_app_is_replaced(carol):  # noqa: F811
    """The page that its code opened ends, and so does the person's own that such a code opened."""
    thief = Browser(carol.bank)
    assert Owner.prove(carol_in(thief), thief.get("/security"), one_time_code=carol.code()).status == 303
    opened, page = thief.get("/security"), carol.press(carol.arrive(), "offer-app")
    mine = pyotp.TOTP(secret_on(page))
    assert carol.press(page, "set-app", {"one_time_code": mine.at(carol.bank.now)}).location == "/security"
    Owner.make(thief, opened, Authenticator())
    assert Owner.press(thief, opened, "make-codes").location == "/security"
    assert (carol.user.passkey_count, carol.user.recovery_codes) == (0, ())
    after = carol.get("/security").text
    assert "Your new app makes your one-time codes" in after
    assert 'id="password"' in after


def test_stolen_recovery_codes_change_nothing_once_there_are_new_ones(carol):  # noqa: F811
    codes = carol.recovery_codes(carol.arrive())
    thief, _ = by_code(carol, codes[0])
    opened = thief.get("/security")
    offered = Owner.press(thief, opened, "offer-app")
    kept = carol.recovery_codes(carol.get("/security"))
    code = pyotp.TOTP(secret_on(offered)).at(carol.bank.now)
    assert Owner.press(thief, offered, "set-app", {"one_time_code": code}).location == "/security"
    assert Owner.press(thief, opened, "make-codes").location == "/security"
    assert (carol.user.own_totp, len(carol.user.recovery_codes)) == ("", len(kept))
    assert 'id="sign-out"' in carol.get("/security").text


def test_who_removes_the_passkey_that_signed_in_is_signed_out(carol):  # noqa: F811
    device = Authenticator()
    carol.make(carol.arrive(), device)
    carol.press(carol.get("/security"), "sign-out")
    login = carol.get("/security")
    assert carol.submit(login, "login", passkey=device.get(passkey_options(login.text))).location == "/security"
    assert carol.press(carol.open_passkey(carol.get("/security")), "remove").location == "/security"
    after = carol.get("/security").text
    assert "Done. The passkey was removed." in after
    assert 'id="password"' in after


def test_a_passkey_of_another_person_is_not_taken_over(carol, dave):  # noqa: F811
    device = Authenticator()
    carol.make(carol.arrive(), device)
    assert "The passkey was not accepted" in dave.make(dave.arrive(), device).text
    assert dave.user.passkey_keys == ()
    assert carol.bank.aws.passkeys.find(b64(device.credential_id)).user.sub == "s-carol"


def test_of_racers_with_one_recovery_code_one_is_let_in(carol, race):  # noqa: F811
    code = carol.recovery_codes(carol.arrive())[0]
    statuses = race(lambda _: by_code(carol, code)[1].status)
    assert sorted(statuses) == [200] * 7 + [303]
    assert len(carol.user.recovery_codes) == 9


def test_guesses_of_recovery_codes_count_as_those_of_passwords(carol):  # noqa: F811
    """They lock the name, with the right password too, and the right code is refused then."""
    code = carol.recovery_codes(carol.arrive())[0]
    for _ in range(lockout.FREE_ATTEMPTS + 1):
        assert by_code(carol, "A" * 24)[1].status == 200
    assert by_code(carol, code)[1].status == 200
    assert len(carol.user.recovery_codes) == 10
    carol.bank.now += lockout.MAX_LOCK
    assert by_code(carol, code)[1].status == 303


def test_whoever_knows_a_name_learns_nothing(carol):  # noqa: F811
    """A name that nobody has, a wrong password and a wrong code have the same answer."""
    carol.recovery_codes(carol.arrive())
    said = set()
    for typed in ({}, {"password": "wrong"}, {"username": "nobody"}):
        answer = by_code(carol, "A" * 24, **typed)[1]
        said.add(answer.text.replace("nobody", "carol").partition("<form")[0])
    assert len(said) == 1


def test_no_secret_is_in_a_log_line_or_a_url(carol, caplog):  # noqa: F811
    codes = carol.recovery_codes(carol.arrive())
    page = carol.press(carol.get("/security"), "offer-app")
    carol.press(page, "set-app", {"one_time_code": "000000"})
    by_code(carol, codes[0])
    secret, logged = secret_on(page), "\n".join(caplog.messages)
    for hidden in (secret, *codes, *(code.replace("-", "") for code in codes), carol.form(page, "set-app")["shown"]):
        assert hidden not in logged
    assert "digest" not in logged
    assert digest(secret) not in logged


def test_a_suspended_person_changes_nothing_more(carol):  # noqa: F811
    page = carol.arrive()
    carol.bank.aws.dynamo.operated_users.suspend(carol.user, now=carol.bank.now)
    assert carol.press(page, "make-codes").location == "/security"
    assert carol.user.recovery_codes == ()
    assert 'id="login"' in carol.get("/security").text


def test_an_operators_reset_ends_the_page_that_a_thief_has_open(carol):  # noqa: F811
    page = carol.arrive()
    users = carol.bank.aws.dynamo.operated_users
    held = users.find("carol")
    users.change(held, replace(held.user, claims={"name": "Caroline"}))
    assert 'id="sign-out"' in carol.get("/security").text
    held = users.find("carol")
    users.change(held, replace(held.user, password=f"{held.user.password}x"))
    assert carol.press(page, "make-codes").location == "/security"
    assert 'id="login"' in carol.get("/security").text
    assert carol.user.recovery_codes == ()


def test_who_signs_out_everywhere_ends_the_page_that_a_thief_has_open(carol):  # noqa: F811
    page, thief = carol.arrive(), dict(carol.cookies)
    carol.prove(carol.get("/grants"), one_time_code=carol.code())
    carol.bank.now += 1
    carol.post("/grants", carol.form(carol.get("/grants"), "sign-out-everywhere"))
    carol.cookies = thief
    assert carol.press(page, "make-codes").location == "/security"
    assert carol.user.recovery_codes == ()


def test_a_sign_in_with_a_recovery_code_adds_no_passkey_which_would_approve_payments(carol):  # noqa: F811
    page = carol.arrive()
    browser, _ = by_code(carol, carol.recovery_codes(page)[0])
    shown = browser.get("/security")
    assert 'id="passkey"' not in shown.text
    assert "To add a passkey, sign in here" in shown.text
    device = Authenticator()
    form = Owner.form(browser, shown, "sign-out") | {"action": ""}
    made = device.create(passkey_options(page.text))
    assert browser.post("/security", form | {"passkey": made, "passkey_nonce": "x"}).page_error == "access_denied"
    assert carol.passkeys == []
