"""A request that says one thing where it is signed and another where it is not, or the same thing twice."""

import json
from base64 import urlsafe_b64encode

import pytest
from jwt.api_jws import PyJWS

from tests.actors import ISSUER, NOW, Browser, jwk, rsa_key
from tests.each import each
from tests.specs.test_fapi1_advanced import HYBRID, disclosed, refused, response, send_request

BY = pytest.mark.parametrize("by", ["value", "push"])


def written(client, **changes):
    """The claims of a good request object, as text."""
    about = {"iss": client.client_id, "client_id": client.client_id, "aud": ISSUER, "nbf": NOW, "exp": NOW + 300}
    return json.dumps({**client.request_arguments(**HYBRID), **about, **changes})


def signed(client, text, headers=None):
    """A request object of just this text."""
    return PyJWS().encode(text.encode(), client.key, algorithm="PS256", headers={"kid": "k1", **(headers or {})})


@BY
@each(
    ("name", "value"),
    [
        ("redirect_uri", "https://evil.example/"),
        ("scope", "openid payments"),
        ("aud", "x"),
        ("exp", NOW + 9),
        ("state", "b"),
    ],
)
def test_a_claim_that_stands_twice_is_neither(fapi1_advanced_client, by, name, value):
    """Parsers differ in which of the two they take."""
    twice = written(fapi1_advanced_client)[:-1] + f', "{name}": {json.dumps(value)}}}'
    refused(fapi1_advanced_client, by, signed=signed(fapi1_advanced_client, twice))


@BY
def test_an_object_in_an_object_is_refused(fapi1_advanced_client, by):
    """What is nested could be taken for the request by one part of a server, and not by another."""
    for inner in ("request", "request_uri"):
        refused(
            fapi1_advanced_client,
            by,
            signed=signed(
                fapi1_advanced_client, written(fapi1_advanced_client, **{inner: "https://fintech.example/other"})
            ),
        )


@BY
@each("value", [["openid"], 1.5, True])
def test_a_parameter_of_an_odd_type_is_refused(fapi1_advanced_client, by, value):
    """A list where a text is meant."""
    answer = send_request(
        fapi1_advanced_client,
        by,
        signed=signed(fapi1_advanced_client, written(fapi1_advanced_client, redirect_uri=value)),
    )
    assert answer.status == 400
    assert answer.header("location") is None


@BY
@each(
    "headers",
    [
        {"jwk": jwk(rsa_key("thief"))},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
    ],
)
def test_a_key_out_of_the_header_verifies_nothing(fapi1_advanced_client, by, headers):
    """The client's registered keys alone do, wherever the header points; nobody goes there."""
    thief = fapi1_advanced_client.with_(key=rsa_key("thief"))
    refused(fapi1_advanced_client, by, signed=signed(thief, written(fapi1_advanced_client), headers))
    refused(fapi1_advanced_client, by, signed=signed(thief, written(fapi1_advanced_client), headers | {"kid": "k2"}))


@BY
def test_critical_headers_that_nobody_knows_are_refused(fapi1_advanced_client, by):
    """RFC 7515 4.1.11."""
    refused(
        fapi1_advanced_client,
        by,
        signed=signed(fapi1_advanced_client, written(fapi1_advanced_client), {"crit": ["b64"], "b64": False}),
    )


def test_an_object_and_an_address_of_one_exclude_each_other(fapi1_advanced_client):
    """JAR-5: which of the two would it be?"""
    beside = {"request_uri": "https://fintech.example/request"}
    refused(fapi1_advanced_client, "value", "invalid_request", beside=beside)


def test_a_parameter_that_stands_twice_outside_is_refused(fapi1_advanced_client):
    """RFC 6749 3.1."""
    query = [
        ("client_id", "advanced"),
        ("client_id", "fintech"),
        ("request", fapi1_advanced_client.request_object(**HYBRID)),
    ]
    answer = fapi1_advanced_client.bank.send("GET", "/authorize", query=query)
    assert (answer.status, answer.page_error) == (400, "invalid_request")


