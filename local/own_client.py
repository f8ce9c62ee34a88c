"""A client of one's own, whole and to begin from: it has a person log in at the bank, and reads their accounts.

docs/try/own-client.md registers it and runs it. Its tokens are bound to a DPoP key, so it needs no certificate.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import requests
from jwskate import Jwk
from requests_oauth2client import BearerToken, OAuth2Client, PrivateKeyJwt
from requests_oauth2client.exceptions import AuthorizationResponseError, InvalidAuthResponse, OAuth2Error

from local.certificates import Certificates

CALLBACK = "https://localhost:8847/callback"
SCOPE = "openid accounts"
TIMEOUT = 30
SAID = b"<!doctype html><title>Back</title><p>You are back at the client. Its program goes on; this page can be closed."


def log_in(issuer: str, client_id: str, key: Jwk, callback: str, certificates: Certificates) -> list[dict[str, str]]:
    """The accounts of the person who opens the printed address. `callback`: the redirect URI, which is served meanwhile.

    Raises OAuth2Error, AuthorizationResponseError and InvalidAuthResponse where the bank or the person refuses, OSError where
    something can't be reached.
    """
    session = requests.Session()
    session.trust_env, session.verify = False, str(certificates.trusted)
    metadata = session.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT).json()
    client = OAuth2Client.from_discovery_document(
        metadata,
        issuer=issuer,
        auth=PrivateKeyJwt(client_id, key, aud=issuer),
        authorization_server_jwks=session.get(metadata["jwks_uri"], timeout=TIMEOUT).json(),
        redirect_uri=callback,
        id_token_signed_response_alg="PS256",
        dpop_bound_access_tokens=True,
        session=session,
    )
    with _server(callback, certificates) as server:
        request = client.authorization_request(scope=SCOPE)
        print(f"Open {client.pushed_authorization_request(request).uri}", flush=True)
        response = request.validate_callback(_came_back(server, callback))
    token = client.authorization_code(response, validate=False)
    # The library can validate the ID token beside a bearer token alone.
    BearerToken(token.access_token, id_token=token.id_token).validate_id_token(client, response)
    answer = session.get(f"{issuer}/accounts", auth=token, timeout=TIMEOUT)
    answer.raise_for_status()
    accounts: list[dict[str, str]] = answer.json()["accounts"]
    return accounts


class _Callback(BaseHTTPRequestHandler):
    """The page of the redirect URI."""

    def do_GET(self) -> None:
        vars(self.server)["target"] = self.path
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(SAID)))
        self.end_headers()
        self.wfile.write(SAID)

    def log_message(self, *arguments: object) -> None:
        """Nothing: the line would have the code."""


def _server(callback: str, certificates: Certificates) -> HTTPServer:
    server = HTTPServer(("127.0.0.1", urlsplit(callback).port or 443), _Callback)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.server().file)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


def _came_back(server: HTTPServer, callback: str) -> str:
    """Where the browser came back. It may want the page's icon before."""
    path = urlsplit(callback).path
    while urlsplit(vars(server).get("target", "")).path != path:
        server.handle_request()
    return f"{callback.removesuffix(path)}{vars(server)['target']}"


def main() -> None:
    """The command line. Ends with status 1 and a line where there is no login."""
    parser = argparse.ArgumentParser(prog="python -m local.own_client", description="Log a person in, as a client.")
    parser.add_argument("issuer", help="such as https://localhost:8843")
    parser.add_argument("client_id")
    parser.add_argument("key", type=Path, help="the file of its private JWK")
    parser.add_argument("--callback", default=CALLBACK, help="its redirect URI, on this machine; default %(default)s")
    given = parser.parse_args()
    try:
        key = Jwk(json.loads(given.key.read_text(encoding="utf-8")))
        accounts = log_in(given.issuer, given.client_id, key, given.callback, Certificates())
    except (OAuth2Error, AuthorizationResponseError, InvalidAuthResponse, OSError, ValueError) as problem:
        sys.exit(f"{parser.prog}: {type(problem).__name__}: {problem}")
    for account in accounts:
        print(f"{account['iban']}  {account['name']}  {account['balance']} {account['currency']}")


if __name__ == "__main__":
    main()
