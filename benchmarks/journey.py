"""What is measured: clients of each kind, and the requests of a login and of what follows it."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from itertools import count
from typing import Any, cast

import jwt
import pyotp

from benchmarks.calls import Count, CountedAws
from chalicelib.assembly import Aws
from chalicelib.events import AuthorizerAnswer
from chalicelib.jobs import publish_keys
from chalicelib.storage.records import User
from chalicelib.users import enrolment
from local.sandbox_users import USERS
from tests.actors import NOW, Answer, Bank, Browser, Fintech, certificate, der, ec_key, jwk, rsa_key
from tests.aws_in_process import aws

PASSWORD = "correct horse battery staple"
SERIAL = count(1)
IBAN = "DE02100100100006820101"
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": "DE02100100109307118603"},
    "debtorAccount": {"iban": IBAN},
}

STANDARD = {
    "client_name": "Fintech",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile email accounts",
    "redirect_uris": ["https://fintech.example/callback"],
}

METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
CONSTRAINTS = ("mtls", "dpop")

KINDS = {
    "assertion": ("private_key_jwt", "mtls"),
    "assertion and proof": ("private_key_jwt", "dpop"),
    "certificate": ("tls_client_auth", "mtls"),
}
"""How a client shows who it is and what its tokens are bound to."""


@contextmanager
def counted_bank() -> Iterator[tuple[Bank, CountedAws]]:
    """A bank of its own with the product's directory of people, warm."""
    with aws.in_process("eu-west-1") as environment:
        bank = Bank(environment)
        publish_keys.run(bank.aws)
        yield counted(bank)


def counted(bank: Bank) -> tuple[Bank, CountedAws]:
    """The same bank with its calls counted, and with the product's directory of people."""
    same = copy(bank)
    same.settings = bank.settings._replace(user_directory="chalicelib.users.directory:build")
    same.aws = provider = CountedAws(same.settings, clock=lambda: same.now)
    for known in USERS.values():
        provider.users.put(known)
    return same, provider


def client(bank: Bank, auth: str, constraint: str, *, begins: int = NOW - 86_400, **more: Any) -> Fintech:
    """A registered client. `begins`: when its certificate does, epoch seconds. `more`: of its metadata."""
    name = f"{auth}-{constraint}" + "".join(f"-{value}" for value in more.values())
    signing = rsa_key(name) if auth == "private_key_jwt" else None
    by_itself = auth == "self_signed_tls_client_auth"
    shown = certificate(name, organization="Fintech", issuer=f"CN={name}" if by_itself else None, begins=begins)
    keys: dict[str, list[Any]] = {
        "private_key_jwt": [signing],
        "tls_client_auth": [],
        "self_signed_tls_client_auth": [ec_key(name)],
    }
    x5c = {"x5c": [b64encode(der(shown)).decode()]} if by_itself else {}
    bank.register(
        **{
            "profile": "fapi2-security",
            **STANDARD,
            "client_id": name,
            "token_endpoint_auth_method": auth,
            "tls_client_certificate_bound_access_tokens": constraint == "mtls",
            "dpop_bound_access_tokens": constraint == "dpop",
            **({"tls_client_auth_subject_dn": f"CN={name},O=Fintech,C=DE"} if auth == "tls_client_auth" else {}),
            **({"jwks": {"keys": [jwk(key, **x5c) for key in keys[auth]]}} if keys[auth] else {}),
            **more,
        }
    )
    proof_key = ec_key(f"{name}-proofs") if constraint == "dpop" else None
    uses_certificate = constraint == "mtls" or auth != "private_key_jwt"
    return Fintech(bank, name, auth, signing, "PS256", shown if uses_certificate else None, proof_key)


