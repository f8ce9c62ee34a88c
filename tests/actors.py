"""Who takes part in a login: the bank (the provider, in this process), a fintech (a client), a person's browser.

Everything goes through `gateway.serve` as API Gateway's events do; only the clock is ours, and the sockets are closed.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256, sha512
from html.parser import HTMLParser
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

import app
from chalicelib import gateway
from chalicelib.assembly import Aws
from chalicelib.authorization.writing import writes
from chalicelib.clients import registration
from chalicelib.endpoints import authorizer
from chalicelib.keys.thumbprint import thumbprint
from chalicelib.settings import Settings
from chalicelib.storage.records import Client
from tests.web import Web

ISSUER = "https://login.bank.example"
MTLS = "https://mtls.bank.example"
NOW = 1_800_000_000
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REQUEST_URI = "urn:ietf:params:oauth:request_uri:"
VERIFIER = "a-code-verifier-of-forty-three-characters-or-more"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SERIAL = count(1)
"""No two assertions or proofs of a run have the same jti."""

Proof = bool | str | tuple[str, ...] | None
"""DPoP headers to send: True for a proof of the client's own, else just these."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands more than once"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def json(self) -> Any:
        assert self.header("content-type") == "application/json", self.text
        return json.loads(self.text)

    @property
    def unnamed(self) -> Answer:
        """The same answer without the name that each has of its own (x-fapi-interaction-id)."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != "x-fapi-interaction-id"))

    @property
    def error(self) -> str | None:
        """The error code of a JSON answer."""
        return self.json().get("error")

    @property
    def location(self) -> str:
        assert self.status == 303, (self.status, self.text)
        found = self.header("location")
        assert found is not None
        return found

    @property
    def parameters(self) -> dict[str, str]:
        """The query of where it leads."""
        return self._once(urlsplit(self.location).query)

    @property
    def fragment(self) -> dict[str, str]:
        """The parameters in the fragment of where it leads; there are none in its query."""
        assert not urlsplit(self.location).query
        return self._once(urlsplit(self.location).fragment)

    @property
    def posted(self) -> dict[str, str]:
        """What a form_post page would post, to nobody but the redirect_uri of its form."""
        assert (self.header("content-type") or "").startswith("text/html"), self.text
        return {a["name"]: a["value"] for t, a in _tags(self.text) if t == "input" and "name" in a}

    @property
    def form_action(self) -> str:
        """Where the page's one form leads."""
        (action,) = [a["action"] for t, a in _tags(self.text) if t == "form"]
        return action

    def _once(self, text: str) -> dict[str, str]:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    @property
    def page_error(self) -> str | None:
        """The OAuth code of an error page."""
        assert (self.header("content-type") or "").startswith("text/html"), self.text
        return next((a.get("data-error") for t, a in _tags(self.text) if a.get("id") == "error"), None)


