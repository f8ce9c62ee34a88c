"""Attacks on the recovery by the password: before its wait, after its end, with more than it gives, by guesses and in a race."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyotp
import pytest

from chalicelib.interaction import own_page, session
from chalicelib.storage.stores import NotOpen
from chalicelib.users import directory, lockout
from tests.actors import Browser
from tests.attacks.test_security_page import PAGE_COOKIE
from tests.authenticator import Authenticator, passkey_options
from tests.conftest import _fapi1
from tests.users.test_deployed_directory import PASSWORD
from tests.users.test_recovery import FORM, WAIT, complete, lost, opened, recover, switch  # noqa: F401
from tests.users.test_security import Owner, carol, carol_in, secret_on  # noqa: F401

pytestmark = pytest.mark.usefixtures("light_passwords")


def reset(owner, **changed):
    users = owner.bank.aws.dynamo.operated_users
    held = users.find("carol")
    users.change(held, replace(held.user, **changed))


def test_nothing_is_opened_a_second_too_early_or_once_it_was_stopped(lost):  # noqa: F811
    recover(lost)
    lost.bank.now += WAIT - 1
    browser, answer = recover(lost)
    assert answer.status == 200
    assert PAGE_COOKIE not in browser.cookies
    means = directory.build(lost.bank.aws).sign_in_means
    found = means.read("carol", "s-carol")
    with pytest.raises(NotOpen):
        means.secrets_of(found, recovering=True, now=lost.bank.now)
    lost.bank.now += 1
    thief, page = opened(lost)
    offered = Owner.press(thief, page, "offer-app")
    lost.press(lost.arrive(), "cancel-recovery")
    code = {"one_time_code": pyotp.TOTP(secret_on(offered)).at(lost.bank.now)}
    assert (
        Owner.press(thief, offered, "set-app", code).location == "/security"
    )  # It was open when the person stopped it.
    assert 'id="login"' in thief.get("/security").text
    assert lost.user.own_totp == ""
    assert recover(lost)[1].status == 200


def test_the_page_of_a_recovery_that_was_stopped_does_not_go_on_with_the_next_one(lost):  # noqa: F811
    """Nor does what a store was given to complete."""
    recover(lost)
    lost.bank.now += WAIT
    browser, page = opened(lost)
    before, ready_at, factors = lost.user, lost.user.recovery_from, lost.bank.aws.second_factors
    lost.bank.now += 60
    factors.cancel_recovery(before)
    factors.begin_recovery(lost.user, ready_at=lost.bank.now, now=lost.bank.now)
    assert lost.user.recovery_at(now=lost.bank.now) == lost.bank.now  # The next one can be completed too.
    assert Owner.press(browser, page, "offer-app").location == "/security"
    assert 'id="login"' in browser.get("/security").text
    with pytest.raises(NotOpen):
        factors.complete_recovery(before, "sealed", step=1, ready_at=ready_at)
    assert lost.user.own_totp == ""


@pytest.mark.parametrize("changed", [{"password": "$argon2id$another"}, {"totp": "another"}], ids=["password", "totp"])
def test_an_operators_reset_ends_a_recovery_and_the_page_that_it_opened(lost, changed):  # noqa: F811
    recover(lost)
    lost.bank.now += WAIT
    browser, page = opened(lost)
    before, ready_at = lost.user, lost.user.recovery_from
    reset(lost, claims={"name": "Caroline"})
    assert lost.user.recovery_from == ready_at
    reset(lost, **changed)
    assert lost.user.recovery_from == 0
    assert Owner.press(browser, page, "offer-app").location == "/security"
    with pytest.raises(NotOpen):  # Also where the two meet.
        lost.bank.aws.second_factors.complete_recovery(before, "sealed", step=1, ready_at=ready_at)
    assert lost.user.own_totp == ""


def test_a_reset_by_an_earlier_releases_command_ends_it_too(lost):  # noqa: F811
    """It leaves the attributes there. What the recovery was begun for is compared at each read."""
    recover(lost)
    begun = lost.user
    assert begun.recovery_at(now=lost.bank.now) == begun.recovery_from
    for other in (replace(begun, password="another"), replace(begun, totp="another")):
        assert other.recovery_at(now=lost.bank.now) == 0


def test_a_suspended_person_begins_and_completes_nothing_and_a_suspension_ends_what_runs(lost):  # noqa: F811
    users = lost.bank.aws.dynamo.operated_users
    recover(lost)
    lost.bank.now += WAIT
    browser, page = opened(lost)
    users.suspend(lost.user, now=lost.bank.now)
    assert Owner.press(browser, page, "offer-app").location == "/security"
    suspended, wrong = recover(lost)[1], recover(lost, password="wrong")[1]
    assert suspended.text.partition("<form")[0] == wrong.text.partition("<form")[0]
    with pytest.raises(NotOpen):
        lost.bank.aws.second_factors.begin_recovery(lost.user, ready_at=1, now=lost.bank.now)
    users.resume(users.find(lost.user.username))
    assert lost.user.recovery_from == 0


def test_what_a_recovery_opens_sets_up_an_app_and_nothing_else(lost):  # noqa: F811
    """No passkey, no recovery codes, no client, no other page."""
    client = _fapi1(lost.bank, "baseline", profile="fapi1-baseline")
    full = lost.arrive()
    recover(lost)
    lost.bank.now += WAIT
    browser, page = opened(lost)
    form = Owner.form(browser, page, "sign-out")
    for more in (
        {"action": "make-codes", "nonce": "n"},
        {"action": "cancel-recovery"},
        {"action": "rename", "key": "k"},
        {"action": "remove", "key": "k"},
        {"action": "", "open": "k"},
        {"action": "", "passkey": Authenticator().create(passkey_options(full.text)), "passkey_nonce": "x"},
    ):
        assert browser.post("/security", form | more).page_error == "access_denied", more
    token_value = browser.cookies[PAGE_COOKIE]
    begun = lost.bank.aws.sessions.find(token_value, now=lost.bank.now, made_for=own_page.MADE_FOR)
    assert (begun.acr, begun.amr) == ("", own_page.RECOVERING)
    outsider = Browser(lost.bank)
    outsider.cookies = {session.COOKIE: token_value}
    assert outsider.open("baseline", client.pushed()).location.startswith("/login?")
    assert 'id="password"' in outsider.get("/grants").text
    assert (lost.passkeys, lost.user.recovery_codes) == ([], ())


def test_of_racers_who_complete_or_begin_one_recovery_one_does(lost, race):  # noqa: F811
    recover(lost)
    lost.bank.now += WAIT
    ready, before, factors = lost.user.recovery_from, lost.user, lost.bank.aws.second_factors

    def finish(n):
        try:
            factors.complete_recovery(before, f"s{n}", step=1, ready_at=ready)
        except NotOpen:
            return None
        return f"s{n}"

    (won,) = [sealed for sealed in race(finish) if sealed]
    assert lost.user.own_totp == won
    factors.complete_recovery(before, won, step=1, ready_at=ready)  # The same write, repeated by the SDK.
    now, after = lost.bank.now, lost.user
    with ThreadPoolExecutor(8) as racers:
        begun = set(racers.map(lambda n: factors.begin_recovery(after, ready_at=now + WAIT + n, now=now), range(8)))
    assert begun == {lost.user.recovery_from}


def test_a_completed_recovery_completes_nothing_again(lost):  # noqa: F811
    recover(lost)
    lost.bank.now += WAIT
    (first, page), (second, other) = opened(lost), opened(lost)
    shown = Owner.press(second, other, "offer-app")
    mine = complete(first, page)
    code = {"one_time_code": pyotp.TOTP(secret_on(shown)).at(lost.bank.now)}
    assert Owner.press(second, shown, "set-app", code).location == "/security"
    assert 'id="login"' in second.get("/security").text
    lost.bank.now += lockout.MAX_LOCK
    assert lost.prove(lost.get("/security"), one_time_code=mine.at(lost.bank.now)).status == 303


def test_whoever_knows_a_name_learns_nothing_of_its_recovery(lost):  # noqa: F811
    """An unknown name and a wrong password have the same answer, whether a recovery runs, is ready, or not."""
    said = set()
    for wait in (0, WAIT):
        for typed in ({"password": "wrong"}, {"username": "nobody"}, {"username": ""}):
            answer = recover(lost, **typed)[1]
            assert answer.status == 200
            said.add(answer.text.partition("<form")[0])
        lost.bank.now += lockout.MAX_LOCK
        if not wait:
            recover(lost)
            lost.bank.now += WAIT
    assert len(said) == 1


def test_guesses_are_counted_and_a_right_password_does_not_end_the_count(lost):  # noqa: F811
    """Otherwise whoever knows the password begins a recovery between guesses of one-time codes, which are never locked then."""
    for _ in range(lockout.FREE_ATTEMPTS - 2):
        assert lost.prove(lost.get("/security"), one_time_code="000000").status == 200
    for _ in range(2):
        assert "Your recovery runs" in recover(lost)[1].text
    assert lost.user.failures == lockout.FREE_ATTEMPTS
    assert "That did not match" in recover(lost)[1].text
    lost.bank.now += lockout.MAX_LOCK
    lost.arrive()
    assert lost.user.failures == 0
    lost.bank.now += WAIT
    for _ in range(lockout.FREE_ATTEMPTS):
        recover(lost, password="wrong")
    browser, answer = recover(lost)  # Locked, also with the right password, and once it is ready.
    assert "That did not match" in answer.text
    assert PAGE_COOKIE not in browser.cookies


def test_nothing_goes_on_once_the_bank_has_switched_it_off(lost):  # noqa: F811
    recover(lost)
    lost.bank.now += WAIT
    browser, page = opened(lost)
    posted = recover(lost)[0]
    switch(lost, 0)
    assert Owner.press(browser, page, "offer-app").location == "/security"
    assert 'id="login"' in browser.get("/security").text
    assert PAGE_COOKIE in posted.cookies
    assert 'id="login"' in posted.get("/security").text
    fresh = carol_in(Browser(lost.bank))
    form = Owner.form(fresh, fresh.get("/security"), "login") | {"with": "recovery", "username": "carol"}
    assert fresh.post("/security", form | {"password": "x"}).status == 200
    assert PAGE_COOKIE not in fresh.cookies


def test_another_site_begins_no_recovery_and_stops_none(lost):  # noqa: F811
    browser = carol_in(Browser(lost.bank))
    form = Owner.form(browser, browser.get(FORM), "login")
    assert browser.post("/security", form | {"csrf": "x"}).page_error == "access_denied"
    page = lost.arrive()
    recover(lost)
    stop = lost.form(page, "sign-out") | {"action": "cancel-recovery", "csrf": "x"}
    assert lost.post("/security", stop).page_error == "access_denied"
    assert lost.user.recovery_from > 0


def test_no_log_line_has_the_password_or_the_secret(lost, caplog):  # noqa: F811
    recover(lost)
    lost.bank.now += WAIT
    browser, page = opened(lost)
    shown = Owner.press(browser, page, "offer-app")
    logged = "\n".join(caplog.messages)
    assert not [hidden for hidden in (secret_on(shown), lost.user.recovery_secrets, PASSWORD) if hidden in logged]
    assert '"event": "sign_in"' in logged
