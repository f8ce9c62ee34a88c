"""RFC 9449, DPoP: tokens that are good only for whoever holds a key, shown anew with each request."""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from functools import cached_property, partial
from urllib.parse import urlencode

import jwt
import pytest
from chalice.app import Chalice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import gateway
from chalicelib.assembly import Aws
from chalicelib.errors import InvalidDpopProof
from chalicelib.keys.thumbprint import thumbprint
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES
from chalicelib.tokens import dpop, sender_constraint
from chalicelib.tokens.dpop_nonce import Nonces
from chalicelib.tokens.sender_constraint import PresentedKeys, Proof
from local.api_gateway import Api, Route
from local.https_server import Incoming
from tests.actors import (
    ISSUER,
    MTLS,
    NOW,
    SERIAL,
    Answer,
    b64url,
    certificate,
    ec_key,
    ed_key,
    hash_of,
    jwk,
    jws,
    public,
    rsa_key,
    x5t_s256,
)
from tests.conftest import DPOP
from tests.each import each

RESOURCE = "https://api.bank.example"
HOUR = 3600
FEW = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def jkt(key):
    return thumbprint(public(key))


# Where a proof is accepted


class Held:
    """What a client has to show at an endpoint, got when it is needed."""

    def __init__(self, client):
        self.client = client

    @cached_property
    def code(self):
        return self.client.code()

    @cached_property
    def tokens(self):
        return self.client.tokens()

    def __getattr__(self, name):
        return self.tokens[name]


def accounts(client, held, proof):
    """The authorizer's decision, as API Gateway says it."""
    decision = client.accounts(held.access_token, proof=proof)
    if decision["policyDocument"]["Statement"][0]["Effect"] == "Allow":
        return Answer(200, (), "")
    said = decision["context"]
    headers = [("content-type", "application/json"), ("www-authenticate", said["www_authenticate"])]
    headers += [("dpop-nonce", said["dpop_nonce"])] if "dpop_nonce" in said else []
    return Answer(401, tuple(headers), json.dumps({"error": said["error"]}))


@dataclass(frozen=True)
class Citation:
    """An endpoint, and a request to it that lacks nothing but its proof."""

    method: str
    path: str
    send: object

    @property
    def is_a_resource(self):
        return self.path in ("/userinfo", "/accounts")

    def proof(self, client, held, **changes):
        """A function that makes proofs for it."""
        token = held.access_token if self.is_a_resource else None
        return client.proof(self.method, self.path, **({"access_token": token} | changes))


PROOF_TARGETS = {
    "par": Citation("POST", "/par", lambda client, held, proof: client.push(proof=proof)),
    "authorization_code": Citation("POST", "/token", lambda client, held, proof: client.redeem(held.code, proof=proof)),
    "refresh_token": Citation(
        "POST", "/token", lambda client, held, proof: client.refresh(held.refresh_token, proof=proof)
    ),
    "client_credentials": Citation(
        "POST", "/token", lambda client, _, proof: client.post("/token", grant_type="client_credentials", proof=proof)
    ),
    "userinfo": Citation(
        "GET", "/userinfo", lambda client, held, proof: client.userinfo(held.access_token, proof=proof)
    ),
    "authorizer": Citation("GET", "/accounts", accounts),
}
EVERYWHERE = pytest.mark.parametrize("location", PROOF_TARGETS.values(), ids=PROOF_TARGETS)
AT_THE_TOKEN_ENDPOINT = pytest.mark.parametrize(
    "location",
    [one for one in PROOF_TARGETS.values() if one.path == "/token"],
    ids=[n for n in PROOF_TARGETS if PROOF_TARGETS[n].path == "/token"],
)
AT_RESOURCES = pytest.mark.parametrize(
    "location", [PROOF_TARGETS["userinfo"], PROOF_TARGETS["authorizer"]], ids=["userinfo", "authorizer"]
)


@pytest.fixture
def client(dpop_client):
    return dpop_client


@pytest.fixture
def held(client):
    return Held(client)


def accepted(answer):
    assert answer.status in (200, 201), answer.text
    return answer


def refused(answer, location, error="invalid_dpop_proof"):
    """RFC 9449 5, 7.1: 400 of the authorization server; 401 with a challenge of a resource."""
    assert answer.status == (401 if location.is_a_resource else 400), (answer.status, answer.text)
    assert answer.error == error, answer.text
    if location.is_a_resource:
        challenge = answer.header("www-authenticate")
        assert challenge.startswith("DPoP ")
        assert f'error="{error}"' in challenge
    else:
        assert answer.header("cache-control") == "no-store"
        assert answer.header("www-authenticate") is None
    return answer


# 4.1 The header


@pytest.mark.clause("DPOP-4.1")
@each("name", ["dpop", "DPOP", "DPoP"])
def test_4_1_the_proof_comes_in_a_header_whose_name_has_no_case(client, name):
    """The DPoP HTTP header field has a DPoP proof JWT; field names are case-insensitive."""
    proof = client.proof("POST", "/token")
    answer = client.post("/token", grant_type="client_credentials", proof=None, headers=((name, proof),))
    assert accepted(answer).json()["token_type"] == "DPoP"


# 4.2 and 4.3 The proof


@EVERYWHERE
@pytest.mark.clause("DPOP-4.3")
def test_4_3_a_good_proof_is_accepted(client, held, location):
    """A proof that satisfies all of the checks is valid."""
    accepted(location.send(client, held, location.proof(client, held)))


def disclosed(proof):
    """The claims of a proof."""
    return jwt.decode(proof, options={"verify_signature": False})


def changed(of, **changes):
    return lambda make: of(make(**changes))


def tampered(proof):
    head, _, signature = proof.rpartition(".")
    return head + "." + ("A" if signature[0] != "A" else "B") + signature[1:]


def without_signature(proof):
    return proof.rpartition(".")[0] + "."


def private(key):
    return {**public(key), "d": b64url(key.private_numbers().private_value.to_bytes(32, "big")).decode()}


