"""What nobody sends by mistake: too long, too deep, too many, twice, of another encoding. Never a failure of ours.

Each oddity goes to each endpoint. The answer is a refusal, or the same as without it; it comes soon, and repeats nothing.
"""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from ssl import DER_cert_to_PEM_cert

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

import app
from chalicelib import gateway
from tests.actors import (
    ASSERTION_TYPE,
    NOW,
    REQUEST_URI,
    Answer,
    Browser,
    Fintech,
    certificate,
    der,
    ec_key,
    jwk,
    rsa_key,
)
from tests.conftest import STANDARD
from tests.each import each

GET = ("/authorize", "/login", "/consent", "/userinfo", "/jwks", "/.well-known/openid-configuration")
POST = ("/par", "/token", "/introspect", "/revoke", "/authorize", "/login", "/consent", "/userinfo")
NAMES = (
    *("client_id", "client_assertion", "client_assertion_type", "grant_type", "code", "redirect_uri", "code_verifier"),
    *("refresh_token", "scope", "state", "nonce", "token", "token_type_hint", "request", "request_uri", "claims"),
    *("interaction", "csrf", "action", "username", "password", "one_time_code", "max_age", "prompt", "acr_values"),
    *("response_type", "response_mode", "code_challenge", "code_challenge_method", "dpop_jkt", "login_hint"),
)
DEEP = "[" * 5000 + "]" * 5000
ODD = {
    "long": "a" * 9000,
    "NUL": "\x00",
    "NUL inside": "a\x00b",
    "control characters": "\x01\x08\x0b\x1b[31m\x7f",
    "line breaks": "a\r\nSet-Cookie: a=b\r\n\r\n<script>",
    "beyond the basic plane": "\U0001f3e6" * 50,
    "what joins and turns": "\u202e\u200d\ufeff\u0301" * 50,
    "not a character": "\ufffe\uffff",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>%s%n{0}",
    "a query": "' OR 1=1 --",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a path": "../../../../etc/passwd",
    "an address": "http://169.254.169.254/latest/meta-data/",
    "a number": "9" * 4000,
    "another number": "-1e999",
    "nested JSON": DEEP,
    "nested objects": '{"a":' * 2000 + "1" + "}" * 2000,
    "dots": "." * 3000,
    "JWT of nothing": "e30.e30.e30",
    "percent signs": "%" * 300,
}


def answered(answer, odd=""):
    """Whether it is an answer of ours: no failure, and nothing of what was sent."""
    assert answer.status < 500, (answer.status, answer.text)
    assert len(answer.text) < 30_000
    for name, value in answer.headers:
        assert "\n" not in value, name
        assert "\r" not in value, name
    assert answer.text.count("<script") == answer.text.count("<script>(function(){")  # our own
    assert len(odd) < 4 or odd not in answer.text
    return True


def raw(bank, method, path, **event):
    """An event as API Gateway would make it of a request that no client library makes."""
    made = bank.event(method, path) | event
    name = next(iter(app.app.routes[path].values())).view_name
    response = gateway.serve(name, tuple(app.app.routes[path]), path, made, lambda: bank.aws)
    return Answer(response.status, tuple((k.lower(), v) for k, v in response.headers), response.body)


def odd_cases(names, reads):
    """Path, name and odd value: every value of what the path's function reads, and one of what it does not.

    `names`: of parameters or headers; `reads`: those that a function reads, by its path. The others go through the gateway
    and no further, the same way whatever the name: there is a value for each of them, and a name for each value.
    """
    cases = [
        (path, name, odd)
        for a, path in enumerate(POST)
        for b, name in enumerate(names)
        for c, odd in enumerate(ODD)
        if name in reads[path] or (c - a - b) % min(len(names), len(ODD)) == 0
    ]
    assert {case[::2] for case in cases} == {(path, odd) for path in POST for odd in ODD}
    assert {case[:2] for case in cases} == {(path, name) for path in POST for name in names}
    return cases


