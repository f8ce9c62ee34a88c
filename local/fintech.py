"""A fintech's back end: all that it takes to read a customer's accounts, on a client library that is not ours.

requests_oauth2client does the protocol (PAR, PKCE, `state`, `iss`, ID tokens, private_key_jwt, DPoP); the session has the
certificate. What the library does not know is done here: `mtls_endpoint_aliases` (RFC 8705 5), which are put in place of the
endpoints, and what Message Signing adds, signed requests (RFC 9101) and responses (JARM).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from jwskate import Jwt, SignedJwt
from requests_oauth2client import (
    AuthorizationRequest,
    BearerToken,
    DPoPKey,
    DPoPToken,
    InvalidIdToken,
    MissingDPoPNonce,
    OAuth2Client,
    PrivateKeyJwt,
    PublicApp,
)
from requests_oauth2client.exceptions import AuthorizationResponseError, InvalidAuthResponse, OAuth2Error

from local.certificates import Pair
from local.clients import DemoClient

SCOPE = "openid profile email accounts"
PATIENCE = 30
REQUEST_LIFETIME = 300


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


@dataclass(frozen=True)
class Signed:
    """A signed request, as the library pushes one: its parameters, and the key that the code is to be bound to."""

    args: dict[str, str]
    dpop_key: DPoPKey | None


class Fintech:
    """One client of one bank. `api`: where the bank's API is."""

    def __init__(self, client: DemoClient, *, issuer: str, api: str, trusted: Path) -> None:
        """Reads the bank's metadata and keys. Raises requests' exceptions where the bank is not there."""
        self.client = client
        self._accounts_url = f"{api}/accounts"
        self._session = _session(client.certificate if client.shows_certificate else None, trusted)
        metadata = self._get(f"{issuer}/.well-known/openid-configuration")
        self._oauth = OAuth2Client.from_discovery_document(
            metadata | (metadata["mtls_endpoint_aliases"] if client.shows_certificate else {}),
            issuer=issuer,
            auth=_authentication(client, issuer),
            authorization_server_jwks=self._get(metadata["jwks_uri"]),
            redirect_uri=client.redirect_uri,
            id_token_signed_response_alg=client.metadata["id_token_signed_response_alg"],
            dpop_bound_access_tokens=client.proves,
            session=self._session,
        )
        self._signs = bool(client.metadata.get("require_signed_request_object"))

    def begin(self) -> Begun:
        """Push what is asked for to the bank (RFC 9126)."""
        asked = self._oauth.authorization_request(scope=SCOPE, response_mode="jwt" if self._signs else None)
        sent = cast(AuthorizationRequest, self._signed(asked)) if self._signs else asked
        return Begun(asked, self._oauth.pushed_authorization_request(sent).uri)

    def finish(self, begun: Begun, callback: str) -> BearerToken:
        """The tokens of a login, once the browser is back at `callback`. Raises NotConnected."""
        try:
            response = begun.request.validate_callback(self._opened(callback))
            token = self._oauth.authorization_code(response, validate=False)
            # The library can validate the ID token beside a bearer token alone.
            BearerToken(token.access_token, id_token=token.id_token).validate_id_token(self._oauth, response)
            return token
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
        try:
            answer = self._session.get(self._accounts_url, auth=token, timeout=PATIENCE)
        except MissingDPoPNonce as refused:  # what the library takes each refusal of a DPoP token for
            answer = refused.response
        if not answer.ok:
            raise Refused(answer.status_code, answer.headers.get("WWW-Authenticate", ""))
        accounts: list[dict[str, str]] = answer.json()["accounts"]
        return accounts

    def refresh(self, token: BearerToken) -> BearerToken:
        """A new access token. The refresh token stays the same."""
        fresh: BearerToken = self._oauth.refresh_token(token)
        if isinstance(fresh, DPoPToken):
            kept = {name: getattr(fresh, name) for name in ("access_token", "expires_at", "scope")}
            return DPoPToken(**kept, refresh_token=token.refresh_token, _dpop_key=fresh.dpop_key)
        return BearerToken(**{"refresh_token": token.refresh_token, **fresh.as_dict()})

    def disconnect(self, token: BearerToken) -> None:
        """End what the customer agreed to, and every token with it (RFC 7009)."""
        self._oauth.revoke_refresh_token(token)

    def _signed(self, asked: AuthorizationRequest) -> Signed:
        """What is asked for as one signed object (RFC 9101 4)."""
        now = Jwt.timestamp()
        about = {"iss": self.client.client_id, "aud": asked.issuer, "nbf": now, "exp": now + REQUEST_LIFETIME}
        signed = Jwt.sign(asked.args | about, key=self.client.key, typ="oauth-authz-req+jwt")
        return Signed({"client_id": self.client.client_id, "request": str(signed)}, asked.dpop_key)

    def _opened(self, callback: str) -> str:
        """The callback with what the bank's signed response says in its place (JARM). Raises NotConnected."""
        if not self._signs:
            return callback
        url = urlsplit(callback)
        try:
            (response,) = parse_qs(url.query)["response"]
            signed = SignedJwt(response)
            signed.validate(
                self._oauth.authorization_server_jwks,
                alg="PS256",
                issuer=self._oauth.issuer,
                audience=self.client.client_id,
            )
        except (KeyError, ValueError) as problem:
            raise NotConnected(f"{type(problem).__name__}: the response is not signed by the bank") from problem
        return url._replace(query=urlencode(signed.claims)).geturl()

    def _get(self, url: str) -> dict[str, Any]:
        answer = self._session.get(url, timeout=PATIENCE)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def _session(certificate: Pair | None, trusted: Path) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # else a proxy or a CA bundle of the environment would come before ours
    session.verify = str(trusted)
    session.cert = None if certificate is None else str(certificate.file)
    return session


def _authentication(client: DemoClient, issuer: str) -> PrivateKeyJwt | PublicApp:
    """How the client says who it is. By certificate it only names itself: TLS has shown the rest (RFC 8705 2)."""
    if client.key is None:
        return PublicApp(client.client_id)
    return PrivateKeyJwt(client.client_id, client.key, aud=issuer)  # FAPI2-SP-FINAL-5.3.3.1-5
