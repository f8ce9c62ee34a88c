"""What every test may ask for: a bank on AWS's stand-in, and fintechs that are its clients."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher

import tests.botocore_once
import tests.jwskate_once
import tests.rsa_keys_once  # noqa: F401
from chalicelib import vocabulary
from chalicelib.jobs import publish_keys
from chalicelib.users import password
from tests.actors import Bank, Fintech, certificate, der, ec_key, jwk, rsa_key, secret_of
from tests.aws_calls.plugin import pytest_sessionstart as pytest_sessionstart
from tests.aws_in_process import aws as standin
from tests.bank_snapshot import Beginning
from tests.frugal import pytest_collection as pytest_collection
from tests.frugal import pytest_collection_modifyitems as pytest_collection_modifyitems
from tests.frugal import pytest_unconfigure as pytest_unconfigure
from tests.ids import pytest_make_parametrize_id as pytest_make_parametrize_id
from tests.order import pytest_sessionfinish as pytest_sessionfinish
from tests.revocation_world import World
from tests.summary import pytest_configure as pytest_configure
from tests.summary import pytest_terminal_summary as pytest_terminal_summary
from tests.worker_groups import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler

STANDARD = {
    "client_name": "Fintech",
    "profile": "fapi2-security",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile email accounts",
    "redirect_uris": ["https://fintech.example/callback", "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum"],
    "tls_client_certificate_bound_access_tokens": True,
}
FAPI1 = {
    **STANDARD,
    "token_endpoint_auth_method": "private_key_jwt",
    "scope": "openid profile email accounts payments",
}
DPOP = {
    **STANDARD,
    "token_endpoint_auth_method": "private_key_jwt",
    "tls_client_certificate_bound_access_tokens": False,
    "dpop_bound_access_tokens": True,
}
BASELINE = {**STANDARD, "profile": "fapi1-baseline", "tls_client_certificate_bound_access_tokens": False}


@pytest.fixture(scope="session")
def begin_again() -> Iterator[Beginning]:
    """A function that gives the bank as every test finds it: one stand-in for the whole run, put back to its beginning."""
    with standin.running() as (stand, environment):
        bank = Bank(environment)
        publish_keys.run(bank.aws)
        bank.aws.one_time_code_secrets.renew()
        for client in CLIENTS.values():
            bank.register(**client())
        yield Beginning(stand, bank)


@pytest.fixture(autouse=True)
def its_words() -> None:
    """The library's words alone: a process has one vocabulary, and another module's bank may have set its own."""
    vocabulary.use(vocabulary.Vocabulary())


@pytest.fixture
def bank(begin_again: Beginning) -> Bank:
    """The provider with its clients, its clock at NOW, nothing on the web and nothing of another test."""
    return begin_again()


@pytest.fixture
def revocation(bank: Bank, begin_again: Beginning) -> World:
    """The bank with the CRLs of an authority, and a client of it."""
    return World(bank, begin_again.files)


@pytest.fixture
def light_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at the least cost that argon2 takes; what it is in truth is shown in people/test_password.py."""
    light = replace(password.ARGON2, memory_cost=8)
    monkeypatch.setattr(password, "_HASHER", PasswordHasher.from_parameters(light))
    monkeypatch.setattr(password, "DUMMY_HASH", password.DUMMY_HASH.replace(f"m={password.ARGON2.memory_cost}", "m=8"))


@pytest.fixture
def fintech(bank: Bank) -> Fintech:
    """A client that authenticates by private_key_jwt (PS256)."""
    return Fintech(bank, "fintech", "private_key_jwt", rsa_key("fintech"), "PS256", certificate("fintech"))


@pytest.fixture
def rival(bank: Bank) -> Fintech:
    """Another client of the same kind (ES256)."""
    return Fintech(bank, "rival", "private_key_jwt", ec_key("rival-key"), "ES256", certificate("rival"))


@pytest.fixture
def tls_client_auth_client(bank: Bank) -> Fintech:
    """A client that authenticates by its certificate's subject DN."""
    return Fintech(bank, "tls-client-auth", "tls_client_auth", None, "", certificate("tls-client-auth"))


@pytest.fixture
def self_signed_client(bank: Bank) -> Fintech:
    """A client that authenticates by a certificate of its JWK Set."""
    return Fintech(bank, "self-signed", "self_signed_tls_client_auth", None, "", certificate("self-signed"))


@pytest.fixture
def resource_server(bank: Bank) -> Fintech:
    """A protected resource: it may introspect, and nothing else. It serves the scope accounts."""
    return Fintech(bank, "resource-server", "tls_client_auth", None, "", certificate("resource-server"))


@pytest.fixture
def dpop_client(bank: Bank) -> Fintech:
    """A client that authenticates by private_key_jwt and has its tokens bound to a DPoP key. It has no certificate."""
    return Fintech(bank, "dpop", "private_key_jwt", rsa_key("dpop"), "PS256", None, ec_key("proofs"))


@pytest.fixture
def dpop_nonce_client(dpop_client: Fintech) -> Fintech:
    """Another of the kind, whose proofs must carry a nonce."""
    return dpop_client.with_(client_id="dpop-nonce")


