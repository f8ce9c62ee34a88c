"""Plain `chalice local`: the same endpoints as routes, without TLS and so without certificates."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from requests_oauth2client import OAuth2Client, PrivateKeyJwt
from requests_oauth2client.exceptions import InvalidClient, InvalidRequest

from local import sandbox_users
from local.browser import Browser
from local.fintech import SCOPE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def chalice(stack):
    """Its address, in the environment that the stack has set."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("chalice"), "local", "--no-autoreload", "--stage", "local"]
    with subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield _wait(process, port)
        finally:
            process.terminate()


def _wait(process, port):
    for _ in range(150):
        assert process.poll() is None, "chalice local ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return f"http://127.0.0.1:{port}"
    raise AssertionError("chalice local does not listen")


@pytest.fixture
def session():
    session = requests.Session()
    session.trust_env = False
    return session


@pytest.fixture
def oauth(stack, registered, chalice, session):
    """The client library, sent to plain http."""
    client = registered["pocket-ledger"]
    return OAuth2Client(
        f"{chalice}/token",
        PrivateKeyJwt(client.client_id, client.key, aud=stack.issuer),
        authorization_endpoint=f"{chalice}/authorize",
        pushed_authorization_request_endpoint=f"{chalice}/par",
        revocation_endpoint=f"{chalice}/revoke",
        redirect_uri=client.redirect_uri,
        issuer=stack.issuer,
        session=session,
        testing=True,
    )


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
def test_the_metadata_is_the_same_as_over_tls(stack, chalice, session, path):
    there = session.get(stack.issuer + path, verify=str(stack.certificates.trusted)).json()
    assert session.get(chalice + path).json() == there
    assert there["issuer"] == stack.issuer


def test_the_keys_are_the_same_as_over_tls(stack, chalice, session):
    there = session.get(f"{stack.issuer}/jwks", verify=str(stack.certificates.trusted)).json()
    assert session.get(f"{chalice}/jwks").json() == there


def with_secure_cookies(jar):
    """A browser sends Secure cookies over http to its own machine; requests does not."""

    def add(request):
        request.headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
        return request

    return add


def test_a_login_goes_as_far_as_it_can_without_a_certificate(stack, registered, chalice, oauth):
    request_parameters = oauth.authorization_request(scope=SCOPE)
    browser = Browser(stack.certificates.trusted, elsewhere=registered["pocket-ledger"].redirect_uri)
    browser._session.auth = with_secure_cookies(browser._session.cookies)
    page = browser.open(oauth.pushed_authorization_request(request_parameters).uri)
    secrets = {"username": "bob", "password": sandbox_users.BOB.password, "one_time_code": sandbox_users.ONE_TIME_CODE}
    page = browser.press(browser.press(page, "login", secrets), "approve")
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
