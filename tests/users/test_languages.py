"""The pages in the language of their reader: every word by a catalogue; dates, numbers and amounts as its country writes them."""

import json
import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest

from chalicelib import date_format, language, vocabulary, vocabulary_file
from chalicelib.authorization_details import details
from chalicelib.clients import metadata
from chalicelib.errors import InvalidClientMetadata
from chalicelib.pages.frame import COOKIE, Frame
from chalicelib.settings import Settings
from ducat_cdk import catalogues
from local.sandbox_users import Sandbox
from tests.actors import Browser, certificate, elements
from tests.conftest import STANDARD
from tests.users.every_page import ACCESS, ACCOUNTS, OTHER_IBAN, PAYMENT, UNTIL, every_page

RECORD = {
    **STANDARD,
    "client_id": "named",
    "token_endpoint_auth_method": "tls_client_auth",
    "tls_client_auth_subject_dn": "CN=x",
}
LIBRARY = Settings._field_defaults["languages"].split()
SUBJECT = "CN=rich,O=Fintech\\, Inc.,C=DE"
PSEUDO = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀćđéƒǵħíĵķĺḿńóṕqŕśťúṽẃẋýźÁƁĆĐÉƑǴĦÍĴĶĹḾŃÓṔQŔŚŤÚṼẂẊÝŹ",
)
"""Letters that no English text has."""
NAMES = {"Fintech", "fintech", "Alice", "Sandbox", "Current", "Savings", "account", "Standard"}
"""Names of the client, the person and their accounts."""
NOT_WORDS = {
    *(
        "Example",
        "BaFin",
        "DE",
        "MT",
        "Girokonto",
        "Sparkonto",
        "Penny",
        "Planner",
        "penny",
        "example",
        "alice",
        "Bank",
        "EUR",
        "UTC",
        "invalid",
        "access",
        "denied",
        "server",
    ),
    *("temporarily", "unavailable", "error", "request", "uri"),
}
"""Words of the pages that are nobody's language: names, codes of errors and currencies, hosts."""


class Words(HTMLParser):
    """The texts that people see or hear."""

    def __init__(self, body):
        super().__init__()
        self.found, self._skipped = [], 0
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self._skipped += tag in ("style", "script")
        self.found += [attributes[name] for name in ("aria-label", "alt", "title", "placeholder") if name in attributes]

    def handle_endtag(self, tag):
        self._skipped -= tag in ("style", "script")

    def handle_data(self, data):
        if not self._skipped:
            self.found.append(data)


def english_in(body):
    """The words in plain English letters that a page shows, other than names."""
    text = re.sub(r"[0-9a-f-]{36}", "", " ".join(Words(body).found))  # The reference for support is a UUID.
    return sorted({word for word in re.findall(r"[A-Za-z]{2,}(?:'[a-z]+)?", text) if word not in NOT_WORDS})


def hidden_fields(page):
    """The hidden fields of a page's form."""
    return {a["name"]: a["value"] for tag, a in elements(page.text) if tag == "input" and a.get("type") == "hidden"}


@pytest.fixture(scope="session")
def pseudo(tmp_path_factory):
    """A theme's folder with a language in which each text of the library has letters of its own."""
    folder = tmp_path_factory.mktemp("pseudo")
    english = json.loads((language.FOLDER / "en.json").read_text())

    def turned(text):
        parts = re.split(r"(\{[^{}]*\})", text)
        return "".join(part if part.startswith("{") else part.translate(PSEUDO) for part in parts)

    english["tag"], english["months"] = "xx", [month.translate(PSEUDO) for month in english["months"]]
    english["texts"] = {
        text: [turned(form) for form in found] if isinstance(found, list) else turned(found)
        for text, found in english["texts"].items()
    }
    (folder / "xx.json").write_text(json.dumps(english))
    (folder / "names.json").write_text(json.dumps({"xx": ["Ẋẋ", "ltr"]}))
    (folder / "theme.json").write_text("{}")
    return str(folder)


def test_every_page_says_every_word_by_the_catalogue(pseudo):
    frame = Frame("Example Bank", "xx", ("xx",), pseudo)
    named = {name: found for name, page in every_page(frame).items() if (found := english_in(page.body))}
    assert named == {}