def header(**members):
    return lambda make: make(headers=members)


def claim(**members):
    return lambda make: make(**members)


def otherwise(make, alg, key, jwk):
    """A proof, signed by another algorithm."""
    return jws({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}, disclosed(make()), key, alg=alg)


BAD = {
    # DPOP-4.3: one header, which is a JWT.
    "two headers": lambda make: (make(), make()),
    "the same header twice": lambda make: (make(),) * 2,
    "an empty header": lambda make: ("",),
    "two proofs in one header": lambda make: f"{make()}, {make()}",
    "no JWT": lambda make: "no.jwt.atall",
    "a part is missing": lambda make: make().rpartition(".")[0],
    "no payload": lambda make: make().partition(".")[0] + ".." + make().rpartition(".")[2],
    # All of the required members.
    "no typ": header(typ=None),
    "no alg": header(alg=None),
    "no jwk": header(jwk=None),
    "no jti": claim(jti=None),
    "no htm": claim(htm=None),
    "no htu": claim(htu=None),
    "no iat": claim(iat=None),
    # Each of its kind.
    "typ of any JWT": header(typ="JWT"),
    "typ as a media type": header(typ="application/dpop+jwt"),
    "a jwk that is a text": header(jwk=json.dumps(public(ec_key("proofs")))),
    "a jwk without a coordinate": header(jwk={k: v for k, v in public(ec_key("proofs")).items() if k != "y"}),
    "an empty jti": claim(jti=""),
    "a jti that is a number": claim(jti=7),
    "a jti without end": claim(jti="x" * 513),  # 512 are taken
    "an iat that is a text": claim(iat=str(NOW)),
    "an iat that is true": claim(iat=True),
    "an iat that is no number": claim(iat=float("nan")),
    # An asymmetric algorithm that is deemed secure.
    "RS256": lambda make: otherwise(make, "RS256", rsa_key("proofs"), public(rsa_key("proofs"))),
    "HS256": lambda make: otherwise(make, "HS256", b"k" * 32, {"kty": "oct", "k": b64url(b"k" * 32).decode()}),
    "a short RSA key": lambda make: make(key=rsa_key("short", 1024)),
    "none": changed(without_signature, headers={"alg": "none"}),
    "None": changed(without_signature, headers={"alg": "None"}),
    "an algorithm of another kind of key": header(alg="PS256", jwk=public(ec_key("proofs"))),
    "critical headers": header(crit=["exp"], exp=NOW + 60),
    # Signed by the key in it, which is public.
    "a bad signature": changed(tampered),
    "no signature": changed(without_signature),
    "signed by another key": header(jwk=public(ec_key("another"))),
    "a private key": header(jwk=private(ec_key("proofs"))),
    # For this request.
    "another method": claim(htm="PUT"),
    "the method in lower case": lambda make: make(htm={"P": "post", "G": "get"}[disclosed(make())["htm"][0]]),
    "another path": claim(htu=f"{ISSUER}/elsewhere"),
    "another host": lambda make: make(htu=disclosed(make())["htu"].replace(ISSUER, "https://login.evil.example")),
    # Of now.
    "an hour ahead": claim(iat=NOW + HOUR),
    "an hour old": claim(iat=NOW - HOUR),
    "eleven seconds ahead": claim(iat=NOW + 11),
    "more than a minute and ten seconds old": claim(iat=NOW - 71),
    "milliseconds": claim(iat=NOW * 1000),
}
"""A function each, from one that makes proofs for a request to the proof, or the proofs, that are sent."""


@EVERYWHERE
@pytest.mark.clause("DPOP-4.2")
@pytest.mark.clause("DPOP-4.3")
@pytest.mark.clause("DPOP-5")
@each("bad", BAD)
def test_4_3_a_bad_proof_is_refused_everywhere(client, held, location, bad):
    """To validate a DPoP proof, the receiving server MUST ensure the following (each of the twelve)."""
    refused(location.send(client, held, BAD[bad](partial(location.proof, client, held))), location)


ABOUT = {
    "no typ": "typ",
    "no alg": "alg",
    "no jwk": "jwk",
    "no jti": "jti",
    "no htm": "htm",
    "no htu": "htu",
    "no iat": "iat",
    "RS256": "alg",
    "a private key": "jwk",
    "an algorithm of another kind of key": "jwk",
    "a bad signature": "signature",
    "another method": "htm",
    "another path": "htu",
    "an hour ahead": "iat is in the future",
    "an hour old": "iat is more than 60 seconds ago",
}
"""What is wrong with a bad proof, in the words of RFC 9449."""


@pytest.mark.fault("6")
@pytest.mark.clause("DPOP-5")
@each("bad", ABOUT)
def test_5_a_refused_proof_says_which_part_of_it_is_wrong(client, bad):
    """Eleven causes had one text, and the log alone knew which; a proof is the caller's own."""
    proof = BAD[bad](partial(client.proof, "POST", "/token"))
    answer = client.post("/token", grant_type="client_credentials", proof=proof)
    assert answer.error == "invalid_dpop_proof"
    assert re.search(rf"is invalid: its .*\b{ABOUT[bad]}\b", answer.json()["error_description"])


@pytest.mark.fault("6")
def test_7_a_proof_of_another_token_says_so(client, held):
    """At a resource the same, in its challenge; whose token it is otherwise nobody learns."""
    answer = client.userinfo(held.access_token, proof=client.proof("GET", "/userinfo", access_token="another"))
    assert "its ath is missing or not the hash of this access token" in answer.header("www-authenticate")


