"""The consent page says who signed in, by what the person knows of themselves."""

import pytest

from local.people import ALICE
from tests.actors import Browser


@pytest.mark.parametrize(
    ("scope", "shown"), [("openid profile", "Alice Sandbox"), ("openid", "alice"), ("accounts", "alice")]
)
def test_the_consent_page_names_the_person_and_shows_no_identifier(named, scope, shown):
    page = Browser(named.bank).consent_page(named.client_id, named.pushed(scope=scope))
    assert f"<dd><strong><bdi>{shown}</bdi></strong></dd>" in page.text
    assert ALICE.sub not in page.text


def test_the_consent_keeps_no_user_name(named):
    token = named.tokens(scope="openid accounts")["access_token"]
    found = named.bank.aws.tokens.find(token, now=named.bank.now)
    assert (found[1].login.sub, found[1].login.username) == (ALICE.sub, "")
