"""A fintech's back end: all that it takes to read a customer's accounts, on a client library that is not ours.

requests_oauth2client does the protocol (PAR, PKCE, `state`, `iss`, ID tokens, private_key_jwt, DPoP); the session has the
certificate. What the library does not know is done here: `mtls_endpoint_aliases` (RFC 8705 5), which are put in place of the
endpoints; signed requests (RFC 9101) and responses (JARM); and the ID token of a hybrid response, which signs it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from jwskate import Jwk, Jwt, SignedJwt
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
from local.exchanges import Watched

SCOPE = "openid profile email accounts"
CHOICE = {"type": "account_information", "access": {"accounts": [], "balances": []}, "recurringIndicator": True}
"""Authorization details of accounts among which the customer chooses."""
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": "DE02100100109307118603"},
    "remittanceInformationUnstructured": "Order 4711",
}
"""A payment, from an account that the customer chooses."""
STANDING_ORDER = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "850.00"},
    "creditorName": "Landlord B",
    "creditorAccount": {"iban": "DE02100100109307118603"},
    "frequency": "Monthly",
}
"""The same each month. Whoever asks for it adds the first day, `startDate`."""
TIMEOUT = 30
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
    """A login that was begun. `url`: where the customer's browser goes, with the request or with its reference."""

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
        self._api = api
        self.issuer = issuer
        self._session = _session(client.certificate if client.shows_certificate else None, trusted)
        self.watched = Watched(self._session)
        metadata = self._get(f"{issuer}/.well-known/openid-configuration")
        self._keys = self._get(metadata["jwks_uri"])
        self._oauth = OAuth2Client.from_discovery_document(
            metadata | (metadata["mtls_endpoint_aliases"] if client.shows_certificate else {}),
            issuer=issuer,
            auth=_authentication(client, issuer),
            authorization_server_jwks=self._keys,
            redirect_uri=client.redirect_uri,
            id_token_signed_response_alg=client.metadata["id_token_signed_response_alg"],
            dpop_bound_access_tokens=client.proves,
            session=self._session,
        )
        self._authorization_endpoint = metadata["authorization_endpoint"]

    def begin(self, *details: dict[str, Any], language: str = "") -> Begun:
        """Push what is asked for to the bank (RFC 9126), or give it to the browser, as the profile has it.

        `details`: authorization details, such as a payment (RFC 9396). `language`: of the bank's pages (ui_locales).
        """
        more: dict[str, Any] = {"authorization_details": json.dumps(details)} if details else {}
        more |= {"ui_locales": language} if language else {}
        authorization_request = self._oauth.authorization_request(
            scope=SCOPE, response_mode=self.client.response_mode, **more
        )
        signed = self._signed(authorization_request) if self.client.signs_requests else None
        if self.client.pushes_requests:
            sent = authorization_request if signed is None else cast(AuthorizationRequest, signed)
            return Begun(authorization_request, self._oauth.pushed_authorization_request(sent).uri)
        if signed is None:
            return Begun(authorization_request, authorization_request.uri)
        return Begun(authorization_request, f"{self._authorization_endpoint}?{urlencode(signed.args)}")

    def finish(self, begun: Begun, callback: str) -> BearerToken:
        """The tokens of a login, once the browser is back at `callback`. Raises NotConnected."""
        try:
            response = begun.request.validate_callback(self._opened(begun.request, callback))
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
        disclosed: dict[str, Any] = self._oauth.userinfo(token)
        return disclosed

    def accounts(self, token: BearerToken) -> list[dict[str, str]]:
        """The customer's accounts, from the bank's own API. Raises Refused."""
        accounts: list[dict[str, str]] = self._call("GET", "/accounts", token)["accounts"]
        return accounts

    def pay(self, token: BearerToken, key: str) -> dict[str, Any]:
        """Make the payment that the customer agreed to. `key`: names this call; sent again, it is the same payment.

        Raises Refused.
        """
        return self._call("POST", "/payments", token, **{"x-idempotency-key": key})

    def _call(self, method: str, path: str, token: BearerToken, **headers: str) -> dict[str, Any]:
        """The JSON answer of the bank's own API. Raises Refused."""
        try:
            answer = self._session.request(method, self._api + path, auth=token, headers=headers, timeout=TIMEOUT)
        except MissingDPoPNonce as refused:  # what the library takes each refusal of a DPoP token for
            answer = refused.response
        if not answer.ok:
            raise Refused(answer.status_code, answer.headers.get("WWW-Authenticate", ""))
        disclosed: dict[str, Any] = answer.json()
        return disclosed

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

    def _signed(self, authorization_request: AuthorizationRequest) -> Signed:
        """What is asked for as one signed object (RFC 9101 4)."""
        now = Jwt.timestamp()
        about = {
            "iss": self.client.client_id,
            "aud": authorization_request.issuer,
            "nbf": now,
            "exp": now + REQUEST_LIFETIME,
        }
        wanted = {"response_type": self.client.response_type}  # the library knows code alone
        signed = Jwt.sign(authorization_request.args | wanted | about, key=self.client.key, typ="oauth-authz-req+jwt")
        return Signed({"client_id": self.client.client_id, "request": str(signed)}, authorization_request.dpop_key)

    def _opened(self, authorization_request: AuthorizationRequest, callback: str) -> str:
        """The callback with what the bank signed of it as its query. Raises NotConnected."""
        url = urlsplit(callback)
        try:
            if self.client.response_mode == "jwt":
                (response,) = parse_qs(url.query)["response"]
                return url._replace(query=urlencode(self._from_the_bank(response, "authorization"))).geturl()
            if self.client.response_type != "code":
                query = (
                    url.fragment if self._refused(url.fragment) else self._attached(authorization_request, url.fragment)
                )
                return url._replace(query=query, fragment="").geturl()
        except (KeyError, ValueError) as problem:
            raise NotConnected(f"{type(problem).__name__}: the response is not signed by the bank") from problem
        return callback

    def _refused(self, fragment: str) -> bool:
        return "error" in parse_qs(fragment)

    def _attached(self, authorization_request: AuthorizationRequest, fragment: str) -> str:
        """The fragment, if its ID token is of this login and has the hashes of what stands beside it (OIDC Core 3.3.2.11)."""
        disclosed = {name: values[0] for name, values in parse_qs(fragment, strict_parsing=True).items()}
        claims = self._from_the_bank(disclosed.pop("id_token"), "id_token")
        if claims["nonce"] != authorization_request.nonce:
            raise ValueError("the ID token is of another login")
        for name, of in (("c_hash", "code"), ("s_hash", "state"), ("at_hash", "access_token")):
            if of in disclosed and claims[name] != _half(disclosed[of]):
                raise ValueError(f"{name} is not of this response")
        return urlencode({name: disclosed[name] for name in ("code", "state", "iss")})

    def _from_the_bank(self, jwt: str, what: str) -> dict[str, Any]:
        """The claims of a JWT that the bank signed for this client, as it registered. Raises ValueError or KeyError."""
        signed = SignedJwt(jwt)
        keys = {key["kid"]: key for key in self._keys["keys"]}
        signed.validate(
            Jwk(keys[signed.headers["kid"]]),
            alg=self.client.metadata.get(f"{what}_signed_response_alg", "PS256"),
            issuer=self._oauth.issuer,
            audience=self.client.client_id,
        )
        return dict(signed.claims)

    def _get(self, url: str) -> dict[str, Any]:
        answer = self._session.get(url, timeout=TIMEOUT)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


def _half(value: str) -> str:
    """The left half of its hash, as ID tokens name what they belong to (OpenID Connect Core 3.3.2.11)."""
    return urlsafe_b64encode(sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def _session(certificate: Pair | None, trusted: Path) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # else a proxy or a CA bundle of the environment would come before ours
    session.verify = str(trusted)
    session.cert = None if certificate is None else str(certificate.file)
    return session


def _authentication(client: DemoClient, issuer: str) -> PrivateKeyJwt | PublicApp:
    """How the client says who it is. By certificate it only names itself: TLS has shown the rest (RFC 8705 2)."""
    if not client.signed_by_key:
        return PublicApp(client.client_id)
    return PrivateKeyJwt(client.client_id, client.key, aud=issuer)  # FAPI2-SP-FINAL-5.3.3.1-5
