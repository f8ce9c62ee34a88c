"""What the pages' responses hold: headers, escaping, words."""

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from chalicelib.authorization_details.detail_type import Choice, Question, Shown
from chalicelib.pages import consent, render, sign_in
from chalicelib.pages.frame import Frame

REQUESTED = {
    "frame": Frame("Example Bank"),
    "client_name": "Penny Planner",
    "key": "the-key",
    "csrf": "the-csrf",
    "redirect_uri": "https://app.penny.example/callback?x=1",
}
LOGIN = REQUESTED | {"username": "alice", "hint": "A hint.", "problem": "That was not right."}
CONSENT = REQUESTED | {"person": "alice", "access": ["See your accounts.", "See your name."], "until": 1798121100}
PAYMENT = Shown(
    "Pay 123.50 EUR to Merchant A",
    (("To account", "DE02 1001"), ("Reference", "Order 4711")),
    (
        Question(
            "Pay from",
            (
                Choice("details-0-from", "IBAN1", "Current", "DE02 1"),
                Choice("details-0-from", "IBAN2", "Savings", "DE18 1"),
            ),
            none="No account.",
            one=True,
        ),
    ),
    figure="123.50 EUR",
)
ACCESS = Shown(
    "Look at your accounts",
    (),
    (
        Question("What may be seen", (Choice("details-1-may-balances", "balances", "Balances"),), none=""),
        Question("Of which accounts", (), none="None of yours is asked for."),
    ),
)
DETAILED = CONSENT | {"details": (PAYMENT, ACCESS), "access": []}
ERROR = {"frame": Frame("Example Bank"), "error": "invalid_request_uri", "description": "it was already used"}
PAGES = {
    "login": (sign_in.login, LOGIN),
    "consent": (consent.page, CONSENT),
    "consent to details": (consent.page, DETAILED),
    "error": (render.error, ERROR),
}
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)


class Parsed(HTMLParser):
    """Start tags with their attributes, and all text outside the stylesheet and the scripts."""

    def __init__(self, body):
        super().__init__()
        self.tags, self.text, self.style, self.scripts = [], "", None, []
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "style" and self.style is None:
            self.style = data
        elif self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)
        else:
            self.text += data

    def by_id(self, name):
        (found,) = [(tag, attributes) for tag, attributes in self.tags if attributes.get("id") == name]
        return found


def rendered(name, **changed):
    page, given = PAGES[name]
    return page(**(given | changed))


def policy(response):
    """The content security policy, by directive."""
    directives = dict(response.headers)["Content-Security-Policy"].split("; ")
    return {name: sources for name, _, sources in (directive.partition(" ") for directive in directives)}


# Headers


@EVERY_PAGE
def test_a_page_is_html_that_nobody_stores(name):
    headers = dict(rendered(name).headers)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"


@EVERY_PAGE
def test_a_page_allows_nothing_but_its_stylesheet_and_its_own_script(name):
    shown = rendered(name)
    allowed = policy(shown)
    assert allowed.pop("form-action")
    scripts = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in Parsed(shown.body).scripts]
    assert len(scripts) == (name == "login")
    assert [allowed.pop("script-src")] == scripts if scripts else "script-src" not in allowed
    assert allowed.pop("style-src").startswith("'sha256-")
    assert allowed == {"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'"}


@pytest.mark.clause("RFC6749-10.13")
@EVERY_PAGE
def test_10_13_old_and_new_browsers_frame_no_page(name):
    """The authorization server prevents that its pages are put into a frame (clickjacking)."""
    assert dict(rendered(name).headers)["X-Frame-Options"] == "DENY"
    assert policy(rendered(name))["frame-ancestors"] == "'none'"


@EVERY_PAGE
def test_a_page_keeps_its_window_to_itself(name):
    headers = dict(rendered(name).headers)
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@EVERY_PAGE
def test_the_policys_hash_is_that_of_the_stylesheet_in_the_page(name):
    response = rendered(name)
    digest = b64encode(sha256(Parsed(response.body).style.encode()).digest()).decode()
    assert policy(response)["style-src"] == f"'sha256-{digest}'"


@EVERY_PAGE
def test_a_page_has_neither_inline_styles_nor_anything_to_load(name):
    tags = Parsed(rendered(name).body).tags
    assert not {tag for tag, _ in tags} & {"img", "link", "iframe", "object", "embed", "base"}
    assert not {key for _, attributes in tags for key in attributes if key.startswith("on") or key in ("style", "src")}


