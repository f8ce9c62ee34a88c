"""Documents fetched by HTTPS: what comes back, and above all what doesn't."""

import gzip
import time
from threading import Event

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.fetch import https_url
from chalicelib.fetch.documents import FetchError
from chalicelib.fetch.https import SECONDS, Https
from ducat_cdk.functions import FUNCTIONS
from tests.fetch.conftest import HOST, OTHER, PUBLIC, _signed

URL = f"https://{HOST}/jwks.json"
MAX_BYTES = 1000


def response(body=b'{"keys":[]}', *headers, status="200 OK", length=True):
    lines = [f"HTTP/1.1 {status}", *headers, *([f"Content-Length: {len(body)}"] if length else ())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refused(documents, url=URL, *, max_bytes=MAX_BYTES):
    with pytest.raises(FetchError) as found:
        documents.get(url, max_bytes=max_bytes)
    return str(found.value)


def test_a_document_comes_as_it_is(documents, serve, network):
    server = serve(response(b'{"keys": []}\n'))
    assert documents.get(f"https://{HOST}/a/jwks.json?b=c", max_bytes=MAX_BYTES) == b'{"keys": []}\n'
    (request,) = server.requests
    line, *headers = request.rstrip().split("\r\n")
    assert line == "GET /a/jwks.json?b=c HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Accept: */*",
        f"Host: {HOST}",
        "User-Agent: ducat",
    ]
    assert server.server_names == [HOST]
    assert (network.looked_up, network.connected) == ([HOST], [PUBLIC])


def test_a_port_may_be_named(documents, serve):
    server = serve(response())
    assert documents.get(f"https://{HOST}:8443", max_bytes=MAX_BYTES)
    assert f"Host: {HOST}:8443\r\n" in server.requests[0]
    assert server.requests[0].startswith("GET / HTTP/1.1")


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/",
        f"ftp://{HOST}/",
        "file:///etc/passwd",
        f"https://user@{HOST}/",
        f"https://user:secret@{HOST}/",
        f"https://{HOST}/#fragment",
        f"https://{HOST}\\@localhost/",
        f"https://{HOST} /",
        f"https://{HOST}/a b",
        f"https://{HOST}/a\r\nHost: localhost",
        f"https://{HOST}\n/",
        f"https://{HOST}./",
        "https:///jwks",
        f"//{HOST}/",
        f"https:/{HOST}/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        f"https://{HOST}:0/",
        f"https://{HOST}:65536/",
        f"https://{HOST}:443x/",
        f"https://{HOST}:/",
        "https://b\u00fccher.example/",
        "https://\u2460.example/",
        "https://-a.example/",
        f"https://{'a' * 64}.example/",
        f"https://{HOST}/{'a' * 2000}",
        f"https://{'a.' * 130}example/",
        "",
    ],
)
def test_only_an_https_url_of_a_named_host_is_looked_at(documents, network, url):
    assert refused(documents, url)
    assert network.looked_up == network.connected == []


def test_a_place_is_read_in_one_way():
    assert https_url.of("https://Keys.Fintech.EXAMPLE:8443?a=b") == https_url.HttpsUrl(
        "keys.fintech.example", 8443, "/?a=b"
    )
    assert https_url.of("HTTPS://localhost") == https_url.HttpsUrl("localhost", 443, "/")


# Where it leads.

INWARD = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    f"::ffff:{PUBLIC}",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%2",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", INWARD)
def test_a_name_that_leads_inward_is_not_followed(documents, network, address):
    network.names[HOST] = [[address]]
    assert refused(documents) == "it has an address that is not public"
    assert network.connected == []


@pytest.mark.parametrize("addresses", [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [OTHER, "::1"]])
def test_one_inward_address_spoils_the_name(documents, network, addresses):
    network.names[HOST] = [addresses]
    assert refused(documents) == "it has an address that is not public"
    assert network.connected == []


def test_a_name_that_answers_otherwise_a_moment_later_gains_nothing(documents, serve, network):
    network.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    serve(response())
    inward = serve(response(b"secret"), at="127.0.0.1")
    assert documents.get(URL, max_bytes=MAX_BYTES) == b'{"keys":[]}'
    assert (network.looked_up, network.connected, inward.requests) == ([HOST], [PUBLIC], [])


def test_an_address_without_a_server_is_passed_over(documents, serve, network):
    network.names[HOST] = [[OTHER, PUBLIC]]
    serve(response())
    assert documents.get(URL, max_bytes=MAX_BYTES)
    assert network.connected == [OTHER, PUBLIC]


