"""`make local`: plain `chalice local`, which serves every endpoint as a route, and a whole login over it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from jwskate import Jwk
from requests_oauth2client import OAuth2Client, PrivateKeyJwt
from requests_oauth2client.exceptions import InvalidClient, InvalidRequest

from local import ports
from local.browser import Browser
from local.chalice_local import ChaliceEnded, ChaliceLocal
from local.https_server import Incoming, Outgoing
from tests.client_libraries import programs
from tests.client_libraries.recipes import new_client

ROOT = Path(__file__).resolve().parents[2]
SCOPE = "openid accounts"
TIME_LIMIT = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("chalice")


@pytest.fixture(scope="module")
def client(folder):
    """A client of one's own, whose tokens are to be bound to a certificate."""
    return new_client.make(folder, alg="ES256", bound="mtls")


@pytest.fixture(scope="module")
def addresses(client, folder, four_ports):
    """What `make local` prints, while it is up with that client."""
    command = (
        "--chalice-local",
        "--port",
        str(four_ports),
        "--folder",
        str(folder),
        "--client",
        folder / "client.json",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "local.run", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        yield dict(re.findall(r"^([A-Z][a-z ]+): +(\S+?),?(?: .*)?$", printed, re.MULTILINE))
        process.terminate()
        rest, _ = process.communicate(timeout=TIME_LIMIT)
        assert (process.returncode, rest.splitlines()[-1]) == (0, "Ended.")
        assert '"endpoint": "token", "outcome": "200"' in rest  # the functions' lines are shown
        events = [json.loads(line)["what"] for line in (folder / "audit.jsonl").read_text().splitlines()]
        assert {"grant.approved", "sign_in.succeeded"} <= {*events}  # of a table's change, and of a line


@pytest.fixture
def chalice(addresses):
    return addresses["Plain chalice local"]


@pytest.fixture
def issuer(addresses):
    return addresses["The provider"].removesuffix("/.well-known/openid-configuration")


@pytest.fixture
def trusted(addresses):
    return Path(addresses["Trust in a browser"])


@pytest.fixture
def session():
    session = requests.Session()
    session.trust_env = False
    return session


@pytest.fixture
def oauth(issuer, client, folder, chalice, session):
    """The client library, sent to plain http."""
    key = Jwk(json.loads((folder / "key.json").read_text()))
    return OAuth2Client(
        f"{chalice}/token",
        PrivateKeyJwt(client["client_id"], key, aud=issuer),
        authorization_endpoint=f"{chalice}/authorize",
        pushed_authorization_request_endpoint=f"{chalice}/par",
        revocation_endpoint=f"{chalice}/revoke",
        redirect_uri=client["redirect_uris"][0],
        issuer=issuer,
        session=session,
        testing=True,
    )


def test_a_person_connects_a_fintech_to_the_bank_over_it(addresses, trusted):
    browser = Browser(trusted)
    page = browser.press(browser.open(addresses["Connect your bank"]), "connect-pocket-ledger")
    page = programs.click_through(browser, page)
    assert "Connected for Alice" in page.html
    assert "2,480.15 EUR" in page.html
    assert "2,480.15 EUR" in browser.press(page, "refresh-pocket-ledger").html
    assert "Connected for" not in browser.press(page, "disconnect-pocket-ledger").html


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"]
)
def test_documents_are_the_same_as_over_tls(issuer, trusted, chalice, session, path):
    there = session.get(issuer + path, verify=str(trusted)).json()
    assert session.get(chalice + path).json() == there
    assert there.get("issuer", issuer) == issuer


def test_the_gateway_sends_it_what_it_has_and_says_so_where_it_does_not_answer():
    answer = ChaliceLocal(0).before(lambda request: Outgoing(200, (), request.target.encode()))
    said = [answer(Incoming("GET", path, (), b"", "127.0.0.1", None)) for path in ("/jwks", "/accounts")]
    assert [(one.status, one.body) for one in said] == [(502, b'{"error": "server_error"}'), (200, b"/accounts")]


def test_a_port_that_is_taken_or_a_start_that_fails_is_said(monkeypatch, chalice):
    with pytest.raises(ports.PortTaken, match="already taken"):
        ChaliceLocal(urlsplit(chalice).port)
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(ChaliceEnded, match="does not answer"):
        ChaliceLocal(0).start()


def with_secure_cookies(jar):
    """A browser sends Secure cookies over http to its own machine; requests does not."""

    def add(request):
        request.headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
        return request

    return add


def test_a_login_goes_as_far_as_it_can_without_a_certificate(trusted, client, oauth):
    request_parameters = oauth.authorization_request(scope=SCOPE)
    browser = Browser(trusted, elsewhere=client["redirect_uris"][0])
    browser._session.auth = with_secure_cookies(browser._session.cookies)
    page = programs.click_through(browser, browser.open(oauth.pushed_authorization_request(request_parameters).uri))
    response = request_parameters.validate_callback(page.url)
    with pytest.raises((InvalidRequest, InvalidClient)):
        oauth.authorization_code(response)


def test_an_assertion_that_was_used_is_refused(oauth, chalice, session):
    assertion = oauth.auth.client_assertion(oauth.issuer)
    form = {
        "client_id": oauth.client_id,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "token": "unknown",
    }
    first, second = (session.post(f"{chalice}/revoke", data=form) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json()["error"] == "invalid_client"


def test_a_repeated_parameter_is_refused_in_oauths_words(chalice, session):
    answer = session.post(f"{chalice}/token", data=[("grant_type", "a"), ("grant_type", "b")])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_foreign_media_type_is_refused_in_oauths_words(chalice, session):
    answer = session.post(f"{chalice}/token", data=json.dumps({}), headers={"Content-Type": "application/json"})
    assert answer.json()["error"] in ("invalid_request", "invalid_client")


def test_userinfo_asks_for_a_token(chalice, session):
    answer = session.get(f"{chalice}/userinfo")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_authorization_request_that_was_not_pushed_is_answered_by_a_page(chalice, session):
    answer = session.get(f"{chalice}/authorize", params={"client_id": "pocket-ledger"}, allow_redirects=False)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert 'data-error="invalid_request"' in answer.text


def test_the_browsers_cookie_comes_with_the_way_to_the_login_page(session, oauth):
    request_parameters = oauth.pushed_authorization_request(oauth.authorization_request(scope=SCOPE))
    answer = session.get(request_parameters.uri, allow_redirects=False)
    assert answer.status_code == 303
    assert dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["interaction"]
    assert answer.headers["Set-Cookie"].startswith("__Host-")