@EVERYWHERE
@pytest.mark.clause("DPOP-4.2")
@pytest.mark.clause("DPOP-7.2")
@each(
    "more",
    [
        {"headers": {"extra": "x", "kid": "k9", "cty": "JWT"}},
        {"headers": {"jwk": {**public(ec_key("proofs")), "kid": "k9", "use": "sig", "alg": "ES256", "extra": [1]}}},
        {"extra": {"extra": {"a": 1}, "nbf": NOW, "exp": NOW + 300, "aud": "x"}},
        {"extra": {"exp": NOW - HOUR, "nbf": NOW + HOUR}},
        {"iat": NOW - 10},
        {"iat": NOW + 8},
        {"iat": NOW - 10.5},
    ],
)
def test_4_2_more_members_and_a_clock_that_is_a_little_off_are_tolerated(client, held, location, more):
    """Other header members and claims may be there and are ignored if unknown; the time is taken with some leeway."""
    vars(held).pop("code", None)  # which is good for one case
    accepted(location.send(client, held, location.proof(client, held, **more)))


@pytest.mark.clause("DPOP-4.2")
@each("key", [ec_key("proofs"), ed_key("proofs"), rsa_key("proofs")])
def test_4_2_each_algorithm_that_is_advertised_is_taken(client, key):
    """alg: an identifier for a JWS asymmetric digital signature algorithm that the server supports."""
    own = client.with_(proof_key=key)
    tokens = own.tokens()
    assert own.userinfo(tokens["access_token"]).status == 200
    assert own.introspect(tokens["access_token"]).json()["cnf"] == {"jkt": jkt(key)}


@pytest.mark.clause("DPOP-4.2")
def test_4_2_a_long_jti_is_taken(client):
    """jti: a unique identifier, of whatever length a client finds enough."""
    proof = client.proof("POST", "/token", jti=f"{next(SERIAL):x>512}")
    accepted(client.post("/token", grant_type="client_credentials", proof=proof))


@pytest.mark.clause("DPOP-4.2")
def test_4_2_ed25519_is_taken_by_its_newer_name_too(client):
    """RFC 9864 names the curve in the algorithm; both names say the same."""
    proof = client.proof("POST", "/token", key=ed_key("proofs"), headers={"alg": "Ed25519"})
    accepted(client.post("/token", grant_type="client_credentials", proof=proof))


NAMES_OF_THE_TOKEN_ENDPOINT = [
    f"{ISSUER}/token",
    f"{MTLS}/token",
    f"{ISSUER}/token?x=y&z",
    f"{ISSUER}/token#f",
    f"{ISSUER}/token?x=y#f?g",
    "HTTPS://LOGIN.Bank.Example/token",
    "https://login.bank.example:443/token",
    "https://login.bank.example:/token",
    f"{ISSUER}/%74oken",
    f"{ISSUER}/./token",
    f"{ISSUER}/par/../token",
    f"{ISSUER}/../token",
]
OTHER_ADDRESSES = [
    "http://login.bank.example/token",
    "http://login.bank.example:443/token",
    "https://login.bank.example:8443/token",
    "https://login.bank.example:0/token",
    "https://login.bank.example:99999/token",
    "https://login.bank.example:x/token",
    "https://login.bank.example.evil.example/token",
    "https://evil.example@login.bank.example/token",
    "https://@login.bank.example/token",
    "https://login.bank.example./token",
    f"{ISSUER}/TOKEN",
    f"{ISSUER}/token/",
    f"{ISSUER}//token",
    f"{ISSUER}/token%2F",
    f"{ISSUER}/token/..",
    f"{ISSUER}/token;x",
    f"{ISSUER}/%FF",
    f"{ISSUER}/tok\nen",
    f" {ISSUER}/token",
    f"{ISSUER}/token ",
    "https://[/token",
    "/token",
    "//login.bank.example/token",
    "token",
    ISSUER,
    "",
    7,
    ["https://login.bank.example/token"],
]


@pytest.mark.clause("DPOP-4.3")
@pytest.mark.clause("RFC3986-6.2.2")
@pytest.mark.clause("RFC3986-6.2.3")
@each("htu", NAMES_OF_THE_TOKEN_ENDPOINT)
def test_4_3_htu_is_compared_after_normalization_and_without_query_and_fragment(client, htu):
    """The htu claim matches the HTTP URI, ignoring any query and fragment; RFC 3986's normalizations are employed."""
    proof = client.proof("POST", "/token", htu=htu)
    accepted(client.post("/token", grant_type="client_credentials", proof=proof))


@pytest.mark.clause("DPOP-4.3")
@each("htu", OTHER_ADDRESSES)
def test_4_3_htu_of_another_address_is_refused(client, htu):
    """The htu claim matches the HTTP URI value for the HTTP request in which the JWT was received."""
    proof = client.proof("POST", "/token", htu=htu)
    refused(client.post("/token", grant_type="client_credentials", proof=proof), PROOF_TARGETS["client_credentials"])


@pytest.mark.clause("DPOP-4.3")
def test_4_3_a_query_that_the_request_has_is_not_compared_either(client, held):
    """Any query part of either is ignored."""
    proof = client.proof("GET", "/accounts", access_token=held.access_token, htu=f"{RESOURCE}/accounts")
    headers = client.presenting(held.access_token, "GET", "/accounts", proof=proof)
    decision = client.bank.authorize("GET", "/accounts", headers=headers, query={"from": "2027-01-01"})
    assert decision["context"]["client_id"] == client.client_id


def checked(htu, target):
    """A proof for that htu, at that path of the bank's API. Raises InvalidDpopProof."""
    key = ec_key("proofs")
    claims = {"jti": "1", "htm": "GET", "htu": htu, "iat": NOW}
    sent = jws({"typ": "dpop+jwt", "alg": "ES256", "jwk": public(key)}, claims, key, alg="ES256")
    request = Request("GET", target, headers=(("dpop", sent),))
    return dpop.proof(request, urls=(RESOURCE + target,), nonces=Nonces(lambda _: b"k"), now=NOW)


