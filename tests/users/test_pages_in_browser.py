"""The pages as a person meets them: in a real browser, by keyboard, on a small screen, in the dark."""

import pytest

from chalicelib import language
from chalicelib.authorization_details import details
from chalicelib.authorization_details.detail_type import Choice, Question, Shown
from chalicelib.interaction.consent_time import End
from chalicelib.messages import Response, see_other
from chalicelib.pages import consent, render, sign_in
from chalicelib.pages.frame import Frame
from tests.each import each

BANK = {"frame": Frame("Example Bank")}
CLIENT = {"client_name": "Penny Planner", "key": "the-key", "csrf": "the-csrf"}
LINKS = {field: f"https://penny.example/{field}" for field in ("logo_uri", "policy_uri", "tos_uri")}
CONSENT = {
    "person": "alice",
    "access": ["See your accounts.", "See your name and e-mail address."],
    "until": 1798121100,
}
LONG = "W" * 100
IBANS = ("DE02100100100006820101", "DE18100100100006820201")
ACCOUNTS = tuple({"iban": iban, "name": name} for iban, name in zip(IBANS, ("Current account", "Savings"), strict=True))
ACCESS = {"type": "account_information", "access": {"accounts": [], "balances": []}, "validUntil": "2027-01-15"}
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "1234567.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": "MT84MALT011000012345MTLCAST001S"},
    "remittanceInformationUnstructured": "Order 4711",
}
LONG_CHOICES = (Choice("a", "b", LONG, LONG), Choice("a", "c", LONG, LONG))
LONG_DETAIL = Shown(
    f"Pay {LONG} to {LONG}",
    ((LONG, LONG), (LONG, LONG)),
    (Question(LONG, LONG_CHOICES, none="", one=True), Question(LONG, (), none=LONG)),
    figure=LONG,
)


def said(*shown):
    return details.in_words(shown, ACCOUNTS, language.of("en"))


ENDS = (
    End("requested", "As requested", "24 December 2026, 14:05 UTC"),
    End("1790000000", "After 7 days", "8 December 2026"),
)


def pages(redirect_uri):
    """A page of each kind by name; what is asked and who asks may be long."""
    shown = BANK | CLIENT | {"redirect_uri": redirect_uri}
    return {
        "login": sign_in.login(**shown, hint="Sandbox: alice, password wonderland, one-time code 000000"),
        "login again": sign_in.login(**shown, **LINKS, username="alice", problem="That was not right."),
        "consent": consent.page(**shown, **LINKS, **CONSENT),
        "payment": consent.page(**shown, **LINKS, **CONSENT | {"access": []}, details=said(PAYMENT)),
        "account access": consent.page(**shown, **CONSENT, details=said(ACCESS), ends=ENDS),
        "long details": consent.page(**shown, **CONSENT, details=[LONG_DETAIL]),
        "on the way": render.onward(**BANK, redirect_uri=redirect_uri, location="#on-the-way"),
        "error": render.error(**BANK, error="invalid_request_uri", description="it was already used"),
        "long login": sign_in.login(
            **shown | {"frame": Frame(LONG), "client_name": LONG}, username=LONG, hint=LONG, problem=LONG
        ),
        "long consent": consent.page(
            **shown | {"frame": Frame(LONG), "client_name": LONG},
            **CONSENT | {"access": [LONG], "person": LONG},
        ),
        "long error": render.error(frame=Frame(LONG), error="x" * 100, description=LONG),
    }


EVERY_PAGE = pytest.mark.parametrize("name", pages("https://penny.example/cb"))


def page_response(body):
    return Response(200, (("Content-Type", "text/html"),), body)


@pytest.fixture
def bank(sites):
    """The bank's site: login leads to consent, consent to the client's callback; every page by its name besides."""
    site, client, _ = sites
    shown = pages(f"{client.address}/callback")
    site.answers = {
        **{("GET", f"/{name.replace(' ', '-')}"): response for name, response in shown.items()},
        ("POST", "/login"): see_other("/consent"),
        ("POST", "/consent"): render.onward(
            **BANK, redirect_uri=f"{client.address}/callback", location=f"{client.address}/callback?code=c"
        ),
    }
    client.answers[("GET", "/callback")] = page_response("<title>Connected</title>Connected.")
    return site


@pytest.fixture
def client(sites):
    return sites[1]


@pytest.fixture
def outsider(sites):
    sites[2].answers[("GET", "/callback")] = page_response("Strange.")
    return sites[2]


