"""Headers that a proxy might have written, or the attacker: nothing comes from them that settings say."""

import json

import pytest

from tests.actors import ISSUER, Browser
from tests.each import each

EVIL = "evil.example"
FORGED = (
    ("Host", EVIL),
    ("X-Forwarded-Host", EVIL),
    ("X-Forwarded-Server", EVIL),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Port", "80"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("Forwarded", f"for=127.0.0.1;host={EVIL};proto=http"),
    ("X-Host", EVIL),
    ("X-Original-Host", EVIL),
    ("X-Original-URL", "/consent"),
    ("X-Rewrite-URL", "/consent"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-Real-IP", "127.0.0.1"),
    ("Origin", f"https://{EVIL}"),
    ("Referer", f"https://{EVIL}/"),
    ("Via", f"1.1 {EVIL}"),
)
CERTIFICATE_HEADERS = (
    "X-Client-Cert",
    "X-SSL-Client-Cert",
    "X-SSL-Cert",
    "SSL_CLIENT_CERT",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "CloudFront-Viewer-Cert-Pem",
    "X-Forwarded-Client-Cert",
    "Client-Cert",
    "Cert",
)


def clean(answer):
    """Whether no header of the answer, and nothing in its body, has the attacker's word in it."""
    assert EVIL not in answer.text
    assert not [value for _, value in answer.headers if EVIL in value]
    return True


@pytest.fixture
def forging(bank, monkeypatch):
    """From here on every request of anybody has the forged headers."""
    really = bank.event

    def event(method, path, *, headers=(), **rest):
        made = really(method, path, headers=(*headers, *FORGED), **rest)
        made["headers"] = {name: values[-1] for name, values in made["multiValueHeaders"].items()}
        made["requestContext"] |= {"domainName": EVIL, "identity": made["requestContext"]["identity"]}
        return made

    monkeypatch.setattr(bank, "event", event)


@pytest.mark.usefixtures("forging")
@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-protected-resource",
        "/jwks",
    ],
)
def test_metadata_names_our_addresses(bank, path):
    """A document that a cache may keep for everybody is the same for every request."""
    answer = bank.send("GET", path)
    assert answer.status == 200
    assert clean(answer)


@pytest.mark.usefixtures("forging")
def test_a_whole_login_names_our_addresses(bank, fintech):
    """Redirects, cookies, pages, iss and the ID token."""
    browser = Browser(bank)
    began = browser.open("fintech", fintech.pushed())
    (cookie,) = began.all("set-cookie")
    assert "domain" not in cookie.lower()
    login = browser.get(began.location)
    signed_in = browser.sign_in(login)
    consent = browser.get(signed_in.location)
    back = browser.submit(consent, "approve")
    assert back.parameters["iss"] == ISSUER
    answer = fintech.redeem(back.parameters["code"])
    for one in (began, login, signed_in, consent, back, answer):
        assert clean(one)
    assert bank.verified(answer.json()["id_token"], "fintech")["iss"] == ISSUER
    assert fintech.introspect(answer.json()["access_token"]).json()["iss"] == ISSUER


@pytest.mark.usefixtures("forging")
def test_refusals_name_our_addresses(bank, fintech):
    """Error pages, JSON errors and challenges."""
    answers = [
        bank.send("GET", "/authorize"),
        bank.send("GET", "/login"),
        bank.send("POST", "/token", form={}),
        bank.send("GET", "/userinfo"),
        fintech.push(scope="nothing"),
    ]
    for answer in answers:
        assert 400 <= answer.status < 500
        assert clean(answer)
    policy = bank.authorize("GET", "/accounts")
    assert EVIL not in json.dumps(policy)


@pytest.mark.usefixtures("forging")
@pytest.mark.parametrize("aud", [f"https://{EVIL}", f"http://{EVIL}", EVIL])
def test_an_assertion_for_the_forged_host_is_not_for_us(fintech, aud):
    """What an assertion's aud must be comes from the settings."""
    answer = fintech.push(
        client_assertion=fintech.assertion(aud=aud),
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    )
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.usefixtures("forging")
@pytest.mark.parametrize("path", ["/authorize", "/token", "/par", "/userinfo"])
def test_a_method_or_path_in_a_header_is_none(bank, path):
    """The request is what API Gateway routed: an overridden method or path would answer 405 or another page."""
    answer = bank.send("POST", path, form={})
    assert answer.status in (400, 401)


@pytest.mark.clause("RFC8705-3")
@each("name", CERTIFICATE_HEADERS)
def test_a_certificate_in_a_header_is_none(bank, tls_client_auth_client, name):
    """A client certificate is what the TLS layer verified: no header authenticates a client or opens a bound token."""
    token = tls_client_auth_client.tokens()["access_token"]
    one_line = tls_client_auth_client.certificate.replace("\n", " ")
    for value in (
        tls_client_auth_client.certificate,
        one_line,
        tls_client_auth_client.certificate.replace("\n", "%0A"),
        f'Cert="{one_line}"',
    ):
        header = ((name, value),)
        answer = bank.send(
            "POST",
            "/par",
            form=tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments()),
            headers=header,
        )
        assert (answer.status, answer.error) == (401, "invalid_client")
        bearer = (("Authorization", f"Bearer {token}"),)
        assert bank.send("GET", "/userinfo", headers=bearer + header).status == 401
        policy = bank.authorize("GET", "/accounts", headers=bearer + header)
        assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@pytest.mark.clause("RFC8705-3")
def test_a_certificate_in_a_header_does_not_replace_the_one_of_the_connection(bank, tls_client_auth_client, rival):
    """Who connects with a certificate of its own can't speak with another's."""
    headers = tuple((name, tls_client_auth_client.certificate.replace("\n", " ")) for name in CERTIFICATE_HEADERS)
    form = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments())
    answer = bank.send("POST", "/par", form=form, headers=headers, certificate=rival.certificate)
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_what_the_authorizer_says_can_not_be_said_by_a_header(bank, tls_client_auth_client):
    """What a function learns from the authorizer in front comes in the event, and no header gets there."""
    forged = (("proof", "x"), ("X-Proof", "x"), ("authorizer", '{"proof":"x"}'), ("X-Amzn-Authorizer-Proof", "x"))
    assert bank.send("GET", "/userinfo", headers=forged, certificate=tls_client_auth_client.certificate).status == 401
