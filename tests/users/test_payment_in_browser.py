"""A payment approved in Chromium, with its virtual authenticator, by the product itself."""

import json
import shutil
from base64 import b64encode
from dataclasses import replace
from threading import Thread

import pytest
from cryptography.hazmat.primitives import serialization as pem
from flask import Flask
from werkzeug.serving import make_server

from chalicelib.language import names
from chalicelib.messages import Response
from local import app_web
from local.sandbox_users import ALICE, BOB, invitations
from tests.authenticator import Authenticator, put, unb64
from tests.paying import FIRST, LOOK, PAYMENT, SECOND, registered_payer
from tests.users.accessibility import violations
from tests.users.conftest import LEAN, Window

WHOLE_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHOWS_PAYMENTS = "--enable-features=SecurePaymentConfirmationBrowser,SecurePaymentConfirmationDebug"
BOTH = {**LOOK, "access": {"accounts": [{"iban": FIRST}, {"iban": SECOND}]}}


@pytest.fixture
def payer(bank, tls_client_auth_client, sites):
    """A client that asks for payments. The bank's site has a name, since an address is no relying party."""
    site, callback, _ = sites
    site.address = f"http://localhost:{site.server.server_port}"
    site.bank = bank
    bank.aws.settings = bank.settings._replace(payment_exemption="none", issuer=site.address)
    client = registered_payer(bank, tls_client_auth_client)
    registered = bank.aws.clients.find("payer", now=bank.now)
    back = f"{callback.address}/callback"
    bank.aws.clients.put(replace(registered, redirect_uris=(back,)))
    callback.answers["GET", "/callback"] = Response(200, (("Content-Type", "text/html"),), "<title>Paid</title>")
    client.redirect_uri = back
    return client


class Till:
    """The browser of a person who pays. `devtools`: of its page, with the device's passkeys."""

    def __init__(self, payer, site, page, device):
        self.payer, self.site, self.page = payer, site, page
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("WebAuthn.enable")
        virtual = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": virtual})["authenticatorId"]
        self.devtools.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential(device)})

    def consent(self, *wanted, **parameters):
        pushed = self.payer.pushed(authorization_details=json.dumps(wanted or [PAYMENT]), **parameters)
        self.present(False)  # The person signs in with the password.
        self.page.goto(f"{self.site.address}/authorize?client_id=payer&request_uri={pushed}")
        self.page.fill("#username", "alice")
        if self.page.locator("#next").is_visible():
            self.page.click("#next")
        for field, value in (("password", "wonderland"), ("one-time-code", "123456")):
            self.page.fill(f"#{field}", value)
        self.page.click("#login")
        self.present(True)
        return self.page

    def approval(self, *wanted, account=FIRST, **parameters):
        self.consent(*wanted, **parameters).check(f"input[value={account}][type=radio]")
        self.page.click("#approve")
        return self.page

    def later(self):
        """Three seconds later, when a page that waits looks again. Of a browser of the test's own, whose clock it is."""
        self.page.clock.fast_forward(3000)

    def present(self, present):
        """Whether somebody touches the device when it is asked to."""
        presence = {"authenticatorId": self.id, "enabled": present}
        self.devtools.send("WebAuthn.setAutomaticPresenceSimulation", presence)

    def verifies(self, verified):
        self.devtools.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": verified})

    def approve(self, page=None):
        (page or self.page).click("#passkey", no_wait_after=True)

    def paid(self, page=None):
        (page or self.page).wait_for_url(f"{self.payer.redirect_uri}?**")
        return True

    @property
    def granted(self):
        """What each grant of alice that is in force allows, and the evidence of its approval."""
        found, _ = self.payer.bank.aws.grants.of_person(ALICE.sub, now=self.payer.bank.now)
        return [(grant.granted, json.loads(grant.approval)) for grant in found]


