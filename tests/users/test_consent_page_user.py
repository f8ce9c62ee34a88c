"""The consent page says who signed in, by what the person knows of themselves."""

import pytest

from local.sandbox_users import ALICE
from tests.actors import Browser


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
