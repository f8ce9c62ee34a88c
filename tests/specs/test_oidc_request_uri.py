"""OpenID Connect Core 6.2 and RFC 9101 5.2: a request object that is fetched from where the client registered it."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.authorization import request_object_by_reference
from chalicelib.errors import InvalidRequest, InvalidRequestUri
from chalicelib.fetch.documents import FetchError
from chalicelib.profiles import PROFILES
from chalicelib.storage.records import Client
from tests.web import Web

LOCATION = "https://fintech.example/requests/1.jwt"
OBJECT = "eyJhbGciOiJQUzI1NiJ9.e30.c2lnbmF0dXJl"
DIGEST = urlsafe_b64encode(sha256(OBJECT.encode()).digest()).rstrip(b"=").decode()
BASELINE = PROFILES["fapi1-baseline"]


@pytest.fixture
def web():
    made = Web()
    made.put(LOCATION, OBJECT)
    return made


def client(*request_uris):
    made = Client("fintech", "Fintech", "fapi1-baseline", "private_key_jwt", ("authorization_code",), ("openid",))
    return replace(made, request_uris=request_uris or (LOCATION,))


def refused(web, uri=LOCATION, of=None):
    with pytest.raises(InvalidRequestUri) as found:
        request_object_by_reference.fetched(uri, of or client(), web)
    assert found.value.error == "invalid_request_uri"
    return found.value


@pytest.mark.clause("OIDCC-6.2")
@pytest.mark.parametrize("said", [OBJECT, f"{OBJECT}\n", f"\r\n {OBJECT} \r\n", "e30.a.b.c.d", "e30..b.c.d"])
def test_6_2_the_object_is_fetched_from_its_registered_address(web, said):
    """A request_uri that was registered beforehand is fetched; what is there is the request object, a JWS or a JWE."""
    web.put(LOCATION, said)
    assert request_object_by_reference.fetched(LOCATION, client(), web) == said.strip()
    assert web.fetched_urls == [LOCATION]


@pytest.mark.clause("JAR-10.4.1")
@pytest.mark.parametrize(
    "uri",
    [
        "https://fintech.example/requests/2.jwt",
        "https://fintech.example/requests/1.jwt?a=b",
        "https://fintech.example/requests/1.jwt/",
        "https://fintech.example/requests/../requests/1.jwt",
        "https://FINTECH.example/requests/1.jwt",
        "https://fintech.example:443/requests/1.jwt",
        "http://fintech.example/requests/1.jwt",
        "https://user@fintech.example/requests/1.jwt",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "file:///etc/passwd",
        "data:,e30.e30.",
        "urn:ietf:params:oauth:request_uri:of-somebody-else",
        " " + LOCATION,
        "",
    ],
)
def test_10_4_1_nothing_else_is_ever_fetched(web, uri):
    """A request_uri is compared with the registered ones character by character; where it is none of them, nobody goes there."""
    assert refused(web, uri).description == "request_uri is not registered for this client"
    assert web.fetched_urls == []


@pytest.mark.clause("OIDCC-6.2")
def test_6_2_a_client_without_registered_request_uris_has_none(web):
    """Registration of each request_uri is required, and the metadata say so."""
    assert (
        refused(web, of=replace(client(), request_uris=())).description
        == "request_uri is not registered for this client"
    )
    assert web.fetched_urls == []


@pytest.mark.clause("OIDCC-6.2")
def test_6_2_a_fragment_is_the_digest_of_the_object(web):
    """The base64url SHA-256 of the content may be the fragment, registered with it or not; it is compared, and not sent."""
    for registered in (LOCATION, f"{LOCATION}#{DIGEST}"):
        assert request_object_by_reference.fetched(f"{LOCATION}#{DIGEST}", client(registered), web) == OBJECT
    assert web.fetched_urls == [LOCATION, LOCATION]


@pytest.mark.clause("OIDCC-6.2")
@pytest.mark.parametrize("fragment", ["", "top", DIGEST[:-1], f"{DIGEST}=", DIGEST.swapcase(), f"{DIGEST}#"])
def test_6_2_a_fragment_of_something_else_is_refused(web, fragment):
    """What was fetched is not what the client meant, or not what it was when the client named it."""
    said = refused(web, f"{LOCATION}#{fragment}")
    assert said.description == "request_uri: the document does not match the hash in the fragment"


@pytest.mark.clause("OIDCC-6.2")
def test_6_2_a_changed_object_is_refused(web):
    """Who can change the file, but not the request, gains nothing."""
    web.put(LOCATION, OBJECT.replace("e30", "e31"))
    said = refused(web, f"{LOCATION}#{DIGEST}", client(f"{LOCATION}#{DIGEST}"))
    assert said.description == "request_uri: the document does not match the hash in the fragment"


@pytest.mark.clause("OIDCC-6.2")
@pytest.mark.parametrize("fragment", ["", "#", f"#{DIGEST[::-1]}"])
def test_6_2_where_a_digest_is_registered_it_must_be_sent(web, fragment):
    """A registered digest can't be left out or exchanged by whoever sends the browser here."""
    said = refused(web, LOCATION + fragment, client(f"{LOCATION}#{DIGEST}"))
    assert said.description == "request_uri is not registered for this client"
    assert web.fetched_urls == []


