"""The passkey's pages in a real browser, with Chromium's virtual authenticator: the script asks, and posts what it gets."""

import html
import json

import pytest

from chalicelib.messages import see_other
from chalicelib.own_means import OwnMeans
from chalicelib.pages import enrolment, render, security, sign_in
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.users import web_authentication
from tests.authenticator import b64

CHALLENGES = b64(b"make" * 8), b64(b"sign" * 8)
HANDLE = b64(b"user" * 8)
BANK = {"frame": Frame("Example Bank"), "key": "the-key", "csrf": "the-csrf"}


@pytest.fixture
def bank(sites):
    """The bank's site by a name, since an address is no relying party."""
    site = sites[0]
    site.address = f"http://localhost:{site.server.server_port}"
    to_make, to_sign = CHALLENGES
    made = web_authentication.creation(
        to_make, site.address, bank_name="Example Bank", username="alice", user_handle=HANDLE, known=[b64(b"other")]
    )
    sign_in_options = web_authentication.requested(to_sign, site.address)
    login = BANK | {"client_name": "Penny Planner", "redirect_uri": "https://penny.example/cb"}
    site.answers = {
        ("GET", "/prove"): enrolment.prove(**BANK, invitation="the-link"),
        ("GET", "/make"): enrolment.make(**BANK, username="alice", passkey=Ceremony(made, "the-ticket")),
        ("GET", "/login"): sign_in.login(**login, passkey=Ceremony(sign_in_options, "the-nonce")),
        ("POST", "/passkey"): enrolment.made(frame=Frame("Example Bank")),
        ("POST", "/login"): see_other("/prove"),
    }
    return site


@pytest.fixture
def open_with(browse, bank):
    """A function: what the virtual authenticator is like to a page of it. Its `present` says whether somebody touches it."""

    sessions = []

    def opened(name, *, verified=True, **options):
        page = browse(**options)
        devtools = page.context.new_cdp_session(page)
        sessions.append(devtools)
        devtools.send("WebAuthn.enable")
        virtual = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verified,
            "automaticPresenceSimulation": True,
        }
        added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": virtual})

        def present(enabled):
            devtools.send("WebAuthn.setAutomaticPresenceSimulation", added | {"enabled": enabled})

        page.present = present
        page.goto(f"{bank.address}/{name}")
        return page

    yield opened
    for devtools in sessions:
        devtools.send("WebAuthn.disable")
        devtools.detach()


def posted(bank):
    return [form for method, _, form in bank.seen if method == "POST"]


def test_a_person_makes_a_passkey_and_signs_in_by_it_without_typing(open_with, bank):
    page = open_with("make")
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_selector("#passkey-made")
    (form,) = posted(bank)
    to_make, to_sign = CHALLENGES
    credential_id, key, count = web_authentication.require_registration(
        form.pop("passkey"), challenge=to_make, issuer=bank.address
    )
    assert form == {"interaction": "the-key", "csrf": "the-csrf", "username": "alice", "ticket": "the-ticket"}

    bank.seen.clear()
    page.present(False)
    page.goto(f"{bank.address}/login")
    page.check("#remember")
    page.present(True)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{bank.address}/prove")
    (form,) = posted(bank)
    assert web_authentication.id_of(form["passkey"]) == credential_id
    kept = {"id": credential_id, "key": key, "handle": HANDLE}
    later = web_authentication.require_assertion(
        form.pop("passkey"), kept, sign_count=count, challenge=to_sign, issuer=bank.address
    )
    assert later > count
    assert form == {
        "interaction": "the-key",
        "csrf": "the-csrf",
        "username": "",
        "remember": "yes",
        "password": "",
        "one_time_code": "",
        "passkey_nonce": "the-nonce",
    }
    assert page.complaints == []


def test_a_person_adds_a_passkey_on_their_own_page_and_a_phone_can_read_the_key_of_an_app(open_with, bank):
    made = bank.answers["GET", "/make"].body
    options = json.loads(html.unescape(made.partition('data-options="')[2].partition('"')[0]))
    own, key = BANK | {"frame": Frame("Example Bank", here="/security")}, "7" * 32
    means, ceremony = OwnMeans((), 0, full=False), Ceremony(options, "the-nonce")
    page_of = security.page_of(**own, person="alice", means=means, nonce="n", ceremony=ceremony)
    app = security.app(**own, shown="sealed", uri=f"otpauth://totp/alice?secret={key}", secret=key)
    bank.answers |= {("GET", "/security"): page_of, ("GET", "/app"): app, ("POST", "/security"): see_other("/app")}
    page = open_with("security")
    page.fill("#new-name", "My phone")
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url(f"{bank.address}/app")
    (form,) = posted(bank)
    web_authentication.require_registration(form["passkey"], challenge=CHALLENGES[0], issuer=bank.address)
    assert (form["name"], form["passkey_nonce"]) == ("My phone", "the-nonce")
    picture = page.get_by_role("img", name="QR code of the key below")
    assert picture.bounding_box()["width"] > 200  # It is drawn: the policy hides nothing of it.
    assert page.inner_text("#secret") == " ".join(["7777"] * 8)
    assert page.complaints == []