def open_page(page, bank, name):
    page.goto(f"{bank.address}/{name.replace(' ', '-')}")
    return page


def focused(page):
    return page.evaluate(
        "document.activeElement.id || document.activeElement.closest('input')?.name || document.activeElement.textContent"
    )


def fill_in(page):
    page.fill("#username", "alice")
    page.fill("#password", "wonderland")
    page.fill("#one-time-code", "000000")


POSTED = {"interaction": "the-key", "csrf": "the-csrf"}
CONSENTED = POSTED | {"shown": ""}
FILLED_IN = POSTED | {"username": "alice", "password": "wonderland", "one_time_code": "000000"}


# The way through


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_logs_in_and_agrees_with_or_without_javascript(browse, bank, client, javascript):
    page = open_page(browse(java_script_enabled=javascript), bank, "login")
    fill_in(page)
    page.click("#login")
    page.click("#approve")
    page.wait_for_url(f"{client.address}/callback?code=c")
    assert [seen for seen in bank.seen if seen[0] == "POST"] == [
        ("POST", "/login", FILLED_IN | {"action": "login"}),
        ("POST", "/consent", CONSENTED | {"action": "approve"}),
    ]
    assert client.seen == [("GET", "/callback", {})]
    assert page.complaints == []


@pytest.mark.parametrize("field", ["username", "password", "one-time-code"])
def test_enter_logs_in_and_does_not_cancel(browse, bank, field):
    page = open_page(browse(), bank, "login")
    fill_in(page)
    page.press(f"#{field}", "Enter")
    page.wait_for_url(f"{bank.address}/consent")
    assert ("POST", "/login", FILLED_IN | {"action": "login"}) in bank.seen


def test_logging_in_with_a_field_left_empty_posts_nothing(browse, bank):
    page = open_page(browse(), bank, "login")
    page.fill("#username", "alice")
    page.click("#login")
    assert focused(page) == "password"
    assert {method for method, _, _ in bank.seen} == {"GET"}


@pytest.mark.parametrize("name", ["login", "consent"])
def test_cancelling_needs_no_field_filled_in(browse, bank, name):
    page = open_page(browse(), bank, name)
    with page.expect_navigation():
        page.click("#cancel")
    (posted,) = [seen for seen in bank.seen if seen[0] == "POST"]
    empty = {"username": "", "password": "", "one_time_code": ""} if name == "login" else {"shown": ""}
    assert posted == ("POST", f"/{name}", POSTED | empty | {"action": "cancel"})


@pytest.mark.parametrize("javascript", [True, False])
def test_a_person_unticks_what_they_do_not_want_to_share_by_pressing_its_words(browse, bank, client, javascript):
    page = open_page(browse(java_script_enabled=javascript), bank, "account access")
    page.get_by_text("Balances").click()
    page.get_by_text("DE18 1001 0010 0006 8202 01").click()
    page.get_by_text("After 7 days").click()
    page.click("#approve")
    page.wait_for_url(f"{client.address}/callback?code=c")
    ((_, _, form),) = [seen for seen in bank.seen if seen[0] == "POST"]
    chosen = {"details-0-may-accounts": "accounts", f"details-0-account-{IBANS[0]}": IBANS[0]}
    assert form == CONSENTED | {"details": "chosen", "action": "approve", "until": "1790000000"} | chosen
    (granted,) = details.granted([ACCESS], form, ACCOUNTS)
    assert granted == {**ACCESS, "access": {"accounts": [{"iban": IBANS[0]}]}}


@pytest.mark.parametrize(("words", "iban"), [(None, IBANS[0]), ("Savings", IBANS[1])])
def test_a_person_pays_from_the_first_account_or_from_another(browse, bank, client, words, iban):
    page = open_page(browse(), bank, "payment")
    if words:
        page.get_by_label(words).check()
    page.click("#approve")
    page.wait_for_url(f"{client.address}/callback?code=c")
    ((_, _, form),) = [seen for seen in bank.seen if seen[0] == "POST"]
    assert form["details-0-from"] == iban
    assert details.granted([PAYMENT], form, ACCOUNTS) == ({**PAYMENT, "debtorAccount": {"iban": iban}},)