@pytest.mark.clause("JAR-6.2")
@pytest.mark.parametrize(
    "page",
    [
        "",
        "<html>Please log in</html>",
        '{"client_id":"fintech"}',
        "e30",
        "e30.e30",
        "a.b.c.d.e.f",
        "e30.e30.s\u00fcgn",
        "e30.e30.s e30.e30.s",
        OBJECT + "==",
        b"\xff.\xfe.\x00",
    ],
)
def test_6_2_what_is_no_request_object_is_refused(web, page):
    """RFC 9101 6.2: invalid_request_uri where the request_uri contains invalid data."""
    web.put(LOCATION, page)
    assert refused(web).description == "request_uri: the document is not a compact JWS or JWE"


@pytest.mark.clause("JAR-6.2")
def test_6_2_what_can_not_be_fetched_is_refused_and_only_the_log_knows_why(web):
    """RFC 9101 6.2: invalid_request_uri where the request_uri returns an error. Nobody learns what is behind an address."""
    web.pages[LOCATION] = FetchError("it has an address that is not public")
    said = refused(web)
    assert said.description == "request_uri: the document can't be fetched"
    assert said.detail == "request_uri: it has an address that is not public"
    web.put(LOCATION, "a" * (request_object_by_reference.MAX_BYTES + 1))
    assert refused(web).detail == "request_uri: it is too large"


@pytest.mark.clause("JAR-5")
def test_5_it_stands_in_for_the_object_and_never_beside_one(web):
    """RFC 9101 5: request or request_uri, not both."""
    sent = {"client_id": "fintech", "request_uri": LOCATION, "state": "outside"}
    followed = request_object_by_reference.follow(sent, client(), BASELINE, web)
    assert followed == {"client_id": "fintech", "request": OBJECT, "state": "outside"}
    with pytest.raises(InvalidRequest) as found:
        request_object_by_reference.follow(sent | {"request": OBJECT}, client(), BASELINE, web)
    assert found.value.error == "invalid_request"
    assert web.fetched_urls == [LOCATION]


@pytest.mark.clause("JAR-5.2")
def test_5_2_a_request_without_a_reference_is_as_it_was(web):
    """Nothing is fetched for a request that names nothing; nor where a profile takes pushed requests only."""
    for sent, profile in (({"client_id": "a"}, "fapi1-baseline"), ({"request_uri": LOCATION}, "fapi2-message-signing")):
        assert request_object_by_reference.follow(sent, client(), PROFILES[profile], web) == sent
    assert web.fetched_urls == []


@pytest.mark.clause("OIDCC-6.2")
@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_6_2_an_object_of_32_kb_is_the_largest(web, more, taken):
    """What is at a request_uri has a bound: a larger answer is no request object."""
    web.put(LOCATION, OBJECT + "\n" * (32 * 1024 - len(OBJECT) + more))
    if taken:
        assert request_object_by_reference.fetched(LOCATION, client(), web) == OBJECT
    else:
        assert "too large" in refused(web).detail