def test_the_browser_offers_its_passkey_in_the_field_of_the_user_name(open_with, bank):
    """Conditional mediation (Web Authentication 5.1.3.1): here the authenticator accepts what the browser offers."""
    page = open_with("make")
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_selector("#passkey-made")
    credential = web_authentication.id_of(posted(bank)[0]["passkey"])
    page.present(False)
    page.goto(f"{bank.address}/login")
    assert page.get_attribute("#username", "autocomplete") == "username webauthn"
    assert len(posted(bank)) == 1  # Nobody accepts it.
    page.present(True)
    page.goto(f"{bank.address}/login")
    page.wait_for_url(f"{bank.address}/prove")
    _, form = posted(bank)
    assert web_authentication.id_of(form["passkey"]) == credential
    assert (form["username"], form["passkey_nonce"]) == ("", "the-nonce")
    assert page.complaints == []


def test_without_a_passkey_the_page_says_so_and_asks_for_the_user_name_and_then_for_the_password(open_with, bank):
    page = open_with("login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    assert "sign in with your password" in page.get_by_role("alert").inner_text()
    assert posted(bank) == []
    assert page.locator("#proof, #login").evaluate_all("all => all.map(e => e.hidden)") == [True, True]
    page.get_by_role("button", name="Next").click()  # without a user name
    assert page.locator("#proof").is_hidden()
    page.fill("#username", "x")
    page.press("#username", "Enter")
    page.locator("#password").wait_for()
    assert page.evaluate("document.activeElement.id") == "password"
    assert page.locator("#next").is_hidden()
    page.fill("#password", "wonder")
    page.get_by_role("button", name="Show password").click()
    assert page.get_attribute("#password", "type") == "text"
    page.fill("#one-time-code", "x")
    page.get_by_role("button", name="Show password", pressed=True).press("Enter")
    assert page.get_attribute("#password", "type") == "password"
    page.get_by_text("Where do I find the code?").click()
    assert page.get_by_text("In the authenticator app on your phone").is_visible()
    page.get_by_role("button", name="Show password").click()
    page.press("#one-time-code", "Enter")
    page.wait_for_url(f"{bank.address}/prove")
    (form,) = posted(bank)
    assert (form["action"], form["passkey"], form["username"]) == ("login", "", "x")
    assert form["password"] == "wonder"
    assert [line for line in page.complaints if "autocomplete" not in line] == []


def test_an_authenticator_that_does_not_verify_the_person_makes_none(open_with, bank):
    page = open_with("make", verified=False)
    page.get_by_role("button", name="Make a passkey").click()
    assert "No passkey was made" in page.get_by_role("alert").inner_text()
    assert posted(bank) == []


def test_the_page_says_until_when_it_is_good_and_warns_two_minutes_before(open_with, bank):
    login = BANK | {"client_name": "Penny Planner", "redirect_uri": "https://penny.example/cb"}
    for name, left in (("early", 900), ("soon", 121), ("late", 30)):
        limit = render.time_limit(1798121100, BANK["frame"].language, now=1798121100 - left)
        bank.answers["GET", f"/{name}"] = sign_in.login(**login, limit=limit)
    page = open_with("early")
    assert page.locator("#until time").get_attribute("datetime") == "2026-12-24T14:05:00Z"
    assert page.locator("#warning").is_hidden()
    page.goto(f"{bank.address}/late")
    assert "press Cancel and start again at Penny Planner" in page.get_by_role("alert").inner_text()
    page.goto(f"{bank.address}/soon")
    page.get_by_role("alert").wait_for()  # a second later
    assert page.complaints == []
    page = open_with("late", java_script_enabled=False)
    assert "After that, start again at Penny Planner." in page.locator("#until").inner_text()


def test_without_javascript_no_button_promises_a_passkey(open_with, bank):
    page = open_with("login", java_script_enabled=False)
    assert page.locator("#passkey").is_hidden()
    assert page.locator("#passkey-problem").is_hidden()
    assert page.locator("#next, #show-password").evaluate_all("all => all.map(e => e.hidden)") == [True, True]
    assert page.locator("#username, #password, #one-time-code, #login").evaluate_all("all => all.length") == 4
    assert page.locator("#password").is_visible()
    page.get_by_text("Where do I find the code?").click()
    assert page.get_by_text("In the authenticator app on your phone").is_visible()
    page.goto(f"{bank.address}/make")
    assert page.locator("#passkey").is_hidden()
    page.goto(f"{bank.address}/prove")
    assert '<noscript><p class="problem">This needs JavaScript.' in page.content()


def test_a_browser_without_passkeys_gets_no_options(browse, bank):
    page = browse(alone=True)
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{bank.address}/login")
    assert page.locator("#passkey, #next").evaluate_all("all => all.map(e => e.hidden)") == [True, True]
    assert page.locator("#password").is_visible()
    page.goto(f"{bank.address}/make")
    assert page.get_by_role("alert").is_visible()
    assert page.complaints == []


@pytest.mark.parametrize("name", ["prove", "make", "login"])
def test_no_page_runs_anything_but_its_own_script(open_with, bank, name):
    shown = bank.answers["GET", f"/{name}"]
    smuggled = shown.body.replace("<main>", "<main><script>document.title = 'owned'</script>")
    bank.answers["GET", f"/{name}"] = type(shown)(200, shown.headers, smuggled)
    page = open_with(name)
    assert page.title() != "owned"
    assert any("script-src" in line for line in page.complaints)


@pytest.mark.parametrize("name", ["prove", "make", "login"])
def test_a_small_screen_shows_the_page_whole_and_its_buttons_large_enough(open_with, bank, name):
    page = open_with(name, viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    heights = page.evaluate(
        "[...document.querySelectorAll('button:not([hidden]), input:not([type=hidden])')]"
        ".filter(e => e.checkVisibility()).map(e => (e.closest('label') ?? e).getBoundingClientRect().height)"
    )
    assert heights
    assert all(height >= 44 for height in heights)