@pytest.fixture(params=POST)
def post(request, bank, tls_client_auth_client):
    """A function: more of a form to the answer of each endpoint, which knows the client by its certificate."""
    return lambda form, **more: bank.send(
        "POST", request.param, form=form, **{"certificate": tls_client_auth_client.certificate, **more}
    )


CLIENT = {"client_id", "client_assertion", "client_assertion_type"}
PARAMETERS = {
    "/par": CLIENT,  # the others, past authentication, in the test of a pushed request
    "/token": CLIENT | {"grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope"},
    "/introspect": CLIENT | {"token", "token_type_hint"},
    "/revoke": CLIENT | {"token", "token_type_hint"},
    "/authorize": {"client_id", "request", "request_uri"},
    "/login": {"interaction", "csrf", "action", "username", "password", "one_time_code"},
    "/consent": {"interaction", "csrf", "action"},
    "/userinfo": set(),
}


@pytest.mark.clause("RFC6749-10.14")
@each(("path", "name", "odd"), odd_cases(NAMES, PARAMETERS))
def test_an_odd_value_of_any_parameter(bank, tls_client_auth_client, path, name, odd):
    """One parameter at a time, the others as they might be."""
    usual = {
        "client_id": "tls-client-auth",
        "token": "x",
        "grant_type": "authorization_code",
        "code": "x",
        "redirect_uri": "x",
    }
    answer = bank.send("POST", path, form=usual | {name: ODD[odd]}, certificate=tls_client_auth_client.certificate)
    assert answered(answer, ODD[odd])


@pytest.mark.clause("RFC6749-10.14")
@each("odd", ODD)
@pytest.mark.parametrize("path", GET)
def test_an_odd_value_in_a_query(bank, path, odd):
    """Where a browser or anybody can send it."""
    for name in ("client_id", "request_uri", "interaction", "access_token", "state", "prompt"):
        query = [("client_id", "tls-client-auth"), ("request_uri", REQUEST_URI + "x"), ("interaction", "x")]
        query = [pair for pair in query if pair[0] != name] + [(name, ODD[odd])]
        assert answered(bank.send("GET", path, query=query), ODD[odd]), name


@pytest.mark.clause("RFC6749-10.14")
@each("odd", ODD)
def test_an_odd_value_in_a_pushed_request(tls_client_auth_client, odd):
    """Of a client that is known, past authentication: taken and given back whole, or refused."""
    for name in NAMES:
        if name not in ("client_id", "client_assertion", "client_assertion_type"):
            assert answered(tls_client_auth_client.push(extra={name: ODD[odd]}), ODD[odd]), name


@pytest.mark.clause("RFC6749-4.1.2")
@each("odd", [name for name, value in ODD.items() if len(value) <= 1000])
def test_an_odd_state_comes_back_as_it_was(tls_client_auth_client, odd):
    """What is the client's own is neither cut nor cleaned, and does no harm on its way."""
    back = tls_client_auth_client.approved(state=ODD[odd], nonce=ODD[odd], login_hint=ODD[odd])
    assert answered(back)
    assert back.parameters["state"] == ODD[odd]


SCHEMES = {"Authorization: {}", "Authorization: Bearer {}", "Authorization: DPoP {}"}
COOKIES = {"Cookie: {}", "Cookie: __Host-ducat-x={}", "Cookie: {0}={0}; {0}"}
CONTENT_TYPES = {"Content-Type: {}", "Content-Type: {0}={0}; {0}"}
HEADERS = {
    "/par": SCHEMES | CONTENT_TYPES | {"DPoP: {}"},
    "/token": SCHEMES | CONTENT_TYPES | {"DPoP: {}"},
    "/introspect": SCHEMES | CONTENT_TYPES | {"Accept: {}", "Accept: {0}={0}; {0}"},
    "/revoke": SCHEMES | CONTENT_TYPES,
    "/authorize": COOKIES | CONTENT_TYPES,
    "/login": COOKIES | CONTENT_TYPES,
    "/consent": COOKIES | CONTENT_TYPES,
    "/userinfo": SCHEMES | CONTENT_TYPES | {"DPoP: {}"},
}


