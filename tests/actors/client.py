"""A client of the bank, with what it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Unpack

import jwt

from chalicelib.events import AuthorizerAnswer
from tests.actors.answer import Answer
from tests.actors.bank import Bank
from tests.actors.browser import Browser
from tests.actors.material import alg_of, hash_of, jws, public
from tests.actors.parameters import (
    ASSERTION_TYPE,
    CHALLENGE,
    ISSUER,
    VERIFIER,
    AssertionClaims,
    Form,
    Headers,
    Proof,
    ProofClaims,
    PushedRequest,
    Pushing,
    Questioning,
    Redeeming,
    RequestObjectClaims,
    known,
)

SERIAL = count(1)
"""No two assertions or proofs of a run have the same jti."""


@dataclass
class Fintech:
    """A client with its keys and certificate.

    `auth`: its token_endpoint_auth_method.
    `key`, `alg`: what it signs assertions and request objects with.
    `proof_key`: what it signs DPoP proofs with, None if it sends none. It takes up the bank's nonces by itself.
    """

    bank: Bank
    client_id: str
    auth: str
    key: Any
    alg: str
    certificate: str | None
    proof_key: Any = None
    redirect_uri: str = "https://fintech.example/callback"
    scope: str = "openid profile accounts"

    def with_(self, **changes: Any) -> Fintech:
        """The same client with other fields."""
        return replace(self, **changes)

    # Client authentication.

    def assertion(
        self,
        *,
        key: Any = None,
        headers: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        **claims: Unpack[AssertionClaims],
    ) -> str:
        """A client assertion; a claim given as None is left out."""
        now = self.bank.now
        standard = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "jti": f"{self.client_id}-{next(SERIAL)}",
            "iat": now,
            "nbf": now,
            "exp": now + 60,
        }
        return self._signed(standard | known(claims, AssertionClaims) | dict(extra or {}), key, headers)

    def authenticated(self, form: Mapping[str, Any]) -> dict[str, str]:
        """The form with the client's authentication; members that are None are left out."""
        own: dict[str, Any] = {"client_id": self.client_id}
        if self.auth in ("private_key_jwt", "client_secret_jwt") and "client_assertion" not in form:
            own |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()}
        return {name: str(value) for name, value in (own | dict(form)).items() if value is not None}

    def post(
        self,
        path: str,
        *,
        certificate: str | bool | None = True,
        proof: Proof = True,
        headers: Headers = (),
        extra: Mapping[str, Any] | None = None,
        **form: Unpack[Form],
    ) -> Answer:
        """A form to an endpoint, authenticated. The rest: as `Sending` says."""
        own = self.certificate if certificate is True else certificate
        parameters = known(form, Form) | dict(extra or {})

        def send(nonce: str | None) -> Answer:
            sent = (*headers, *self._proofs(proof, "POST", path, nonce=nonce))
            return self.bank.send(
                "POST", path, form=self.authenticated(parameters), headers=sent, certificate=own or None
            )

        answer = send(None)
        nonce = answer.header("dpop-nonce")
        return send(nonce) if nonce and proof is True else answer

    # Proofs of possession.

    def proof(
        self,
        method: str,
        path: str,
        *,
        access_token: str | None = None,
        key: Any = None,
        headers: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        **claims: Unpack[ProofClaims],
    ) -> str:
        """A DPoP proof for a request; a header or claim given as None is left out."""
        key = key or self.proof_key
        standard = {
            "jti": f"proof-{next(SERIAL)}",
            "htm": method,
            "htu": ISSUER + path,
            "iat": self.bank.now,
            "ath": None if access_token is None else hash_of(access_token),
        }
        header = {"typ": "dpop+jwt", "alg": alg_of(key), "jwk": public(key)} | dict(headers or {})
        return jws(header, standard | known(claims, ProofClaims) | dict(extra or {}), key, alg=alg_of(key))

    def _proofs(
        self, proof: Proof, method: str, path: str, *, access_token: str | None = None, nonce: str | None = None
    ) -> Headers:
        if proof is True:
            own = self.proof_key is not None
            proof = self.proof(method, path, access_token=access_token, nonce=nonce) if own else None
        sent = proof if isinstance(proof, tuple) else (proof,) if proof else ()
        return tuple(("DPoP", str(one)) for one in sent)

    def presenting(
        self,
        access_token: str,
        method: str,
        path: str,
        *,
        proof: Proof = True,
        scheme: str = "",
        nonce: str | None = None,
    ) -> Headers:
        """The headers that show an access token to a resource. `scheme`: if not the one that goes with the token."""
        scheme = scheme or ("Bearer" if self.proof_key is None else "DPoP")
        proofs = self._proofs(proof, method, path, access_token=access_token, nonce=nonce)
        return (("Authorization", f"{scheme} {access_token}"), *proofs)

    # The flow.

    def request_arguments(self, **changes: Unpack[PushedRequest]) -> dict[str, Any]:
        """The parameters of an authorization request."""
        return {
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | known(changes, PushedRequest)

    def request_object(
        self,
        *,
        key: Any = None,
        headers: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        **claims: Unpack[RequestObjectClaims],
    ) -> str:
        """A signed authorization request for `request_arguments`; a claim given as None is left out."""
        now = self.bank.now
        standard = {"iss": self.client_id, "client_id": self.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300}
        changed = known(claims, RequestObjectClaims) | dict(extra or {})
        return self._signed(self.request_arguments() | standard | changed, key, headers)

    def _signed(self, claims: Mapping[str, Any], key: Any, headers: Mapping[str, Any] | None) -> str:
        header = {"kid": "k1", **(headers or {})}
        payload = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(payload, key or self.key, algorithm=header.get("alg", self.alg), headers=header)

    def direct(
        self,
        *,
        request: str | None = None,
        beside: Mapping[str, str] | None = None,
        **claims: Unpack[RequestObjectClaims],
    ) -> dict[str, str]:
        """The query of an authorization request by value. `beside`: parameters outside the request object."""
        signed = request or self.request_object(**claims)
        return {"client_id": self.client_id, "request": signed} | dict(beside or {})

    def agreed(self, *, username: str = "alice", **claims: Unpack[RequestObjectClaims]) -> Answer:
        """The authorization response to a request by value, after a person logged in and agreed."""
        browser = Browser(self.bank)
        page = browser.get(browser.get("/authorize", self.direct(**claims)).location)
        page = browser.get(browser.sign_in(page, username=username).location)
        return browser.submit(page, "approve") if 'value="approve"' in page.text else page

    def push(self, **changes: Unpack[Pushing]) -> Answer:
        """An authorization request, pushed."""
        request, sending = _parted(known(changes, Pushing), PushedRequest)
        return self.post("/par", **self.request_arguments(**request), **sending)

    def pushed(self, **changes: Unpack[Pushing]) -> str:
        """A request_uri."""
        answer = self.push(**changes)
        assert answer.status == 201, answer.text
        return str(answer.json()["request_uri"])

    def approved(self, *, username: str = "alice", **changes: Unpack[Pushing]) -> Answer:
        """The authorization response, after a person logged in and agreed."""
        return Browser(self.bank).login(self.client_id, self.pushed(**changes), username=username)

    def code(self, *, username: str = "alice", **changes: Unpack[Pushing]) -> str:
        """The code of a login."""
        return self.approved(username=username, **changes).parameters["code"]

    def redeem(self, code: str, /, **changes: Unpack[Redeeming]) -> Answer:
        """The answer to a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return self.post("/token", **(form | known(changes, Redeeming)))

    def tokens(self, *, username: str = "alice", **changes: Unpack[Pushing]) -> dict[str, Any]:
        """The token response of a whole login."""
        answer = self.redeem(self.code(username=username, **changes))
        assert answer.status == 200, answer.text
        return dict(answer.json())

    def refresh(self, refresh_token: str, /, **changes: Unpack[Redeeming]) -> Answer:
        """The answer to a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post("/token", **(form | known(changes, Redeeming)))

    def introspect(self, token: str, /, **changes: Unpack[Questioning]) -> Answer:
        """The answer to a question about a token."""
        return self.post("/introspect", **({"token": token} | known(changes, Questioning)))

    def revoke(self, token: str, /, **changes: Unpack[Questioning]) -> Answer:
        """The answer to a revocation."""
        return self.post("/revoke", **({"token": token} | known(changes, Questioning)))

    # Resources.

    def userinfo(
        self,
        access_token: str,
        *,
        certificate: str | bool | None = True,
        method: str = "GET",
        proof: Proof = True,
        scheme: str = "",
        nonce: str | None = None,
    ) -> Answer:
        """The userinfo endpoint's answer. The rest: as `presenting` and `Sending` say."""
        own = self.certificate if certificate is True else certificate

        def send(nonce: str | None) -> Answer:
            headers = self.presenting(access_token, method, "/userinfo", proof=proof, scheme=scheme, nonce=nonce)
            return self.bank.send(method, "/userinfo", headers=headers, certificate=own or None)

        answer = send(nonce)
        new = answer.header("dpop-nonce")
        return send(new) if new and proof is True and not (scheme or nonce) else answer

    def accounts(
        self,
        access_token: str,
        *,
        certificate: str | bool | None = True,
        proof: Proof = True,
        scheme: str = "",
        nonce: str | None = None,
    ) -> AuthorizerAnswer:
        """What the authorizer decides about GET /accounts. The rest: as `userinfo` takes it."""
        own = self.certificate if certificate is True else certificate

        def send(nonce: str | None) -> AuthorizerAnswer:
            headers = self.presenting(access_token, "GET", "/accounts", proof=proof, scheme=scheme, nonce=nonce)
            return self.bank.authorize("GET", "/accounts", headers=headers, certificate=own or None)

        decision = send(nonce)
        new = decision["context"].get("dpop_nonce")
        return send(new) if new and proof is True and not (scheme or nonce) else decision


def _parted(given: Mapping[str, Any], kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members that are of the kind (a TypedDict), and the others."""
    own = {name: value for name, value in given.items() if name in kind.__optional_keys__}
    return own, {name: value for name, value in given.items() if name not in own}
