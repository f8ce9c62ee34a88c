"""Keys that a client publishes at its jwks_uri (OpenID Connect Registration 2, Core 10.1.1; RFC 7517 5)."""

import json
from base64 import b64encode
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.clients import jwks_uri
from chalicelib.clients.jwks_uri import ClientJwksCache
from chalicelib.errors import InvalidRequest, InvalidRequestObject
from chalicelib.fetch.documents import FetchError
from chalicelib.keys import jose
from chalicelib.messages import Request
from chalicelib.resource_server import request_signature
from chalicelib.storage.records import Client
from tests.actors import ISSUER, NOW, Browser, certificate, der, ec_key, ed_key, jwk, rsa_key
from tests.conftest import STANDARD
from tests.web import Web

URL = "https://fintech.example/jwks.json"
RSA = jwk(rsa_key("published"))
CLIENT = Client("published", "F", "fapi1-baseline", "private_key_jwt", (), (), jwks_uri=URL)


@pytest.fixture
def web():
    made = Web()
    made.put(URL, {"keys": [RSA]})
    return made


@pytest.fixture
def published(web):
    return ClientJwksCache(web)


def kids(client):
    return [key["kid"] for key in client.jwks["keys"]]


BY_ITSELF = "self_signed_tls_client_auth"


def shown_by(auth, name):
    return certificate(name, issuer=f"CN={name}" if auth == BY_ITSELF else None)


@pytest.fixture
def register(bank, fintech):
    """A function: a client whose keys are at URL, known by them. `keys`: what is there."""

    def make(*keys, auth="private_key_jwt", key=None, shown="published", **more):
        bank.web.put(URL, {"keys": list(keys or (RSA,))})
        name = f"published-{auth}-{more.get('profile', '')}"
        metadata = {**STANDARD, "client_id": name, "token_endpoint_auth_method": auth, "jwks_uri": URL}
        bank.register(**(metadata | more))
        return fintech.with_(
            client_id=name, auth=auth, key=key or rsa_key("published"), certificate=shown_by(auth, shown)
        )

    return make


# Registration 2: wherever a client's keys are used.


@pytest.mark.clause("OIDCR-2")
def test_2_an_assertion_is_verified_by_a_published_key(register, bank):
    """A whole login of a client that registered nothing but an address; its keys are fetched once."""
    assert register().tokens()["scope"]
    assert bank.web.fetched_urls == [URL]


@pytest.mark.clause("RFC8705-2.2.2")
def test_2_2_2_a_certificate_is_recognised_by_a_published_x5c(register, bank):
    """RFC 8705 2.2.2: the self-signed certificate may be in a JWK Set by reference; another is nobody's."""
    own = jwk(ec_key("published"), x5c=[b64encode(der(shown_by(BY_ITSELF, "published"))).decode()])
    client = register(own, auth="self_signed_tls_client_auth")
    assert client.tokens()["scope"]
    refused = client.with_(certificate=certificate("another")).push()
    assert (refused.status, refused.error) == (401, "invalid_client")
    assert bank.web.fetched_urls == [URL]


@pytest.mark.clause("RFC8705-2.2.2")
def test_2_2_2_a_renewed_certificate_is_looked_for(register, bank):
    """The client publishes a new certificate beside the old one, and may use it at once."""
    old, new = (
        jwk(ec_key(n), kid=n, x5c=[b64encode(der(shown_by(BY_ITSELF, n))).decode()]) for n in ("published", "renewed")
    )
    client = register(old, auth="self_signed_tls_client_auth")
    client.pushed()
    bank.web.put(URL, {"keys": [old, new]})
    bank.now += jwks_uri.RETRY_INTERVAL
    client.with_(certificate=shown_by(BY_ITSELF, "renewed")).pushed()
    assert bank.web.fetched_urls == [URL, URL]


@pytest.mark.clause("OIDCR-2")
def test_2_a_request_object_is_verified_by_a_published_key(register, bank):
    """The key of a request object may be another than the assertion's, or the client known by its certificate."""
    client = register(
        RSA,
        jwk(ec_key("objects"), kid="objects"),
        auth="tls_client_auth",
        tls_client_auth_subject_dn="CN=published,O=Fintech\\, Inc.,C=DE",
        profile="fapi2-message-signing",
        require_signed_request_object=True,
    )
    answer = client.push(**_signed(client))
    assert answer.status == 201, answer.text
    assert Browser(bank).open(client.client_id, answer.json()["request_uri"]).status == 303
    assert bank.web.fetched_urls == [URL]