@pytest.mark.clause("RFC6749-10.14")
@each(("path", "name", "odd"), odd_cases(sorted({*set().union(*HEADERS.values()), "X-Anything: {}"}), HEADERS))
def test_an_odd_header_anywhere(bank, tls_client_auth_client, path, name, odd):
    """Every header that is read, by itself and as a part of what it may be, and one that is not."""
    header, _, template = name.partition(": ")
    answer = bank.send(
        "POST",
        path,
        form="client_id=tls-client-auth&token=x&interaction=x&grant_type=client_credentials",
        headers=((header, template.format(ODD[odd])),),
        certificate=tls_client_auth_client.certificate,
        **({"content_type": None} if header == "Content-Type" else {}),
    )
    assert answered(answer, ODD[odd])


@pytest.mark.clause("RFC6749-10.14")
@each("odd", ODD)
def test_an_odd_header_of_a_call_is_denied(bank, odd):
    """The authorizer, which says no to whatever it can't read."""
    headers = (("Authorization", f"Bearer {ODD[odd]}"), ("DPoP", ODD[odd]))
    assert bank.authorize("GET", "/accounts", headers=headers)["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@pytest.mark.clause("RFC6749-3.1")
def test_every_parameter_twice(post):
    """Whichever of two values would count, another part might read the other."""
    for name in NAMES:
        answer = post([("client_id", "tls-client-auth"), (name, "a"), (name, "a")])
        assert answer.status in (400, 401), name
        assert answered(answer)


@pytest.mark.clause("RFC6749-10.14")
def test_too_many_parameters(post):
    """Reading stops before the work does."""
    assert answered(post([(f"p{n}", "x") for n in range(3000)]))
    assert answered(post("&" * 60_000))
    assert answered(post("=&" * 30_000))
    assert answered(post(";" * 60_000))


@pytest.mark.clause("PAR-2.3")
@pytest.mark.parametrize("path", ["/par", "/token", "/introspect", "/revoke"])
def test_too_large_a_body(bank, tls_client_auth_client, path):
    """Too much is 413, and nothing of it is looked at."""
    answer = bank.send(
        "POST", path, form="client_id=tls-client-auth&x=" + "x" * 70_000, certificate=tls_client_auth_client.certificate
    )
    assert (answer.status, answer.error) == (413, "invalid_request")
    answer = bank.send("POST", path, form="x" * 6_000_000, certificate=tls_client_auth_client.certificate)
    assert (answer.status, answer.error) == (413, "invalid_request")


@pytest.mark.clause("RFC6749-B")
@each(
    "body",
    [
        b"client_id=\xff\xfe",
        b"\xff",
        b"client_id=\xc0\x80",
        b"client_id=\xed\xa0\x80",
        b"\x00" * 100,
        b"\xef\xbb\xbfclient_id=tls-client-auth",
    ],
)
@pytest.mark.parametrize("path", POST)
def test_a_body_that_is_no_utf_8(bank, path, body):
    """In API Gateway's base64, and percent-encoded in a form."""
    headers = {"Content-Type": ["application/x-www-form-urlencoded"]}
    encoded = base64.b64encode(body).decode()
    assert answered(raw(bank, "POST", path, body=encoded, isBase64Encoded=True, multiValueHeaders=headers))
    assert answered(raw(bank, "POST", path, body="not base64", isBase64Encoded=True, multiValueHeaders=headers))
    percent = "client_id=" + "".join(f"%{byte:02x}" for byte in body)
    assert answered(bank.send("POST", path, form=percent))


@pytest.mark.clause("RFC6749-10.14")
@pytest.mark.parametrize("path", sorted({*GET, *POST}))
def test_an_event_without_what_events_have(bank, path):
    """API Gateway sends null where there is nothing; a header or query may be missing altogether."""
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "x", ""):
        nothing = {
            "multiValueHeaders": None,
            "headers": None,
            "multiValueQueryStringParameters": None,
            "queryStringParameters": None,
            "body": None,
            "requestContext": {"httpMethod": method, "resourcePath": path, "identity": None},
        }
        assert answered(raw(bank, "GET", path, **nothing))