def test_an_error_page_has_its_status_and_no_form():
    response = rendered("error", status=503)
    assert response.status == 503
    assert policy(response)["form-action"] == "'none'"
    assert "form" not in {tag for tag, _ in Parsed(response.body).tags}


LEADS = {"login": ["'self'"], "consent": ["'self'"], "onward": ["'none'"], "form_post": []}


@pytest.mark.fault("4a")
@pytest.mark.parametrize("name", LEADS)
@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [
        ("https://app.example/cb", "app.example"),
        ("https://app.example:8443/cb;v=1?a='b',c", "app.example:8443"),
        ("http://[::1]:51004/cb", "[::1]:51004"),
        ("com.example.app:/cb", "the app"),
    ],
)
def test_a_form_leads_to_us_alone_wherever_the_client_is(name, redirect_uri, shown):
    """Chromium holds form-action against every redirect after a post: a policy that names a client names one hop of many.

    On the page of a form post nothing is typed, and the next hop is the client's secret: its policy says nothing of forms.
    """
    leads = {"onward": {"location": redirect_uri + "?code=c"}, "form_post": {"parameters": {"code": "c"}}}
    response = (
        getattr(render, name)(frame=Frame("Example Bank"), redirect_uri=redirect_uri, **leads[name])
        if name in leads
        else rendered(name, redirect_uri=redirect_uri)
    )
    assert [value for key, value in policy(response).items() if key == "form-action"] == LEADS[name]
    assert shown in Parsed(response.body).text


@pytest.mark.parametrize("name", ["login", "consent"])
@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "/cb",
        "//app.example/cb",
        "http://app.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https:///cb",
        "https://*/cb",
        "https://*.example/cb",
        "https://app.example;script-src *",
        "https://app.example,evil.example/",
        "https://app.example evil.example/",
        "https://app.example\nX-Header: 1",
        "https://app.example\n",
        "https://app.example\r\n\r\n<html>",
        "https://app.example\t/",
        "https://app.example'/",
        'https://app.example"/',
        "https://app.example\\@evil.example/",
        "https://someone@app.example/",
        "https://app.example:/cb",
        "https://app.example:port/cb",
        "https://ba\u0308nk.example/cb",
        "https://[::1]/cb",
        "HTTPS://app.example/cb",
        "javascript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "app:/cb",
        "com.example.app;x:/cb",
        "com.example.app *:/cb",
    ],
)
def test_an_odd_redirect_uri_gives_no_page_and_no_header(name, redirect_uri):
    with pytest.raises(ValueError, match="no page may lead to"):
        rendered(name, redirect_uri=redirect_uri)


# What others wrote


HOSTILE = "</style></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}"
WRITTEN_BY_OTHERS = [
    ("login", "frame"),
    ("login", "client_name"),
    ("login", "key"),
    ("login", "csrf"),
    ("login", "username"),
    ("login", "hint"),
    ("login", "problem"),
    ("consent", "frame"),
    ("consent", "client_name"),
    ("consent", "key"),
    ("consent", "csrf"),
    ("consent", "person"),
    ("consent", "access"),
    ("error", "frame"),
    ("error", "error"),
    ("error", "description"),
]


@pytest.mark.parametrize(("name", "field"), WRITTEN_BY_OTHERS)
def test_what_others_wrote_stays_text(name, field):
    value = {"access": [HOSTILE], "frame": Frame(HOSTILE)}.get(field, HOSTILE)
    hostile, tame = Parsed(rendered(name, **{field: value}).body), Parsed(rendered(name).body)
    shape = [(tag, list(attributes)) for tag, attributes in hostile.tags]
    expected = [(tag, list(attributes)) for tag, attributes in tame.tags]
    if field == "access":
        expected = expected_with_one_text(tame)
    assert shape == expected
    assert HOSTILE in hostile.text or HOSTILE in [v for _, attributes in hostile.tags for v in attributes.values()]


def expected_with_one_text(tame):
    """The consent page's tags with all but the first thing asked for taken out."""
    tags = [(tag, list(attributes)) for tag, attributes in tame.tags]
    first = [tag for tag, _ in tags].index("li")
    item = ["li", "span"]
    assert [tag for tag, _ in tags[first : first + 4]] == item * 2
    return tags[: first + 2] + tags[first + 4 :]


DETAIL = Shown(HOSTILE, ((HOSTILE, HOSTILE),), (Question(HOSTILE, (Choice(*[HOSTILE] * 4),), none=HOSTILE),))
TAME = Shown("a", (("b", "c"),), (Question("d", (Choice("e", "f", "g", "h"),), none="i"),))