@pytest.mark.fault("4j")
@pytest.mark.parametrize("name", ["payment", "account access"])
def test_the_enter_key_on_a_choice_decides_nothing(browse, bank, client, name):
    """Chromium takes Enter on a radio or checkbox for the form's first button, which was Allow."""
    page = open_page(browse(), bank, name)
    bank.answers[("POST", "/consent")] = bank.answers[("GET", f"/{name.replace(' ', '-')}")]
    for choice in page.locator("input[type=radio]:checked, input[type=checkbox]").all():
        choice.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
    sent = [form for method, _, form in bank.seen if method == "POST"]
    assert {form["action"] for form in sent} == {"look"}
    assert client.seen == []


# The policy, enforced


@pytest.mark.parametrize("name", ["login", "consent"])
def test_no_redirect_after_a_post_leaves_us(browse, bank, client, name):
    bank.answers[("POST", f"/{name}")] = see_other(f"{client.address}/callback")
    page = open_page(browse(), bank, name)
    fill_in(page) if name == "login" else None
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.click("button.yes", no_wait_after=True)
    assert page.url == f"{bank.address}/{name}"
    assert client.seen == []


def test_a_form_smuggled_into_a_page_can_not_post_to_another_origin(browse, bank, outsider):
    page = open_page(browse(), bank, "login")
    fill_in(page)
    page.evaluate("address => { document.forms[0].action = address }", f"{outsider.address}/callback")
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.click("#login", no_wait_after=True)
    assert page.url == f"{bank.address}/login"
    assert outsider.seen == []


def test_a_script_smuggled_into_a_page_does_not_run(browse, bank):
    smuggled = bank.answers[("GET", "/login")]
    body = smuggled.body.replace("<main>", "<main><script>document.title = 'owned'</script>")
    bank.answers[("GET", "/login")] = Response(200, smuggled.headers, body)
    page = open_page(browse(), bank, "login")
    assert page.title() == "Sign in - Example Bank"
    assert ["script-src" in line for line in page.complaints] == [True]


@pytest.mark.clause("RFC6749-10.13")
@pytest.mark.parametrize("without", ["X-Frame-Options", "Content-Security-Policy"])
def test_10_13_a_page_shows_in_no_frame_by_either_header_alone(browse, bank, outsider, without):
    """The authorization server prevents that its pages are put into a frame (clickjacking)."""
    shown = bank.answers[("GET", "/consent")]
    kept = tuple((name, value) for name, value in shown.headers if name != without)
    bank.answers[("GET", "/consent")] = Response(200, kept, shown.body)
    outsider.answers[("GET", "/")] = page_response(f"<iframe src='{bank.address}/consent'></iframe>")
    page = browse()
    page.goto(outsider.address)
    (frame,) = page.frames[1:]
    frame.wait_for_load_state()
    assert ("GET", "/consent", {}) in bank.seen
    assert frame.locator("#approve").count() == 0
    assert page.complaints


def test_a_clients_popup_gets_its_answer_though_the_window_that_opened_it_loses_hold_of_it(browse, bank, client):
    opener = f"""
        <script>
        new BroadcastChannel('connect').onmessage = event => document.title = event.data;
        function connect() {{ popup = open('{bank.address}/consent', 'bank', 'popup,width=500,height=700') }}
        </script><button onclick="connect()">Connect</button>"""
    callback = """
        <script>new BroadcastChannel('connect').postMessage(opener === null ? 'connected alone' : 'held')</script>"""
    client.answers[("GET", "/")] = page_response(opener)
    client.answers[("GET", "/callback")] = page_response(callback)
    page = browse()
    page.goto(client.address)
    with page.expect_popup() as popup:
        page.click("button")
    popup.value.wait_for_selector("#approve")
    assert page.evaluate("popup.closed")
    popup.value.click("#approve")
    page.wait_for_function("document.title === 'connected alone'")


# By keyboard and by ear


TAB_ORDER = {
    "login": [
        *("username", "remember", "password", "show-password", "one-time-code", "Where do I find the code?"),
        *("login", "cancel"),
    ],
    "consent": ["approve", "cancel", "connected-apps", "Privacy policy", "Terms of service", "Logo"],
    "account access": [
        "Select all",
        "Select none",
        "details-0-may-accounts",
        "details-0-may-balances",
        "Select all",
        "Select none",
        *(f"details-0-account-{iban}" for iban in IBANS),
        "until",
        "approve",
        "cancel",
    ],
    "payment": ["details-0-from", "approve", "cancel"],
}