def credential(device):
    private = device.key.private_bytes(pem.Encoding.DER, pem.PrivateFormat.PKCS8, pem.NoEncryption())

    def plain(value):
        return value.replace("-", "+").replace("_", "/") + "=" * (-len(value) % 4)

    return {
        "credentialId": b64encode(device.credential_id).decode(),
        "isResidentCredential": True,
        "rpId": "localhost",
        "privateKey": b64encode(private).decode(),
        "userHandle": plain(device.user_handle),
        "signCount": device.sign_count,
    }


@pytest.fixture
def phone(bank):
    return put(bank, ALICE, Authenticator(counts=True, sign_count=1))


@pytest.fixture
def till(payer, phone, sites, browse):
    """A function: options of the browser, and the device whose passkey it has, to a Till."""
    tills = []

    def opened(device=phone, **options):
        tills.append(Till(payer, sites[0], browse(**options), device))
        return tills[-1]

    yield opened
    for one in tills:
        one.devtools.send("WebAuthn.disable")
        one.devtools.detach()


def test_a_person_pays_from_the_account_that_they_chose(till):
    one = till()
    page = one.approval(account=SECOND)
    assert page.locator(".figure").inner_text().startswith("1,234.50")
    one.approve()
    assert one.paid()
    ((granted, evidence),) = one.granted
    assert granted == ({**PAYMENT, "debtorAccount": {"iban": SECOND}},)
    assert json.loads(evidence["text"])["details"] == list(granted)
    assert [line for line in page.complaints if "Security Policy" in line] == []


@pytest.fixture
def chromium_that_shows_payments(chromium):
    """A page of a Chromium with Secure Payment Confirmation, which it has on no Linux by default, and in no headless shell."""
    whole = next(filter(None, map(shutil.which, WHOLE_CHROMIUMS)), None)
    if whole is None:
        pytest.skip("Chromium is absent, so that no browser showed a payment itself; install it (Debian: chromium)")
    browser = chromium.browser_type.launch(executable_path=whole, args=[*LEAN, SHOWS_PAYMENTS])
    yield Window(browser, {}).blank()
    browser.close()