def journey(fintech: Fintech, provider: CountedAws, **parameters: Any) -> dict[str, Count]:
    """A login and what follows, request by request, with what each one did. Each is made by a warm function."""
    counts: dict[str, Count] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        with provider.counting() as counts[name]:
            yield

    bank, browser = fintech.bank, Browser(fintech.bank)
    person, code = new_person(provider, now=bank.now)
    with step("par"):
        request_uri = fintech.pushed(**parameters)
    with step("authorize"):
        opened = browser.open(fintech.client_id, request_uri)
    with step("login, the page"):
        page = browser.get(opened.location)
    with step("login"):
        signed_in = browser.sign_in(page, username=person, password=PASSWORD, one_time_code=code)
    with step("consent, the page"):
        page = browser.get(signed_in.location)
    with step("consent"):
        back = browser.submit(page, "approve")
    answered = back.parameters
    if "response" in answered:
        answered = jwt.decode(answered["response"], options={"verify_signature": False})
    with step("token, authorization_code"):
        tokens = _ok(fintech.redeem(answered["code"]))
    with step("authorizer"):
        decided = fintech.accounts(tokens["access_token"])
    assert decided["policyDocument"]["Statement"][0]["Effect"] == "Allow", decided
    with step("userinfo"):
        _ok(fintech.userinfo(tokens["access_token"]))
    with step("introspect"):
        assert _ok(fintech.introspect(tokens["access_token"]))["active"]
    with step("token, refresh_token"):
        _ok(fintech.refresh(tokens["refresh_token"]))
    with step("token, client_credentials"):
        _ok(fintech.post("/token", grant_type="client_credentials"))
    with step("revoke, an access token"):
        _ok(fintech.revoke(tokens["access_token"]))
    with step("revoke, a refresh token"):
        _ok(fintech.revoke(tokens["refresh_token"]))
    for name, path in (("metadata", "/.well-known/openid-configuration"), ("jwks", "/jwks")):
        with step(name):
            _ok(bank.send("GET", path))
    return counts


def payment(bank: Bank) -> tuple[Fintech, str, Callable[[str], AuthorizerAnswer]]:
    """A client, its token for a payment that somebody agreed to, and what the authorizer decides of a call that makes it."""
    payer = client(bank, "tls_client_auth", "mtls", authorization_details_types=["payment_initiation"])
    browser, (person, code) = Browser(bank), new_person(cast(CountedAws, bank.aws), now=bank.now)
    bank.aws.users.put(replace(cast(User, bank.aws.users.find(person)), accounts=({"iban": IBAN, "name": "Current"},)))
    page = browser.page(payer.client_id, payer.pushed(authorization_details=json.dumps([PAYMENT])))
    page = browser.get(browser.sign_in(page, username=person, password=PASSWORD, one_time_code=code).location)
    tokens = _ok(payer.redeem(browser.submit(page, "approve").parameters["code"]))
    rule = {"authorization_details_type": "payment_initiation", "consumes": True}
    bank.aws.settings = bank.settings._replace(resource_rules=json.dumps({"POST /payments": rule}))

    def pay(access_token: str) -> AuthorizerAnswer:
        headers = (*payer.presenting(access_token, "POST", "/payments"), ("x-idempotency-key", "1"))
        return bank.authorize("POST", "/payments", headers=headers, certificate=payer.certificate)

    return payer, tokens["access_token"], pay


def warm(fintech: Fintech, provider: CountedAws) -> None:
    """What a warm function has: the client's record, the signing keys, the nonces' key of the hour, the key of bonds."""
    provider.clients.find(fintech.client_id, now=fintech.bank.now)
    provider.ring.published_keys(now=fintech.bank.now)
    provider.nonces.issue(now=fintech.bank.now)
    provider.kms.bond_mac(b"")


def new_person(provider: Aws, *, now: int) -> tuple[str, str]:
    """Somebody new in the product's directory, and their one-time code of now."""
    name = f"person-{next(SERIAL)}"
    uri = enrolment.enrol(provider, name, sub=name, password=PASSWORD, claims={"name": "A"}, random_bytes=os.urandom)
    code = pyotp.parse_uri(uri)
    assert isinstance(code, pyotp.TOTP)
    return name, code.at(now)


def _ok(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, (answer.status, answer.text)
    return dict(answer.json())