@pytest.mark.parametrize("name", TAB_ORDER)
def test_the_tab_key_goes_through_a_page_in_the_order_it_is_read(browse, bank, name):
    page = open_page(browse(), bank, name)
    order = []
    for _ in TAB_ORDER[name]:
        page.keyboard.press("Tab")
        order.append(focused(page))
    assert order == TAB_ORDER[name]


def test_consent_is_given_by_keyboard_alone(browse, bank, client):
    page = open_page(browse(), bank, "consent")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{client.address}/callback?code=c")


def test_after_a_failed_login_the_password_is_next_and_described_by_the_problem(browse, bank):
    page = open_page(browse(), bank, "login again")
    assert focused(page) == "password"
    assert page.get_by_role("alert").inner_text() == "That was not right."
    assert page.get_by_label("Password").get_attribute("aria-describedby") == "problem"


def test_what_can_be_used_has_a_name_that_is_read_out(browse, bank):
    page = open_page(browse(), bank, "login")
    names = ("User name", "Password", "One-time code")
    ids = [page.get_by_role("textbox", name=label, exact=True).get_attribute("id") for label in names]
    assert ids == ["username", "password", "one-time-code"]
    assert page.get_by_role("button", name="Sign in").get_attribute("id") == "login"
    open_page(page, bank, "consent")
    assert page.get_by_role("button", name="Allow").get_attribute("id") == "approve"
    assert page.get_by_role("button", name="Cancel").get_attribute("id") == "cancel"
    assert page.get_by_role("heading", level=1).inner_text() == "Penny Planner asks for your consent"


def test_each_detail_has_a_heading_and_each_question_its_choices_read_out_with_it(browse, bank):
    page = open_page(browse(), bank, "payment")
    name = "Pay 1,234,567.50\u00a0EUR to Merchant A"
    payment = page.get_by_role("region", name=name)
    assert payment.get_by_role("heading", level=2, name=name).count() == 1
    source = payment.get_by_role("group", name="Pay from")
    assert source.get_by_role("radio", name="Savings DE18 1001 0010 0006 8202 01").count() == 1
    access = open_page(page, bank, "account access").get_by_role("region", name="Look at your accounts")
    seen = access.get_by_role("group", name="What may be seen").get_by_role("checkbox")
    assert [box.get_attribute("name") for box in seen.all()] == ["details-0-may-accounts", "details-0-may-balances"]
    assert access.get_by_role("group", name="Of which accounts").get_by_role("checkbox", name="Savings").count() == 1


def test_the_amount_is_the_largest_thing_on_the_page(browse, bank):
    page = open_page(browse(), bank, "payment")
    sizes = page.evaluate(
        "[...document.querySelectorAll('main *')].map(e => [parseFloat(getComputedStyle(e).fontSize), e.className])"
    )
    assert [name for size, name in sizes if size == max(size for size, _ in sizes)] == ["figure"]


# For every eye


def test_a_page_follows_the_eyes_wish_for_the_dark(browse, bank):
    background = "getComputedStyle(document.querySelector('main')).backgroundColor.match(/\\d+/g).map(Number)"
    light = open_page(browse(color_scheme="light"), bank, "login").evaluate(background)
    dark = open_page(browse(color_scheme="dark"), bank, "login").evaluate(background)
    assert min(light) > 230
    assert max(dark) < 60


CONTRAST = """
(() => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
        v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
    ).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ratio = (a, b) => {
        const [low, high] = [light(parts(a)), light(parts(b))].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
    };
    const ground = element => {
        for (let e = element; e; e = e.parentElement) {
            const [r, g, b, alpha = 1] = parts(getComputedStyle(e).backgroundColor);
            if (alpha === 1) return `rgb(${r}, ${g}, ${b})`;
            if (alpha > 0) throw new Error('a half transparent ground');
        }
        return 'rgb(255, 255, 255)';
    };
    const found = [];
    for (const e of document.body.querySelectorAll('*')) {
        const style = getComputedStyle(e);
        const words = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim()).map(n => n.data.trim()).join(' ');
        if (words || e.value) found.push(['text', words || e.value, ratio(style.color, ground(e))]);
        if (e.matches('input:not([type=hidden]), button:not(.nothing)')) {
            const around = ground(e.parentElement);
            found.push(['edge', e.id, Math.max(ratio(style.borderTopColor, around), ratio(ground(e), around))]);
        }
        if (e.matches('.access li')) {
            found.push(['edge', 'tick', ratio(getComputedStyle(e, '::before').borderRightColor, ground(e))]);
        }
        if (e === document.activeElement && e !== document.body) {
            if (style.outlineStyle !== 'solid') throw new Error('no focus ring');
            found.push(['edge', 'focus', ratio(style.outlineColor, ground(e.parentElement))]);
        }
    }
    return found;
})()
"""
CENTRE_OF_BUTTON = """n => {
    const button = document.querySelectorAll('button:not(.nothing)')[n];
    button.scrollIntoView({ block: 'center', behavior: 'instant' });
    const { x, y, width, height } = button.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
}"""
AT_LEAST = {"text": 4.5, "edge": 3.0}  # WCAG 2.2 AA: 1.4.3, 1.4.11