@pytest.mark.clause("OIDCR-2")
def test_2_a_request_object_is_refused_where_the_keys_can_not_be_had(register, bank):
    """The client authenticated by its certificate, so only its request can't be trusted."""
    client = register(
        auth="tls_client_auth",
        tls_client_auth_subject_dn="CN=published,O=Fintech\\, Inc.,C=DE",
        profile="fapi2-message-signing",
    )
    bank.web.pages.clear()
    assert client.push().status == 201
    refused = client.push(**_signed(client))
    assert (refused.status, refused.error) == (400, "invalid_request_object")
    assert refused.json()["error_description"] == "jwks_uri: the client's keys can't be fetched"


def _signed(client):
    """A request object in the place of an authorization request."""
    now = client.bank.now
    claims = {**client.request_arguments(), "client_id": client.client_id, "iss": client.client_id, "aud": ISSUER}
    claims |= {"nbf": now, "exp": now + 60}
    sent = jwt.encode(claims, ec_key("objects"), algorithm="ES256", headers={"kid": "objects"})
    return {**dict.fromkeys(client.request_arguments()), "request": sent}


@pytest.mark.clause("OIDCR-2")
def test_2_a_signed_call_of_the_api_is_verified_by_a_published_key(web, published):
    """HTTP message signatures name their key by keyid: where it is unknown, the keys are fetched again."""
    published.of(CLIENT, now=NOW)
    web.put(URL, {"keys": [RSA, jwk(ec_key("calls"), kid="calls")]})
    signed = (
        ("signature-input", 'sig=("@method");created=1;keyid="calls";tag="fapi-2-request"'),
        ("signature", "sig=:YQ==:"),
    )
    request = Request("GET", "/accounts", headers=signed)
    later = NOW + jwks_uri.RETRY_INTERVAL
    assert kids(request_signature.with_keys(request, CLIENT, published, now=later)) == ["k1", "calls"]
    assert kids(request_signature.with_keys(Request("GET", "/accounts"), CLIENT, published, now=later))
    web.pages.clear()
    with pytest.raises(request_signature.NotSigned) as found:
        request_signature.with_keys(request, CLIENT, ClientJwksCache(web), now=later)
    assert (found.value.status, found.value.error) == (401, "invalid_request")


@pytest.mark.clause("OIDCR-2")
def test_2_answers_are_encrypted_to_a_published_key(web, published):
    """The keys to encrypt to are the same set's; where it can't be had, the client can't be answered."""
    assert kids(published.for_encryption(CLIENT, now=NOW)) == ["k1"]
    web.pages.clear()
    with pytest.raises(InvalidRequest) as found:
        ClientJwksCache(web).for_encryption(CLIENT, now=NOW)
    assert found.value.detail == "jwks_uri: it answered 404"


@pytest.mark.clause("OIDCR-2")
def test_2_a_client_with_registered_keys_has_nothing_fetched(web, published):
    """Nor has one whose request has no object."""
    own = replace(CLIENT, jwks={"keys": [RSA]}, jwks_uri=None)
    assert published.of(own, now=NOW, kid="unknown", x5c="unknown") is own
    assert published.for_request_object(CLIENT, None, now=NOW) is CLIENT
    assert web.fetched_urls == []


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("page", [FetchError("it timed out"), b"", b"<html>", b"{}", b'{"keys": 1}'])
def test_3_without_keys_nobody_is_authenticated(register, bank, page):
    """The caller learns no more than of any other failure; the log says that it was the keys."""
    client = register()
    bank.web.pages[URL] = page
    before = _stored(bank)
    refused = client.push()
    assert (refused.status, refused.error) == (401, "invalid_client")
    assert refused.json()["error_description"] == "client authentication failed"
    assert _stored(bank) == before


def _stored(bank):
    """How many requests and used values there are."""
    tables = (bank.settings.grants_table, bank.settings.replay_cache_table)
    connection = bank.aws.dynamo._tables._connection
    return [connection.client.scan(TableName=name, Select="COUNT")["Count"] for name in tables]


# RFC 7517 5, and the Read-Only profile's R3 and R4: what is fetched is checked as what is registered.


def refused(published, at=NOW):
    with pytest.raises(FetchError) as found:
        published.of(CLIENT, now=at)
    return str(found.value)


SMALL_RSA = jwk(rsa_key("small", 1024))
OTHER = jwk(ec_key("another-published"), kid="other")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([RSA | {"kid": f"k{n}"} for n in range(51)], "too many keys"),
        ({"a": "key"}, "it is not a JWK Set"),
        ([SMALL_RSA], "no usable key; key 1, kid k1: its RSA key is shorter than 2048 bits"),
    ],
)
def test_5_a_set_of_which_nothing_can_be_used_is_not_used(web, published, keys, why):
    web.put(URL, {"keys": keys})
    assert why in refused(published)


