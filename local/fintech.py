"""A fintech's back end: all that it takes to read a customer's accounts, on a client library that is not ours.

requests_oauth2client does the protocol (PAR, PKCE, `state`, `iss`, ID tokens, private_key_jwt); the session has the certificate.
What the library does not know is `mtls_endpoint_aliases` (RFC 8705 5), so they are put in place of the endpoints here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests_oauth2client import (
    AuthorizationRequest,
    BearerToken,
    InvalidIdToken,
    OAuth2Client,
    PrivateKeyJwt,
    PublicApp,
)
from requests_oauth2client.exceptions import AuthorizationResponseError, InvalidAuthResponse, OAuth2Error

from local.certificates import Pair
from local.clients import DemoClient

SCOPE = "openid profile email accounts"
PATIENCE = 30


class Refused(Exception):
    """The bank's API said no. `challenge`: its WWW-Authenticate."""

    def __init__(self, status: int, challenge: str) -> None:
        super().__init__(f"{status} {challenge}")
        self.status = status
        self.challenge = challenge


class NotConnected(Exception):
    """A login came to nothing: the person or the bank said no, or the answer is not the one to this question."""


@dataclass(frozen=True)
class Begun:
    """A login that was begun. `url`: where the customer's browser goes."""

    request: AuthorizationRequest
    url: str


class Fintech:
    """One client of one bank. `api`: where the bank's API is."""

    def __init__(self, client: DemoClient, *, issuer: str, api: str, trusted: Path) -> None:
        """Reads the bank's metadata and keys. Raises requests' exceptions where the bank is not there."""
        self.client = client
        self._accounts_url = f"{api}/accounts"
        self._session = _session(client.certificate, trusted)
        metadata = self._get(f"{issuer}/.well-known/openid-configuration")
        self._oauth = OAuth2Client.from_discovery_document(
            metadata | metadata["mtls_endpoint_aliases"],
            issuer=issuer,
            auth=_authentication(client, issuer),
            authorization_server_jwks=self._get(metadata["jwks_uri"]),
            redirect_uri=client.redirect_uri,
            id_token_signed_response_alg=client.metadata["id_token_signed_response_alg"],
            session=self._session,
        )

    def begin(self) -> Begun:
        """Push what is asked for to the bank (RFC 9126)."""
        asked = self._oauth.authorization_request(scope=SCOPE)
        return Begun(asked, self._oauth.pushed_authorization_request(asked).uri)

    def finish(self, begun: Begun, callback: str) -> BearerToken:
        """The tokens of a login, once the browser is back at `callback`. Raises NotConnected."""
        try:
            return self._oauth.authorization_code(begun.request.validate_callback(callback))
        except AuthorizationResponseError as refused:
            raise NotConnected(f"{refused.error}, {refused.description}") from None
        except (OAuth2Error, InvalidAuthResponse, InvalidIdToken) as problem:
            raise NotConnected(f"{type(problem).__name__}: {problem}") from problem

    def person(self, token: BearerToken) -> dict[str, Any]:
        """What the customer agreed to tell."""
        told: dict[str, Any] = self._oauth.userinfo(token)
        return told

    def accounts(self, token: BearerToken) -> list[dict[str, str]]:
        """The customer's accounts, from the bank's own API. Raises Refused."""
        answer = self._session.get(self._accounts_url, auth=token, timeout=PATIENCE)
        if not answer.ok:
            raise Refused(answer.status_code, answer.headers.get("WWW-Authenticate", ""))
        accounts: list[dict[str, str]] = answer.json()["accounts"]
        return accounts

    def refresh(self, token: BearerToken) -> BearerToken:
        """A new access token. The refresh token stays the same."""
        fresh: BearerToken = self._oauth.refresh_token(token)
        return BearerToken(**{"refresh_token": token.refresh_token, **fresh.as_dict()})

    def disconnect(self, token: BearerToken) -> None:
        """End what the customer agreed to, and every token with it (RFC 7009)."""
        self._oauth.revoke_refresh_token(token)

    def _get(self, url: str) -> dict[str, Any]:
        answer = self._session.get(url, timeout=PATIENCE)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def _session(certificate: Pair, trusted: Path) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # else a proxy or a CA bundle of the environment would come before ours
    session.verify = str(trusted)
    session.cert = str(certificate.file)
    return session


def _authentication(client: DemoClient, issuer: str) -> PrivateKeyJwt | PublicApp:
    """How the client says who it is. By certificate it only names itself: TLS has shown the rest (RFC 8705 2)."""
    if client.key is None:
        return PublicApp(client.client_id)
    return PrivateKeyJwt(client.client_id, client.key, aud=issuer)  # FAPI2-SP-FINAL-5.3.3.1-5