def text_edges_and_the_focus_ring_stand_out_from_their_ground(page):
    measured = page.evaluate(CONTRAST)
    for n in range(page.locator("button:not(.nothing)").count()):
        page.mouse.move(*page.evaluate(CENTRE_OF_BUTTON, n))
        assert page.evaluate("n => document.querySelectorAll('button:not(.nothing)')[n].matches(':hover')", n)
        measured += page.evaluate(CONTRAST)
    for _ in page.locator("button:not(.nothing), input:not([type=hidden]), a").all():
        page.keyboard.press("Tab")
        measured += page.evaluate(CONTRAST)
    assert len(measured) > 5
    assert [found for found in measured if found[2] < AT_LEAST[found[0]]] == []


def it_keeps_its_own_policy(page):
    assert page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius") == "12px"  # it is styled
    assert [line for line in page.complaints if "status of 400" not in line] == []


def where_there_is_a_choice_the_first_button_of_its_form_decides_nothing(page):
    """It is enabled, or a browser would go on to the next; nobody sees it, hears of it or comes to it by keyboard.

    The login page asks for no decision: Enter there signs in.
    """
    for form in page.locator("form:has(input[type=radio], input[type=checkbox]):not([action='/login'])").all():
        first = form.locator("button, input[type=submit]").first
        assert (first.get_attribute("value"), first.is_enabled()) == ("look", True)
        assert (first.get_attribute("tabindex"), first.get_attribute("aria-hidden")) == ("-1", "true")
        box = first.bounding_box()
        assert box["width"] <= 1
        assert box["height"] <= 1


def nothing_on_it_moves(page):
    moving = """[...document.querySelectorAll('*')].map(e => getComputedStyle(e)).filter(
        s => s.animationName !== 'none' || s.transitionDuration.split(', ').some(d => d !== '0s')).length"""
    assert page.evaluate(moving) == 0


def what_can_be_pressed_is_large_enough_for_a_thumb(page):
    heights = page.evaluate(
        "[...document.querySelectorAll('button:not(.nothing), input:not([type=hidden])')]"
        ".map(e => (e.closest('label') ?? e).getBoundingClientRect().height)"
    )
    assert all(height >= 44 for height in heights)


def it_is_shown_whole(page):
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    cut = page.evaluate(
        "[...document.body.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0"
        " && e.tagName !== 'INPUT').map(e => e.outerHTML)"
    )
    assert cut == []


def it_is_shown_whole_in_text_of_200_percent(page):
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    it_is_shown_whole(page)


@pytest.fixture
def opened(browse, bank, name, options):
    """A page of that name, as a browser with these options has just opened it."""
    return open_page(browse(**options), bank, name)


@EVERY_PAGE
@pytest.mark.parametrize("options", [{}], ids=["light"])
@each(
    "holds",
    [
        it_keeps_its_own_policy,
        where_there_is_a_choice_the_first_button_of_its_form_decides_nothing,
        nothing_on_it_moves,
        text_edges_and_the_focus_ring_stand_out_from_their_ground,
    ],
)
def test_a_page_in_the_light(opened, holds):
    holds(opened)


@EVERY_PAGE
@pytest.mark.parametrize("options", [{"color_scheme": "dark"}], ids=["dark"])
def test_a_page_in_the_dark(opened):
    text_edges_and_the_focus_ring_stand_out_from_their_ground(opened)


@EVERY_PAGE
@pytest.mark.parametrize("options", [{"viewport": {"width": 320, "height": 640}}], ids=["320-pixels"])
@each(
    "holds",
    [it_is_shown_whole, what_can_be_pressed_is_large_enough_for_a_thumb, it_is_shown_whole_in_text_of_200_percent],
)
def test_a_page_on_a_screen_of_320_pixels(opened, holds):
    holds(opened)
