"""OpenID Connect Dynamic Client Registration 2 and 5: what a client registers as an address, which we then fetch.

There is no registration endpoint: the bank registers its clients. The rules for what they say are the same.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from chalicelib.clients import metadata
from chalicelib.errors import InvalidClientMetadata
from chalicelib.fetch.documents import FetchError
from tests.actors import NOW, jwk, rsa_key
from tests.each import each
from tests.web import Web

KEYS = {"keys": [jwk(rsa_key("fintech"))]}
SECTOR = "https://Sector.example/uris.json"
URIS = ["https://one.example/callback", "https://two.example/callback"]
DIGEST = urlsafe_b64encode(sha256(b"").digest()).rstrip(b"=").decode()
GOOD = {
    "client_id": "published",
    "client_name": "A Client",
    "profile": "fapi1-baseline",
    "token_endpoint_auth_method": "private_key_jwt",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "scope": "openid",
    "redirect_uris": ["https://client.example/callback"],
    "jwks_uri": "https://client.example/jwks.json",
    "tls_client_certificate_bound_access_tokens": True,
}
NOT_FETCHED_FROM = [
    "http://client.example/jwks.json",
    "https://user@client.example/jwks.json",
    "https://client.example:0/",
    "https://127.0.0.1/jwks.json",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://2130706433/",
    "file:///etc/passwd",
    "data:application/json,{}",
    "client.example/jwks.json",
    "https://client.example/a b",
    "https://client.example/\n",
    "https://cl\u00efent.example/",
    f"https://client.example/{'a' * 2000}",
    "",
    7,
    ["https://client.example/jwks.json"],
    {},
]


@pytest.fixture
def web():
    made = Web()
    made.put(SECTOR, URIS)
    return made


def registered(documents=None, **changes):
    """The client of GOOD metadata with changes; a member that is None is left out."""
    given = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return metadata.registered(given, documents=documents)


def refused(documents=None, **changes):
    with pytest.raises(InvalidClientMetadata) as found:
        registered(documents, **changes)
    assert (found.value.error, found.value.status) == ("invalid_client_metadata", 400)
    return found.value


# 2: jwks_uri.


@pytest.mark.clause("OIDCR-2")
@pytest.mark.parametrize("method", ["private_key_jwt", "self_signed_tls_client_auth"])
def test_2_jwks_uri_stands_in_for_jwks(bank, method):
    """A client may publish its keys instead of handing them over. They are fetched when they are needed, not before."""
    client = bank.register(**(GOOD | {"token_endpoint_auth_method": method}))
    assert bank.aws.clients.find("published", now=NOW) == client
    assert (client.jwks_uri, client.jwks, bank.web.fetched_urls) == (GOOD["jwks_uri"], None, [])


@pytest.mark.clause("OIDCR-2")
def test_2_jwks_and_jwks_uri_are_never_used_together():
    """Which of the two would be believed?"""
    assert refused(jwks=KEYS).description == "jwks and jwks_uri can't be used together"
    assert refused(jwks={"keys": []}).description == "jwks and jwks_uri can't be used together"


@pytest.mark.clause("OIDCR-2")
@each("url", [*NOT_FETCHED_FROM, "https://client.example/jwks.json#keys"])
def test_2_jwks_uri_is_an_https_url_of_a_named_host(url):
    """What we would never fetch can't be registered."""
    assert refused(jwks_uri=url).description.startswith("jwks_uri: ")


@pytest.mark.clause("OIDCR-2")
def test_2_a_client_that_signs_its_requests_may_publish_its_keys():
    """Whatever needs keys takes either way of registering them."""
    client = registered(profile="fapi2-message-signing", require_signed_request_object=True)
    assert client.require_signed_request_object
    assert "jwks or jwks_uri" in refused(jwks_uri=None, jwks=None).description


# 2: request_uris.


@pytest.mark.clause("OIDCR-2")
def test_2_request_uris_are_registered_as_they_will_be_sent():
    """With the SHA-256 of the content as fragment, or without one."""
    uris = ["https://client.example/1.jwt", f"https://client.example/2.jwt?a=b#{DIGEST}"]
    assert registered(request_uris=uris).request_uris == tuple(uris)
    assert registered().request_uris == ()


@pytest.mark.clause("OIDCR-2")
@each("uri", [*NOT_FETCHED_FROM, f"https://client.example/{'a' * 500}", "urn:ietf:params:oauth:request_uri:a"])
def test_2_a_request_uri_is_an_https_url_of_a_named_host(uri):
    """OpenID Connect Core 6.2: https, and at most 512 characters."""
    assert refused(request_uris=["https://client.example/1.jwt", uri]).description.startswith("request_uris")


@pytest.mark.clause("OIDCR-2")
@each("fragment", ["", "top", DIGEST[:-1], f"{DIGEST}=", DIGEST.replace(DIGEST[0], "+"), "#"])
def test_2_a_fragment_of_a_request_uri_is_a_digest(fragment):
    """Another could never be matched."""
    said = refused(request_uris=[f"https://client.example/1.jwt#{fragment}"])
    assert said.description == "request_uris: a fragment must be the base64url SHA-256 of the content"