@pytest.mark.clause("DPOP-4.3")
@pytest.mark.clause("RFC3986-6.2.2")
@pytest.mark.parametrize(
    ("named", "called"),
    [
        ("/accounts/a%2fb", "/accounts/a%2Fb"),
        ("/accounts/%7Eme", "/accounts/~me"),
        ("/accounts/~me", "/accounts/%7eme"),
        ("/accounts/a%20b", "/accounts/a b"),
        ("/accounts/%C3%BC", "/accounts/\u00fc"),
        ("/accounts/%2525", "/accounts/%2525"),
        ("/accounts/x/../7", "/accounts/7"),
        ("/accounts/%2e%2E/7", "/7"),
        ("", "/"),
    ],
)
def test_4_3_two_ways_of_writing_one_path_are_equal(named, called):
    """Percent-encoding and dot-segments are normalized on both sides; API Gateway may hand over either form."""
    assert checked(RESOURCE + named, called).jkt == jkt(ec_key("proofs"))


@pytest.mark.clause("DPOP-4.3")
@pytest.mark.parametrize(
    ("named", "called"),
    [
        ("/accounts/a%2Fb", "/accounts/a/b"),
        ("/accounts/a/b", "/accounts/a%2Fb"),
        ("/accounts/A%2Fb", "/accounts/a%2Fb"),
        ("/accounts/a%2F..", "/accounts"),
        ("/accounts/a%3Fb", "/accounts/a"),
        ("/accounts/%25", "/accounts/%2525"),
        ("/accounts/7/", "/accounts/7"),
        ("/accounts//7", "/accounts/7"),
        ("/accounts/\u00fc", "/accounts/%C3%BC"),
        ("/accounts/7", "/accounts/%ff"),
        ("/accounts/%ff", "/accounts/%ff"),
    ],
)
def test_4_3_two_paths_are_not_made_one(named, called):
    """A path has case, a slash that is encoded is no slash, and what can't be read is refused."""
    with pytest.raises(InvalidDpopProof):
        checked(RESOURCE + named, called)


@EVERYWHERE
@pytest.mark.clause("DPOP-4.3")
@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded"])
def test_4_3_the_address_comes_from_the_settings_and_never_from_a_header(client, held, location, name):
    """A header that names another host neither makes its proofs good nor ours bad."""
    evil = "https://login.evil.example"
    said = ((name, "host=login.evil.example" if name == "Forwarded" else "login.evil.example"),)
    own = client.with_(bank=Saying(client.bank, said))
    refused(location.send(own, held, location.proof(client, held, htu=evil + location.path)), location)
    accepted(location.send(own, held, location.proof(client, held)))


class Saying:
    """The bank, reached by requests that all carry more headers."""

    def __init__(self, bank, headers):
        self._bank, self._headers = bank, headers

    def __getattr__(self, name):
        return getattr(self._bank, name)

    def send(self, *where, headers=(), **more):
        return self._bank.send(*where, headers=(*headers, *self._headers), **more)

    def authorize(self, *where, headers=(), **more):
        return self._bank.authorize(*where, headers=(*headers, *self._headers), **more)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.clause("DPOP-5")
@FEW
@given(name=st.sampled_from(["jti", "htm", "htu", "iat", "nonce", "ath"]), value=ANYTHING)
def test_5_whatever_stands_in_a_proof_the_answer_is_a_refusal_in_the_rfcs_words(client, name, value):
    """If the DPoP proof is invalid, the server returns an error response with invalid_dpop_proof."""
    proof = client.proof("POST", "/token", **{name: value})
    answer = client.post("/token", grant_type="client_credentials", proof=proof)
    assert answer.status == 200 or answer.error in ("invalid_dpop_proof", "use_dpop_nonce"), answer.text


@pytest.mark.clause("DPOP-5")
@FEW
@given(
    sent=st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=200), alg=st.text(max_size=8), jwk=ANYTHING
)
def test_5_whatever_stands_in_the_header_is_refused_in_the_rfcs_words(client, sent, alg, jwk):
    """Nothing that is sent in place of a proof, or of its header's members, breaks anything."""
    made = client.proof("POST", "/token", headers={"alg": alg, "jwk": jwk})
    for proof in (sent, f"{sent}.{sent}.{sent}", made):
        refused(
            client.post("/token", grant_type="client_credentials", proof=(proof,)), PROOF_TARGETS["client_credentials"]
        )


# 5 Tokens bound to a key


@AT_THE_TOKEN_ENDPOINT
@pytest.mark.clause("DPOP-5")
def test_5_the_token_type_is_dpop(client, held, location):
    """token_type MUST be DPoP, to tell the client that the access token was bound to its key."""
    assert accepted(location.send(client, held, True)).json()["token_type"] == "DPoP"


@AT_THE_TOKEN_ENDPOINT
@pytest.mark.clause("DPOP-5.2")
def test_5_2_a_client_that_registered_it_gets_no_token_without_a_proof(both, client, location):
    """dpop_bound_access_tokens: the server MUST reject token requests of the client that have no DPoP header."""
    for one in (client, both):
        held = Held(one)
        held.code = one.code(proof=None)
        refused(location.send(one, held, None), location, "invalid_request")
        accepted(location.send(one, held, True))


@pytest.fixture
def both(bank, client):
    """A client that registered both bindings, and shows its certificate with each request."""
    keys = {"keys": [jwk(rsa_key("dpop"))]}
    bank.register(**{**DPOP, "client_id": "both", "jwks": keys, "tls_client_certificate_bound_access_tokens": True})
    return client.with_(client_id="both", certificate=certificate("both"))


@pytest.mark.clause("DPOP-5.2")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-5")
def test_5_2_of_a_certificate_and_a_proof_the_proof_binds(both):
    """Where both are shown and registered, the profile says which binds: here the proof, which is sent on purpose."""
    tokens = both.tokens()
    assert tokens["token_type"] == "DPoP"
    assert both.introspect(tokens["access_token"]).json()["cnf"] == {"jkt": jkt(both.proof_key)}
    assert both.userinfo(tokens["access_token"], certificate=None).status == 200
    assert both.userinfo(tokens["access_token"], scheme="Bearer", proof=None).error == "invalid_token"


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-5")
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@each("order", [("dpop", "mtls"), ("mtls", "dpop"), ("mtls",), ("dpop",)])
def test_5_2_the_profile_says_which_binds(bank, both, profile, order):
    """The first of the profile's sender constraints that is shown binds the token."""
    registered = bank.aws.clients.find("both", now=NOW)
    presented = bank.aws.client_certificates.sent(both.certificate, now=NOW).provisional()
    shown = PresentedKeys(presented, Proof(jkt(both.proof_key), None, False))
    cnf = sender_constraint.bind(shown, registered, profile._replace(sender_constraints=order), writes=True)
    assert cnf == ({"x5t#S256": x5t_s256(both.certificate)} if order[0] == "mtls" else {"jkt": jkt(both.proof_key)})


