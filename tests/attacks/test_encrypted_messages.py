"""Messages that are encrypted: what is inside counts for no more than it is signed, and what can't be read tells nothing."""

import json

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from tests.actors import ISSUER, NOW, b64url, jwk, rsa_key
from tests.conftest import FAPI1
from tests.each import each
from tests.encryption import ENC, opened, private, public, sealed

TEXT = {"error": "invalid_request_object", "error_description": "the request object can't be used"}


@pytest.fixture
def decryptions(bank, monkeypatch):
    """How often KMS was asked to decrypt."""
    calls = []
    real = bank.aws.kms.client.decrypt
    monkeypatch.setattr(bank.aws.kms.client, "decrypt", lambda **given: (calls.append(given), real(**given))[1])
    return calls


def refused(client, request):
    """The exact refusal, at both doors."""
    pushed = client.post("/par", request=request)
    assert (pushed.status, pushed.json()) == (400, TEXT)
    page = client.bank.send("GET", "/authorize", query={"client_id": client.client_id, "request": request})
    assert (page.status, page.page_error) == (400, "invalid_request_object")


def test_what_is_refused_here_is_taken_when_it_is_right(fapi1_advanced_client):
    inside = fapi1_advanced_client.request_object(response_type="code id_token")
    assert fapi1_advanced_client.post("/par", request=sealed(fapi1_advanced_client.bank, inside)).status == 201
    answer = fapi1_advanced_client.bank.send(
        "GET", "/authorize", query=fapi1_advanced_client.direct(request=sealed(fapi1_advanced_client.bank, inside))
    )
    assert answer.location.startswith("/login")


@pytest.mark.clause("RFC7519-5.2")
@each("content", ["json", "none", "nested", "of another"])
def test_encryption_is_no_signature(fapi1_advanced_client, content):
    """Anybody can encrypt to us."""
    claims = jwt.decode(fapi1_advanced_client.request_object(), options={"verify_signature": False})
    inside = {
        "json": json.dumps(claims),
        "none": (b64url(b'{"alg":"none"}') + b"." + b64url(json.dumps(claims).encode()) + b".").decode(),
        "nested": sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object()),
        "of another": fapi1_advanced_client.request_object(key=rsa_key("a thief")),
    }[content]
    refused(fapi1_advanced_client, sealed(fapi1_advanced_client.bank, inside))


def test_a_message_that_grows_is_never_unpacked(fapi1_advanced_client, decryptions):
    bomb = sealed(fapi1_advanced_client.bank, "A" * 5_000_000, zip="DEF")
    assert len(bomb) < 16_000
    refused(fapi1_advanced_client, bomb)
    assert not decryptions


def test_an_oversized_message_is_not_looked_at(fapi1_advanced_client, decryptions):
    large = sealed(fapi1_advanced_client.bank, "A" * 40_000)
    pushed = fapi1_advanced_client.post("/par", request=large)
    assert (pushed.status, pushed.error) in ((400, "invalid_request_object"), (413, "invalid_request"))
    assert not decryptions


@pytest.mark.parametrize("alg", ["RSA1_5", "RSA-OAEP"])
def test_an_algorithm_with_an_oracle_is_not_decrypted(fapi1_advanced_client, decryptions, alg):
    refused(fapi1_advanced_client, sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object(), alg=alg))
    assert not decryptions


def test_a_key_that_both_know_is_not_taken(fapi1_advanced_client, decryptions):
    from joserfc.jwk import OctKey

    shared = OctKey.import_key(b"k" * 32)
    refused(
        fapi1_advanced_client,
        sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object(), alg="dir", key=shared),
    )
    assert not decryptions


@pytest.mark.parametrize("kid", ["another", ""])
def test_a_key_that_is_not_ours_is_not_looked_for(fapi1_advanced_client, decryptions, kid):
    refused(fapi1_advanced_client, sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object(), kid=kid))
    assert not decryptions


def test_a_signing_key_of_ours_is_not_encrypted_to(fapi1_advanced_client, decryptions):
    (signing,) = [key["kid"] for key in fapi1_advanced_client.bank.jwks()["keys"] if key.get("alg") == "PS256"]
    refused(
        fapi1_advanced_client, sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object(), kid=signing)
    )
    assert not decryptions


@pytest.mark.clause("RFC7516-11.5")
@each("part", [1, 2, 3, 4])
def test_what_was_changed_can_not_be_told_from_what_was_not_signed(fapi1_advanced_client, part):
    """A wrong key, IV, text or tag gets one answer: nobody learns at which step it failed."""
    parts = sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object()).split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    refused(fapi1_advanced_client, ".".join(parts))


def test_a_message_to_somebody_else_is_not_ours(fapi1_advanced_client):
    refused(
        fapi1_advanced_client,
        sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object(), key=private("another bank")),
    )


def test_what_another_client_signed_is_not_said_again_by_encrypting_it(fapi1_advanced_client, fapi1_read_write_client):
    refused(fapi1_advanced_client, sealed(fapi1_advanced_client.bank, fapi1_read_write_client.request_object()))


def test_who_registered_encryption_is_refused_in_the_clear(bank, fapi1_advanced_client):
    bank.register(
        **FAPI1
        | {
            "client_id": "encrypted-requests",
            "profile": "fapi1-advanced",
            "jwks": {"keys": [jwk(rsa_key("advanced"))]},
            "request_object_encryption_alg": "RSA-OAEP-256",
            "request_object_encryption_enc": ENC,
        }
    )
    client = fapi1_advanced_client.with_(client_id="encrypted-requests")
    inside = client.request_object(response_type="code id_token")
    refused(client, inside)
    assert client.post("/par", request=sealed(bank, inside)).status == 201


# What goes out.


def test_a_point_that_is_not_on_its_curve_is_not_registered(bank):
    """ECDH with it would give the sender's secret away bit by bit, where the sender uses one twice."""
    good = public(private("client", "P-256"))
    for name, key in {
        "another y": good | {"y": good["x"]},
        "small order": {"kty": "OKP", "crv": "X25519", "kid": "e1", "use": "enc", "x": "A" * 43},
    }.items():
        with pytest.raises(InvalidClientMetadata, match="jwks"):
            bank.register(
                **FAPI1
                | {
                    "client_id": f"invalid {name}".replace(" ", "-"),
                    "profile": "fapi1-advanced",
                    "jwks": {"keys": [jwk(rsa_key("advanced")), key]},
                    "id_token_encrypted_response_alg": "ECDH-ES",
                    "id_token_encrypted_response_enc": ENC,
                }
            )


def test_what_is_for_one_client_another_can_not_read(bank, fapi1_advanced_client):
    client = fapi1_advanced_client.with_(client_id="reads-alone")
    bank.register(
        **FAPI1
        | {
            "client_id": "reads-alone",
            "profile": "fapi1-advanced",
            "jwks": {"keys": [jwk(rsa_key("advanced")), public(private("reads alone"))]},
            "id_token_encrypted_response_alg": "RSA-OAEP-256",
            "id_token_encrypted_response_enc": ENC,
        }
    )
    token = client.agreed(response_type="code id_token").fragment["id_token"]
    _, inside = opened(token, private("reads alone"), alg="RSA-OAEP-256")
    assert jwt.decode(inside, options={"verify_signature": False})["iss"] == ISSUER
    from joserfc.errors import JoseError

    with pytest.raises(JoseError):
        opened(token, private("another"), alg="RSA-OAEP-256")
    assert NOW