class Bank:
    """The provider on AWS's stand-in. `now` is its clock; `web` is what it can fetch."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.now = NOW
        self.settings = Settings.read(
            {
                "DUCAT_ISSUER": ISSUER,
                "DUCAT_MTLS_URL": MTLS,
                "DUCAT_BANK_NAME": "Example Bank",
                "DUCAT_PEOPLE": "local.people:build",
                "DUCAT_RESOURCE_URL": "https://api.bank.example",
                "DUCAT_RESOURCE_RULES": json.dumps(
                    {"GET /accounts": {"scope": "accounts"}, "GET /userinfo": {"scope": "openid"}}
                ),
                **environment,
            }
        )
        self.aws = Aws(self.settings, clock=lambda: self.now)
        self.web = self.aws.documents = Web()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | list[tuple[str, str]] | str = (),  # type: ignore[assignment]
        form: dict[str, str] | list[tuple[str, str]] | str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        certificate: str | None = None,
        content_type: str | None = "application/x-www-form-urlencoded",
    ) -> Answer:
        """One request to the function that serves `path`, as API Gateway hands it over. `content_type`: of the form."""
        name = next(iter(app.app.routes[path].values())).view_name
        methods = tuple(app.app.routes[path])
        if form is not None:
            form = form if isinstance(form, str) else urlencode(form)
            if content_type is not None:
                headers = (*headers, ("Content-Type", content_type))
        event = self.event(method, path, query=query, body=form, headers=headers, certificate=certificate)
        response = gateway.serve(name, methods, path, event, lambda: self.aws)
        return Answer(response.status, tuple((k.lower(), v) for k, v in response.headers), response.body)

    def event(
        self, method: str, path: str, *, query: Any = (), body: Any = None, headers: Any = (), certificate: Any = None
    ) -> dict[str, Any]:
        """API Gateway's proxy event."""
        pairs = parse_qsl(query, keep_blank_values=True) if isinstance(query, str) else list(dict(query).items())
        if isinstance(query, list):
            pairs = query
        identity: dict[str, Any] = {"sourceIp": "203.0.113.7"}
        if certificate is not None:
            identity["clientCert"] = {"clientCertPem": certificate}
        return {
            "httpMethod": method,
            "path": path,
            "multiValueQueryStringParameters": _grouped(pairs),
            "multiValueHeaders": _grouped(headers),
            "requestContext": {"httpMethod": method, "resourcePath": path, "identity": identity},
            "body": body,
            "isBase64Encoded": False,
        }

    def authorize(
        self, method: str, path: str, *, headers: Any = (), certificate: str | None = None, query: Any = ()
    ) -> dict[str, Any]:
        """What the Lambda authorizer decides about a call of the bank's API."""
        event = self.event(method, path, headers=headers, certificate=certificate, query=query)
        arn = f"arn:aws:execute-api:eu-central-1:111122223333:a1b2c3/live{path}"
        return authorizer.decide(gateway.from_event(event), arn, self.aws)

    def register(self, **given: Any) -> Client:
        """Register a client, by its metadata. A secret that it gets is one of `secret_of`."""
        client, _ = registration.register(
            given, self.aws, lambda octets: secret_octets(given["client_id"], octets), writes=writes
        )
        return client

    def metadata(self) -> dict[str, Any]:
        return self.send("GET", "/.well-known/oauth-authorization-server").json()

    def jwks(self) -> dict[str, Any]:
        return self.send("GET", "/jwks").json()

    def verified(self, id_token: str, client_id: str) -> dict[str, Any]:
        """The claims of an ID token, verified by a library of its own against the published keys; times are not looked at."""
        kid = jwt.get_unverified_header(id_token)["kid"]
        (key,) = [jwt.PyJWK(key) for key in self.jwks()["keys"] if key["kid"] == kid]
        unhurried = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        return jwt.decode(
            id_token,
            key.key,
            algorithms=["PS256", "ES256", "EdDSA"],
            audience=client_id,
            issuer=ISSUER,
            options=unhurried,
        )