@pytest.mark.clause("DPOP-5")
def test_5_a_client_that_registered_certificates_is_not_bound_to_a_key(fintech):
    """What binds is registered; a proof beside the certificate, though checked, changes nothing, and alone is not enough."""
    proving = fintech.with_(proof_key=ec_key("proofs"))
    tokens = accepted(proving.post("/token", grant_type="client_credentials")).json()
    assert tokens["token_type"] == "Bearer"
    answer = proving.post("/token", grant_type="client_credentials", certificate=None)
    assert (answer.status, answer.error) == (400, "invalid_request")
    bad = proving.proof("POST", "/elsewhere")
    assert proving.post("/token", grant_type="client_credentials", proof=bad).error == "invalid_dpop_proof"


@pytest.mark.clause("DPOP-5")
def test_5_a_confidential_client_may_refresh_with_another_key(client, held):
    """Refresh tokens of confidential clients are not bound to the key; the new access token is bound to the new one."""
    renewed = client.with_(proof_key=ed_key("newer"))
    answer = accepted(renewed.refresh(held.refresh_token)).json()
    assert answer["token_type"] == "DPoP"
    assert renewed.introspect(answer["access_token"]).json()["cnf"] == {"jkt": jkt(renewed.proof_key)}
    assert renewed.userinfo(answer["access_token"]).status == 200
    assert client.userinfo(answer["access_token"]).error == "invalid_token"
    assert client.userinfo(held.access_token).status == 200
    accepted(client.refresh(held.refresh_token))


@pytest.mark.clause("DPOP-5")
def test_5_a_refresh_token_of_another_client_is_refused_whatever_key_is_shown(client, dpop_nonce_client, held):
    """The refresh token stays bound to its client, which authenticates."""
    answer = dpop_nonce_client.refresh(held.refresh_token)
    assert (answer.status, answer.error) == (400, "invalid_grant")


@pytest.mark.clause("DPOP-5.1")
def test_5_1_the_algorithms_are_advertised(bank):
    """dpop_signing_alg_values_supported: the JWS algorithms that are supported for DPoP proofs."""
    advertised = bank.metadata()["dpop_signing_alg_values_supported"]
    assert advertised == ["PS256", "ES256", "EdDSA", "Ed25519"]
    assert set(advertised) == set(sender_constraint.PROOF_ALGS)


# 6 What the token is bound to


@pytest.mark.clause("DPOP-6.2")
def test_6_2_introspection_tells_the_keys_thumbprint(client, resource_server, held):
    """The response has cnf with jkt; token_type is DPoP."""
    for required in (client, resource_server):
        said = required.introspect(held.access_token).json()
        assert (said["cnf"], said["token_type"]) == ({"jkt": jkt(client.proof_key)}, "DPoP")
    assert client.introspect(held.refresh_token).json()["cnf"] == {"jkt": jkt(client.proof_key)}


# 7 At a resource