def test_nobody_there_is_a_refusal(documents, network):
    assert refused(documents) == "no address accepts a connection"
    network.names.clear()
    assert refused(documents) == "it can't be reached or read (gaierror)"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("to", ["https://localhost/secret", "http://169.254.169.254/", f"https://{HOST}/elsewhere"])
def test_a_redirect_is_not_followed(documents, serve, network, status, to):
    server = serve(response(b"", f"Location: {to}", status=status))
    assert refused(documents) == f"it answered {status[:3]}"
    assert (len(server.requests), network.looked_up, network.connected) == (1, [HOST], [PUBLIC])


@pytest.mark.parametrize("status", ["201 Created", "204 No Content", "206 Partial Content", "404 Not Found", "500 Oh"])
def test_nothing_but_200_is_an_answer(documents, serve, status):
    serve(response(b"" if status.startswith("204") else b"{}", status=status))
    assert refused(documents) == f"it answered {status[:3]}"


def test_no_proxy_of_the_environment_is_used(documents, serve, network, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    serve(response())
    assert documents.get(URL, max_bytes=MAX_BYTES)
    assert (network.looked_up, network.connected) == ([HOST], [PUBLIC])


# Who answers.


def test_the_certificate_must_be_of_the_name(documents, serve, identity):
    server = serve(response(), pem=identity("another.example"))
    assert refused(documents) == "it can't be reached or read (SSLCertVerificationError)"
    assert server.requests == []


def test_the_certificate_must_have_time_left(documents, serve, identity):
    server = serve(response(), pem=identity(days=-1))
    assert refused(documents) == "it can't be reached or read (SSLCertVerificationError)"
    assert server.requests == []


def test_the_certificate_must_be_of_an_authority_that_is_trusted(serve, documents, identity):
    key = ec.generate_private_key(ec.SECP256R1())
    server = serve(response(), pem=identity(issuer=(_signed("Another authority", key), key)))
    assert refused(documents) == "it can't be reached or read (SSLCertVerificationError)"
    assert server.requests == []


def test_the_systems_authorities_are_all_that_is_trusted_by_itself(serve):
    server = serve(response())
    assert refused(Https(seconds=20.0)) == "it can't be reached or read (SSLCertVerificationError)"
    assert server.requests == []


def test_plain_http_is_no_answer(documents, serve):
    serve(response(), tls=False)
    assert refused(documents) == "it can't be reached or read (SSLError)"


# Documents whose signature the caller verifies.


@pytest.fixture
def signed_documents():
    return Https(seconds=20.0, plain=True)


@pytest.fixture
def open_server(serve):
    """A function: what to answer by plain http, to the list of the requests."""

    def start(said):
        requests = []

        def talk(connection):
            requests.append(connection.recv(4096).decode())
            connection.sendall(said)

        serve(talk, tls=False)
        return requests

    return start


def test_a_signed_document_may_come_by_http(signed_documents, open_server):
    requests = open_server(response())
    assert signed_documents.get(f"http://{HOST}/ca.crl", max_bytes=MAX_BYTES)
    assert requests[0].startswith(f"GET /ca.crl HTTP/1.1\r\nHost: {HOST}\r\n")
    assert https_url.of(f"http://{HOST}", plain=True).port == 80
    assert https_url.of(f"http://{HOST}:8080", plain=True).port == 8080


def test_http_leads_inward_as_little_as_https(signed_documents, open_server, network):
    """Neither by its name nor by a redirect."""
    requests = open_server(response(b"", "Location: http://169.254.169.254/", status="302 Found"))
    assert refused(signed_documents, f"http://{HOST}/") == "it answered 302"
    assert (len(requests), network.connected) == (1, [PUBLIC])
    for inward in ("169.254.169.254", "127.0.0.1", "10.0.0.1", "fd00:ec2::254"):
        network.names[HOST] = [[inward]]
        assert refused(signed_documents, f"http://{HOST}/") == "it has an address that is not public"
    assert network.connected == [PUBLIC]


# How much comes back.


def test_the_largest_document_is_as_large_as_it_may_be(documents, serve):
    serve(response(b"a" * MAX_BYTES))
    assert len(documents.get(URL, max_bytes=MAX_BYTES)) == MAX_BYTES


def forever(head):
    def talk(connection):
        connection.sendall(head)
        while True:
            connection.sendall(b"400\r\n" + b"a" * 1024 + b"\r\n")

    return talk


@pytest.mark.parametrize(
    "said",
    [
        response(b"a" * (MAX_BYTES + 1)),
        response(b"a" * (MAX_BYTES + 1), length=False),
        forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        forever(b"HTTP/1.1 200 OK\r\n\r\n"),
        forever(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
    ],
    ids=["told", "not-told", "chunks-for-ever", "bytes-for-ever", "far-too-much"],
)
def test_a_larger_document_is_not_read_to_its_end(documents, serve, said):
    serve(said)
    assert refused(documents) == "it is too large"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, identity", ""])
def test_nothing_is_unpacked(documents, serve, encoding):
    serve(response(gzip.compress(b"a" * 10_000_000)[:900], f"Content-Encoding: {encoding}"))
    assert refused(documents) == "it is compressed"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: a\r\n" * 200 + b"\r\n",
        b"",
    ],
    ids=["cut-off", "a-chunk-cut-off", "no-chunk", "no-HTTP", "a-long-header", "many-headers", "nothing"],
)
def test_a_broken_answer_is_none(documents, serve, said):
    serve(said)
    assert refused(documents).startswith("it can't be reached or read (")