@pytest.mark.clause("RFC6749-10.14")
@pytest.mark.parametrize("path", sorted({*GET, *POST}))
def test_many_headers_and_many_cookies(bank, path):
    """As many as API Gateway lets through, and more."""
    method = "POST" if path in POST else "GET"
    form = "client_id=tls-client-auth" if method == "POST" else None
    many = tuple((f"X-{n}", "x") for n in range(2000))
    cookies = (("Cookie", "; ".join(f"__Host-ducat-{n}={n}" for n in range(2000))),)
    same = tuple(("Cookie", f"__Host-ducat-x={n}") for n in range(500))
    twice = (("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Bearer x"), ("DPoP", "x")) * 2
    for headers in (many, cookies, same, twice):
        assert answered(bank.send(method, path, form=form, headers=headers))


# Where JSON comes from outside: assertions, request objects, the claims parameter.


def jose_parts():
    def part(text):
        return base64.urlsafe_b64encode(text.encode(errors="surrogatepass")).rstrip(b"=").decode()

    header = part('{"alg":"PS256","kid":"k1"}')
    claims = part('{"sub":"fintech","iss":"fintech"}')
    signature = "A" * 342
    yield f"{part(DEEP)}.{claims}.{signature}"
    yield f"{header}.{part(DEEP)}.{signature}"
    yield f"{header}.{part('{' + chr(34) + 'a' + chr(34) + ':' + DEEP + '}')}.{signature}"
    yield f"{part('{' + chr(34) + 'alg' + chr(34) + ':' + '9' * 5000 + '}')}.{claims}.{signature}"
    yield f"{header}.{part('{' + chr(34) + 'sub' + chr(34) + ':' + '9' * 5000 + '}')}.{signature}"
    yield f"{part('[]')}.{claims}.{signature}"
    yield f"{part('null')}.{part('null')}.{signature}"
    yield f"{part(chr(0))}.{claims}.{signature}"
    yield f"{header}.{part('{' + chr(34) + 'sub' + chr(34) + ':' + chr(34) + 'x' * 9000 + chr(34) + '}')}.{signature}"
    yield f"{header}.{claims}.{'A' * 20_000}"
    yield f"{header}.{claims}.A"
    yield f"{header}.{claims}.\u00e4"
    yield "." * 20_000
    yield f"{'A' * 40_000}.{claims}.{signature}"
    yield f"{header}==.{claims}==.{signature}=="
    yield f"{header}\n.{claims}\n.{signature}\n"


@pytest.mark.clause("RFC6749-10.14")
@each("sent", list(jose_parts()))
def test_an_odd_jws(bank, fintech, sent):
    """Deep, long, of other types, of odd base64: as an assertion, as a request object, as a proof, as a token."""
    answer = fintech.push(client_assertion=sent, client_assertion_type=ASSERTION_TYPE)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert answered(fintech.push(request=sent))
    assert answered(bank.send("POST", "/token", form="client_id=tls-client-auth", headers=(("DPoP", sent),)))
    assert answered(fintech.introspect(sent))
    assert answered(fintech.userinfo(sent))


@pytest.fixture
def signing_client(bank):
    """A client that signs its requests."""
    bank.register(
        **STANDARD | {"profile": "fapi2-message-signing"},
        client_id="odd",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [jwk(rsa_key("odd"))]},
    )
    return Fintech(bank, "odd", "private_key_jwt", rsa_key("odd"), "PS256", certificate("odd"))


@pytest.mark.clause("JAR-4")
@each(
    "name", ["state", "nonce", "login_hint", "scope", "redirect_uri", "claims", "authorization_details", "max_age", "x"]
)
@each(
    "value",
    ["\ud800", {"a": "\udfff"}, ["\ud800"], {"\ud800": 1}, [[]], [{}], {}, 7, 1e300, True, 10**400],
)
def test_an_odd_claim_of_a_request_object(signing_client, name, value):
    """Half a character, which JSON can spell, and values of other types: signed by the client, and still odd."""
    answer = signing_client.post("/par", request=signing_client.request_object(extra={name: value}))
    assert answered(answer)
    if answer.status == 201:
        assert answered(Browser(signing_client.bank).login("odd", answer.json()["request_uri"]))