@dataclass
class Fintech:
    """A client with its keys and certificate. `auth`: its token_endpoint_auth_method.

    `proof_key`: what it signs DPoP proofs with, None if it sends none; the bank's nonces it takes up by itself.
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
        return replace(self, **changes)

    # Client authentication.

    def assertion(self, *, key: Any = None, headers: dict[str, Any] | None = None, **claims: Any) -> str:
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
        payload = {name: value for name, value in (standard | claims).items() if value is not None}
        alg = (headers or {}).get("alg", self.alg)
        return jwt.encode(payload, key or self.key, algorithm=alg, headers={"kid": "k1", **(headers or {})})

    def authenticated(self, form: dict[str, Any]) -> dict[str, str]:
        """The form with the client's authentication; members that are None are left out."""
        own: dict[str, Any] = {"client_id": self.client_id}
        if self.auth in ("private_key_jwt", "client_secret_jwt") and "client_assertion" not in form:
            own |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion()}
        return {name: str(value) for name, value in (own | form).items() if value is not None}

    def post(
        self, path: str, *, certificate: str | bool | None = True, proof: Proof = True, headers: Any = (), **form: Any
    ) -> Answer:
        """A form to an endpoint, authenticated. `certificate`: True for the client's own, None for none; so `proof`."""
        shown = self.certificate if certificate is True else certificate

        def send(nonce: str | None) -> Answer:
            sent = (*headers, *self._proofs(proof, "POST", path, nonce=nonce))
            return self.bank.send("POST", path, form=self.authenticated(form), headers=sent, certificate=shown or None)

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
        headers: dict[str, Any] | None = None,
        **claims: Any,
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
        header = {"typ": "dpop+jwt", "alg": alg_of(key), "jwk": public(key)} | (headers or {})
        return jws(header, standard | claims, key, alg=alg_of(key))

    def _proofs(self, proof: Proof, method: str, path: str, **claims: Any) -> tuple[tuple[str, str], ...]:
        if proof is True:
            proof = None if self.proof_key is None else self.proof(method, path, **claims)
        sent = proof if isinstance(proof, tuple) else (proof,) if proof else ()
        return tuple(("DPoP", str(one)) for one in sent)

    def presenting(
        self, access_token: str, method: str, path: str, *, proof: Proof = True, scheme: str = "", nonce: Any = None
    ) -> tuple[tuple[str, str], ...]:
        """The headers that show an access token to a resource. `scheme`: if not the one that goes with the token."""
        scheme = scheme or ("Bearer" if self.proof_key is None else "DPoP")
        proofs = self._proofs(proof, method, path, access_token=access_token, nonce=nonce)
        return (("Authorization", f"{scheme} {access_token}"), *proofs)

    # The flow.

    def asking(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an authorization request."""
        return {
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes

    def request_object(self, *, key: Any = None, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A signed authorization request for `asking`; a claim given as None is left out."""
        now = self.bank.now
        standard = {"iss": self.client_id, "client_id": self.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300}
        payload = {n: v for n, v in (self.asking() | standard | claims).items() if v is not None}
        header = {"kid": "k1", **(headers or {})}
        return jwt.encode(payload, key or self.key, algorithm=header.get("alg", self.alg), headers=header)

    def direct(
        self, *, request: str | None = None, beside: dict[str, str] | None = None, **claims: Any
    ) -> dict[str, str]:
        """The query of an authorization request by value. `beside`: parameters outside the request object."""
        return {"client_id": self.client_id, "request": request or self.request_object(**claims)} | (beside or {})

    def agreed(self, *, username: str = "alice", **claims: Any) -> Answer:
        """The authorization response to a request by value, after a person logged in and agreed."""
        browser = Browser(self.bank)
        page = browser.get(browser.get("/authorize", self.direct(**claims)).location)
        page = browser.get(browser.sign_in(page, username=username).location)
        return browser.submit(page, "approve") if 'value="approve"' in page.text else page

    def push(self, **changes: Any) -> Answer:
        return self.post("/par", **self.asking(**changes))

    def pushed(self, **changes: Any) -> str:
        """A request_uri."""
        answer = self.push(**changes)
        assert answer.status == 201, answer.text
        return str(answer.json()["request_uri"])

    def approved(self, *, username: str = "alice", **changes: Any) -> Answer:
        """The authorization response, after a person logged in and agreed."""
        return Browser(self.bank).login(self.client_id, self.pushed(**changes), username=username)

    def code(self, **changes: Any) -> str:
        return self.approved(**changes).parameters["code"]

    def redeem(self, code: str, **changes: Any) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        }
        return self.post("/token", **(form | changes))

    def tokens(self, **changes: Any) -> dict[str, Any]:
        """The token response of a whole login."""
        answer = self.redeem(self.code(**changes))
        assert answer.status == 200, answer.text
        return dict(answer.json())

    def refresh(self, refresh_token: str, **changes: Any) -> Answer:
        return self.post("/token", **({"grant_type": "refresh_token", "refresh_token": refresh_token} | changes))

    def userinfo(
        self, access_token: str, *, certificate: str | bool | None = True, method: str = "GET", **shown: Any
    ) -> Answer:
        """`shown`: as `presenting` takes it."""
        own = self.certificate if certificate is True else certificate

        def send(nonce: str | None) -> Answer:
            headers = self.presenting(access_token, method, "/userinfo", **{"nonce": nonce, **shown})
            return self.bank.send(method, "/userinfo", headers=headers, certificate=own or None)

        answer = send(None)
        nonce = answer.header("dpop-nonce")
        return send(nonce) if nonce and not shown else answer

    def accounts(self, access_token: str, *, certificate: str | bool | None = True, **shown: Any) -> dict[str, Any]:
        """What the authorizer decides about GET /accounts. `shown`: as `presenting` takes it."""
        own = self.certificate if certificate is True else certificate

        def send(nonce: str | None) -> dict[str, Any]:
            headers = self.presenting(access_token, "GET", "/accounts", **{"nonce": nonce, **shown})
            return self.bank.authorize("GET", "/accounts", headers=headers, certificate=own or None)

        decision = send(None)
        nonce = decision["context"].get("dpop_nonce")
        return send(nonce) if nonce and not shown else decision

    def introspect(self, token: str, **changes: Any) -> Answer:
        return self.post("/introspect", token=token, **changes)

    def revoke(self, token: str, **changes: Any) -> Answer:
        return self.post("/revoke", token=token, **changes)