def _fapi1(bank: Bank, name: str, **more: Any) -> Fintech:
    """A client of a FAPI 1.0 profile, registered anew."""
    bank.register(**FAPI1 | {"client_id": name, "jwks": {"keys": [jwk(rsa_key(name))]}} | more)
    return Fintech(bank, name, "private_key_jwt", rsa_key(name), "PS256", certificate(name))


@pytest.fixture
def fapi1_advanced_client(bank: Bank) -> Fintech:
    """A client of FAPI 1.0 Advanced, by private_key_jwt, its tokens bound to its certificate."""
    return _fapi1(bank, "advanced", profile="fapi1-advanced")


@pytest.fixture
def fapi1_read_write_client(bank: Bank) -> Fintech:
    """A client of the Read and Write draft."""
    return _fapi1(bank, "read-write", profile="fapi1-read-write")


@pytest.fixture
def fapi1_read_write_loa3_client(fapi1_read_write_client: Fintech, monkeypatch: pytest.MonkeyPatch) -> Fintech:
    """The same, at a bank whose people reach by password and code what the draft asks for."""
    monkeypatch.setattr(
        fapi1_read_write_client.bank.aws, "settings", fapi1_read_write_client.bank.settings._replace(otp_level="3")
    )
    return fapi1_read_write_client


@pytest.fixture
def fapi1_baseline_client(bank: Bank) -> Fintech:
    """A confidential client of FAPI 1.0 Baseline, by private_key_jwt."""
    return _fapi1(bank, "baseline", profile="fapi1-baseline")


@pytest.fixture
def fapi1_bearer_client(bank: Bank) -> Fintech:
    """A client of FAPI 1.0 that authenticates by private_key_jwt and shows no certificate."""
    return Fintech(bank, "fapi1-bearer", "private_key_jwt", rsa_key("fapi1-bearer"), "PS256", None)


@pytest.fixture
def client_secret_jwt_client(bank: Bank) -> Fintech:
    """A client of FAPI 1.0 that authenticates by client_secret_jwt (HS256) and shows no certificate."""
    return Fintech(bank, "client-secret-jwt", "client_secret_jwt", secret_of("client-secret-jwt"), "HS256", None)


@pytest.fixture
def public_client(bank: Bank) -> Fintech:
    """A public client of FAPI 1.0, which only reads and whose tokens are bound to nothing."""
    return Fintech(bank, "public", "none", None, "", None, scope="openid accounts")


@pytest.fixture
def public_dpop_client(bank: Bank) -> Fintech:
    """A public client of FAPI 1.0 that writes, so that all it gets is bound to its DPoP key."""
    return Fintech(
        bank, "public-dpop", "none", None, "", None, ec_key("public-dpop-proofs"), scope="openid accounts payments"
    )


@pytest.fixture(params=["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"])
def each_client(
    request: pytest.FixtureRequest, fintech: Fintech, tls_client_auth_client: Fintech, self_signed_client: Fintech
) -> Fintech:
    """A client of each way of authenticating, one after the other."""
    return next(one for one in (fintech, tls_client_auth_client, self_signed_client) if one.auth == request.param)


CLIENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "fintech": lambda: {
        **STANDARD,
        "client_id": "fintech",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(rsa_key("fintech"))]},
    },
    "rival": lambda: {
        **STANDARD,
        "client_id": "rival",
        "token_endpoint_auth_method": "private_key_jwt",
        "id_token_signed_response_alg": "ES256",
        "jwks": {"keys": [jwk(ec_key("rival-key"))]},
    },
    "tls-client-auth": lambda: {
        **STANDARD,
        "client_id": "tls-client-auth",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=tls-client-auth,O=Fintech\\, Inc.,C=DE",
    },
    "self-signed": lambda: {
        **STANDARD,
        "client_id": "self-signed",
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {
            "keys": [
                jwk(ec_key("self-signed"), x5c=[b64encode(der(certificate("self-signed"))).decode()]),
            ]
        },
    },
    "dpop": lambda: {
        **DPOP,
        "client_id": "dpop",
        "jwks": {"keys": [jwk(rsa_key("dpop"))]},
    },
    "dpop-nonce": lambda: {
        **DPOP,
        "client_id": "dpop-nonce",
        "jwks": {"keys": [jwk(rsa_key("dpop"))]},
        "dpop_nonce_required": True,
    },
    "fapi1-bearer": lambda: {
        **BASELINE,
        "client_id": "fapi1-bearer",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(rsa_key("fapi1-bearer"))]},
    },
    "client-secret-jwt": lambda: {
        **BASELINE,
        "client_id": "client-secret-jwt",
        "token_endpoint_auth_method": "client_secret_jwt",
    },
    "public": lambda: {
        **BASELINE,
        "client_id": "public",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid accounts",
        "token_endpoint_auth_method": "none",
    },
    "public-dpop": lambda: {
        **BASELINE,
        "client_id": "public-dpop",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid accounts payments",
        "token_endpoint_auth_method": "none",
        "dpop_bound_access_tokens": True,
    },
    "resource-server": lambda: {
        "client_id": "resource-server",
        "client_name": "Accounts API",
        "profile": "fapi2-security",
        "grant_types": [],
        "protected_resources": ["https://api.bank.example"],
        "scope": "accounts",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=resource-server,O=Fintech\\, Inc.,C=DE",
    },
}
