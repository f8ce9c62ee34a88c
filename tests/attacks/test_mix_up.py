"""A client of several banks is made to take one bank's answer for another's (RFC 9207, RFC 9700 4.4)."""

import jwt
import pytest

from tests.actors import ISSUER, Browser, Fintech, certificate, rsa_key
from tests.conftest import STANDARD
from tests.each import each

OTHER = "https://login.attacker.example"


@pytest.mark.clause("RFC9207-2")
def test_every_code_says_who_gave_it(each_client):
    """iss stands in the response, and is our identifier to the character, as the metadata has it."""
    back = each_client.approved()
    assert back.parameters["iss"] == ISSUER == each_client.bank.metadata()["issuer"]


@pytest.mark.clause("RFC9207-2")
@pytest.mark.parametrize("where", ["login", "consent", "prompt"])
def test_every_refusal_says_who_gave_it(fintech, where):
    """An error response carries iss too: at the first page, at the second, and without any."""
    browser = Browser(fintech.bank)
    if where == "prompt":
        back = browser.open("fintech", fintech.pushed(prompt="none"))
    else:
        open_page = browser.page if where == "login" else browser.consent_page
        back = browser.submit(open_page("fintech", fintech.pushed()), "cancel")
    assert "error" in back.parameters
    assert back.parameters["iss"] == ISSUER


@pytest.mark.clause("RFC9207-2")
def test_no_parameter_of_a_request_changes_who_answers(fintech):
    """Not iss in what is pushed, not iss at the authorization endpoint, nor one within the redirect URI's own query."""
    browser = Browser(fintech.bank)
    request_uri = fintech.pushed(extra={"iss": OTHER, "issuer": OTHER})
    began = browser.get("/authorize", {"client_id": "fintech", "request_uri": request_uri, "iss": OTHER})
    back = browser.submit(browser.get(browser.sign_in(browser.get(began.location)).location), "approve")
    assert back.parameters["iss"] == ISSUER
    assert OTHER not in back.location


@pytest.mark.clause("RFC9207-2")
def test_a_state_can_not_carry_another_iss_in(fintech):
    """What a client sends comes back encoded: it can't end one parameter and begin another."""
    state = f"x&iss={OTHER}&code=injected#iss={OTHER}"
    back = fintech.approved(state=state)
    assert back.parameters["state"] == state
    assert back.parameters["iss"] == ISSUER
    assert back.parameters["code"] != "injected"


@pytest.mark.clause("RFC9207-3")
def test_the_metadata_announce_it(bank):
    """A client that knows that iss always comes refuses an answer without."""
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        assert bank.send("GET", path).json()["authorization_response_iss_parameter_supported"] is True


@pytest.mark.clause("OIDCC-3.1.3.7")
def test_an_id_token_says_who_and_for_whom(fintech):
    """iss and aud of the ID token are ours and the client's alone."""
    tokens = fintech.tokens()
    claims = fintech.bank.verified(tokens["id_token"], "fintech")
    assert (claims["iss"], claims["aud"]) == (ISSUER, "fintech")


@pytest.mark.clause("JARM-2.1")
def test_a_signed_response_says_who_and_for_whom(bank):
    """Of JARM, iss and aud are signed, and nothing stands beside it that could say otherwise."""
    bank.register(
        **STANDARD | {"profile": "fapi2-message-signing"},
        client_id="mixed",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=mixed,O=Fintech\\, Inc.,C=DE",
    )
    client = Fintech(bank, "mixed", "tls_client_auth", None, "", certificate("mixed"))
    parameters = client.approved(response_mode="jwt", state="a-state").parameters
    assert parameters.keys() == {"response"}
    claims = bank.verified(parameters["response"], "mixed")
    assert (claims["iss"], claims["aud"], claims["state"]) == (ISSUER, "mixed", "a-state")
    with pytest.raises(jwt.InvalidAudienceError):
        bank.verified(parameters["response"], "fintech")


@pytest.mark.clause("RFC7523-3")
@each("aud", [OTHER, [OTHER, ISSUER], f"{OTHER}/token", f"{ISSUER}.attacker.example"])
def test_an_assertion_that_was_meant_for_another_bank_is_refused(fintech, aud):
    """A bank that is an attacker can't pass its clients' assertions on to us."""
    assertion = fintech.assertion(aud=aud)
    answer = fintech.push(
        client_assertion=assertion, client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.clause("RFC6749-4.1.3")
def test_a_code_of_ours_that_another_bank_was_given_is_of_no_use_to_it(fintech, rival):
    """The attacker got the code by the mix-up; without the client's key, certificate and verifier it stays a code."""
    code = fintech.code()
    thief = fintech.with_(key=rsa_key("attacker"), certificate=certificate("attacker"))
    assert thief.redeem(code).error == "invalid_client"
    assert rival.redeem(code).error == "invalid_grant"
    assert fintech.redeem(code).status == 200