class Browser:
    """A person's browser: keeps cookies, shows pages, posts their forms. It runs no script."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.cookies: dict[str, str] = {}

    def get(self, url: str, query: Any = ()) -> Answer:
        """`url`: with its own query, or with the one given."""
        parts = urlsplit(url)
        return self._kept(self.bank.send("GET", parts.path, query=query or parts.query, headers=self._sent()))

    def post(self, path: str, form: Any) -> Answer:
        return self._kept(self.bank.send("POST", path, form=form, headers=self._sent()))

    def open(self, client_id: str, request_uri: str) -> Answer:
        """The authorization endpoint's answer."""
        return self.get("/authorize", {"client_id": client_id, "request_uri": request_uri})

    def page(self, client_id: str, request_uri: str) -> Answer:
        """The login page."""
        return self.get(self.open(client_id, request_uri).location)

    def submit(self, page: Answer, action: str, **typed: str) -> Answer:
        """Post the page's form with what was typed and the button `action`."""
        assert page.status == 200, (page.status, page.text)
        tags = _tags(page.text)
        (where,) = [attributes["action"] for tag, attributes in tags if tag == "form"]
        form = {a["name"]: a.get("value", "") for tag, a in tags if tag == "input" and "name" in a}
        assert [a for t, a in tags if t == "button" and a.get("name") == "action" and a.get("value") == action]
        assert not typed.keys() - form.keys()
        return self.post(where, form | typed | {"action": action})

    def sign_in(
        self, page: Answer, *, username: str = "alice", password: str = "", one_time_code: str = "123456"
    ) -> Answer:
        password = password or {"alice": "wonderland", "bob": "builder"}[username]
        return self.submit(page, "login", username=username, password=password, one_time_code=one_time_code)

    def consent_page(self, client_id: str, request_uri: str, *, username: str = "alice") -> Answer:
        return self.get(self.sign_in(self.page(client_id, request_uri), username=username).location)

    def login(self, client_id: str, request_uri: str, *, username: str = "alice") -> Answer:
        """The authorization response of a person who agrees."""
        page = self.consent_page(client_id, request_uri, username=username)
        return self.submit(page, "approve") if 'value="approve"' in page.text else page

    def _sent(self) -> tuple[tuple[str, str], ...]:
        together = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return (("Cookie", together),) if together else ()

    def _kept(self, answer: Answer) -> Answer:
        for line in answer.all("set-cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            assert name.startswith("__Host-")
            assert {"Secure", "Path=/", "HttpOnly"} <= set(attributes)
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


# What a client is made of.


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of that name; made once."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(name: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def secret_octets(client_id: str, octets: int) -> bytes:
    """The chance that a client's secret is made of."""
    return sha512(client_id.encode()).digest()[:octets]


def secret_of(client_id: str) -> str:
    """The secret that a client got when it was registered."""
    return b64url(secret_octets(client_id, 64)).decode()


def alg_of(key: Any) -> str:
    """What a private key signs with here."""
    kinds = {rsa.RSAPrivateKey: "PS256", ec.EllipticCurvePrivateKey: "ES256", ed25519.Ed25519PrivateKey: "EdDSA"}
    return next(alg for kind, alg in kinds.items() if isinstance(key, kind))


def public(key: Any) -> dict[str, Any]:
    """The public JWK of a private key: what makes it this key, and no more."""
    algorithm = jwt.get_algorithm_by_name(alg_of(key))
    members = algorithm.to_jwk(key.public_key(), as_dict=True)
    members = {name: value for name, value in members.items() if name in ("kty", "n", "e", "crv", "x", "y")}
    assert thumbprint(members)
    return members


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    """The public JWK of a private key, as a client registers it."""
    return {**public(key), "kid": "k1", "use": "sig", **more}


def jws(header: dict[str, Any], claims: dict[str, Any], key: Any, *, alg: str) -> str:
    """A JWS of just these members, signed as `alg` whatever they say; those that are None are left out."""
    parts = [json.dumps({k: v for k, v in part.items() if v is not None}).encode() for part in (header, claims)]
    signed = b".".join(b64url(part) for part in parts)
    return (signed + b"." + b64url(jwt.get_algorithm_by_name(alg).sign(signed, key))).decode()


def b64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def hash_of(access_token: str) -> str:
    """RFC 9449 4.2: the `ath` of a proof."""
    return b64url(sha256(access_token.encode()).digest()).decode()


@cache
def certificate(
    common_name: str,
    *,
    organization: str = "Fintech, Inc.",
    key: Any = None,
    days: int = 400,
    begins: int = NOW - 86_400,
    names: tuple[x509.GeneralName, ...] = (),
    subject: x509.Name | None = None,
) -> str:
    """A certificate (PEM), signed by its own key; whether a chain is trusted is TLS's matter."""
    key = key or ec_key(common_name)
    if subject is None:  # one without attributes is a name too
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
    start = datetime.fromtimestamp(begins, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)


def x5t_s256(pem: str) -> str:
    return urlsafe_b64encode(sha256(der(pem)).digest()).rstrip(b"=").decode()


def _grouped(pairs: Any) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _tags(text: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, {k: v or "" for k, v in attributes}))  # type: ignore[method-assign]
    parser.feed(text)
    return found
