"""`make smoke ISSUER=https://...`: one whole login on a deployment, by a client and a person that are there for that alone.

It needs `ducat-settings.json` (docs/operate/deploy.md) and the rights to register and enrol. It reads the public documents,
registers a client that signs assertions and DPoP proofs, enrols a person, signs in through the real pages, and checks, refreshes
and revokes the tokens. The person is taken away again, however it ends. The client stays, by a key that nobody has any more.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import requests
from botocore.exceptions import BotoCoreError, ClientError
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from requests_oauth2client import BearerToken
from requests_oauth2client.exceptions import OAuth2Error

from chalicelib.assembly import Aws
from chalicelib.errors import OAuthError
from chalicelib.provider import Provider
from chalicelib.settings import Settings, SettingsError
from chalicelib.users import enrolment
from local import clients
from local.browser import Browser, Page
from local.certificates import FOLDER, Certificates
from local.clients import DemoClient
from local.fintech import Fintech, NotConnected

DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks")
NAME = "Smoke Test"
HOME = "https://smoke-test.invalid"
TIMEOUT = 30


class Failed(Exception):
    """The deployment did not do what it should. The message says which step and what came instead."""


def run(provider: Provider, trusted: Path, certificates: Certificates) -> None:
    """Every step, each printed once it is done. `trusted`: a PEM file of the authorities that TLS trusts. Raises Failed."""
    client = _client(certificates)
    issuer = provider.settings.issuer
    for path in DOCUMENTS:
        answer = requests.get(issuer + path, verify=str(trusted), timeout=TIMEOUT)
        if answer.status_code != requests.codes.ok:
            raise Failed(f"{issuer}{path} answers {answer.status_code}")
        say(f"{issuer}{path} is there")
    name, password = f"smoke-{secrets.token_hex(8)}", secrets.token_urlsafe(24)
    clients.register(provider, client)
    uri = enrolment.enrol(
        provider,
        name,
        sub=f"{name}-sub",
        password=password,
        claims={"name": NAME},
        random_bytes=secrets.token_bytes,
        accounts=[{"name": NAME, "iban": "DE02120300000000202051"}],
    )
    say(f"registered {client.client_id} and enrolled {name}")
    try:
        code = pyotp.TOTP(parse_qs(urlsplit(uri).query)["secret"][0]).now()
        fintech = Fintech(client, issuer=issuer, api=issuer, trusted=trusted)
        browser = Browser(trusted, elsewhere=client.redirect_uri)
        _check(fintech, _log_in(fintech, browser, {"username": name, "password": password, "one_time_code": code}))
    finally:
        enrolment.remove(provider, name)
        say(f"took {name} away")


def _client(certificates: Certificates) -> DemoClient:
    """One that shows no certificate, so that any deployment lets it in."""
    signing, _ = clients.two(certificates, HOME, sender="dpop")
    return replace(signing, metadata={**signing.metadata, "client_id": "ducat-smoke-test", "client_name": NAME})


def _log_in(fintech: Fintech, browser: Browser, typed: Mapping[str, str]) -> BearerToken:
    begun = fintech.begin()
    say("pushed an authorization request")
    page = _press(browser, browser.open(begun.url), "login", typed)
    say("signed in with a password and a one-time code")
    page = _press(browser, page, "approve", {})
    say("gave the consent")
    return fintech.finish(begun, page.url)


def _check(fintech: Fintech, token: BearerToken) -> None:
    say("the code became tokens, and the ID token is good")
    if fintech.person(token).get("name") != NAME:
        raise Failed("userinfo tells another name")
    say("userinfo tells the name")
    token = fintech.refresh(token)
    say("refreshed")
    fintech.disconnect(token)
    say("revoked")


def say(words: str) -> None:
    """One step, as it is done."""
    print(f"- {words}", flush=True)


def _press(browser: Browser, page: Page, button: str, typed: Mapping[str, str]) -> Page:
    try:
        return browser.press(page, button, typed)
    except KeyError as problem:
        raise Failed(f"{page.status} at {page.url.partition('?')[0]}: {problem.args[0]}") from None


def main() -> None:
    """The command line. Ends with status 1 and one line where a step fails."""
    parser = argparse.ArgumentParser(prog="python -m local.smoke", description="Log in once on a deployment.")
    parser.add_argument("--settings", type=Path, default=Path("ducat-settings.json"), help="default %(default)s")
    parser.add_argument("--issuer", help="where it must be: the https URL of the issuer")
    parser.add_argument("--trusted", type=Path, default=Path(DEFAULT_CA_BUNDLE_PATH), help="authorities of TLS, in PEM")
    given = parser.parse_args()
    try:
        provider = Aws(Settings.read(json.loads(given.settings.read_text(encoding="utf-8"))))
        if given.issuer not in (None, provider.settings.issuer):
            raise Failed(f"{given.settings} is of {provider.settings.issuer}")
        run(provider, given.trusted, Certificates(FOLDER))
    except (Failed, NotConnected, SettingsError, OSError, ValueError) as problem:
        sys.exit(f"{parser.prog}: {type(problem).__name__}: {problem}")
    except (BotoCoreError, ClientError, OAuth2Error, OAuthError) as problem:
        sys.exit(f"{parser.prog}: {type(problem).__name__}: {problem}")


if __name__ == "__main__":
    main()
