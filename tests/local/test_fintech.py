"""What the demo's fintech says of itself to the bank."""

from urllib.parse import parse_qs

import pytest
import requests
from jwskate import SignedJwt

from local import clients, exchanges, fintech

ISSUER = "https://login.bank.example"


@pytest.fixture(scope="module")
def pair(certificates):
    return clients.two(certificates, "https://fintechs.example")


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.3.1-5")
@pytest.mark.parametrize("path", ["/par", "/token", "/revoke"])
def test_5_3_3_1_5_its_assertions_are_for_the_issuer_as_a_string(pair, path):
    """Shall use the issuer identifier as a string in the aud claim of client assertions, wherever they are sent."""
    method = fintech._authentication(pair[0], ISSUER)
    sent = requests.Request("POST", f"https://mtls.bank.example{path}", data={"x": "y"}, auth=method).prepare()
    (assertion,) = parse_qs(sent.body)["client_assertion"]
    assert SignedJwt(assertion).claims["aud"] == ISSUER


def test_a_client_that_is_known_by_its_certificate_only_names_itself(pair):
    method = fintech._authentication(pair[1], ISSUER)
    sent = requests.Request("POST", f"{ISSUER}/token", data={"x": "y"}, auth=method).prepare()
    assert parse_qs(sent.body) == {"x": ["y"], "client_id": ["rent-scout"]}


@pytest.mark.parametrize(
    "part", ["", "W10", "%00", "__4", "W1tb" * 50_000], ids=["empty", "a-list", "nul", "no-text", "deep"]
)
def test_what_a_browser_carries_back_is_shown_and_decoded_only_if_it_can_be(part):
    """Anybody can send a browser to the callback, with anything for a signed response."""
    shown = exchanges.redirected(f"https://app.example/back?response={part}.{part}.x", "The browser is back.")
    assert shown.line == "GET https://app.example/back"
    assert len(shown.decoded) == (part == "W10")