@pytest.mark.parametrize("one", [True, False])
@pytest.mark.parametrize("figure", [True, False])
@pytest.mark.parametrize("choices", [True, False])
def test_what_others_wrote_into_details_stays_text(one, figure, choices):
    def parsed(detail):
        (question,) = detail.questions
        question = replace(question, one=one, choices=question.choices if choices else ())
        shown = replace(detail, questions=(question,), figure=detail.heading if figure else "")
        return Parsed(rendered("consent to details", details=[shown]).body)

    hostile, tame = parsed(DETAIL), parsed(TAME)
    assert [(tag, list(attrs)) for tag, attrs in hostile.tags] == [(tag, list(attrs)) for tag, attrs in tame.tags]
    assert hostile.text.count(HOSTILE) == (6 if choices else 5)


@pytest.mark.parametrize("name", ["login", "consent"])
def test_a_name_that_writes_backwards_turns_nothing_else_round(name):
    backwards = "\u202eknaB elpmaxE"
    body = rendered(name, client_name=backwards).body
    assert body.count(backwards) == body.count(f"<bdi>{backwards}</bdi>") > 0


# What they say


@pytest.mark.parametrize(("name", "button"), [("login", "login"), ("consent", "approve")])
def test_a_form_carries_its_interaction_and_its_csrf_token_and_can_be_cancelled(name, button):
    page = Parsed(rendered(name).body)
    (form,) = [attributes for tag, attributes in page.tags if tag == "form"]
    assert form == {"method": "post", "action": f"/{name}"}
    hidden = {a["name"]: a["value"] for tag, a in page.tags if a.get("type") == "hidden"}
    of_consent = {"shown": ""} if name == "consent" else {}
    assert hidden == {"interaction": "the-key", "csrf": "the-csrf"} | of_consent
    buttons = [
        (a["id"], a["name"], a["value"])
        for tag, a in page.tags
        if tag == "button" and a.get("class") != "nothing" and a.get("type") != "button"
    ]
    assert buttons == [(button, "action", button), ("cancel", "action", "cancel")]


def test_the_login_form_asks_for_three_things_by_stable_ids_that_password_managers_know():
    page = Parsed(rendered("login").body)
    shown = {
        name: (page.by_id(name)[1]["name"], page.by_id(name)[1]["autocomplete"])
        for name in ("username", "password", "one-time-code")
    }
    assert shown == {
        "username": ("username", "username"),
        "password": ("password", "current-password"),
        "one-time-code": ("one_time_code", "one-time-code"),
    }
    assert page.by_id("password")[1]["type"] == "password"
    assert page.by_id("one-time-code")[1]["inputmode"] == "numeric"
    assert "formnovalidate" in page.by_id("cancel")[1]


def test_a_failed_login_says_so_to_eyes_and_ears_and_keeps_the_user_name_alone():
    page = Parsed(rendered("login").body)
    assert page.by_id("problem")[1]["role"] == "alert"
    assert page.text.count("That was not right.") == 1
    assert page.by_id("username")[1]["value"] == "alice"
    assert "value" not in page.by_id("password")[1]
    assert "value" not in page.by_id("one-time-code")[1]
    assert page.by_id("password")[1]["aria-describedby"] == "problem"


def test_a_first_login_shows_neither_problem_nor_hint():
    page = Parsed(rendered("login", username="", problem=None, hint=None).body)
    assert not {"problem", "note"} & {attributes.get("class") for _, attributes in page.tags}
    assert not [attributes for _, attributes in page.tags if "aria-invalid" in attributes]


def test_a_consent_says_who_asks_for_what_of_whom_until_when_and_where_it_leads():
    page = Parsed(rendered("consent").body)
    for words in ("Penny Planner", "See your accounts.", "See your name.", "alice", "app.penny.example"):
        assert words in page.text
    assert "24 December 2026, 14:05\u00a0UTC" in page.text
    assert [a["datetime"] for tag, a in page.tags if tag == "time"] == ["2026-12-24T14:05:00Z"]


def words_of(page):
    return " ".join(page.text.split())


