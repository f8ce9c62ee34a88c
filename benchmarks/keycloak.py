"""Keycloak, made ready to be measured: a copy of an unpacked distribution, with one realm of the bench's own.

Nothing is fetched or installed, and the distribution is only read. Its state and its configuration end with the copy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyotp

from benchmarks import journey
from benchmarks.logins import System, of_peer
from benchmarks.processes import Process, started
from benchmarks.systems import Jar, Peer
from tests.actors import ISSUER, Answer, Fintech
from tests.actors.answer import elements
from tests.actors.material import jwk

REALM = "bank"
OWN_ISSUER = f"{ISSUER}/realms/{REALM}"
"""Keycloak's issuer has its realm in it."""
PROTOCOL = f"/realms/{REALM}/protocol/openid-connect"
PATHS = {
    "/par": f"{PROTOCOL}/ext/par/request",
    "/authorize": f"{PROTOCOL}/auth",
    "/token": f"{PROTOCOL}/token",
    "/introspect": f"{PROTOCOL}/token/introspect",
    "/userinfo": f"{PROTOCOL}/userinfo",
    "/jwks": f"{PROTOCOL}/certs",
    "/.well-known/openid-configuration": f"/realms/{REALM}/.well-known/openid-configuration",
}
"""Where Keycloak has what a client of ours calls."""
BUILT = (
    *("--db=dev-file", "--cache=local", "--health-enabled=false", "--metrics-enabled=false"),
    "--spi-x509cert-lookup--provider=nginx",
)
RUN = (
    *("--optimized", "--cache=local", f"--hostname={ISSUER}", "--proxy-headers=xforwarded"),
    *("--http-enabled=true", "--http-host=127.0.0.1", "--http-port=0"),
    "--spi-x509cert-lookup--nginx--ssl-client-cert=X-Client-Cert",
    "--spi-x509cert-lookup--nginx--trust-proxy-verification=true",
)
VERIFIED = ("ssl-client-verify", "SUCCESS")
"""How nginx says that it verified the certificate."""
WARMING = 25
"""For each login that is measured, how many come before: Java's compilers are at work over hundreds of them."""
LISTENS = re.compile(r"Listening on: http://127\.0\.0\.1:(\d+)")


class Unusable(Exception):
    """Keycloak can't be measured here. Its text says why."""


def usable(folder: Path) -> Path:
    """The folder of an unpacked distribution. Raises Unusable where it is none, or where there is no Java to run it."""
    if not _script(folder).is_file():
        raise Unusable(f"{folder} is not an unpacked Keycloak distribution: it has no bin/kc.sh")
    java()
    return folder.resolve()


def java() -> str:
    """The program that runs it: JAVA_HOME's, else the path's. Raises Unusable where there is none."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise Unusable(f"Keycloak needs Java, and {f'JAVA_HOME ({home})' if home else 'the path'} has no java")
    return found


def versions(folder: Path) -> dict[str, str]:
    """Of Java, and of Keycloak as it is unpacked."""
    said = subprocess.run([java(), "-version"], capture_output=True, text=True, check=True).stderr
    (runs,) = re.findall(r'version "([^"]+)"', said)
    return {"Java": runs, "Keycloak": (folder / "version.txt").read_text().split()[-1]}


def built(folder: Path, home: Path) -> Path:
    """A copy of the distribution under `home`, built with its options. Raises CalledProcessError where it refuses them."""
    copy = home / "keycloak"
    shutil.copytree(folder, copy)
    command: list[str | Path] = [_script(copy), "build", *BUILT]
    subprocess.run(command, cwd=copy, env=_environment(), stdout=sys.stderr, check=True, timeout=600)
    return copy


@contextmanager
def system(copy: Path, client: Fintech, logins: int, *, warming: int) -> Iterator[System]:
    """Keycloak with a client like ours, and with people for so many logins after those that warm it."""
    known = people(warming + logins)
    with served("keycloak", copy, client, known) as server:
        own, coming = KeycloakClient(**vars(client.with_(bank=server))), iter(known.items())
        made = of_peer(server, own, KeycloakJar, lambda: typed(*next(coming)))
        yield replace(made, warming=warming)


@contextmanager
def served(name: str, copy: Path, client: Fintech, people: Mapping[str, str]) -> Iterator[Keycloak]:
    """Keycloak with the client and the people (their names, and their secrets in base32) in a database of its own.

    It is started twice: the first start makes the database.
    """
    shutil.rmtree(copy / "data", ignore_errors=True)
    imported = copy / "data" / "import" / f"{REALM}-realm.json"
    imported.parent.mkdir(parents=True)
    imported.write_text(json.dumps(realm(client, people)), encoding="utf-8")
    with _started(copy, "--import-realm"):
        pass
    with _started(copy) as server:
        yield Keycloak(name, server)


@contextmanager
def _started(copy: Path, *more: str) -> Iterator[Process]:
    """Its script starts Java as a child, and that is what is measured."""
    command: list[str | Path] = [_script(copy), "start", *RUN, *more]
    with started(command, cwd=copy, environment=_environment(), says=LISTENS) as script:
        yield script.only_child()


def _script(folder: Path) -> Path:
    return folder / "bin" / "kc.sh"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "JAVA": java()}


def realm(client: Fintech, people: Mapping[str, str]) -> dict[str, Any]:
    """A realm as Keycloak imports it: FAPI 2.0 by its own client profile, one client, and people with two factors."""
    fapi = "fapi-2-security-profile" if client.proof_key is None else "fapi-2-dpop-security-profile"
    of_all: dict[str, Any] = {"condition": "any-client", "configuration": {}}
    return {
        "realm": REALM,
        "enabled": True,
        "defaultSignatureAlgorithm": "PS256",
        "bruteForceProtected": True,
        "otpPolicyCodeReusable": False,
        "passwordPolicy": "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)",
        "clientPolicies": {
            "policies": [{"name": "FAPI 2.0", "enabled": True, "conditions": [of_all], "profiles": [fapi]}]
        },
        "clientScopes": [
            _scope("basic", "oidc-sub-mapper", shown=False),
            _scope("profile", "oidc-full-name-mapper"),
            # Introspection answers a client that is in the token's audience.
            _scope("accounts", "oidc-audience-mapper", {"included.client.audience": client.client_id}),
        ],
        "clients": [_client(client)],
        "users": [_person(name, secret) for name, secret in people.items()],
    }


def _scope(name: str, mapper: str, config: Mapping[str, str] = {}, *, shown: bool = True) -> dict[str, Any]:
    """A client scope whose one mapper puts its claim wherever it may. `shown`: on the consent page and in the token's scope."""
    everywhere = ("access.token.claim", "id.token.claim", "userinfo.token.claim", "introspection.token.claim")
    return {
        "name": name,
        "protocol": "openid-connect",
        "attributes": dict.fromkeys(("include.in.token.scope", "display.on.consent.screen"), _text(shown)),
        "protocolMappers": [
            {
                "name": mapper,
                "protocol": "openid-connect",
                "protocolMapper": mapper,
                "config": {**dict.fromkeys(everywhere, "true"), **config},
            }
        ],
    }


