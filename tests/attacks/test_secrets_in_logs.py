"""Whoever reads the logs is to find something to use: a token, a code, a password, a person.

Each value that must not be there is made unlike any other, whole flows and failures are driven with them, and every log line
of this process, tracebacks included, is searched.
"""

import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from chalice.app import Chalice

from chalicelib import gateway
from chalicelib.client_registration import register
from local.sandbox_users import ALICE
from tests.actors import ASSERTION_TYPE, REQUEST_URI, VERIFIER, Browser
from tests.conftest import CLIENTS

PERSONAL = ("Alice", "Sandbox", "alice@", "1987-03-21", "+4940000001", "Hamburg", "wonderland", "123456")


def marker(name):
    """A value that is found nowhere by chance."""
    return f"MARK-{name}-zq7x"


class Lines:
    """What was logged, and what must not be in it."""

    def __init__(self, caplog, capsys):
        self._caplog, self._capsys = caplog, capsys
        self.secrets = {}

    def never(self, **secrets):
        self.secrets |= secrets
        return next(iter(secrets.values()))

    @property
    def text(self):
        shown = self._capsys.readouterr()
        return self._caplog.text + shown.out + shown.err

    def entries(self):
        """The one line a request that the gateway writes."""
        return [
            json.loads(r.getMessage()) for r in self._caplog.records if r.name == "ducat" and r.levelno == logging.INFO
        ]

    def hold_none_of_them(self):
        text = self.text
        assert '"outcome"' in text, "nothing was logged at all"
        for name, secret in self.secrets.items():
            assert secret, name
            for form in {secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}:
                assert form not in text, f"{name} was logged"
        for word in PERSONAL:
            assert word not in text, f"{word} was logged"
        return True


@pytest.fixture
def lines(caplog, capsys):
    caplog.set_level(logging.INFO)  # of every library, as a deployment may set it
    return Lines(caplog, capsys)


def halves(name, token_value):
    """A token value, and its secret half by itself: `<secret>.<key>`, whose key is none."""
    return {name: token_value, f"{name}, secret half": token_value.rpartition(":")[2].partition(".")[0]}


def hidden(page):
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]


def test_a_whole_login_leaves_no_secret(lines, each_client):
    """From the pushed request to revocation, for each way of authentication."""
    client, browser = each_client, Browser(each_client.bank)
    lines.never(state=marker("state"), nonce=marker("nonce"), hint=marker("hint"), verifier=VERIFIER)
    lines.never(certificate=client.certificate.splitlines()[1])
    sent = client.authenticated(
        client.request_arguments(
            state=marker("state"),
            nonce=marker("nonce"),
            login_hint=marker("hint"),
            scope="openid profile email accounts",
        )
    )
    if "client_assertion" in sent:
        lines.never(assertion=sent["client_assertion"], signature=sent["client_assertion"].rpartition(".")[2])
    pushed = client.bank.send("POST", "/par", form=sent, certificate=client.certificate)
    request_uri = pushed.json()["request_uri"]
    lines.never(**halves("request_uri", request_uri))
    login = browser.page(client.client_id, request_uri)
    lines.never(cookie=next(iter(browser.cookies.values())), csrf=hidden(login))
    consent = browser.get(browser.sign_in(login).location)
    code = browser.submit(consent, "approve").parameters["code"]
    lines.never(**halves("code", code))
    tokens = client.redeem(code).json()
    lines.never(id_token=tokens["id_token"], **halves("access_token", tokens["access_token"]))
    lines.never(**halves("refresh_token", tokens["refresh_token"]))
    refreshed = client.refresh(tokens["refresh_token"]).json()["access_token"]
    lines.never(**halves("refreshed", refreshed))
    assert client.userinfo(refreshed).json()["email"] == ALICE.claims["email"]
    assert client.introspect(refreshed).json()["active"] is True
    assert client.revoke(refreshed).status == 200
    assert client.revoke(tokens["refresh_token"]).status == 200
    assert client.userinfo(refreshed).status == 401
    assert lines.hold_none_of_them()
    assert len(lines.entries()) >= 11


