"""A state that only just fits: what can be pushed can be answered, before the person's decision is used up and after."""

import pytest

from tests.actors import Browser, Fintech, certificate, jwk, rsa_key
from tests.conftest import STANDARD
from tests.each import each


@pytest.mark.fault("4f")
@pytest.mark.clause("JARM-2.1")
@each("alg", ["PS256", "ES256", "EdDSA"])
@each("character", ["a", "\u00e4", "\x00", "\U0001f3e6", '"', "\\"])
def test_the_longest_state_of_any_character_comes_back_signed(bank, alg, character):
    """Signed it is longer by what JSON and base64 make of it, and one of the algorithms takes no more than 4,096 bytes."""
    if alg not in bank.settings.signing_keys:
        pytest.skip("this deployment has no such key")
    key = rsa_key("long state")
    bank.register(
        **STANDARD | {"profile": "fapi2-message-signing"},
        client_id="long-state",
        token_endpoint_auth_method="private_key_jwt",
        authorization_signed_response_alg=alg,
        jwks={"keys": [jwk(key)]},
    )
    client = Fintech(bank, "long-state", "private_key_jwt", key, "PS256", certificate("long-state"))
    fit = []
    for length in (4096, 1900, 900, 600, 450, 330, 300, 160, 100):
        answer = client.push(state=character * length, response_mode="jwt")
        if answer.status == 201:
            fit.append(length)
            assert "response" in Browser(bank).login("long-state", answer.json()["request_uri"]).parameters
            break
        assert (answer.status, answer.error) == (400, "invalid_request")
    assert fit
