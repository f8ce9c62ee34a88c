"""The recovery of a person who has the password, and neither the phone nor a recovery code. A bank switches it on."""

import pyotp
import pytest

from chalicelib.storage.records import RECOVERY_OPEN
from chalicelib.users import lockout
from tests.actors import Browser
from tests.users.test_security import Owner, by_code, carol, carol_in, secret_on  # noqa: F401

pytestmark = pytest.mark.usefixtures("light_passwords")
HOURS = 48
WAIT = HOURS * 3600
FORM = "/security?with=recovery"


@pytest.fixture
def lost(carol):  # noqa: F811
    """Carol, whose bank has the recovery."""
    switch(carol, HOURS)
    return carol


def switch(owner, hours):
    owner.bank.aws.settings = owner.bank.aws.settings._replace(recovery_hours=str(hours))


def recover(owner, browser=None, **typed):
    """The answer to user name and password on the page of the recovery, in another browser by default."""
    browser = carol_in(browser or Browser(owner.bank))
    return browser, Owner.prove(browser, browser.get(FORM), **typed)


def opened(owner):
    """A browser with the page that the recovery opens, once its wait is over."""
    browser, answer = recover(owner)
    assert answer.location == "/security", answer.text
    return browser, browser.get("/security")


def complete(browser, page=None):
    """Set up an app; gives it."""
    page = Owner.press(browser, page or browser.get("/security"), "offer-app")
    app = pyotp.TOTP(secret_on(page))
    code = app.at(browser.bank.now)
    assert Owner.press(browser, page, "set-app", {"one_time_code": code}).location == "/security"
    return app


def test_after_the_wait_user_name_and_password_set_up_another_app_and_nothing_else(lost):
    codes = lost.recovery_codes(lost.arrive())
    at = lost.bank.now
    _, begun = recover(lost)
    assert (begun.status, "Your recovery runs" in begun.text) == (200, True)
    assert "within seven days" in begun.text
    assert lost.user.recovery_from == at + WAIT
    lost.bank.now += 60
    assert recover(lost)[1].text == begun.text  # A second begin changes nothing, and says the same.
    assert lost.user.recovery_from == at + WAIT
    lost.bank.now = at + WAIT - 1
    lost.cookies.clear()
    assert recover(lost)[1].text == begun.text
    lost.bank.now += 1
    browser, page = opened(lost)
    assert 'id="recovering"' in page.text
    assert not [part for part in ('id="passkeys"', 'id="codes"', 'id="cancel-recovery"') if part in page.text]
    app = complete(browser)
    signed_out = browser.get("/security")
    assert "Done. Your new app makes your one-time codes" in signed_out.text
    assert 'id="login"' in signed_out.text
    assert (lost.user.recovery_codes, lost.user.recovery_from, lost.user.recovery_secrets) == ((), 0, "")
    assert by_code(lost, codes[0])[1].status == 200
    lost.bank.now += lockout.MAX_LOCK
    assert lost.prove(lost.get("/security"), one_time_code=lost.app.at(lost.bank.now)).status == 200
    lost.bank.now += lockout.MAX_LOCK
    assert lost.prove(lost.get("/security"), one_time_code=app.at(lost.bank.now)).status == 303


def test_who_can_sign_in_is_shown_the_recovery_and_stops_it(lost):
    recover(lost)
    page = lost.arrive()
    assert "A recovery runs: was it you?" in page.text
    assert lost.press(page, "cancel-recovery").location == "/security"
    page = lost.get("/security")
    assert "Done. The recovery is stopped." in page.text
    assert 'id="cancel-recovery"' not in page.text
    assert lost.user.recovery_from == 0
    lost.bank.now += WAIT
    assert "Your recovery runs" in recover(lost)[1].text  # Another one begins, with a wait of its own.
    assert lost.user.recovery_from == lost.bank.now + WAIT


def test_who_sets_up_another_app_with_a_full_sign_in_ends_the_recovery(lost):
    recover(lost)
    complete(lost, lost.arrive())
    assert lost.user.recovery_from == 0
    lost.bank.now += WAIT
    assert recover(lost)[1].status == 200


def test_the_sign_in_page_for_lost_phones_leads_there_only_where_the_bank_has_it(lost):
    browser = Browser(lost.bank)
    assert 'href="/security?with=recovery"' in browser.get("/security?with=recovery-code").text
    form = browser.get(FORM)
    assert "<strong>48</strong>" in form.text
    assert form.header("cache-control") == "no-store"
    for off in ("0", "", "-1", "x", "1.5"):
        switch(lost, off)
        assert "with=recovery" not in browser.get("/security?with=recovery-code").text.replace("recovery-code", "")
        assert 'id="one-time-code"' in browser.get(FORM).text
    browser = carol_in(Browser(lost.bank))
    switch(lost, HOURS)
    form = browser.get(FORM)
    switch(lost, 0)
    assert "That did not match" in Owner.prove(browser, form).text  # It was open when the bank switched it off.
    assert lost.user.recovery_from == 0


def test_a_recovery_that_nobody_completes_ends_by_itself(lost):
    at = lost.bank.now
    recover(lost)
    lost.bank.now = at + WAIT + RECOVERY_OPEN - 1
    browser, page = opened(lost)
    lost.bank.now += 1
    assert Owner.press(browser, page, "offer-app").location == "/security"  # The open page has ended with it.
    assert 'id="login"' in browser.get("/security").text
    assert 'id="cancel-recovery"' not in lost.arrive().text
    now = lost.bank.now
    assert "Your recovery runs" in recover(lost)[1].text
    assert lost.user.recovery_from == now + WAIT