@AT_RESOURCES
@pytest.mark.clause("DPOP-4.2")
@pytest.mark.clause("DPOP-7.1")
@pytest.mark.parametrize("ath", [None, "", 7, hash_of("another"), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo="])
def test_7_1_ath_is_the_hash_of_the_token(client, held, location, ath):
    """ath: when the proof is used with an access token, MUST be the hash of that token."""
    refused(location.send(client, held, location.proof(client, held, ath=ath)), location)


@AT_RESOURCES
@pytest.mark.clause("DPOP-7.1")
def test_7_1_ath_of_another_good_token_is_refused(client, held, location):
    """A proof for one token is no proof for another, though both are bound to the key."""
    other = client.tokens()["access_token"]
    refused(location.send(client, held, client.proof(location.method, location.path, access_token=other)), location)


@AT_RESOURCES
@pytest.mark.clause("DPOP-4.3-12")
def test_7_1_a_proof_of_another_key_is_refused(client, held, location):
    """The public key to which the access token is bound MUST match the public key from the DPoP proof."""
    proof = location.proof(client, held, key=ec_key("another"))
    refused(location.send(client, held, proof), location, "invalid_token")


@AT_RESOURCES
@pytest.mark.clause("DPOP-7.1")
def test_7_1_a_token_without_a_proof_is_refused(client, held, location):
    """Requests to DPoP-protected resources MUST include both a DPoP proof and the access token."""
    refused(location.send(client, held, None), location)


@AT_RESOURCES
@pytest.mark.clause("DPOP-7.1")
@pytest.mark.parametrize("scheme", ["DPOP", "dpop", "dPoP"])
def test_7_1_the_scheme_has_no_case(client, held, location, scheme):
    """The DPoP authentication scheme is matched case-insensitively, as any scheme is."""
    own = client.with_(bank=Renaming(client.bank, scheme))
    accepted(location.send(own, held, location.proof(client, held)))


class Renaming(Saying):
    """The bank, reached with the scheme written otherwise."""

    def __init__(self, bank, scheme):
        super().__init__(bank, ())
        self._scheme = scheme

    def _renamed(self, headers):
        return tuple((name, value.replace("DPoP ", f"{self._scheme} ")) for name, value in headers)

    def send(self, *where, headers=(), **more):
        return super().send(*where, headers=self._renamed(headers), **more)

    def authorize(self, *where, headers=(), **more):
        return super().authorize(*where, headers=self._renamed(headers), **more)


@pytest.mark.clause("DPOP-7.1")
def test_7_1_userinfo_may_be_posted_to(client, held):
    """The proof names the method of its request."""
    assert client.userinfo(held.access_token, method="POST").status == 200
    proof = client.proof("GET", "/userinfo", access_token=held.access_token)
    assert client.userinfo(held.access_token, method="POST", proof=proof).error == "invalid_dpop_proof"


@pytest.mark.clause("DPOP-7.1")
def test_7_1_the_bank_api_is_named_by_its_own_address(client, held):
    """htu is the resource's URL: the bank's API has one of its own."""
    proof = client.proof("GET", "/accounts", access_token=held.access_token, htu=f"{RESOURCE}/accounts")
    assert "client_id" in client.accounts(held.access_token, proof=proof)["context"]


@pytest.mark.clause("DPOP-7.1")
def test_7_1_who_shows_no_token_learns_of_the_scheme_and_its_algorithms(bank):
    """The challenge of the DPoP scheme has algs: a space-separated list of the supported algorithms."""
    answer = bank.send("GET", "/userinfo")
    assert answer.status == 401
    bearer, _, offered = answer.header("www-authenticate").partition(", DPoP ")
    assert bearer.startswith("Bearer")
    assert f'algs="{" ".join(bank.metadata()["dpop_signing_alg_values_supported"])}"' in offered
    assert "error" not in answer.header("www-authenticate")


@AT_RESOURCES
@pytest.mark.clause("DPOP-7.2")
@pytest.mark.parametrize("proof", [None, True])
def test_7_2_a_bound_token_sent_as_bearer_is_refused(client, held, location, proof):
    """Protected resources MUST reject a DPoP-bound access token received as a bearer token, proof or none."""
    proof = location.proof(client, held) if proof else None
    own = client.with_(bank=Renaming(client.bank, "Bearer"), certificate=certificate("any"))
    answer = location.send(own, held, proof)
    assert (answer.status, answer.error) == (401, "invalid_token")
    assert answer.header("www-authenticate").startswith("Bearer ")


@AT_RESOURCES
@pytest.mark.clause("DPOP-7.2")
def test_7_2_a_token_bound_to_a_certificate_and_sent_as_dpop_is_refused(fintech, location):
    """The reverse: a proof of any key does not open what is bound to a certificate, even beside that certificate."""
    held = Held(fintech)
    own = fintech.with_(proof_key=ec_key("proofs"))
    refused(location.send(own, held, location.proof(own, held)), location, "invalid_token")
    assert fintech.userinfo(held.access_token).status == 200


# 8 and 9 Nonces


def nonce_challenge(answer, location):
    """The nonce that the refusal hands out."""
    nonce = refused(answer, location, "use_dpop_nonce").header("dpop-nonce")
    assert set(nonce) <= {*map(chr, range(0x21, 0x7F))} - {'"', "\\"}  # DPOP-8.1: NQCHAR
    return nonce


@EVERYWHERE
@pytest.mark.clause("DPOP-8")
@pytest.mark.clause("DPOP-8.1")
@pytest.mark.clause("DPOP-9")
@pytest.mark.clause("DPOP-11.3")
def test_8_a_client_that_must_use_nonces_is_given_one_and_is_served_with_it(dpop_nonce_client, location):
    """use_dpop_nonce with a DPoP-Nonce header: 400 of the authorization server, 401 with a challenge of a resource."""
    held = Held(dpop_nonce_client)
    nonce = nonce_challenge(location.send(dpop_nonce_client, held, location.proof(dpop_nonce_client, held)), location)
    nonce_challenge(
        location.send(dpop_nonce_client, held, location.proof(dpop_nonce_client, held)), location
    )  # no downgrade
    answer = accepted(location.send(dpop_nonce_client, held, location.proof(dpop_nonce_client, held, nonce=nonce)))
    assert answer.header("dpop-nonce") is None


@AT_THE_TOKEN_ENDPOINT
@pytest.mark.clause("DPOP-9")
def test_9_the_token_of_every_grant_asks_for_a_nonce_at_resources(dpop_nonce_client, location):
    """What the client's registration demands goes with its tokens, to resources that don't know the client."""
    held = Held(dpop_nonce_client)
    dpop_nonce_client.bank.about_anyone()
    token = accepted(location.send(dpop_nonce_client, held, True)).json()["access_token"]
    proof = dpop_nonce_client.proof("GET", "/accounts", access_token=token)
    assert dpop_nonce_client.accounts(token, proof=proof)["context"]["error"] == "use_dpop_nonce"
    assert "client_id" in dpop_nonce_client.accounts(token)["context"]


@EVERYWHERE
@pytest.mark.clause("DPOP-8")
def test_8_other_clients_may_use_them(bank, client, held, location):
    """A nonce is the client's to use where its registration does not demand one; if it comes, it is checked."""
    nonce = bank.aws.nonces.issue(now=NOW)
    accepted(location.send(client, held, location.proof(client, held, nonce=nonce)))
    nonce_challenge(location.send(client, held, location.proof(client, held, nonce="none-of-ours")), location)


@pytest.mark.clause("DPOP-8")
def test_8_a_request_without_a_proof_needs_no_nonce_where_no_proof_is_needed(dpop_nonce_client):
    """At par a proof is the client's choice."""
    assert dpop_nonce_client.push(proof=None).status == 201


@pytest.mark.clause("DPOP-8")
def test_8_a_nonce_replaces_no_other(client, bank):
    """With a nonce, iat is checked all the same."""
    nonce = bank.aws.nonces.issue(now=NOW)
    for iat in (NOW - HOUR, NOW + HOUR):
        proof = client.proof("POST", "/token", nonce=nonce, iat=iat)
        refused(
            client.post("/token", grant_type="client_credentials", proof=proof), PROOF_TARGETS["client_credentials"]
        )


def later(bank, nonce, seconds):
    """The nonce, said to be of another second."""
    sent = urlsafe_b64decode(nonce)
    return b64url((int.from_bytes(sent[:8], "big") + seconds).to_bytes(8, "big") + sent[8:]).decode()


FORGED = {
    "of another second": lambda bank, nonce: later(bank, nonce, 1),
    "of another deployment": lambda bank, nonce: Nonces(lambda _: b"another key").issue(now=NOW),
    "another MAC": lambda bank, nonce: nonce[:-1] + ("A" if nonce[-1] != "A" else "B"),
    "cut": lambda bank, nonce: nonce[:-4],
    "its time alone": lambda bank, nonce: nonce[:12],
    "longer": lambda bank, nonce: nonce + "AAAA",
    "padded": lambda bank, nonce: nonce + "====",
    "with a line break": lambda bank, nonce: nonce + "\n",
    "with a dot in it": lambda bank, nonce: nonce[:16] + "." + nonce[16:],
    "empty": lambda bank, nonce: "",
    "no ASCII": lambda bank, nonce: nonce + "\u00fc",
    "half a character": lambda bank, nonce: "\ud800",
    "a number": lambda bank, nonce: 7,
    "a list": lambda bank, nonce: [nonce],
    "false": lambda bank, nonce: False,
    "all zero": lambda bank, nonce: "A" * 32,
    "the end of time": lambda bank, nonce: "_" * 32,
}


@pytest.mark.clause("DPOP-8")
@pytest.mark.parametrize("forged", FORGED)
def test_8_a_nonce_that_is_not_ours_is_refused_and_a_good_one_is_handed_out(bank, client, forged):
    """The nonce must be one that the server supplied, with integrity protection; else use_dpop_nonce and a new one."""
    location, nonce = PROOF_TARGETS["client_credentials"], bank.aws.nonces.issue(now=NOW)
    sent = client.proof("POST", "/token", nonce=FORGED[forged](bank, nonce))
    given = nonce_challenge(client.post("/token", grant_type="client_credentials", proof=sent), location)
    sent = client.proof("POST", "/token", nonce=given)
    accepted(client.post("/token", grant_type="client_credentials", proof=sent))


@pytest.mark.clause("DPOP-8.2")
@pytest.mark.parametrize(
    ("passed", "good"), [(0, True), (300, True), (301, False), (HOUR, False), (-10, True), (-11, False), (-HOUR, False)]
)
@pytest.mark.parametrize("issued", [NOW, NOW - NOW % HOUR - 1, NOW - NOW % HOUR])
def test_8_2_a_nonce_lasts_five_minutes_whatever_hour_begins_meanwhile(bank, client, passed, good, issued):
    """The server ages nonces by itself and asks for the newest; ten seconds ahead are a difference of clocks."""
    location, nonce = PROOF_TARGETS["client_credentials"], bank.aws.nonces.issue(now=issued)
    bank.now = issued + passed
    answer = client.post("/token", grant_type="client_credentials", proof=client.proof("POST", "/token", nonce=nonce))
    if good:
        accepted(answer)
    else:
        assert nonce_challenge(answer, location) != nonce


@pytest.mark.clause("DPOP-8")
def test_8_nonces_need_no_memory(bank, client):
    """Another function of the deployment recognises a nonce that it never saw; KMS is asked once an hour."""
    signed_data = []

    def mac(data):
        signed_data.append(data)
        return Aws(bank.settings).kms.mac(data)

    hour = NOW - NOW % HOUR
    here, there = Nonces(mac), Nonces(mac)
    nonces = {here.issue(now=hour + second) for second in range(0, 300, 10)}
    assert len(nonces) == 30
    assert all(there.holds(nonce, now=hour + 300) for nonce in nonces)
    assert len(signed_data) == 2
    proof = client.proof("POST", "/token", nonce=here.issue(now=NOW))
    accepted(client.post("/token", grant_type="client_credentials", proof=proof))


# 8 and 9, through API Gateway


@pytest.fixture
def api(bank):
    """API Gateway's laptop double over this bank's functions, userinfo behind the authorizer as it is deployed."""

    def function(name, method, path):
        return gateway.mount(Chalice("test"), lambda: bank.aws, name, [method], path)

    routes = {
        ("POST", "/token"): Route(function("token", "POST", "/token")),
        ("GET", "/userinfo"): Route(function("userinfo", "GET", "/userinfo"), guarded=True),
    }
    return Api(routes, gateway.mount_authorizer(Chalice("test"), lambda: bank.aws, "authorizer"))


def through(api, method, path, headers=(), form=""):
    sent = (*headers, ("Content-Type", "application/x-www-form-urlencoded"), ("Host", "evil.example"))
    said = api.answer(Incoming(method, path, sent, form.encode(), "203.0.113.7", None))
    return Answer(said.status, tuple((k.lower(), v) for k, v in said.headers), said.body.decode())


@pytest.mark.clause("DPOP-9")
def test_9_through_api_gateway_a_resource_asks_for_a_nonce_in_headers_of_their_right_names(api, dpop_nonce_client):
    """401 with WWW-Authenticate: DPoP error="use_dpop_nonce", and a DPoP-Nonce header; then the request is served."""
    token, location = dpop_nonce_client.tokens()["access_token"], PROOF_TARGETS["userinfo"]
    answer = through(api, "GET", "/userinfo", dpop_nonce_client.presenting(token, "GET", "/userinfo"))
    nonce = nonce_challenge(answer, location)
    headers = dpop_nonce_client.presenting(token, "GET", "/userinfo", nonce=nonce)
    assert through(api, "GET", "/userinfo", headers).status == 200


@pytest.mark.clause("DPOP-8")
def test_8_through_api_gateway_the_token_endpoint_asks_for_a_nonce(api, dpop_nonce_client):
    """400 with use_dpop_nonce and exactly one DPoP-Nonce header."""

    def send_request(**claims):
        form = urlencode(dpop_nonce_client.authenticated({"grant_type": "client_credentials"}))
        return through(api, "POST", "/token", (("DPoP", dpop_nonce_client.proof("POST", "/token", **claims)),), form)

    nonce = nonce_challenge(send_request(), PROOF_TARGETS["client_credentials"])
    assert accepted(send_request(nonce=nonce)).json()["token_type"] == "DPoP"


@pytest.mark.clause("DPOP-11.1")
def test_11_1_behind_the_authorizer_a_proof_is_used_up_once_and_no_more(api, client, held):
    """The authorizer uses the jti up and vouches for it; the function behind it takes it, and a second request gets 401."""
    headers = client.presenting(held.access_token, "GET", "/userinfo")
    assert through(api, "GET", "/userinfo", headers).json()["sub"]
    refused(through(api, "GET", "/userinfo", headers), PROOF_TARGETS["userinfo"])


@pytest.mark.clause("DPOP-4.3")
def test_4_3_through_api_gateway_two_headers_are_two(api, client, held):
    """There is not more than one DPoP HTTP request header field, by any case of its name."""
    headers = client.presenting(held.access_token, "GET", "/userinfo")
    again = client.proof("GET", "/userinfo", access_token=held.access_token)
    for name in ("DPoP", "dpop"):
        refused(through(api, "GET", "/userinfo", (*headers, (name, again))), PROOF_TARGETS["userinfo"])


# 10 The code is bound to the key


@pytest.mark.clause("DPOP-10")
@pytest.mark.clause("DPOP-10.1")
@pytest.mark.parametrize("bound_by", ["dpop_jkt", "proof", "both"])
def test_10_a_code_is_good_only_with_the_key_that_it_was_requested_with(client, bound_by):
    """dpop_jkt, or a proof at par, binds the code: the token request's proof MUST be of that key."""
    pushed = {"proof": None} if bound_by == "dpop_jkt" else {}
    if bound_by != "proof":
        pushed["dpop_jkt"] = jkt(client.proof_key)
    code = client.code(**pushed)
    answer = client.with_(proof_key=ec_key("another")).redeem(code)
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert client.redeem(code, proof=None).error == "invalid_grant"
    assert accepted(client.redeem(code)).json()["token_type"] == "DPoP"


@pytest.mark.clause("DPOP-10")
def test_10_a_code_that_was_requested_with_no_key_is_bound_to_none(client):
    """The binding of the code is the client's choice."""
    accepted(client.with_(proof_key=ec_key("another")).redeem(client.code(proof=None)))


@pytest.mark.clause("DPOP-10")
def test_10_a_code_may_be_bound_to_a_key_though_the_token_is_bound_to_a_certificate(fintech):
    """A client without DPoP-bound tokens may bind its code; it then shows the proof when it redeems it."""
    code = fintech.code(dpop_jkt=jkt(ec_key("proofs")))
    assert fintech.redeem(code).error == "invalid_grant"
    tokens = accepted(fintech.with_(proof_key=ec_key("proofs")).redeem(code)).json()
    assert tokens["token_type"] == "Bearer"


@pytest.mark.clause("DPOP-10.1")
def test_10_1_a_proof_and_a_dpop_jkt_of_different_keys_are_refused(client):
    """If both are used, the JWK thumbprint of the proof's key MUST match the value of dpop_jkt."""
    answer = client.push(dpop_jkt=jkt(ec_key("another")))
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert client.push(dpop_jkt=jkt(client.proof_key)).status == 201


@pytest.mark.clause("DPOP-10")
@each("wrong", ["x", "x" * 42, "x" * 44, "=" * 43, "\u00fc" * 43, f"{'x' * 43}\n"])
def test_10_a_dpop_jkt_that_is_no_thumbprint_is_refused(client, wrong):
    """dpop_jkt: the base64url encoding of the SHA-256 thumbprint, 43 characters."""
    answer = client.push(dpop_jkt=wrong, proof=None)
    assert (answer.status, answer.error) == (400, "invalid_request")


# 11.1 Once each


@EVERYWHERE
@pytest.mark.clause("DPOP-11.1")
@pytest.mark.clause("DPOP-4.3")
def test_11_1_a_proof_is_taken_once(client, held, location):
    """Servers store the jti of each proof for its window, and decline a request with a proof that was used before."""
    proof = location.proof(client, held)
    accepted(location.send(client, held, proof))
    refused(location.send(client, held if location.is_a_resource else Held(client), proof), location)


@EVERYWHERE
@pytest.mark.clause("DPOP-11.1")
def test_11_1_a_jti_is_taken_once_for_each_key_wherever_it_is_sent(client, held, location):
    """Another proof of the same key with a jti that was used anywhere is refused; of another key it is another jti."""
    jti = f"once {next(SERIAL)}"
    used = client.proof("POST", "/token", jti=jti)
    accepted(client.post("/token", grant_type="client_credentials", proof=used))
    refused(location.send(client, held, location.proof(client, held, jti=jti)), location)
    other = client.with_(proof_key=ec_key("another"))
    others = Held(other)
    accepted(location.send(other, others, location.proof(other, others, jti=jti)))


@pytest.mark.clause("DPOP-11.1")
@pytest.mark.parametrize("iat", [NOW - 70, NOW, NOW + 10])
def test_11_1_a_jti_is_remembered_for_as_long_as_its_proof_would_be_taken(bank, client, iat):
    """Throughout the acceptance window the second use is refused; after it the proof is too old anyway."""
    proof = client.proof("POST", "/token", iat=iat)
    accepted(client.post("/token", grant_type="client_credentials", proof=proof))
    for now in (iat - 10, iat, iat + 30, iat + 60, iat + 70, iat + 71, iat + HOUR):
        bank.now = max(now, NOW)
        refused(
            client.post("/token", grant_type="client_credentials", proof=proof), PROOF_TARGETS["client_credentials"]
        )


@pytest.mark.clause("DPOP-11.1")
def test_11_1_a_jti_may_come_again_with_a_new_proof_when_the_window_has_closed(bank, client):
    """Nothing is remembered for ever."""
    for now in (NOW, NOW + 72):
        bank.now = now
        proof = client.proof("POST", "/token", jti="comes again")
        accepted(client.post("/token", grant_type="client_credentials", proof=proof))