def test_a_clients_secret_is_in_no_line_and_in_no_answer(bank, lines, client_secret_jwt_client):
    """From its registration on: sealed it is stored, and unsealed it is compared, and that is all."""
    given = CLIENTS["client-secret-jwt"]() | {"client_id": "silent"}
    client, secret = register(given, bank.aws, lambda octets: b"x" * octets)
    lines.never(secret=secret, sealed=client.client_secret)
    silent = client_secret_jwt_client.with_(client_id="silent", key=secret)
    tokens = silent.tokens(scope="openid accounts")
    answers = [
        *(silent.push(), silent.introspect(tokens["access_token"]), silent.refresh(tokens["refresh_token"])),
        *(
            silent.push(client_secret=secret),
            silent.push(client_assertion=secret, client_assertion_type=ASSERTION_TYPE),
        ),
        *(silent.with_(key="wrong" * 20).push(), silent.revoke(tokens["refresh_token"])),
    ]
    assert not [answer for answer in answers if secret in answer.text or str(client.client_secret) in answer.text]
    assert lines.hold_none_of_them()


def test_a_public_clients_refresh_token_leaves_no_part_of_it(lines, public_client):
    """Neither the family's secret nor its own, nor when it is used twice."""
    tokens = public_client.tokens()
    again = public_client.refresh(tokens["refresh_token"]).json()
    for name, token in (("first", tokens["refresh_token"]), ("second", again["refresh_token"])):
        family, _, own = token.partition(".")[0].partition("~")
        lines.never(**{name: token, f"{name}, own": own, f"{name}, family": family})
    public_client.bank.now += 60
    assert public_client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert lines.hold_none_of_them()
    assert lines.entries()[-1]["reason"] == "the refresh token was used before; its grant is revoked"


def test_each_request_leaves_one_line_that_says_who_and_how_it_ended(lines, fintech):
    """A log without secrets is still one to work with."""
    fintech.tokens()
    assert [(line["endpoint"], line["outcome"]) for line in lines.entries()] == [
        ("par", "201"),
        ("authorize", "303"),
        ("login", "200"),
        ("login", "303"),
        ("consent", "200"),
        ("consent", "200"),
        ("token", "200"),
    ]
    assert {line["client_id"] for line in lines.entries() if "client_id" in line} == {"fintech"}
    fintech.redeem("x")
    assert lines.entries()[-1]["error"] == "invalid_grant"
    assert lines.entries()[-1]["reason"] == "the code is unknown"