def _client(client: Fintech) -> dict[str, Any]:
    return {
        "clientId": client.client_id,
        "protocol": "openid-connect",
        "clientAuthenticatorType": "client-jwt",
        "redirectUris": [client.redirect_uri],
        "standardFlowEnabled": True,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": True,
        "consentRequired": True,
        "fullScopeAllowed": False,
        "defaultClientScopes": ["basic"],
        "optionalClientScopes": ["profile", "accounts"],
        "attributes": {
            "use.jwks.string": "true",
            "jwks.string": json.dumps({"keys": [jwk(client.key)]}),
            "token.endpoint.auth.signing.alg": client.alg,
            "access.token.signed.response.alg": "PS256",
            "id.token.signed.response.alg": "PS256",
            "require.pushed.authorization.requests": "true",
            "pkce.code.challenge.method": "S256",
            "tls.client.certificate.bound.access.tokens": _text(client.proof_key is None),
            "dpop.bound.access.tokens": _text(client.proof_key is not None),
        },
    }


def _text(flag: bool) -> str:
    return str(flag).lower()


def _person(name: str, secret: str) -> dict[str, Any]:
    code = {"subType": "totp", "algorithm": "HmacSHA1", "digits": 6, "period": 30, "secretEncoding": "BASE32"}
    return {
        "username": name,
        "enabled": True,
        "firstName": "A",
        "lastName": "Person",
        "email": f"{name}@bank.example",
        "emailVerified": True,
        "credentials": [
            {"type": "password", "value": journey.PASSWORD},
            {"type": "otp", "secretData": json.dumps({"value": secret}), "credentialData": json.dumps(code)},
        ],
    }


def people(number: int) -> dict[str, str]:
    """So many names, each with a secret in base32."""
    return {f"person-{one}": pyotp.random_base32() for one in range(number)}


def typed(name: str, secret: str) -> dict[str, str]:
    """What somebody of `people` types now."""
    return {"username": name, "password": journey.PASSWORD, "otp": pyotp.TOTP(secret).now()}


class Keycloak(Peer):
    """Keycloak's server, by the paths that ours has."""

    def send(self, method: str, path: str, **request: Any) -> Answer:
        request["headers"] = (*request.get("headers", ()), VERIFIED)
        answer = super().send(method, PATHS.get(path, path), **request)
        return replace(answer, status=303) if answer.status == 302 else answer  # a browser goes on from both alike


class KeycloakClient(Fintech):
    """A client that knows Keycloak's issuer and its paths."""

    def assertion(self, **claims: Any) -> str:
        return super().assertion(**{"aud": OWN_ISSUER, **claims})

    def proof(self, method: str, path: str, **claims: Any) -> str:
        return super().proof(method, path, **{"htu": ISSUER + PATHS[path], **claims})


class KeycloakJar(Jar):
    """A browser at Keycloak, whose login is two pages: a password's, and a one-time code's."""

    def sign_in(self, page: Answer, typed: Mapping[str, str]) -> Answer:
        second = self._posted(page, username=typed["username"], password=typed["password"])
        taken = self.taken
        answer = self._posted(second, otp=typed["otp"])
        self.taken += taken
        return answer

    def agree(self, page: Answer) -> Answer:
        return self._posted(page, accept="")

    def _posted(self, page: Answer, **typed: str) -> Answer:
        inputs = [of for tag, of in elements(page.text) if tag == "input" and of.get("type") == "hidden"]
        return self._kept("POST", page.form_action, {of["name"]: of.get("value", "") for of in inputs} | typed)
