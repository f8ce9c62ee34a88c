"""A JWT that comes in is taken apart once, and what is verified is what was read: counted, since a second time costs no error."""

import base64
import json

import pytest
from jwt.api_jws import PyJWS

from tests.actors import jwk
from tests.conftest import STANDARD

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def read(monkeypatch):
    """The compact JWTs that PyJWT takes apart from now on, and the texts that are read as JSON."""
    taken, texts = [], []
    load, loads = PyJWS._load, json.loads

    def _load(self, jwt):
        taken.append(jwt if isinstance(jwt, str) else jwt.decode())
        return load(self, jwt)

    def _loads(text, *args, **more):
        texts.append(text if isinstance(text, bytes) else text.encode())
        return loads(text, *args, **more)

    monkeypatch.setattr(PyJWS, "_load", _load)
    monkeypatch.setattr(json, "loads", _loads)
    return taken, texts


@pytest.fixture
def once(read):
    """A function: each of the JWTs was taken apart once, no other was, and the claims of each were read once."""

    def check(*sent):
        taken, texts = read
        assert sorted(taken) == sorted(sent)
        payloads = [base64.urlsafe_b64decode(jwt.split(".")[1] + "==") for jwt in sent]
        assert [texts.count(payload) for payload in payloads] == [1] * len(sent)
        return len(sent)

    return check


def posted(client, path, **form):
    """What is answered to a form with an assertion and a proof that are at hand, and both."""
    assertion, proof = client.assertion(), client.proof("POST", path)
    answer = client.post(path, proof=proof, client_assertion_type=TYPE, client_assertion=assertion, **form)
    return answer, assertion, proof


def test_the_assertion_and_the_proof_of_a_token_request_are_read_once(dpop_client, once):
    """It was four times: for whom it speaks, which key it names, its algorithm, and its signature."""
    answer, *sent = posted(dpop_client, "/token", grant_type="client_credentials", scope="accounts")
    assert answer.status == 200, answer.text
    assert once(*sent) == 2


def test_a_refused_assertion_is_read_no_more_often(dpop_client, rival, once):
    """Of another client's key, at the last of the checks."""
    forged = dpop_client.assertion(key=rival.key, headers={"alg": "ES256"})
    form = {"client_assertion_type": TYPE, "client_assertion": forged}
    answer = dpop_client.post("/token", proof=False, grant_type="client_credentials", **form)
    assert answer.error == "invalid_client"
    assert once(forged) == 1


def test_a_secrets_assertion_is_read_once(client_secret_jwt_client, once):
    client = client_secret_jwt_client
    sent = client.assertion()
    form = {"client_assertion_type": TYPE, "client_assertion": sent}
    answer = client.push(extra=form)
    assert answer.status == 201, answer.text
    assert once(sent) == 1


def test_a_pushed_request_object_is_read_once(bank, dpop_client, once):
    """Beside the assertion and the proof, though its key is looked for before it is verified."""
    keys = {"jwks": {"keys": [jwk(dpop_client.key)]}, "token_endpoint_auth_method": "private_key_jwt"}
    bound = {"tls_client_certificate_bound_access_tokens": False, "dpop_bound_access_tokens": True}
    bank.register(**STANDARD | keys | bound | {"client_id": "signs", "profile": "fapi2-message-signing"})
    client = dpop_client.with_(client_id="signs")
    signed = client.request_object()
    answer, *sent = posted(client, "/par", request=signed)
    assert answer.status == 201, answer.text
    assert once(signed, *sent) == 3


def test_a_request_object_and_its_hint_at_the_authorization_endpoint_are_read_once(
    bank, fapi1_advanced_client, once, read
):
    client = fapi1_advanced_client
    hint = client.agreed(response_type="code id_token").fragment["id_token"]
    signed = client.request_object(response_type="code id_token", id_token_hint=hint)
    for seen in read:
        seen.clear()
    answer = bank.send("GET", "/authorize", query=client.direct(request=signed))
    assert answer.status == 303, answer.text
    assert once(signed, hint) == 2


def test_a_proof_at_a_resource_is_read_once(dpop_client, once, read):
    token = dpop_client.tokens()["access_token"]
    for seen in read:
        seen.clear()
    proof = dpop_client.proof("GET", "/userinfo", access_token=token)
    answer = dpop_client.bank.send("GET", "/userinfo", headers=(("Authorization", f"DPoP {token}"), ("DPoP", proof)))
    assert answer.status == 200, answer.text
    assert once(proof) == 1
