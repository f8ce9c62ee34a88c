"""What every test may ask for: a bank on AWS's stand-in, and fintechs that are its clients."""

from base64 import b64encode
from dataclasses import replace

import pytest

from chalicelib.jobs import publish_keys
from local import aws
from tests.actors import NOW, Bank, Fintech, certificate, der, ec_key, jwk, rsa_key, secret_of

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
def _running():
    """One stand-in for the whole run: what a test needs fresh, it makes itself."""
    with aws.in_process() as environment:
        bank = Bank(environment)
        publish_keys.run(bank.aws)
        for client in CLIENTS.values():
            bank.register(**client())
        yield bank


@pytest.fixture
def bank(_running, monkeypatch):
    """The provider, its clock at NOW, and nothing on the web. What people agree to in a test is forgotten after it."""
    agreed, remember = set(), _running.aws.agreements.remember

    def noted(sub, client_id, *what, **more):
        agreed.add((sub, client_id))
        remember(sub, client_id, *what, **more)

    monkeypatch.setattr(_running.aws.agreements, "remember", noted)
    _running.now = NOW
    _running.web.__init__()
    _running.aws.published_keys.__init__(_running.web)
    yield _running
    for sub, client_id in agreed:
        _running.aws.agreements.forget(sub, client_id)


@pytest.fixture
def fintech(bank):
    """A client that authenticates by private_key_jwt (PS256)."""
    return Fintech(bank, "fintech", "private_key_jwt", rsa_key("fintech"), "PS256", certificate("fintech"))


@pytest.fixture
def rival(bank):
    """Another client of the same kind (ES256)."""
    return Fintech(bank, "rival", "private_key_jwt", ec_key("rival-key"), "ES256", certificate("rival"))


@pytest.fixture
def named(bank):
    """A client that authenticates by its certificate's subject DN."""
    return Fintech(bank, "named", "tls_client_auth", None, "", certificate("named"))


@pytest.fixture
def self_signed(bank):
    """A client that authenticates by a certificate of its JWK Set."""
    return Fintech(bank, "self-signed", "self_signed_tls_client_auth", None, "", certificate("self-signed"))


@pytest.fixture
def resource(bank):
    """A protected resource: it may introspect, and nothing else. It serves the scope accounts."""
    return Fintech(bank, "resource", "tls_client_auth", None, "", certificate("resource"))


@pytest.fixture
def dpop_fintech(bank):
    """A client that authenticates by private_key_jwt and has its tokens bound to a DPoP key. It has no certificate."""
    return Fintech(bank, "dpop-fintech", "private_key_jwt", rsa_key("dpop-fintech"), "PS256", None, ec_key("proofs"))


@pytest.fixture
def nonce_fintech(dpop_fintech):
    """Another of the kind, whose proofs must carry a nonce."""
    return dpop_fintech.with_(client_id="nonce-fintech")


def _fapi1(bank, name, **more):
    """A client of a FAPI 1.0 profile, registered anew."""
    bank.register(**FAPI1 | {"client_id": name, "jwks": {"keys": [jwk(rsa_key(name))]}} | more)
    return Fintech(bank, name, "private_key_jwt", rsa_key(name), "PS256", certificate(name))


@pytest.fixture
def advanced(bank):
    """A client of FAPI 1.0 Advanced, by private_key_jwt, its tokens bound to its certificate."""
    return _fapi1(bank, "advanced", profile="fapi1-advanced")


@pytest.fixture
def read_write(bank):
    """A client of the Read and Write draft."""
    return _fapi1(bank, "read-write", profile="fapi1-read-write")


@pytest.fixture
def reader(read_write, monkeypatch):
    """The same, at a bank whose people reach by password and code what the draft asks for."""
    monkeypatch.setattr(read_write.bank.aws, "settings", replace(read_write.bank.settings, otp_level="3"))
    return read_write


@pytest.fixture
def baseline(bank):
    """A confidential client of FAPI 1.0 Baseline, by private_key_jwt."""
    return _fapi1(bank, "baseline", profile="fapi1-baseline")


@pytest.fixture
def by_key(bank):
    """A client of FAPI 1.0 that authenticates by private_key_jwt and shows no certificate."""
    return Fintech(bank, "by-key", "private_key_jwt", rsa_key("by-key"), "PS256", None)


@pytest.fixture
def secretive(bank):
    """A client of FAPI 1.0 that authenticates by client_secret_jwt (HS256) and shows no certificate."""
    return Fintech(bank, "secretive", "client_secret_jwt", secret_of("secretive"), "HS256", None)


@pytest.fixture
def app_client(bank):
    """A public client of FAPI 1.0, which only reads and whose tokens are bound to nothing."""
    return Fintech(bank, "app", "none", None, "", None, scope="openid accounts")


@pytest.fixture
def payer(bank):
    """A public client of FAPI 1.0 that writes, so that all it gets is bound to its DPoP key."""
    return Fintech(bank, "payer", "none", None, "", None, ec_key("payer-proofs"), scope="openid accounts payments")


@pytest.fixture(params=["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"])
def each_client(request, fintech, named, self_signed):
    """A client of each way of authenticating, one after the other."""
    return next(one for one in (fintech, named, self_signed) if one.auth == request.param)


CLIENTS = {
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
    "named": lambda: {
        **STANDARD,
        "client_id": "named",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=named,O=Fintech\\, Inc.,C=DE",
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
    "dpop-fintech": lambda: {
        **DPOP,
        "client_id": "dpop-fintech",
        "jwks": {"keys": [jwk(rsa_key("dpop-fintech"))]},
    },
    "nonce-fintech": lambda: {
        **DPOP,
        "client_id": "nonce-fintech",
        "jwks": {"keys": [jwk(rsa_key("dpop-fintech"))]},
        "dpop_nonce_required": True,
    },
    "by-key": lambda: {
        **BASELINE,
        "client_id": "by-key",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(rsa_key("by-key"))]},
    },
    "secretive": lambda: {
        **BASELINE,
        "client_id": "secretive",
        "token_endpoint_auth_method": "client_secret_jwt",
    },
    "app": lambda: {
        **BASELINE,
        "client_id": "app",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid accounts",
        "token_endpoint_auth_method": "none",
    },
    "payer": lambda: {
        **BASELINE,
        "client_id": "payer",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid accounts payments",
        "token_endpoint_auth_method": "none",
        "dpop_bound_access_tokens": True,
    },
    "resource": lambda: {
        "client_id": "resource",
        "client_name": "Accounts API",
        "profile": "fapi2-security",
        "grant_types": [],
        "scope": "accounts",
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=resource,O=Fintech\\, Inc.,C=DE",
    },
}
