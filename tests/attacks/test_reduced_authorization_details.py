"""What a person leaves out of the authorization details makes the rest no more than the page said."""

import json
import re
from datetime import datetime

import pytest

from tests.actors import Browser, Fintech, certificate, ec_key
from tests.conftest import STANDARD
from tests.each import each

TODAY = {"type": "account_information", "access": {"accounts": []}, "validUntil": "2027-01-15"}  # NOW's day
LONG = {"type": "account_information", "access": {"balances": []}}


@pytest.fixture
def client(bank):
    bank.register(
        **STANDARD,
        client_id="left-out",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=left-out,O=Fintech\\, Inc.,C=DE",
        authorization_details_types=["account_information"],
    )
    return Fintech(bank, "left-out", "tls_client_auth", None, "", certificate("left-out", key=ec_key("left-out")))


@pytest.mark.clause("RFC9396-3")
@each("left_out", [(), ("details-0",), ("details-1",), ("details-0", "details-1")])
def test_access_ends_when_the_page_said_whatever_is_left_out(client, left_out):
    """The page says when access ends, once, for all that is asked; saying less is no way to more."""
    browser = Browser(client.bank)
    page = browser.consent_page(client.client_id, client.pushed(authorization_details=json.dumps([TODAY, LONG])))
    (shown,) = re.findall(r'datetime="([^"]+)"', page.text)
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)) | {"action": "approve"}
    kept = {name: value for name, value in fields.items() if not name.startswith(tuple(f"{one}-" for one in left_out))}
    answer = browser.post("/consent", kept)
    if len(left_out) == 2:
        assert answer.onward is None
        assert "Choose what you want to allow" in answer.text
        return
    back = answer.parameters
    tokens = client.redeem(back["code"]).json()
    ends = client.introspect(tokens["refresh_token"]).json()["exp"]
    assert ends <= datetime.fromisoformat(shown).timestamp()