@pytest.mark.clause("OIDCR-2")
def test_2_request_uris_are_a_list_of_few():
    """They are addresses that we promise to visit."""
    assert (
        refused(request_uris="https://client.example/1.jwt").description == "request_uris must be an array of strings"
    )
    assert refused(request_uris=[f"https://client.example/{n}" for n in range(21)])


@pytest.mark.clause("OIDCR-2")
@pytest.mark.parametrize("profile", ["fapi2-security", "fapi2-message-signing"])
def test_2_where_requests_are_pushed_none_is_fetched(profile):
    """FAPI 2.0 takes pushed requests only, so a place to fetch one from would have no effect."""
    said = refused(profile=profile, request_uris=["https://client.example/1.jwt"])
    assert said.description == "request_uris: the profile does not accept request objects by reference"


# 5: sector_identifier_uri.


@pytest.mark.clause("OIDCC-8.1")
def test_8_1_pairwise_subjects_are_made_by_the_host_of_the_redirect_uris():
    """OpenID Connect Core 8.1: without a sector_identifier_uri, it is the one host of the redirect URIs, and no port of it."""
    uris = ["https://Client.example:8443/a", "https://client.example/b"]
    client = registered(subject_type="pairwise", redirect_uris=uris)
    assert (client.subject_type, client.sector_identifier) == ("pairwise", "client.example")


@pytest.mark.clause("OIDCC-8.1")
def test_8_1_several_hosts_need_a_sector_identifier_uri(web):
    """OpenID Connect Core 8.1: the client must then register one, whose host they share."""
    said = refused(subject_type="pairwise", redirect_uris=URIS)
    assert said.description == "subject_type: pairwise needs redirect_uris of one host, or a sector_identifier_uri"
    client = registered(web, subject_type="pairwise", redirect_uris=URIS, sector_identifier_uri=SECTOR)
    assert (client.sector_identifier, client.sector_identifier_uri) == ("sector.example", SECTOR)
    assert web.fetched_urls == [SECTOR]


@pytest.mark.clause("OIDCR-5")
@pytest.mark.parametrize("subject_type", ["pairwise", "public"])
@pytest.mark.parametrize("listed", [[], URIS[:1], [*URIS[:1], URIS[1] + "/"], [URIS[0].upper(), URIS[1]]])
def test_5_every_redirect_uri_is_in_the_document(web, subject_type, listed):
    """Registration 5: the values of redirect_uris must be among the document's elements, exactly, or registration fails."""
    web.put(SECTOR, listed)
    said = refused(web, subject_type=subject_type, redirect_uris=URIS, sector_identifier_uri=SECTOR)
    assert said.description == "sector_identifier_uri: the document does not list every redirect_uri"


@pytest.mark.clause("OIDCR-5")
@pytest.mark.parametrize("page", ["", "[", b"\xff", "{}", '"a"', "[1]", '[["a"]]', '{"a": 1, "a": 2}', "[" * 50_000])
def test_5_the_document_is_a_list_of_texts(web, page):
    """Registration 5: a single JSON array of redirect_uri values."""
    web.put(SECTOR, page)
    said = refused(web, subject_type="pairwise", redirect_uris=URIS, sector_identifier_uri=SECTOR)
    assert said.description in (
        "sector_identifier_uri: the document is not JSON",
        "sector_identifier_uri: the document is not an array of strings",
    )


@pytest.mark.clause("OIDCR-5")
def test_5_a_document_that_can_not_be_had_can_not_be_registered(web):
    """Registration 5: the provider must validate it, so it must be there, and whoever registers must be able to fetch."""
    web.pages[SECTOR] = FetchError("it has an address that is not public")
    said = refused(web, subject_type="pairwise", redirect_uris=URIS, sector_identifier_uri=SECTOR)
    assert said.description == "sector_identifier_uri: the document can't be fetched"
    assert said.detail == "it has an address that is not public"
    said = refused(None, subject_type="pairwise", redirect_uris=URIS, sector_identifier_uri=SECTOR)
    assert said.description == "sector_identifier_uri: this command can't fetch documents"


@pytest.mark.clause("OIDCR-5")
@pytest.mark.parametrize("url", NOT_FETCHED_FROM)
def test_5_a_sector_identifier_uri_is_an_https_url_of_a_named_host(web, url):
    """Registration 5: it must use the https scheme; and it is one that we would fetch."""
    said = refused(web, subject_type="pairwise", sector_identifier_uri=url)
    assert said.description.startswith("sector_identifier_uri: ")
    assert web.fetched_urls == []


@pytest.mark.clause("OIDCR-2")
@each("value", ["", "PAIRWISE", "ephemeral", 7, [], {}])
def test_2_subject_type_is_public_or_pairwise(value):
    """Public where nothing is said, as everywhere before."""
    assert refused(subject_type=value).description == "subject_type must be one of public, pairwise"
    assert (registered().subject_type, registered().sector_identifier) == ("public", None)


@pytest.mark.clause("OIDCC-8.1")
def test_8_1_nobody_chooses_a_sector_by_itself():
    """Who could would learn the subjects of another sector's clients."""
    assert refused(sector_identifier="another.example").description == "sector_identifier: the server derives it"