def test_another_clients_object_is_not_taken_for_mine(fapi1_advanced_client, fapi1_read_write_client):
    """The client_id outside chooses whose keys verify; the object must be of the same client."""
    request_parameters = fapi1_advanced_client.direct(request=fapi1_read_write_client.request_object(**HYBRID))
    answer = Browser(fapi1_advanced_client.bank).get("/authorize", request_parameters)
    assert (answer.status, answer.page_error, answer.header("location")) == (400, "invalid_request_object", None)


def test_a_client_assertion_is_no_request(fapi1_advanced_client):
    """JAR-10.8: what authenticates a client at /token asks for nothing at /authorize."""
    refused(fapi1_advanced_client, "value", signed=fapi1_advanced_client.assertion())


def test_a_request_object_authenticates_nobody(fapi1_advanced_client):
    """JAR-10.8, the other way round: its sub is not the client."""
    form = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": fapi1_advanced_client.request_object(**HYBRID),
        "grant_type": "client_credentials",
    }
    answer = fapi1_advanced_client.bank.send("POST", "/token", form=form, certificate=fapi1_advanced_client.certificate)
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.parametrize("size", [40_000, 1_000_000])
def test_a_request_of_a_megabyte_is_refused_unread(fapi1_advanced_client, size):
    """Nothing of it is kept, and nothing verified."""
    large = fapi1_advanced_client.request_object(**HYBRID, extra={"padding": "x" * size})
    form = fapi1_advanced_client.direct(request=large)
    answer = fapi1_advanced_client.bank.send("POST", "/authorize", form=form)
    assert answer.status in (400, 413)
    assert answer.header("location") is None
    pushed = fapi1_advanced_client.post("/par", request=large)
    assert pushed.status in (400, 413)
    assert "request_uri" not in pushed.json()


def test_what_was_refused_leaves_nothing_behind(fapi1_advanced_client):
    """After a refusal, the same browser has no interaction, and the person sees no page."""
    browser = Browser(fapi1_advanced_client.bank)
    browser.get("/authorize", fapi1_advanced_client.direct(**HYBRID, redirect_uri="https://evil.example/"))
    assert not browser.cookies


def test_a_detached_signature_fits_no_other_response(fapi1_advanced_client):
    """Swapped between two responses, code or state no longer match the hashes of the ID token beside them."""
    one, other = response(fapi1_advanced_client, state="one"), response(fapi1_advanced_client, state="other")
    mine, theirs = (fapi1_advanced_client.bank.verified(back["id_token"], "advanced") for back in (one, other))
    assert mine["c_hash"] != theirs["c_hash"]
    assert mine["s_hash"] != theirs["s_hash"]


def test_the_signature_of_a_response_is_by_a_published_key_and_for_this_client(
    fapi1_advanced_client, fapi1_read_write_client
):
    """A response for one client can't be handed to another: aud is the client, as in the ID token."""
    back = disclosed(fapi1_advanced_client.agreed(**HYBRID))
    claims = fapi1_advanced_client.bank.verified(back["id_token"], "advanced")
    assert claims["aud"] == "advanced"
    assert fapi1_read_write_client.redeem(back["code"]).error == "invalid_grant"
    assert fapi1_advanced_client.redeem(back["code"]).status == 200


def test_an_elliptic_key_does_not_verify_what_names_another_algorithm(fapi1_advanced_client):
    """The algorithm is the profile's and the key's, not the header's word alone."""
    stolen = signed(fapi1_advanced_client, written(fapi1_advanced_client), {"alg": "PS256"})
    _, body, tail = stolen.split(".")
    swapped = urlsafe_b64encode(json.dumps({"alg": "ES256", "kid": "k1"}).encode()).rstrip(b"=").decode()
    refused(fapi1_advanced_client, "value", signed=f"{swapped}.{body}.{tail}")