@pytest.mark.clause("JAR-4")
@pytest.mark.parametrize("name", ["x", "resource", "authorization_details", "claims"])
def test_a_claim_of_a_request_object_of_any_depth(signing_client, name):
    """There is no depth that can just be read and not written as a parameter, or not read again."""
    unread, depth = 0, 860
    while unread < 3:
        sent = signing_client.request_object(extra={name: json.loads("[" * depth + "]" * depth)})
        answer = signing_client.post("/par", request=sent)
        assert answered(answer), depth
        unread += "RecursionError" in answer.text
        depth += 1


@pytest.mark.clause("OIDCC-5.5")
@each(
    "claims",
    [
        DEEP,
        '{"userinfo":' * 300 + "1" + "}" * 300,
        "[]",
        "null",
        "1",
        '"x"',
        '{"userinfo":[]}',
        '{"id_token":{"acr":[]}}',
        '{"id_token":{"acr":{"essential":"yes"}}}',
        '{"id_token":{"acr":{"values":"x"}}}',
        '{"id_token":{"sub":{"value":{"a":[1]}}}}',
        '{"userinfo":{"name":{"value":' + "9" * 3000 + "}}}",
        '{"userinfo":{"\\ud800":null}}',
        '{"userinfo":{"name":{"value":"\\ud800"}}}',
        json.dumps({"userinfo": {f"claim{n}": None for n in range(150)}}),
        '{"userinfo":{"name":NaN}}',
        "{",
        "\x00",
    ],
)
def test_odd_claims(tls_client_auth_client, claims):
    """Refused when they are pushed, or taken, and then each step of the login works or says what does not."""
    answer = tls_client_auth_client.push(claims=claims)
    assert answered(answer)
    if answer.status != 201:
        return
    browser = Browser(tls_client_auth_client.bank)
    began = browser.open("tls-client-auth", answer.json()["request_uri"])
    signed_in = browser.sign_in(browser.get(began.location))
    assert answered(signed_in)
    if signed_in.status == 303:  # else the claims ask for another person
        tokens = tls_client_auth_client.redeem(
            browser.submit(browser.get(signed_in.location), "approve").parameters["code"]
        )
        assert tokens.status == 200
        assert tls_client_auth_client.userinfo(tokens.json()["access_token"]).status == 200


@pytest.mark.clause("OIDCC-5.5")
def test_claims_of_any_depth(tls_client_auth_client):
    """There is no depth that one function can just read and the next, which has more around it, can't."""
    for depth in (3, 50, *range(900, 1000)):
        claims = '{"userinfo":{"name":{"value":' + "[" * depth + "]" * depth + "}}}"
        answer = tls_client_auth_client.push(claims=claims)
        assert answered(answer), depth
        if answer.status == 201:
            browser = Browser(tls_client_auth_client.bank)
            assert answered(browser.get(browser.open("tls-client-auth", answer.json()["request_uri"]).location)), depth


@pytest.mark.clause("RFC6749-10.14")
@pytest.mark.usefixtures("light_passwords")
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["username", "password", "one_time_code"])
def test_odd_things_typed_into_the_login_page(fintech, odd, field):
    """The page comes again, with what was typed escaped or left out; or another one says that it was too much."""
    browser = Browser(fintech.bank)
    page = browser.page("fintech", fintech.pushed())
    answer = browser.submit(page, "login", **{field: ODD[odd]})
    assert answer.status in (200, 413)
    assert answered(answer)
    assert browser.sign_in(page).status == 303