def test_a_login_says_every_word_by_the_catalogue(bank, rich, pseudo, monkeypatch):
    """As every page of it is really made: with its problems, its errors, and what API Gateway's path leads nowhere says."""
    monkeypatch.setattr(bank.aws, "settings", bank.aws.settings._replace(languages="xx", theme=pseudo))
    monkeypatch.setattr(Sandbox, "login_help_text", None)
    browser = Browser(bank)
    login = browser.page("rich", rich.pushed(authorization_details=json.dumps([ACCESS])))
    wrong = browser.submit(login, "login", username="alice", password="x", one_time_code="0")
    consent = browser.get(browser.sign_in(wrong).location)
    nothing = browser.post("/consent", {**hidden_fields(consent), "action": "approve"})
    done = browser.submit(consent, "approve")
    listed = browser.get("/grants")
    again = browser.submit(listed, "login", username="alice", password="x", one_time_code="0")
    link = browser.get("/passkey", {"invitation": "x"})
    refused = browser.submit(link, "continue", username="alice", password="x", one_time_code="0")
    over = browser.get("/login", {"interaction": "none"})
    lost = bank.send("PUT", "/login", headers=(("Accept", "text/html"),))
    pages = (login, wrong, consent, nothing, done, listed, again, link, refused, over, lost)
    assert ['role="alert">' in page.text for page in (wrong, nothing, again, refused)] == [True] * 4
    found = [english_in(page.text) for page in pages]
    assert [words for words in found if not set(words) <= NAMES] == []


def test_a_word_outside_the_catalogues_is_found():
    assert english_in("<p>Śíǵń</p><p>Sign in</p><button aria-label='Close'>!</button>") == ["Close", "Sign", "in"]


def test_the_catalogues_are_as_the_code_has_its_texts_and_lack_none():
    """`python -m ducat_cdk.catalogues` writes them."""
    stale = [file.name for file, text in catalogues.written().items() if file.read_text(encoding="utf-8") != text]
    assert stale == []
    for tag in LIBRARY:
        assert catalogues.missing(json.loads((language.FOLDER / f"{tag}.json").read_text())["texts"]) == []
    assert sorted(LIBRARY) == sorted(language.names())


def test_no_translation_is_the_english_text_but_where_the_word_is_the_same():
    same = {
        tag: [text for text, found in language.of(tag).texts.items() if found == text and text[0] not in "{,"]
        for tag in LIBRARY
        if tag != "en"
    }
    assert same == {
        "de": ["App", "Logo", "Name", "Passkeys", "Problem: {title}"],
        "es": ["Error", "no"],
        "fr": ["Logo"],
        "pt-BR": [],
        "ar": [],
    }


AMOUNTS = {
    "en": "1,234,567.50\u00a0EUR",
    "de": "1.234.567,50\u00a0EUR",
    "es": "1.234.567,50\u00a0EUR",
    "pt-BR": "EUR\u00a01.234.567,50",
    "fr": "1\u202f234\u202f567,50\u00a0EUR",
    "ar": "\u20681,234,567.50\u00a0EUR\u2069",
}
MOMENTS = {
    "en": "24 December 2026, 13:45\u00a0UTC",
    "de": "24. Dezember 2026, 13:45\u00a0UTC",
    "es": "24 de diciembre de 2026, 13:45\u00a0UTC",
    "pt-BR": "24 de dezembro de 2026, 13:45\u00a0UTC",
    "fr": "24 décembre 2026, 13:45\u00a0UTC",
    "ar": "\u206824 ديسمبر 2026\u2069، \u20681:45\u202fم\u00a0UTC\u2069",
}


@pytest.mark.parametrize("tag", LIBRARY)
def test_amounts_and_dates_are_written_as_the_readers_country_writes_them(tag):
    (shown,) = details.in_words([PAYMENT], ACCOUNTS, language.of(tag))
    assert shown.figure == AMOUNTS[tag]
    assert shown.figure in shown.heading
    assert PAYMENT["creditorName"] in shown.heading
    moment = int(datetime.fromisoformat("2026-12-24T13:45:00+00:00").timestamp())
    assert date_format.in_words(moment, language.of(tag)).replace("1:45 م", "1:45\u202fم") == MOMENTS[tag]


def test_a_number_takes_the_form_of_the_language():
    said = {
        n: language.of("ar").plural("Once a day", "Up to {number} times a day", n) for n in (1, 2, 4, 11, 100, 1000)
    }
    assert said[2] == "حتى مرتين في اليوم"
    assert len(set(said.values())) == 6
    assert "1.000-mal" in language.of("de").plural("Once a day", "Up to {number} times a day", 1000)
    assert language.of("es").number("1234.50") == "1234,50"  # CLDR: Spanish groups from five digits on


