"""An address that leads inward: a client, or who can write its record, has us ask machines that only we can reach.

The adapter is the one that ships; only the resolver and the connection are the test's. The sockets are closed.
"""

import json
import socket
from functools import cache

import pytest
from urllib3.exceptions import NewConnectionError
from urllib3.response import HTTPResponse

from chalicelib.clients.jwks_uri import ClientJwksCache
from chalicelib.errors import InvalidClientMetadata
from chalicelib.fetch import https
from chalicelib.fetch.https import Https
from tests.actors import Fintech, certificate, jwk, rsa_key
from tests.conftest import FAPI1

PUBLIC = "93.184.216.34"
HOST = "files.fintech.example"
REQUEST = f"https://{HOST}/request.jwt"
JWKS = f"https://{HOST}/jwks.json"
INWARD = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "::ffff:169.254.169.254", "fd00:ec2::254"]
REQUESTED = {"addresses": [], "names": [], "urls": []}


class Connection:
    """In the place of urllib3's: what `answers` says for each URL, or nobody there."""

    answers = {}
    sock = None

    def __init__(self, host, port, *, server_hostname, cert_reqs, **rest):
        assert cert_reqs == "CERT_REQUIRED"
        self.host, self.name = host, server_hostname

    def connect(self):
        REQUESTED["addresses"].append(self.host)
        if self.host != PUBLIC:
            raise NewConnectionError(self, "nobody there")

    def request(self, method, target, **rest):
        self.url = f"https://{self.name}{target}"
        REQUESTED["urls"].append(self.url)

    def getresponse(self):
        status, headers, body = self.answers.get(self.url, (404, {}, b""))
        return HTTPResponse(_Body(body), headers, status, preload_content=False, decode_content=False)

    def close(self):
        pass


class _Body:
    closed = False

    def __init__(self, body):
        self._left = body

    def read(self, amount):
        read, self._left = self._left[:amount], self._left[amount:]
        return read

    def close(self):
        pass


@pytest.fixture
def names(monkeypatch):
    """What names resolve to. Nothing but these is there."""
    found = {HOST: [PUBLIC]}

    def resolve(host, port, **rest):
        REQUESTED["names"].append(host)
        if host not in found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(0, 0, 0, "", (address, port)) for address in found[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(https, "HTTPSConnection", Connection)
    monkeypatch.setattr(Connection, "answers", {})
    for seen in REQUESTED.values():
        seen.clear()
    return found


@cache
def shipped():
    """The adapter as it ships. It keeps nothing of a request, and its list of authorities takes long to read."""
    return Https()


@pytest.fixture
def open_bank(bank, names):
    """The bank with what ships, in the place of what it can fetch."""
    web, keys = bank.aws.documents, bank.aws.published_keys
    bank.aws.documents = shipped()
    bank.aws.published_keys = ClientJwksCache(bank.aws.documents)
    yield bank
    bank.aws.documents, bank.aws.published_keys = web, keys


def client(bank, name, **more):
    key = rsa_key("inward")
    keys = {} if "jwks_uri" in more else {"jwks": {"keys": [jwk(key)]}}
    bank.register(**FAPI1 | {"profile": "fapi1-advanced", "client_id": name} | keys | more)
    return Fintech(bank, name, "private_key_jwt", key, "PS256", certificate(name))


@pytest.fixture
def by_reference(open_bank):
    return client(open_bank, "by-reference", request_uris=[REQUEST])


@pytest.fixture
def publishing(open_bank):
    return client(open_bank, "publishing", jwks_uri=JWKS)


def opened(request_arguments, request_uri, **more):
    return request_arguments.bank.send(
        "GET", "/authorize", query={"client_id": request_arguments.client_id, "request_uri": request_uri, **more}
    )


def serve(url, body=b"", status=200, **headers):
    Connection.answers[url] = (status, headers, body)


def stored(bank):
    """How many items each table has."""
    client = bank.aws.dynamo._tables._connection.client
    tables = [getattr(bank.settings, name) for name in bank.settings._fields if name.endswith("_table")]
    return {name: client.scan(TableName=name, Select="COUNT")["Count"] for name in tables}


def refused(answer, error="invalid_request_uri"):
    assert (answer.status, answer.page_error) == (400, error), answer.text
    return answer.unnamed.text


def test_the_network_of_this_test_would_let_a_good_one_through(by_reference, publishing):
    serve(REQUEST, by_reference.request_object(response_type="code id_token").encode())
    assert opened(by_reference, REQUEST).location.startswith("/login?")
    serve(JWKS, json.dumps({"keys": [jwk(rsa_key("inward"))]}).encode())
    assert publishing.push(request=publishing.request_object(response_type="code id_token")).status == 201
    assert REQUESTED == {"names": [HOST] * 2, "addresses": [PUBLIC] * 2, "urls": [REQUEST, JWKS]}


@pytest.mark.clause("JAR-10.4.1")
@pytest.mark.parametrize("address", INWARD)
def test_a_request_uri_whose_name_leads_inward_is_not_fetched(by_reference, names, address):
    """RFC 9101 10.4.1: the provider is not to be made to ask in another's place; one inward address spoils a name."""
    names[HOST] = [PUBLIC, address]
    before = stored(by_reference.bank)
    refused(opened(by_reference, REQUEST))
    assert stored(by_reference.bank) == before
    assert REQUESTED == {"names": [HOST], "addresses": [], "urls": []}


@pytest.mark.clause("JAR-10.4.1")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["https://169.254.169.254/latest/meta-data/", "https://localhost/", f"https://{HOST}/b"])
def test_a_request_uri_that_redirects_is_not_followed(by_reference, status, to):
    """RFC 9101 10.4.1: an address that was agreed on is no ticket to another one, wherever that is."""
    serve(REQUEST, status=status, location=to)
    serve(f"https://{HOST}/b", by_reference.request_object(response_type="code id_token").encode())
    before = stored(by_reference.bank)
    refused(opened(by_reference, REQUEST))
    assert stored(by_reference.bank) == before
    assert REQUESTED == {"names": [HOST], "addresses": [PUBLIC], "urls": [REQUEST]}


