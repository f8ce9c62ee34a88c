"""Another site has the person's browser send our forms."""

import pytest

from chalicelib.interaction import browser_binding
from chalicelib.pages.frame import COOKIE
from tests.actors import Browser

ALICE = {"username": "alice", "password": "wonderland", "one_time_code": "123456"}


def does_nothing(answer):
    assert (answer.status, answer.page_error) == (400, "access_denied"), answer.text
    assert answer.header("location") is None
    return True


def form_of(page):
    """The hidden fields of the page's form."""
    key = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert key
    assert csrf
    return {"interaction": key, "csrf": csrf}


@pytest.fixture
def browser(bank):
    return Browser(bank)


@pytest.fixture(params=["/login login", "/login cancel", "/consent approve", "/consent cancel"])
def form(request, fintech, browser):
    """Each form that a person may post, in a browser that has the cookie: path and right fields."""
    path, action = request.param.split()
    request_uri = fintech.pushed()
    page = browser.page("fintech", request_uri) if path == "/login" else browser.consent_page("fintech", request_uri)
    return path, form_of(page) | {"action": action} | (ALICE if action == "login" else {})


@pytest.mark.clause("RFC6749-10.12")
def test_the_forms_are_right_as_they_are(browser, form):
    """What the following tests change is what makes them fail."""
    path, fields = form
    assert browser.post(path, fields).leads_on


@pytest.mark.clause("RFC6749-10.12")
@pytest.mark.parametrize("csrf", [None, "", "x", "\x00", "\N{SNOWMAN}", "a" * 5000])
def test_a_form_without_our_token_does_nothing(browser, form, csrf):
    """The browser sends the cookie by itself; the token stands in our page alone."""
    path, fields = form
    wrong = {name: value for name, value in (fields | {"csrf": csrf}).items() if value is not None}
    assert does_nothing(browser.post(path, wrong))
    assert browser.post(path, fields).leads_on


@pytest.mark.clause("RFC6749-10.12")
def test_a_token_of_another_interaction_of_the_same_browser_does_nothing(fintech, browser, form):
    """A token is of one form."""
    path, fields = form
    other = form_of(browser.page("fintech", fintech.pushed()))
    assert does_nothing(browser.post(path, fields | {"csrf": other["csrf"]}))


@pytest.mark.clause("RFC6749-10.12")
def test_a_token_that_the_attacker_got_for_itself_does_nothing(bank, fintech, browser, form):
    """Neither its token alone, nor its token with its interaction."""
    path, fields = form
    attacker = form_of(Browser(bank).page("fintech", fintech.pushed()))
    assert does_nothing(browser.post(path, fields | {"csrf": attacker["csrf"]}))
    assert does_nothing(browser.post(path, fields | attacker))


@pytest.mark.clause("RFC6749-10.12")
@pytest.mark.parametrize("key", ["", "x", "\x00", "\N{SNOWMAN}", "a" * 3000])
def test_a_form_of_no_interaction_does_nothing(browser, form, key):
    """An interaction's key that names none of this browser's."""
    path, fields = form
    assert does_nothing(browser.post(path, fields | {"interaction": key}))


@pytest.mark.clause("RFC6749-10.12")
def test_a_link_decides_nothing(bank, browser, form):
    """An image or a link makes a GET, which shows a page and changes nothing, whatever its query says."""
    path, fields = form
    cookie = (("Cookie", "; ".join(f"{name}={value}" for name, value in browser.cookies.items())),)
    answer = bank.send("GET", path, query=fields, headers=cookie)
    assert answer.status == 200
    assert browser.post(path, fields).leads_on


@pytest.mark.clause("RFC6749-10.12")
def test_fields_in_the_query_of_a_post_count_for_nothing(bank, browser, form):
    """A form that another site points at our address can't bring its fields in the address."""
    path, fields = form
    cookie = (("Cookie", "; ".join(f"{name}={value}" for name, value in browser.cookies.items())),)
    assert does_nothing(bank.send("POST", path, query=fields, form={"action": fields["action"]}, headers=cookie))


@pytest.mark.clause("RFC6749-10.12")
@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/json", None])
def test_a_body_of_another_type_does_nothing(bank, browser, form, content_type):
    """What a page can send without asking first, but is no form of ours."""
    path, fields = form
    cookie = (("Cookie", "; ".join(f"{name}={value}" for name, value in browser.cookies.items())),)
    answer = bank.send("POST", path, form=fields, headers=cookie, content_type=content_type)
    assert (answer.status, answer.page_error) == (400, "invalid_request")


@pytest.mark.clause("RFC6749-10.12")
@pytest.mark.parametrize("action", [None, "", "x", "APPROVE", "approve ", "login"])
def test_a_consent_without_the_right_button_is_none(fintech, browser, action):
    """Agreeing is one particular value; whatever else comes is no agreement."""
    page = browser.consent_page("fintech", fintech.pushed())
    fields = {name: value for name, value in (form_of(page) | {"action": action}).items() if value is not None}
    answer = browser.post("/consent", fields)
    assert (answer.status, answer.page_error) == (400, "invalid_request")
    assert browser.submit(page, "approve").leads_on


@pytest.mark.clause("RFC6749-10.12")
def test_another_sites_post_brings_no_cookie_and_no_script_reads_it(bank, fintech, browser):
    """SameSite=Lax keeps it from another site's POST, HttpOnly from scripts, __Host- and Secure from other hosts."""
    answer = browser.open("fintech", fintech.pushed())
    (line,) = answer.all("set-cookie")
    name, *attributes = [part.strip() for part in line.split(";")]
    assert name.startswith("__Host-")
    assert set(attributes) == {"Max-Age=900", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"}


@pytest.mark.clause("RFC6749-10.12")
def test_no_answer_lets_another_site_read_it(fintech, browser):
    """No page and no redirect of the front channel carries a header that opens it to other origins."""
    request_uri = fintech.pushed()
    began = browser.open("fintech", request_uri)
    login = browser.get(began.location)
    consent = browser.get(browser.sign_in(login).location)
    for answer in (began, login, consent, browser.submit(consent, "approve")):
        assert not [name for name, _ in answer.headers if name.startswith("access-control-")]


def test_the_cookie_of_the_language_whose_value_anybody_knows_binds_no_form(bank):
    """A form's token is made with the cookie that its field names. One that can be guessed would let another site make it."""
    headers = (("Cookie", f"{COOKIE}=de"),)
    assert not COOKIE.startswith(browser_binding.PREFIX)
    for key in ("language", COOKIE, ""):
        form = {"interaction": key, "csrf": browser_binding.token(key, "de"), "action": "cancel", "invitation": "x"}
        for path in ("/login", "/consent", "/grants", "/passkey"):
            answer = bank.send("POST", path, form=form, headers=headers)
            assert "diesem Browser" in answer.text, (path, key)
