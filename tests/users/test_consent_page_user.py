"""The consent page says who signed in, by what the person knows of themselves, and who asks, by what the bank knows of them."""

import re
from dataclasses import replace
from html import unescape

import pytest

from chalicelib import language
from chalicelib.interaction import shown_words
from local.sandbox_users import ALICE
from tests.actors import Browser, elements


@pytest.mark.parametrize(
    ("scope", "shown"), [("openid profile", "Alice Sandbox"), ("openid", "alice"), ("accounts", "alice")]
)
def test_the_consent_page_names_the_person_and_shows_no_identifier(tls_client_auth_client, scope, shown):
    page = Browser(tls_client_auth_client.bank).consent_page(
        tls_client_auth_client.client_id, tls_client_auth_client.pushed(scope=scope)
    )
    assert f"<dd><strong><bdi>{shown}</bdi></strong></dd>" in page.text
    assert ALICE.sub not in page.text


def test_the_consent_keeps_no_user_name(tls_client_auth_client):
    token = tls_client_auth_client.tokens(scope="openid accounts")["access_token"]
    found = tls_client_auth_client.bank.aws.tokens.find(token, now=tls_client_auth_client.bank.now)
    assert (found[1].login.sub, found[1].login.username) == (ALICE.sub, "")


ABOUT = {
    "logo_uri": "https://scout.example/logo.png",
    "policy_uri": "https://scout.example/privacy",
    "tos_uri": "https://scout.example/terms",
    "purpose": "To find you a flat",
    "register_name": "BaFin",
    "register_number": "BAK 123456",
    "register_uri": "https://register.example/123456",
    "registered_at": 1740787200,  # 1 March 2025.
    "localized": {
        "purpose#de": "Um Ihnen eine Wohnung zu finden",
        "policy_uri#de": "https://scout.example/de/datenschutz",
        "register_uri#de": "http://insecure.example/",
    },
}


def test_the_page_says_who_asks_what_for_and_since_when_the_bank_knows_it(bank, tls_client_auth_client):
    """In the reader's language, each address as a link of its own; the record can make the same words again."""
    client_id = tls_client_auth_client.client_id
    client = replace(bank.aws.clients.find(client_id, now=bank.now), **ABOUT)
    bank.aws.clients.put(client)
    browser = Browser(bank)
    page = browser.consent_page(client_id, tls_client_auth_client.pushed())
    lines = [re.sub("<[^>]+>", "", unescape(one)) for one in re.findall("<dt>(.*?)</dd>", page.text)]
    assert lines[:3] == [
        "Stated purposeTo find you a flat",
        "Registered withBaFin, BAK 123456",
        "Known to the bank since1 March 2025",
    ]
    links = {a["href"] for tag, a in elements(page.text) if tag == "a" and a.get("rel") == "noopener noreferrer"}
    assert links == {ABOUT[name] for name in ("logo_uri", "policy_uri", "tos_uri", "register_uri")}
    assert "img-src" not in "".join(page.all("content-security-policy"))

    german = browser.get(f"/consent?interaction={page.text.partition('interaction=')[2][:43]}&language=de")
    assert "Um Ihnen eine Wohnung zu finden" in german.text
    assert "https://scout.example/de/datenschutz" in german.text
    assert "insecure.example" not in german.text

    browser.submit(german, "approve")
    (grant,), _ = bank.aws.grants.of_person(ALICE.sub, now=bank.now)
    words = shown_words.lines(grant, client, language.of("de"))
    assert "Angegebener Zweck: Um Ihnen eine Wohnung zu finden" in words
    assert "Registriert bei: BaFin, BAK 123456 http://insecure.example/" in words
    assert "Der Bank bekannt seit: 1. März 2025" in words