@pytest.mark.fault("3a")
@pytest.mark.clause("RFC7517-5")
@pytest.mark.clause("FAPI1-BASE-5.2.2-5")
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (SMALL_RSA | {"kid": "k2"}, "key 2, kid k2: its RSA key is shorter"),
        (RSA | {"d": "AQ"}, "key 2, kid k1: it is a private key"),
        (RSA | {"n": "AQ", "kid": "k2"}, "key 2, kid k2: "),
        (RSA | {"n": 7}, "key 2, kid k1: "),
        (RSA | {"x5c": ["not a certificate"]}, "key 2, kid k1: it can't be read"),
        (RSA | {"x5c": 7}, "key 2, kid k1: it can't be read"),
        (RSA | {"kid": 7}, "key 2: it can't be read"),
        (RSA | {"kid": "k2", "use": ["sig"]}, "key 2, kid k2: it can't be read"),
        (jwk(ec_key("another-published")) | {"x": "AAAA", "kid": 7}, "key 2: "),
        ("a key", "key 2: it is not a JSON object"),
        (None, "key 2: it is not a JSON object"),
    ],
)  # fmt: skip
def test_5_a_key_that_may_not_be_is_left_alone(web, published, caplog, bad, why):
    """Each fetched set is held to what is registered. One such key locked the client out; the log says once which it is."""
    web.put(URL, {"keys": [OTHER, bad]})
    assert kids(published.of(CLIENT, now=NOW)) == ["other"]
    published.of(CLIENT, now=NOW + 301)
    assert [line for line in caplog.messages if why in line] == [
        line for line in caplog.messages if "key ignored" in line
    ]
    assert len([line for line in caplog.messages if "key ignored" in line]) == 1


@pytest.mark.fault("3a")
def test_5_a_set_that_turns_bad_in_part_goes_on_with_the_rest(web, published, caplog):
    """An hour later it locked the client out, far from its cause."""
    web.put(URL, {"keys": [RSA, OTHER]})
    assert kids(published.of(CLIENT, now=NOW)) == ["k1", "other"]
    web.put(URL, {"keys": [RSA | {"n": "AQ"}, OTHER]})
    assert kids(published.of(CLIENT, now=NOW + 301)) == ["other"]
    assert kids(published.of(CLIENT, now=NOW + 4000)) == ["other"]
    assert sum("key ignored" in line for line in caplog.messages) == 1


@pytest.mark.clause("FAPI1-BASE-5.2.2-6")
def test_5_2_2_6_elliptic_curve_keys_are_large_enough(web, published):
    """R4: of the curves that are used here none is too small; the certificates in x5c are measured too."""
    chain = certificate("published"), certificate("small", key=ec.generate_private_key(ec.SECP192R1()))
    web.put(URL, {"keys": [jwk(ec_key("published"), x5c=[b64encode(der(one)).decode() for one in chain])]})
    assert kids(published.of(CLIENT, now=NOW)) == ["k1"]
    strict = replace(CLIENT, profile="fapi2-security")
    with pytest.raises(FetchError, match="its elliptic curve key is shorter than 224 bits"):
        published.of(strict, now=NOW)


@pytest.mark.clause("RFC7517-5")
def test_5_keys_of_other_kinds_are_left_alone(web, published):
    """RFC 7517 5: an implementation should ignore keys of a kind that it does not understand: the set serves others too."""
    others = [
        {"kty": "oct", "kid": "a"},
        {"kty": "OKP", "crv": "X448", "x": "AQ", "kid": "b"},
        {"kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ", "kid": "c"},
        {"kty": "new", "kid": "d"},
        {"kty": ["RSA"], "kid": "e"},
        {},
    ]
    web.put(URL, {"keys": [*others, RSA, jwk(ed_key("published"), kid="k2")]})
    assert kids(published.of(CLIENT, now=NOW)) == ["k1", "k2"]


@pytest.mark.clause("RFC7517-5")
@pytest.mark.parametrize(
    "page", [b"", b"<html>", b"\xff\xfe", b"[]", b"7", b"{}", b'{"keys": [], "keys": []}', b"[" * 60_000, b"{" * 70_000]
)
def test_5_what_is_no_jwk_set_is_none(web, published, page):
    """Whatever else is there, in whatever form, is a refusal and no fault of ours."""
    web.pages[URL] = page
    assert refused(published).startswith(("jwks_uri: it ", "jwks_uri: a member"))


@pytest.mark.clause("OIDCR-2")
@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_2_a_set_of_64_kb_is_the_largest(web, published, more, taken):
    """What a client publishes has a bound: a larger answer is none."""
    page = json.dumps({"keys": [RSA]}).encode()
    web.pages[URL] = page + b" " * (64 * 1024 - len(page) + more)
    if taken:
        assert kids(published.of(CLIENT, now=NOW)) == ["k1"]
    else:
        assert refused(published) == "jwks_uri: it is too large"


