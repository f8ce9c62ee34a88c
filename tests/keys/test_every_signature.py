"""Every function that signs, with each algorithm, by keys of the template and by those that the job makes."""

import jwt
import pytest

from chalicelib.jobs import rotate_keys
from chalicelib.keys.key_ring import CantSign
from tests.actors import Browser, certificate, jwk, rsa_key
from tests.conftest import FAPI1, STANDARD

ALGORITHMS = ("PS256", "ES256", "EdDSA")
SIGNED_INTROSPECTION = (("Accept", "application/token-introspection+jwt"),)
USES = {
    "authorize": "authorization_response",
    "login": "authorization_response",
    "consent": "authorization_response",
    "token": "id_token",
    "userinfo": "api_response",
    "introspect": "api_response",
}
HYBRID = ("PS256", "ES256")
"""Profiles with a hybrid flow, in which `consent` signs ID tokens, allow no more."""


@pytest.fixture
def rotated(bank):
    """A deployment whose signing keys are all of the job's making."""
    bank.aws.settings = bank.settings._replace(
        ps256_key=None, es256_key=None, eddsa_key=None, signing_algorithms=" ".join(ALGORITHMS)
    )
    for key in bank.aws.signing_keys.all(now=bank.now):
        bank.aws.signing_keys.remove(key)
    rotate_keys.run(bank.aws, {"detail-type": "Scheduled Event"})
    return bank


def signatures(fintech, alg):
    """What each function signs for a client to which everything is signed so, by the function's name."""
    chosen = {f"{one}_signed_response_alg": alg for one in ("id_token", "authorization", "userinfo", "introspection")}
    own = {
        "client_id": f"signed-{alg}",
        "profile": "fapi2-message-signing",
        "jwks": {"keys": [jwk(rsa_key("fintech"))]},
    }
    client = fintech.with_(client_id=own["client_id"])
    client.bank.register(**STANDARD | chosen | own | {"token_endpoint_auth_method": "private_key_jwt"})
    browser = Browser(client.bank)
    refused = browser.open(client.client_id, client.pushed(response_mode="jwt", prompt="none"))
    canceled = browser.submit(browser.page(client.client_id, client.pushed(response_mode="jwt")), "cancel")
    approved = client.approved(response_mode="jwt").parameters["response"]
    tokens = client.redeem(jwt.decode(approved, options={"verify_signature": False})["code"]).json()
    introspected = client.post("/introspect", token=tokens["access_token"], headers=SIGNED_INTROSPECTION)
    return {
        "authorize": refused.parameters["response"],
        "login": canceled.parameters["response"],
        "consent": approved,
        "token": tokens["id_token"],
        "userinfo": client.userinfo(tokens["access_token"]).text,
        "introspect": introspected.text,
    }


def hybrid(fintech, alg):
    """The ID token of the authorization endpoint."""
    own = {"client_id": f"hybrid-{alg}", "profile": "fapi1-advanced", "jwks": {"keys": [jwk(rsa_key("advanced"))]}}
    fintech.bank.register(**FAPI1 | own | {"id_token_signed_response_alg": alg})
    client = fintech.with_(client_id=own["client_id"], key=rsa_key("advanced"), certificate=certificate("advanced"))
    return client.agreed(response_type="code id_token").fragment["id_token"]


def signer(bank, token):
    """The algorithm and the uses of the key that signed. It is published."""
    header = jwt.get_unverified_header(token)
    (key,) = [key for key in bank.aws.signing_keys.all(now=bank.now) if key.kid == header["kid"]]
    assert header["kid"] in {key["kid"] for key in bank.jwks()["keys"]}
    return header["alg"], key.uses


def test_every_function_signs_by_the_keys_of_the_template(bank, fintech):
    for alg in ALGORITHMS:
        shown = {name: signer(bank, token) for name, token in signatures(fintech, alg).items()}
        assert shown == {name: (alg, ()) for name in USES}
    assert [signer(bank, hybrid(fintech, alg)) for alg in HYBRID] == [(alg, ()) for alg in HYBRID]


def test_every_function_signs_by_the_keys_of_its_use(rotated, fintech):
    for alg in ALGORITHMS:
        shown = {name: signer(rotated, token) for name, token in signatures(fintech, alg).items()}
        assert shown == {name: (alg, (use,)) for name, use in USES.items()}
    assert [signer(rotated, hybrid(fintech, alg)) for alg in HYBRID] == [(alg, ("id_token",)) for alg in HYBRID]


def test_a_key_of_the_template_that_is_compromised_signs_no_more(bank):
    for key in [key for key in bank.aws.signing_keys.all(now=bank.now) if key.alg in ALGORITHMS]:
        rotate_keys.run(bank.aws, {"compromised": key.kid})
        with pytest.raises(CantSign):
            bank.aws.kms.signer(key).sign(b"text")
        assert key.kid not in {published["kid"] for published in bank.jwks()["keys"]}