FAILING = {
    "client_secret is not accepted": ("POST", "/token", {"client_id": "fintech", "client_secret": marker("secret")}),
    "a wrong assertion": (
        "POST",
        "/par",
        {"client_id": "fintech", "client_assertion_type": ASSERTION_TYPE, "client_assertion": marker("secret")},
    ),
    "a wrong assertion type": (
        "POST",
        "/par",
        {"client_id": "fintech", "client_assertion_type": marker("secret"), "client_assertion": "x"},
    ),
    "a wrong client_id": ("POST", "/par", {"client_id": marker("secret")}),
    "a repeated token": ("POST", "/revoke", [("token", marker("secret")), ("token", marker("secret"))]),
    "an unreadable body": ("POST", "/token", f"code={marker('secret')}&x=%ff"),
    "a body of many parameters": ("POST", "/token", "&".join(f"p{n}={marker('secret')}" for n in range(99))),
    "an endless body": ("POST", "/token", f"code={marker('secret')}" + "x" * 70_000),
    "a wrong request_uri": (
        "POST",
        "/authorize",
        {"client_id": "fintech", "request_uri": REQUEST_URI + marker("secret")},
    ),
    "a request_uri of the web": ("POST", "/authorize", {"client_id": "fintech", "request_uri": marker("secret")}),
    "a wrong interaction": ("POST", "/login", {"interaction": marker("secret"), "password": marker("secret")}),
    "a wrong csrf token": ("POST", "/consent", {"interaction": "x", "csrf": marker("secret"), "action": "approve"}),
    "a method that is not served": ("PUT", "/token", {"code": marker("secret")}),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_request_that_fails_leaves_nothing_of_what_it_sent(bank, lines, what):
    """Wherever a refusal quotes something, it quotes nothing that was sent."""
    method, path, form = FAILING[what]
    lines.never(secret=marker("secret"))
    assert 400 <= bank.send(method, path, form=form).status < 500
    assert lines.hold_none_of_them()
    assert lines.entries()[-1]["reason"]


@pytest.mark.parametrize(
    "header",
    [
        ("Authorization", f"Basic {marker('secret')}"),
        ("Authorization", f"Bearer {marker('secret')}"),
        ("Authorization", f"DPoP {marker('secret')}"),
        ("Authorization", marker("secret")),
        ("DPoP", marker("secret")),
        ("Cookie", f"__Host-ducat-x={marker('secret')}"),
        ("Cookie", marker("secret")),
        ("X-Anything", marker("secret")),
    ],
)
def test_a_header_leaves_nothing(bank, lines, tls_client_auth_client, header):
    """At every endpoint, whether or not it reads that header."""
    lines.never(secret=marker("secret"))
    for path in ("/par", "/token", "/introspect", "/revoke", "/login", "/consent", "/authorize"):
        bank.send(
            "POST",
            path,
            form=tls_client_auth_client.authenticated({"token": "x"}),
            headers=(header,),
            certificate=tls_client_auth_client.certificate,
        )
    bank.send("GET", "/userinfo", headers=(header,))
    assert lines.hold_none_of_them()
    assert len(lines.entries()) == 8


def test_a_query_leaves_nothing(bank, lines):
    """Whatever stood in an address: a token where none belongs, a code that came astray."""
    lines.never(secret=marker("secret"))
    for path in ("/userinfo", "/authorize", "/login", "/consent"):
        for name in ("access_token", "code", "client_id", "request_uri", "interaction", "request"):
            bank.send("GET", path, query=[(name, marker("secret"))])
    assert lines.hold_none_of_them()


def test_a_login_that_fails_leaves_neither_name_nor_password(lines, fintech):
    """People type a password where the name belongs; and a name is a person."""
    browser = Browser(fintech.bank)
    page = browser.page("fintech", fintech.pushed(login_hint=marker("hint")))
    lines.never(hint=marker("hint"), name=marker("name"), password=marker("password"), code=marker("code"))
    again = browser.submit(
        page, "login", username=marker("name"), password=marker("password"), one_time_code=marker("code")
    )
    again = browser.submit(again, "login", username="alice", password=marker("password"), one_time_code="1")
    again = browser.submit(again, "login", username="alice", password="wonderland", one_time_code=marker("code"))
    assert again.status == 200
    assert lines.hold_none_of_them()
    assert [line.get("reason") for line in lines.entries()[-3:]] == [
        "unknown name",
        "wrong password",
        "wrong one-time code",
    ]


def test_tokens_that_are_refused_leave_nothing(lines, fintech, rival, resource_server):
    """A good token in the wrong hands, a used code, another client's refresh token."""
    code = fintech.code()
    lines.never(**halves("code", code))
    tokens = fintech.redeem(code).json()
    for kind in ("access_token", "refresh_token"):
        lines.never(**halves(kind, tokens[kind]))
        rival.userinfo(tokens[kind])
        rival.introspect(tokens[kind])
        resource_server.introspect(tokens[kind])
        rival.revoke(tokens[kind])
    rival.refresh(tokens["refresh_token"])
    rival.redeem(code)
    fintech.redeem(code, code_verifier=marker("verifier"))
    lines.never(verifier=marker("verifier"))
    assert lines.hold_none_of_them()


def test_the_authorizer_leaves_no_token(bank, lines, fintech, rival):
    """Its own line, and what API Gateway is handed, whose log anybody may turn on."""
    decide = gateway.mount_authorizer(
        Chalice(app_name="attacked", configure_logs=False), lambda: bank.aws, "authorizer"
    )
    token = fintech.tokens()["access_token"]
    lines.never(wrong=marker("token"), **halves("access_token", token))
    policies = []
    for shown, certificate in ((token, fintech.certificate), (token, rival.certificate), (marker("token"), None)):
        headers = (("Authorization", f"Bearer {shown}"),)
        event = bank.event("GET", "/accounts", headers=headers, certificate=certificate)
        policies.append(decide({**event, "methodArn": "arn:aws:execute-api:eu-central-1:1:a/b/GET/accounts"}, None))
    effects = [policy["policyDocument"]["Statement"][0]["Effect"] for policy in policies]
    assert effects == ["Allow", "Deny", "Deny"]
    assert lines.hold_none_of_them()
    assert token not in json.dumps(policies)
    assert marker("token") not in json.dumps(policies)
    assert [line["outcome"] for line in lines.entries()[-3:]] == ["allowed", "refused", "refused"]


class Quoting(Exception):
    """An exception of the kind that quotes what it was given."""


def broken(kind):
    """AWS's client, failing with words that quote the whole call."""

    def fail(client, operation, arguments):
        if kind == "ours":
            try:
                raise Quoting(f"{operation} {arguments}")
            except Quoting as cause:
                raise Quoting(f"while {operation} {arguments}") from cause
        error = {"Error": {"Code": "ValidationException", "Message": f"{operation} {arguments}"}}
        raise ClientError(error, operation)

    return fail


@pytest.mark.parametrize("kind", ["ours", "of AWS"])
def test_a_failure_of_ours_leaves_a_traceback_without_values(
    bank, lines, fintech, tls_client_auth_client, monkeypatch, kind
):
    """Each endpoint, at an exception whose words quote the request: 500, no word to the caller, and none in the log."""
    browser = Browser(bank)
    login = browser.page("fintech", fintech.pushed(state=marker("state"), nonce=marker("nonce")))
    consent_browser = Browser(bank)
    consent = consent_browser.consent_page("fintech", fintech.pushed(state=marker("state")))
    code, tokens = tls_client_auth_client.code(), tls_client_auth_client.tokens()
    lines.never(state=marker("state"), nonce=marker("nonce"), csrf=hidden(login), **halves("code", code))
    lines.never(**halves("access_token", tokens["access_token"]), **halves("refresh_token", tokens["refresh_token"]))
    lines.never(cookie=next(iter(browser.cookies.values())), verifier=VERIFIER, uri=REQUEST_URI + marker("uri"))
    lines.never(password=marker("password"), name=marker("name"))
    monkeypatch.setattr(BaseClient, "_make_api_call", broken(kind))
    typed = {"username": marker("name"), "password": marker("password"), "one_time_code": "1"}
    uri = REQUEST_URI + (marker("uri") + "x" * 43)[:43]  # of the form of ours, so that it is looked for
    answers = {
        "par": tls_client_auth_client.push(state=marker("state")),
        "authorize": Browser(bank).open("fintech", uri),
        "login": browser.submit(login, "login", **typed),
        "cancel": browser.submit(login, "cancel"),
        "consent": consent_browser.submit(consent, "approve"),
        "token": tls_client_auth_client.redeem(code),
        "refresh": tls_client_auth_client.refresh(tokens["refresh_token"]),
        "userinfo": tls_client_auth_client.userinfo(tokens["access_token"]),
        "introspect": tls_client_auth_client.introspect(tokens["access_token"]),
        "revoke": tls_client_auth_client.revoke(tokens["access_token"]),
    }
    for name, answer in answers.items():
        assert answer.status == 500, name
        assert "Quoting" not in answer.text
        assert marker("state") not in answer.text
    assert lines.hold_none_of_them()
    assert "Traceback" in lines._caplog.text
    assert {line["error"] for line in lines.entries()[-len(answers) :]} == {"server_error"}


@pytest.mark.parametrize("kind", [KeyError, IndexError, LookupError])
def test_a_directory_that_fails_is_not_taken_for_another_person(bank, lines, fintech, monkeypatch, kind):
    """A bank's own directory may fail in any way: that is a failure, and what it says is about somebody."""
    browser = Browser(bank)
    login = browser.page("fintech", fintech.pushed())

    def fail(*_, **__):
        raise kind(marker("person"))

    monkeypatch.setattr(bank.aws.user_directory, "sign_in", fail, raising=False)
    lines.never(person=marker("person"))
    assert browser.sign_in(login).status == 500
    assert lines.hold_none_of_them()


def test_a_page_that_can_not_be_shown_leaves_no_values_either(bank, lines, fintech, monkeypatch):
    """The refusal of a refusal: the page's own failure is logged as carefully."""
    from chalicelib.pages import render

    def fail(**shown):
        raise Quoting(str(shown) + marker("shown"))

    lines.never(uri=marker("uri"), shown=marker("shown"))
    monkeypatch.setattr(render, "error", fail)
    answer = Browser(bank).open("fintech", REQUEST_URI + marker("uri"))
    assert (answer.status, answer.error) == (400, "invalid_request_uri")
    assert lines.hold_none_of_them()