# How long it takes.

TOO_LONG = (
    "it timed out",
    *(f"it can't be reached or read ({name})" for name in ("TimeoutError", "ReadTimeoutError")),
)
"""By our own clock, or by that of the socket where that is the first to be seen."""

LONG = 30
"""Seconds that others take. Half of that is not waited for, however busy this machine is."""


def dripping(head, drop):
    def talk(connection):
        connection.sendall(head)
        while True:
            time.sleep(0.05)
            connection.sendall(drop)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"a"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"a"),
        dripping(b"HTTP/1.1 ", b"a"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda connection: time.sleep(LONG),
    ],
    ids=["the-body", "a-header", "the-status", "not-yet", "nothing"],
)
def test_a_slow_answer_is_not_waited_for(hasty, serve, talk):
    serve(talk)
    began = time.monotonic()
    assert refused(hasty) in TOO_LONG
    assert time.monotonic() - began < LONG / 2


def test_the_whole_of_a_fetch_has_the_deadline_that_it_was_given(hasty, serve, monkeypatch):
    """However the time is spent; the tests beside this one leave room for a busy machine, and would let a longer one pass."""
    waited, really = [], Event.wait

    def wait(event, timeout=None):
        if timeout is not None:
            waited.append(timeout)
        return really(event, timeout)

    serve(lambda connection: time.sleep(LONG))
    monkeypatch.setattr(Event, "wait", wait)
    assert refused(hasty) in TOO_LONG
    assert set(waited) == {0.5}


def test_a_slow_resolver_is_not_waited_for(hasty, network):
    network.names[HOST] = [lambda: time.sleep(LONG) or [PUBLIC]]
    began = time.monotonic()
    assert refused(hasty) == "it timed out"
    assert time.monotonic() - began < LONG / 2


def test_a_handshake_that_never_ends_is_not_waited_for(hasty, serve):
    serve(lambda connection: time.sleep(LONG), tls=False)
    began = time.monotonic()
    assert refused(hasty)
    assert time.monotonic() - began < LONG / 2


def test_each_function_outlives_what_it_may_have_to_wait_for():
    """A request fetches at most the client's keys and its request object."""
    assert not [row.name for row in FUNCTIONS if row.timeout < 2 * SECONDS + 5]


# The laptop's own.


def test_what_ships_never_asks_this_machine(bank):
    shipped = type(bank.aws).documents.func(bank.aws)
    assert isinstance(shipped, Https)
    assert vars(shipped) == {"_seconds": SECONDS, "_authorities": "", "_loopback": False, "_plain": False}


def test_the_laptop_asks_itself_and_no_other_machine_inside(authority, serve, network, identity):
    pem = authority[0].public_bytes(serialization.Encoding.PEM).decode()
    laptop = Https(seconds=20.0, authorities=pem, loopback=True)
    network.names["localhost"] = [["127.0.0.1"]]
    serve(response(), at="127.0.0.1", pem=identity("localhost"))
    assert laptop.get("https://localhost/", max_bytes=MAX_BYTES) == b'{"keys":[]}'
    for address in ("10.0.0.1", "169.254.169.254", "fe80::1"):
        network.names["localhost"] = [[address]]
        assert refused(laptop, "https://localhost/") == "it has an address that is not public"