def test_a_name_of_another_direction_moves_no_figure():
    """A payee's Hebrew name before an amount would swallow its digits without an isolate (Unicode Standard Annex 9)."""
    payment = {**PAYMENT, "creditorName": "\u05d7\u05e0 7"}
    (shown,) = details.in_words([payment], ACCOUNTS, language.of("en"))
    assert shown.heading.endswith("to \u2068\u05d7\u05e0 7\u2069")
    (plain,) = details.in_words([PAYMENT], ACCOUNTS, language.of("en"))
    assert "\u2068" not in plain.heading


def test_a_page_says_its_language_and_its_direction():
    for tag, direction in (("ar", "rtl"), ("pt-BR", "ltr")):
        page = every_page(Frame("Example Bank", tag, LIBRARY))["login"]
        assert f'<html lang="{tag}" dir="{direction}">' in page.body
        assert dict(page.headers)["Content-Language"] == tag


# Which language


@pytest.mark.parametrize(
    ("ui_locales", "accept", "tag"),
    [
        ((), None, "en"),
        ((), "", "en"),
        ((), "de-AT,de;q=0.9,en;q=0.8", "de"),
        ((), "en;q=0.5, fr;q=0.9", "fr"),
        ((), "pt", "pt-BR"),
        ((), "pt-PT, es;q=0.5", "pt-BR"),
        ((), "xx, de;q=0, ar;q=0.1", "ar"),
        ((), "*", "en"),
        ((), "de;q=9, ;;, <script>", "en"),
        (("nl", "es-MX"), "de", "es"),
        (("nl",), "de", "de"),
        (("PT-br",), None, "pt-BR"),
    ],
)
def test_a_language_is_chosen_by_the_request_then_by_the_browser(ui_locales, accept, tag):
    assert language.chosen(LIBRARY, preferred=ui_locales, accept=accept) == tag


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_ui_locales_choose_the_language_of_each_page_until_the_person_chooses(tls_client_auth_client):
    """ui_locales: the End-User's preferred languages for the user interface."""
    client, browser = tls_client_auth_client, Browser(tls_client_auth_client.bank)
    opened = browser.open(client.client_id, client.pushed(ui_locales="xx fr-CA"))
    page = browser.get(opened.location)
    assert '<html lang="fr" dir="ltr">' in page.text
    consent = browser.get(browser.sign_in(page).location)
    assert '<html lang="fr" dir="ltr">' in consent.text
    switched = browser.get(f"{browser.sign_in(page).location}&language=ar")
    assert '<html lang="ar" dir="rtl">' in switched.text
    assert browser.cookies[COOKIE] == "ar"
    done = browser.submit(switched, "approve")
    assert '<html lang="ar" dir="rtl">' in done.text
    assert "code=" in done.text


def test_the_page_after_an_approval_is_in_the_language_of_the_request(tls_client_auth_client):
    client, browser = tls_client_auth_client, Browser(tls_client_auth_client.bank)
    done = browser.login(client.client_id, client.pushed(ui_locales="de"))
    assert '<html lang="de" dir="ltr">' in done.text


@pytest.mark.parametrize(
    "query", ["language=xx", "language=de&language=de", "language=", "language=de%0d%0aSet-Cookie:x"]
)
def test_a_switch_to_what_is_no_language_changes_nothing(bank, query):
    answer = bank.send("GET", "/grants", query=query)
    assert '<html lang="en" dir="ltr">' in answer.text
    assert not [cookie for cookie in answer.all("set-cookie") if cookie.startswith(COOKIE)]


def test_a_post_switches_no_language(bank):
    """Its page would change under what was typed, and another site could post it."""
    answer = bank.send("POST", "/grants", form={"x": "1"}, query="language=de")
    assert '<html lang="en" dir="ltr">' in answer.text
    assert not [cookie for cookie in answer.all("set-cookie") if cookie.startswith(COOKIE)]


@pytest.fixture
def rich(bank, tls_client_auth_client):
    """A client that may ask for access to accounts by authorization details."""
    own = {"client_id": "rich", "authorization_details_types": ["account_information"]}
    subject = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT}
    bank.register(**STANDARD | own | subject)
    return tls_client_auth_client.with_(client_id="rich", certificate=certificate("rich"))