@pytest.mark.clause("RFC6749-10.14")
def test_an_odd_certificate(bank):
    """What TLS let through may still be more than a library likes."""
    client = Fintech(bank, "tls-client-auth", "tls_client_auth", None, "", certificate("tls-client-auth"))
    pem = client.certificate
    for odd in (pem * 50, pem + "x" * 100_000, pem[:-40], pem.replace("A", "B"), pem.upper(), "\x00" + pem, pem[::-1]):
        answer = client.push() if odd == pem else client.post("/par", certificate=odd, **client.request_arguments())
        assert answered(answer)
        assert client.post("/token", certificate=odd, grant_type="client_credentials").status < 500


@pytest.mark.clause("RFC6749-10.14")
def test_odd_input_takes_no_longer_than_other_input(bank, fintech):
    """No expression, parser or comparison that a long input keeps busy: each of these within a second of CPU."""
    began = time.process_time()
    for text in ("a" * 60_000, "=" * 60_000, "%41" * 20_000, " " * 60_000, "{" * 60_000, "a." * 30_000, "\\" * 60_000):
        for path in ("/par", "/token", "/introspect", "/revoke"):
            bank.send("POST", path, form=f"client_id={text}")
            bank.send("POST", path, form={"client_id": "fintech", "client_assertion": text[:60_000]})
        bank.send("GET", "/userinfo", headers=(("Authorization", f"Bearer {text}"),))
        bank.send("GET", "/authorize", query=[("request_uri", text), ("client_id", text)])
    assert time.process_time() - began < 10


# What only TLS stands before: certificates.


def odd_certificates():
    """A certificate whose name or frame is of other bytes than any that is written so, and some of odd alternative names."""
    usual = der(certificate("tls-client-auth"))
    for old, new in {
        b"tls-client-auth": b"\xff" * 15,
        b"Fintech, Inc.": b"\xc3" * 13,
        b"\x13\x02DE": b"\x03\x02DE",
        b"\x0c\x0ftls-client-auth": b"\x1c\x0ftls-client-auth",
        b"\xa0\x03\x02\x01\x02": b"\xa0\x03\x02\x01\x07",
    }.items():
        assert old in usual
        yield "tls-client-auth", usual.replace(old, new)
    for other_name in (b"\xa5\x02\x30\x00", b"\xa3\x02\x30\x00", b"\x82\x01\xff", b"\x87\x01\x01", b""):
        names = bytes([0x30, len(other_name)]) + other_name
        yield "alternative", _with_names(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names))


def _with_names(extension):
    key = ec_key("odd names")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alternative")])
    begins = datetime.fromtimestamp(NOW - 60, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, begins + timedelta(days=1))
    return builder.add_extension(extension, critical=False).sign(key, SHA256()).public_bytes(Encoding.DER)


@pytest.mark.clause("RFC8705-2.1")
@each(("client_id", "shown"), list(odd_certificates()))
def test_a_certificate_that_holds_what_nobody_reads(bank, client_id, shown):
    """What an authority signed may still hold what nobody reads; then it proves nobody."""
    bank.register(
        **STANDARD,
        client_id="alternative",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_san_dns="fintech.example",
    )
    form = {"client_id": client_id, "grant_type": "client_credentials"}
    answer = bank.send("POST", "/token", form=form, certificate=DER_cert_to_PEM_cert(shown))
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.clause("DPOP-4.3")
@each("name", ["jti", "htm", "htu", "iat", "ath", "nonce"])
@each("value", ["\ud800", "\u00e4", None, [], ["x"], {}, True, 1.5, 10**400])
def test_an_odd_claim_of_a_proof(bank, dpop_client, name, value):
    """Anybody may sign one with a key of their own: at a door, and at the authorizer before the bank's API."""
    proof = dpop_client.proof("GET", "/userinfo", **{"access_token": "x", name: value})
    answer = bank.send("GET", "/userinfo", headers=(("Authorization", "DPoP x"), ("DPoP", proof)))
    assert answer.status == 401
    proof = dpop_client.proof("GET", "/accounts", **{"access_token": "x", name: value})
    decision = bank.authorize("GET", "/accounts", headers=(("Authorization", "DPoP x"), ("DPoP", proof)))
    assert decision["policyDocument"]["Statement"][0]["Effect"] == "Deny"