def can_ask(page):
    """Wait until the script has got the browser's answer. The page's policy lets no function of Playwright's wait for it."""
    for _ in range(100):
        if page.evaluate("!!document.getElementById('passkey').ask"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the script can not ask")


def test_a_browser_that_can_show_the_payment_itself_does_so(payer, bank, sites, chromium_that_shows_payments):
    """Secure Payment Confirmation: a passkey made for it, the browser's own words, and the way on after a refusal."""
    bank.aws.settings = bank.aws.settings._replace(secure_payment_confirmation="yes")
    page = chromium_that_shows_payments
    one = Till(payer, sites[0], page, Authenticator(user_handle="AAAA"))
    one.devtools.send("WebAuthn.clearCredentials", {"authenticatorId": one.id})
    page.goto(f"{one.site.address}/passkey?{invitations(bank.aws)['alice'].partition('?')[2]}")
    for field, value in (("username", "alice"), ("password", "wonderland"), ("one-time-code", "123456")):
        page.fill(f"#{field}", value)
    page.click("#continue")
    page.click("#passkey")
    page.wait_for_selector("#passkey-made")

    one.devtools.send("Page.setSPCTransactionMode", {"mode": "autoReject"})
    one.approval(account=SECOND)
    can_ask(page)
    one.approve()
    assert "Nothing was approved." in page.get_by_role("alert").inner_text()
    assert one.granted == []
    page.reload()
    one.devtools.send("Page.setSPCTransactionMode", {"mode": "autoAccept"})
    can_ask(page)
    one.approve()
    assert one.paid()
    ((granted, evidence),) = one.granted
    assert granted == ({**PAYMENT, "debtorAccount": {"iban": SECOND}},)
    signed = json.loads(unb64(evidence["response"]["clientDataJSON"]))
    assert (signed["type"], signed["payment"]["payeeName"]) == ("payment.get", "Merchant A")
    assert signed["payment"]["total"] == {"value": "1234.50", "currency": "EUR"}
    assert [line for line in page.complaints if "Security Policy" in line or "ermissions" in line] == []


def test_a_passkey_that_is_cancelled_says_the_way_on(till):
    one = till()
    page = one.approval()
    one.verifies(False)
    one.approve()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "Nothing was approved. Try again with a passkey of yours." in alert.inner_text()
    assert one.granted == []
    one.verifies(True)
    one.approve()
    assert one.paid()


def test_a_passkey_of_another_person_or_of_an_unknown_device_pays_nothing(till, bank):
    bobs = put(bank, BOB, Authenticator())
    unknown = Authenticator(user_handle=bobs.user_handle)
    for device in (bobs, unknown):
        one = till(device)
        page = one.approval()
        one.approve()
        problem = page.locator("#problem")
        problem.wait_for()
        assert "did not approve the payment, so nothing was paid" in problem.inner_text()
        assert page.title().startswith("Problem: ")
        assert one.granted == []
        one.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": one.id})


def test_back_keeps_the_choices(till):
    one = till()
    page = one.approval(PAYMENT, BOTH, account=SECOND)
    page.click("#back")
    assert page.locator(f"input[type=radio][value={SECOND}]").is_checked()
    page.uncheck(f"input[type=checkbox][value={SECOND}]")
    page.click("#approve")
    page.click("#back")
    assert not page.locator(f"input[type=checkbox][value={SECOND}]").is_checked()
    page.click("#approve")
    one.approve()
    assert one.paid()
    ((granted, _),) = one.granted
    assert granted[0]["debtorAccount"] == {"iban": SECOND}
    assert granted[1]["access"] == {"accounts": [{"iban": FIRST}]}


def test_the_browsers_own_back_leads_to_the_choices(till):
    one = till()
    page = one.approval()
    page.go_back()
    page.check(f"input[value={SECOND}][type=radio]")
    page.click("#approve")
    one.approve()
    assert one.paid()
    ((granted, _),) = one.granted
    assert granted[0]["debtorAccount"] == {"iban": SECOND}


def test_the_language_is_changed_without_a_choice_lost(till):
    one = till()
    page = one.approval(account=SECOND)
    page.get_by_role("button", name="Deutsch").click()
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.locator(f"input[type=radio][value={SECOND}]").is_checked()


def test_a_page_that_is_loaded_again_and_pressed_twice_pays_once(till):
    one = till()
    page = one.approval(account=SECOND)
    challenge = page.get_attribute("#passkey", "data-options")
    page.reload()
    assert page.get_attribute("#passkey", "data-options") != challenge
    page.dblclick("#passkey", no_wait_after=True)
    assert one.paid()
    ((granted, _),) = one.granted
    assert granted[0]["debtorAccount"] == {"iban": SECOND}


def test_two_tabs_approve_what_each_of_them_shows(till):
    one = till()
    page = one.approval(account=SECOND)
    other = page.context.new_page()
    key = page.input_value("input[name=interaction]")
    other.goto(f"{one.site.address}/consent?interaction={key}")
    other.check(f"input[value={FIRST}][type=radio]")
    other.click("#approve")
    one.approve()
    assert one.paid()
    ((granted, _),) = one.granted
    assert granted[0]["debtorAccount"] == {"iban": SECOND}


def test_without_javascript_the_page_says_what_is_missing_and_leads_back(till):
    one = till(java_script_enabled=False)
    page = one.approval(account=SECOND)
    assert page.locator("#passkey").is_hidden()
    assert "A passkey needs JavaScript." in page.locator("noscript").inner_html()
    page.click("#back")
    assert page.locator(f"input[type=radio][value={SECOND}]").is_checked()


@pytest.fixture
def app(bank, payer):
    bank.aws.settings = bank.aws.settings._replace(approval_app="local.sandbox_app:build")
    return bank.aws.approval_app


@pytest.fixture
def phones_of():
    """A function: the sandbox's app to the address of its page."""
    servers = []

    def serve(app):
        web = Flask("home")
        web.secret_key = b"x"
        app_web.add_to(web, app)
        servers.append(make_server("127.0.0.1", 0, web, threaded=True))
        Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_approves_in_the_app_and_the_page_goes_on(till, app, phones_of, javascript):
    """By itself, or without JavaScript by its button."""
    one = till(alone=True, java_script_enabled=javascript)
    if javascript:
        one.page.clock.install()
    page = one.approval(account=SECOND)
    page.get_by_role("button", name="Approve in the app of Example Bank").click()
    page.locator("#by-itself").wait_for(state="visible" if javascript else "attached")
    (request,) = app.waiting(ALICE.sub)
    assert page.get_by_text(request.number, exact=True).is_visible()
    assert page.url == f"{one.site.address}/consent"
    assert page.locator("#by-itself").is_visible() == javascript
    page.locator("#continue").click()
    assert page.get_by_role("alert").inner_text() == "You have not answered in the app yet."
    phone_page = page.context.new_page()
    phone_page.goto(f"{phones_of(app)}/app")
    section = phone_page.locator("section")
    assert section.get_by_text(request.number, exact=True).is_visible()
    assert section.get_by_role("heading").inner_text() == "Pay 1,234.50\u00a0EUR to Merchant A"
    section.get_by_role("button", name="Approve").click()
    phone_page.get_by_text("Nothing waits.").first.wait_for()
    phone_page.close()
    if javascript:
        one.later()
    else:
        page.locator("#continue").click(no_wait_after=True)
    assert one.paid()
    ((granted, evidence),) = one.granted
    assert granted[0]["debtorAccount"] == {"iban": SECOND}
    assert evidence["app"]["jws"]
    assert [line for line in page.complaints if "Security Policy" in line] == []


def test_a_refusal_in_the_app_leads_back_by_itself(till, app):
    one = till(alone=True)
    one.page.clock.install()
    page = one.approval()
    page.click("#app")
    (request,) = app.waiting(ALICE.sub)
    app.answer(request.reference, ALICE.sub, "refused")
    one.later()
    page.locator("#problem").wait_for()
    assert "This was refused in the app" in page.locator("#problem").inner_text()
    page.click("#app")
    page.locator("#continue").wait_for()
    one.payer.bank.now += 24 * 3600
    one.later()
    page.locator("#error").wait_for()  # By itself, too: the interaction is over.
    assert one.granted == []


def test_the_enter_key_decides_nothing(till):
    one = till()
    page = one.approval()
    posted = len(one.site.seen)
    page.keyboard.press("Enter")
    page.locator("form").evaluate("form => form.requestSubmit()")  # What Enter in a field would do, if there were one.
    page.wait_for_load_state()
    assert [form["action"] for _, _, form in one.site.seen[posted:] if form and "action" in form] in ([], ["look"])
    assert one.granted == []


LOOKS = [("en", "light", 1024), ("ar", "dark", 320)]


@pytest.mark.parametrize(("tag", "scheme", "width"), LOOKS)
def test_the_pages_are_read_in_each_light_language_and_size(till, app, tag, scheme, width):
    one = till(color_scheme=scheme, viewport={"width": width, "height": 640})
    page = one.approval(ui_locales=tag)
    for shown in ("choose", "wait"):
        assert page.locator("html").get_attribute("dir") == names()[tag][1]
        assert [(one["id"], one["nodes"][0]["html"]) for one in violations(page)] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        lines = page.locator(".figure").evaluate("e => e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight)")
        assert round(lines) == 1  # No amount of this size is broken in two.
        heights = page.locator("button:visible:not(.nothing)").evaluate_all("all => all.map(e => e.offsetHeight)")
        assert len(heights) >= 3
        assert min(heights) >= 44
        if shown == "choose":
            page.click("#app")