def test_a_person_who_chose_less_and_switches_the_language_has_chosen_less_still(rich):
    """The switch of a page with choices posts them, so that nothing is ticked again behind their back."""
    client, browser = rich, Browser(rich.bank)
    page = browser.consent_page(client.client_id, client.pushed(authorization_details=json.dumps([ACCESS])))
    (switch,) = [a for tag, a in elements(page.text) if tag == "button" and a.get("lang") == "de"]
    assert (switch["name"], switch["value"], switch["form"]) == ("action", "look", "choices")
    boxes = [a["name"] for tag, a in elements(page.text) if tag == "input" and a.get("type") == "checkbox"]
    kept = {"details-0-may-balances": "balances"}
    posted = browser.post(unescape(switch["formaction"]), hidden_fields(page) | kept | {"action": "look"})
    assert '<html lang="de" dir="ltr">' in posted.text
    ticked = [a["name"] for tag, a in elements(posted.text) if a.get("type") == "checkbox" and "checked" in a]
    assert ticked == list(kept)
    assert len(boxes) > 3
    assert browser.cookies[COOKIE] == "de"


def test_an_error_is_in_the_language_of_the_cookie_or_of_the_request(bank):
    cookie = (("Cookie", f"{COOKIE}=es"),)
    by_cookie = bank.send("GET", "/login", query=urlencode({"interaction": "none"}), headers=cookie)
    assert "Este enlace ya no funciona" in by_cookie.text
    assert "Este inicio de sesión ha caducado" in by_cookie.text
    by_request = bank.send("GET", "/authorize", query=urlencode({"client_id": "none", "ui_locales": "fr"}))
    assert "Cette connexion ne peut pas se poursuivre" in by_request.text
    assert '<dd lang="en" dir="ltr">client_id: unknown client</dd>' in by_request.text


def test_the_switch_names_each_language_in_itself_and_leads_back_to_the_page():
    shown = Frame("Example Bank", "de", LIBRARY, here="/login?interaction=1").switch
    assert ("ar", "العربية", "rtl", "/login?interaction=1&language=ar") in shown
    assert [tag for tag, *_ in shown] == LIBRARY
    assert replace(Frame("Example Bank", "de", LIBRARY), offered=("de",), here="/grants").switch == []
    assert Frame("Example Bank", "de", LIBRARY).switch == []


# What the bank and the client say


@pytest.mark.clause("OIDCR-2.1")
def test_2_1_a_clients_name_is_that_of_the_readers_language():
    """Human-readable Client Metadata values may be represented in multiple languages: client_name#ja."""
    names = {"client_name#de": "Pfennigplaner", "client_name#PT": "Planejador"}
    client = metadata.registered({**RECORD, **names})
    assert client.in_language("client_name", "de") == "Pfennigplaner"
    assert client.in_language("client_name", "pt-BR") == "Planejador"
    assert client.in_language("client_name", "fr") == client.client_name


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("client_name#de", "\u202eevil"),
        ("client_name#de", ""),
        ("client_name#de", 1),
        ("client_name#", "x"),
        ("client_name#d e", "x"),
    ],
)
def test_a_clients_name_in_another_language_keeps_the_rules_of_the_first(member, value):
    with pytest.raises(InvalidClientMetadata, match="client_name"):
        metadata.registered({**RECORD, member: value})


def test_a_banks_own_words_are_in_the_readers_language():
    sandbox = Path("local/vocabulary.json").read_text()
    before = vocabulary.current()
    try:
        own = vocabulary.use(vocabulary_file.read(sandbox))
        order = {
            "type": "standing_order",
            "amount": {"currency": "EUR", "amount": "50"},
            "payee": "Händler",
            "payeeAccount": {"iban": OTHER_IBAN},
            "firstPayment": "2027-02-01",
        }
        (shown,) = details.in_words([order], ACCOUNTS, language.of("de"))
        assert shown.heading == "50,00\u00a0EUR jeden Monat an Händler zahlen"
        assert ("Erste Zahlung", "1. Februar 2027") in shown.facts
        assert [(tag, text) for tag in LIBRARY for text in own.said if not language.of(tag).has(text)] == []
    finally:
        vocabulary.use(before)


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("heading#de", "Zahlen", "has not the members"),
        ("facts#de", {"Another": "Anderes"}, "facts#de is no translation"),
        ("name#de", "x", "name#de is no translation"),
        ("heading#?", "{amount}", "is no translation"),
    ],
)
def test_a_translation_that_does_not_fit_its_text_is_refused(member, value, problem):
    found = json.loads(Path("local/vocabulary.json").read_text())
    found["authorization_details_types"][0][member] = value
    with pytest.raises(vocabulary_file.VocabularyError, match=re.escape(problem)):
        vocabulary_file.read(json.dumps(found))


def test_the_end_of_a_page_is_a_time_that_programs_read_alike_in_each_language():
    assert date_format.for_machines(UNTIL) == "2026-12-24T14:05:00Z"