@pytest.mark.clause("RFC9396-4")
def test_4_a_consent_to_details_says_each_and_all_of_it_can_be_chosen_by_stable_names():
    """The details of the request are presented to the person in a form that they understand."""
    page = Parsed(rendered("consent to details").body)
    said = words_of(page)
    for words in (
        "Pay 123.50 EUR to Merchant A",
        "To accountDE02 1001 ReferenceOrder 4711",
        "Pay from Current DE02 1 Savings DE18 1",
        "Look at your accounts What may be seen Balances Of which accounts None of yours is asked for.",
    ):
        assert words in said, words
    boxes = [a for tag, a in page.tags if tag == "input" and a["type"] != "hidden"]
    assert [(a["type"], a["name"], a["value"], "checked" in a) for a in boxes] == [
        ("radio", "details-0-from", "IBAN1", True),
        ("radio", "details-0-from", "IBAN2", False),
        ("checkbox", "details-1-may-balances", "balances", True),
    ]
    tags = [tag for tag, _ in page.tags]
    assert [tags[n + 1] for n, tag in enumerate(tags) if tag == "label"] == ["input"] * 3  # Each is within its label.


def test_the_part_of_a_heading_that_the_eye_should_meet_is_part_of_the_sentence():
    body = rendered("consent to details").body
    assert '<bdi>Pay <span class="figure">123.50 EUR</span> to Merchant A</bdi></h2>' in body
    assert body.count('class="figure"') == 1


def test_a_consent_says_that_details_were_shown_and_lists_nothing_where_nothing_else_is_requested():
    plain, both = Parsed(rendered("consent").body), rendered("consent to details", access=["See your name."])
    marked = [a for tag, a in Parsed(both.body).tags if a.get("name") == "details"]
    assert [(a["type"], a["value"]) for a in marked] == [("hidden", "chosen")]
    assert "details" not in {a.get("name") for _, a in plain.tags}
    assert "Penny Planner may:" in words_of(plain)
    assert "Penny Planner may also: See your name." in words_of(Parsed(both.body))
    assert "Penny Planner may" not in words_of(Parsed(rendered("consent to details").body))


@pytest.mark.parametrize("name", ["login", "consent"])
def test_a_page_that_leads_to_an_app_says_so(name):
    assert "the app" in Parsed(rendered(name, redirect_uri="com.example.app:/cb").body).text


@pytest.mark.parametrize(
    ("error", "headline"),
    [
        ("invalid_request", "This sign-in can't go on"),
        ("a_code_of_tomorrow", "This sign-in can't go on"),
        ("invalid_request_uri", "This link no longer works"),
        ("access_denied", "This link no longer works"),
        ("server_error", "Something went wrong on our side"),
    ],
)
@pytest.mark.clause("RFC6749-4.1.2.1")
def test_4_1_2_1_an_error_page_names_the_cause_in_plain_words_and_by_its_code(error, headline):
    """Where the client or its redirect URI is not proven, the person is told of the error and sent nowhere."""
    response = rendered("error", error=error)
    page = Parsed(response.body)
    assert response.status == 400
    assert page.by_id("error")[1]["data-error"] == error
    assert f"{headline} - Example Bank" in page.text
    assert "start again" in page.text
    assert error in page.text
    assert "it was already used" in page.text


def links_to_others(response):
    """All links but that to the person's own list of apps."""
    links = [attributes for tag, attributes in Parsed(response.body).tags if tag == "a"]
    return [link for link in links if link["href"] != "/grants"]


@pytest.mark.parametrize("name", ["login", "consent"])
def test_what_a_client_says_of_itself_is_linked_to_and_never_loaded(name):
    disclosed = {field: f"https://penny.example/{field}" for field in ("logo_uri", "policy_uri", "tos_uri")}
    response = rendered(name, **disclosed)
    links = links_to_others(response)
    assert {link["href"] for link in links} == set(disclosed.values())
    assert {(link["target"], link["rel"]) for link in links} == {("_blank", "noopener noreferrer")}
    assert "img-src" not in policy(response)


@pytest.mark.parametrize("name", ["login", "consent"])
@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://penny.example/", "data:text/html,x", "/login", ""])
def test_an_address_that_is_not_https_is_not_linked_to(name, address):
    assert not links_to_others(rendered(name, logo_uri=address, policy_uri=address, tos_uri=address))


@EVERY_PAGE
def test_a_page_says_its_language_and_has_one_heading_and_a_title_of_its_own(name):
    page = Parsed(rendered(name).body)
    tags = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en", "dir": "ltr"}) in page.tags
    assert tags.count("h1") == tags.count("title") == tags.count("main") == 1


def test_every_page_has_another_title():
    titles = {name: rendered(name).body.partition("<title>")[2].partition("</title>")[0] for name in PAGES}
    assert titles.pop("consent to details") == titles["consent"]
    assert titles == {
        "login": "Problem: Sign in - Example Bank",
        "consent": "Your consent - Example Bank",
        "error": "This link no longer works - Example Bank",
    }