@pytest.mark.clause("JAR-10.4.1")
@pytest.mark.parametrize(
    "uri",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "http://localhost:9001/2018-06-01/runtime/invocation/next",
        "file:///proc/self/environ",
        f"{REQUEST}?",
        f"{REQUEST}#",
        f"https://{HOST}:8443/request.jwt",
        f"https://evil@{HOST}/request.jwt",
    ],
)
def test_an_address_of_the_askers_choice_is_not_even_looked_up(by_reference, fapi1_baseline_client, uri):
    """RFC 9101 10.4.1: whatever is not registered, to the character, is not fetched."""
    serve(REQUEST, by_reference.request_object().encode())
    before = stored(by_reference.bank)
    for request_arguments in (by_reference, fapi1_baseline_client):
        text = refused(opened(request_arguments, uri))
        assert uri not in text
    assert stored(by_reference.bank) == before
    assert REQUESTED["addresses"] == [PUBLIC] * (
        uri == f"{REQUEST}#"
    )  # fetched from where it is registered, and found another


def test_a_request_object_leads_nowhere_else(by_reference):
    """RFC 9101 4: none within another. RFC 8725 3.10: addresses of keys in its header are never looked at."""
    nested = {"request_uri": REQUEST}
    away = {"jku": "https://localhost/jwks.json", "x5u": "https://169.254.169.254/cert"}
    serve(REQUEST, by_reference.request_object(extra=nested).encode())
    refused(opened(by_reference, REQUEST), "invalid_request_object")
    serve(REQUEST, by_reference.request_object(key=rsa_key("a thief's"), headers=away).encode())
    refused(opened(by_reference, REQUEST), "invalid_request_object")
    assert REQUESTED == {"names": [HOST] * 2, "addresses": [PUBLIC] * 2, "urls": [REQUEST] * 2}


def test_who_asks_learns_nothing_of_what_is_behind_an_address(by_reference, names):
    """Inside, nobody there, no such name, another status, too much: all the same words, or it is a way to scan a network."""
    disclosed = []
    for addresses in ([PUBLIC], ["10.0.0.1"], [PUBLIC, "10.0.0.1"], ["93.184.216.35"]):
        names[HOST] = addresses
        disclosed.append(refused(opened(by_reference, REQUEST)))
    del names[HOST]
    disclosed.append(refused(opened(by_reference, REQUEST)))
    names[HOST] = [PUBLIC]
    for answer in ((500, {}, b""), (200, {"content-encoding": "gzip"}, b""), (200, {}, b"a" * 100_000)):
        Connection.answers[REQUEST] = answer
        disclosed.append(refused(opened(by_reference, REQUEST)))
    assert len(set(disclosed)) == 1


def test_a_pushed_request_is_never_fetched(by_reference):
    serve(REQUEST, by_reference.request_object(response_type="code id_token").encode())
    answer = by_reference.push(request_uri=REQUEST)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert REQUESTED["names"] == []


@pytest.mark.parametrize("address", INWARD)
@pytest.mark.parametrize("path", ["/par", "/token", "/introspect", "/revoke"])
def test_a_jwks_uri_whose_name_leads_inward_is_not_fetched(publishing, names, address, path):
    names[HOST] = [address]
    before = stored(publishing.bank)
    answer = publishing.post(path, token="a", grant_type="client_credentials", request="a")
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert answer.json()["error_description"] == "client authentication failed"
    assert stored(publishing.bank) == before
    assert REQUESTED == {"names": [HOST], "addresses": [], "urls": []}


@pytest.mark.parametrize("to", ["https://169.254.169.254/", "https://localhost/jwks", f"https://{HOST}/b"])
def test_a_jwks_uri_that_redirects_is_not_followed(publishing, to):
    serve(JWKS, status=302, location=to)
    serve(f"https://{HOST}/b", json.dumps({"keys": [jwk(rsa_key("inward"))]}).encode())
    before = stored(publishing.bank)
    answer = publishing.push()
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert stored(publishing.bank) == before
    assert REQUESTED == {"names": [HOST], "addresses": [PUBLIC], "urls": [JWKS]}


def test_a_signature_at_the_authorization_endpoint_has_no_keys_from_inside(publishing, names):
    names[HOST] = ["127.0.0.1"]
    before = stored(publishing.bank)
    query = publishing.direct(response_type="code id_token")
    refused(publishing.bank.send("GET", "/authorize", query=query), "invalid_request_object")
    assert stored(publishing.bank) == before
    assert REQUESTED["addresses"] == []


@pytest.mark.parametrize("address", INWARD)
def test_a_sector_that_leads_inward_can_not_be_registered(open_bank, names, address):
    names["sector.example"] = [address]
    before = stored(open_bank)
    with pytest.raises(InvalidClientMetadata, match="sector_identifier_uri: the document can't be fetched"):
        client(open_bank, "inward", subject_type="pairwise", sector_identifier_uri="https://sector.example/")
    assert stored(open_bank) == before
    assert REQUESTED["addresses"] == []