# Core 10.1.1: how long a set is used.


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_a_set_is_kept_for_a_while(web, published):
    """Five minutes long nobody asks for it again."""
    for at in (0, 1, jwks_uri.CACHE_LIFETIME - 1):
        published.of(CLIENT, now=NOW + at, kid="k1")
    assert web.fetched_urls == [URL]
    published.of(CLIENT, now=NOW + jwks_uri.CACHE_LIFETIME, kid="k1")
    assert web.fetched_urls == [URL, URL]


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_an_unfamiliar_kid_sends_us_back(register, bank):
    """The verifier knows to go back to the jwks_uri when it sees an unfamiliar kid, so a client rolls over without a word."""
    client = register()
    client.pushed()
    fresh = client.with_(key=rsa_key("rolled over"))
    bank.web.put(URL, {"keys": [jwk(rsa_key("rolled over"), kid="k2")]})
    bank.now += jwks_uri.RETRY_INTERVAL
    sent = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    sent["client_assertion"] = fresh.assertion(headers={"kid": "k2"})
    assert fresh.push(**sent).status == 201
    assert client.push().error == "invalid_client"
    assert bank.web.fetched_urls == [URL, URL]


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_invented_kids_do_not_make_us_ask_more_often(web, published):
    """Anyone can send an assertion with a new kid each time: one attempt in half a minute, and none that fails more often."""
    for second in range(2 * jwks_uri.RETRY_INTERVAL):
        published.of(CLIENT, now=NOW + second, kid=f"invented-{second}")
    assert len(web.fetched_urls) == 2
    web.pages.clear()
    for second in range(2 * jwks_uri.RETRY_INTERVAL):
        published.of(CLIENT, now=NOW + 1000 + second, kid=f"invented-{second}")
    assert len(web.fetched_urls) == 4


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_a_first_attempt_that_failed_is_not_repeated_at_once(web, published):
    """Nor does a client whose keys can't be had cost each request its seconds."""
    web.pages[URL] = FetchError("it timed out")
    for second in range(jwks_uri.RETRY_INTERVAL):
        assert refused(published, NOW + second) == "jwks_uri: it timed out"
    assert web.fetched_urls == [URL]
    web.put(URL, {"keys": [RSA]})
    assert kids(published.of(CLIENT, now=NOW + jwks_uri.RETRY_INTERVAL)) == ["k1"]


@pytest.mark.clause("OIDCC-10.1.1")
@pytest.mark.parametrize(
    "page", [FetchError("it answered 500"), b"<html>", b'{"keys": [{"kty": "RSA", "n": "AQ", "e": "AQ"}]}']
)
def test_10_1_1_the_last_good_set_serves_for_an_hour(web, published, page):
    """A client is not shut out by an outage of its web server, and a key that was withdrawn does not live on for ever."""
    published.of(CLIENT, now=NOW)
    web.pages[URL] = page
    last = NOW + jwks_uri.MAX_CACHE_AGE
    assert kids(published.of(CLIENT, now=last - 1)) == ["k1"]
    assert refused(published, last).startswith("jwks_uri: ")
    assert len(web.fetched_urls) == 2


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_a_withdrawn_key_is_gone_with_the_next_set(web, published):
    """An empty set is a set."""
    published.of(CLIENT, now=NOW)
    web.put(URL, {"keys": []})
    assert kids(published.of(CLIENT, now=NOW + jwks_uri.CACHE_LIFETIME)) == []


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_keys_are_one_clients_and_of_one_address(web, published):
    """What is remembered for a client is never another's, nor its own from before its record changed."""
    published.of(CLIENT, now=NOW)
    for changed in ({"client_id": "another"}, {"jwks_uri": URL + "?"}, {"profile": "fapi2-security"}):
        web.pages[URL + "?"] = b'{"keys": []}'
        published.of(replace(CLIENT, **changed), now=NOW)
    assert web.fetched_urls == [URL, URL, URL + "?", URL]


@pytest.mark.clause("OIDCC-10.1.1")
def test_10_1_1_what_is_remembered_has_a_bound(web, published):
    """A warm function lives for hours."""
    for n in range(jwks_uri.MAX_CLIENTS + 1):
        published.of(replace(CLIENT, client_id=f"c{n}"), now=NOW)
    assert len(published._copies) <= jwks_uri.MAX_CLIENTS


@pytest.mark.clause("JAR-6.2")
def test_6_2_a_request_object_without_keys_is_refused(web, published):
    """Its signature can't be checked."""
    web.pages.clear()
    with pytest.raises(InvalidRequestObject) as found:
        published.for_request_object(CLIENT, jose.parse("e30.e30.AQ"), now=NOW)
    assert found.value.detail == "jwks_uri: it answered 404"
