"""One truststore for two methods: a certificate that is there for itself issues others, or any authority names a client."""

from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography import x509

from chalicelib.client_registration import register
from chalicelib.errors import InvalidClientMetadata
from tests.actors import AUTHORITY, certificate, der, ec_key, jwk
from tests.conftest import CLIENTS

OTHER = "CN=Other CA,O=Example Trust,C=DE"


def usage(*, signs):
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(names, False),
    )


ISSUING = {
    "CA:TRUE": (x509.BasicConstraints(ca=True, path_length=None),),
    "keyCertSign": (usage(signs=True),),
    "both": (x509.BasicConstraints(ca=True, path_length=0), usage(signs=True)),
    "Netscape": (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), b"\x03\x02\x02\x04"),),
}


def set_of(pem, key=None):
    return {"keys": [jwk(key or ec_key("self-signed"), x5c=[b64encode(der(pem)).decode()])]}


@pytest.mark.fault("1c")
@pytest.mark.clause("RFC8705-7.4")
def test_an_issuer_that_stands_in_the_truststore_for_itself_names_no_client(tls_client_auth_client):
    """OpenSSL made a client's own certificate CA:TRUE; it issued CN=anyone, and was any client of tls_client_auth."""
    for issuer in ("CN=self-signed,O=Fintech\\, Inc.,C=DE", OTHER, "C=DE,O=Example Trust,CN=Issuing CA"):
        posing = tls_client_auth_client.with_(certificate=certificate("tls-client-auth", issuer=issuer))
        assert posing.post("/token", grant_type="client_credentials").error == "invalid_client"
    spelt = certificate("tls-client-auth", issuer="CN=issuing  ca,O=EXAMPLE TRUST,C=DE")
    same = tls_client_auth_client.with_(certificate=spelt)
    assert same.post("/token", grant_type="client_credentials").status == 200


@pytest.mark.fault("1c")
def test_where_no_authority_may_name_clients_none_does(tls_client_auth_client):
    """The setting is left out, empty, or can't be read: nobody is believed."""
    for setting in ("[]", "", "unused", "{}", '["=="]', "[1]"):
        tls_client_auth_client.bank.aws.settings = tls_client_auth_client.bank.settings._replace(
            client_authorities=setting
        )
        assert tls_client_auth_client.post("/token", grant_type="client_credentials").error == "invalid_client"


@pytest.mark.fault("1c")
@pytest.mark.clause("RFC8705-2.1.2")
def test_a_client_may_pin_its_issuer(bank, tls_client_auth_client):
    """Any authority of the truststore could name any other's client; a record may say whose certificates are its own."""
    bank.aws.settings = bank.settings._replace(client_authorities=f'["{AUTHORITY}", "{OTHER}"]')
    others = tls_client_auth_client.with_(certificate=certificate("tls-client-auth", issuer=OTHER))
    assert others.post("/token", grant_type="client_credentials").status == 200
    bank.register(
        **CLIENTS["tls-client-auth"]() | {"tls_client_auth_issuer_dn": "C=DE, O=Example Trust, CN=Issuing CA"}
    )
    bank.now += 60
    assert others.post("/token", grant_type="client_credentials").error == "invalid_client"
    assert tls_client_auth_client.post("/token", grant_type="client_credentials").status == 200


@pytest.mark.fault("1c")
def test_a_pinned_issuer_is_a_name_and_for_certificates_of_an_authority_alone(bank):
    for of, issuer in (
        ("tls-client-auth", "XX=1"),
        ("tls-client-auth", 7),
        ("fintech", AUTHORITY),
        ("self-signed", AUTHORITY),
    ):
        with pytest.raises(InvalidClientMetadata, match="tls_client_auth_issuer_dn"):
            register(CLIENTS[of]() | {"tls_client_auth_issuer_dn": issuer}, bank.aws, bytes)


@pytest.mark.fault("1c")
def test_a_client_that_no_authority_may_name_is_not_registered(bank):
    """Nothing unusable is registered: its requests would all be refused."""
    record = CLIENTS["tls-client-auth"]()
    with pytest.raises(InvalidClientMetadata, match="not one of this deployment's"):
        bank.register(**record | {"tls_client_auth_issuer_dn": OTHER})
    for setting in ("[]", "unused"):
        bank.aws.settings = bank.settings._replace(client_authorities=setting)
        with pytest.raises(InvalidClientMetadata, match="lists no authority"):
            bank.register(**record)


@pytest.mark.fault("1c")
@pytest.mark.clause("RFC8705-2.2.2")
@pytest.mark.parametrize("extensions", ISSUING.values(), ids=ISSUING)
def test_a_clients_own_certificate_can_issue_no_other(bank, self_signed_client, extensions):
    """Neither registered nor, where it is published or was registered before, taken at the handshake."""
    pem = certificate("self-signed", extensions=extensions)
    with pytest.raises(InvalidClientMetadata, match="can issue others"):
        bank.register(**CLIENTS["self-signed"]() | {"jwks": set_of(pem)})
    before = bank.aws.clients.find("self-signed", now=bank.now)
    bank.aws.clients.put(replace(before, jwks=set_of(pem)))
    own = self_signed_client.with_(certificate=pem)
    assert own.post("/token", grant_type="client_credentials").error == "invalid_client"
    harmless = certificate(
        "self-signed", extensions=(x509.BasicConstraints(ca=False, path_length=None), usage(signs=False))
    )
    bank.register(**CLIENTS["self-signed"]() | {"jwks": set_of(harmless)})
    assert self_signed_client.with_(certificate=harmless).post("/token", grant_type="client_credentials").status == 200


@pytest.mark.fault("1c")
@pytest.mark.clause("RFC7517-4.7")
def test_a_certificate_of_another_key_than_its_jwk_is_not_the_clients(bank, self_signed_client):
    """The key in the first certificate MUST match the public key that the other members are of."""
    pem = certificate("self-signed")
    mixed = set_of(pem, ec_key("another"))
    with pytest.raises(InvalidClientMetadata):
        bank.register(**CLIENTS["self-signed"]() | {"jwks": mixed})
    before = bank.aws.clients.find("self-signed", now=bank.now)
    bank.aws.clients.put(replace(before, jwks=mixed))
    assert self_signed_client.post("/token", grant_type="client_credentials").error == "invalid_client"
