"""A certificate in the truststore for itself says that an authority issued it, in another client's name (RFC 8705 7.4)."""

from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography import x509

from chalicelib.errors import InvalidClientMetadata
from tests.actors import AUTHORITY, certificate, der, ec_key, jwk
from tests.conftest import CLIENTS

VICTIM = (x509.DNSName("tls-client-auth.example"),)
ITSELF = certificate("own", subject=x509.Name.from_rfc4514_string(AUTHORITY), issuer=AUTHORITY, names=VICTIM)
FORGED = certificate("own", issuer=AUTHORITY, names=VICTIM)
"""Both are signed by their own key; none can issue another."""


def own_client(pem):
    return CLIENTS["self-signed"]() | {"jwks": {"keys": [jwk(ec_key("own"), x5c=[b64encode(der(pem)).decode()])]}}


@pytest.mark.clause("RFC8705-7.4")
@pytest.mark.parametrize("pem", [ITSELF, FORGED], ids=["by-itself", "by-another"])
def test_a_clients_own_certificate_is_of_no_authority_that_names_clients(bank, self_signed_client, pem):
    """Registered, it went into the truststore, and there nobody looks at who signed it."""
    with pytest.raises(InvalidClientMetadata, match="client_authorities"):
        bank.register(**own_client(pem))
    before = bank.aws.clients.find("self-signed", now=bank.now)
    bank.aws.clients.put(replace(before, jwks=own_client(pem)["jwks"]))  # as it may be published at a jwks_uri
    own = self_signed_client.with_(certificate=pem)
    assert own.post("/token", grant_type="client_credentials").error == "invalid_client"
    bank.aws.settings = bank.settings._replace(client_authorities="[]")  # where nobody names a client, it harms nobody
    assert own.post("/token", grant_type="client_credentials").status == 200
    bank.register(**own_client(pem))


@pytest.mark.clause("RFC8705-7.4")
def test_who_names_themselves_as_issuer_is_no_client_of_that_authority(bank, tls_client_auth_client):
    """Its subject and issuer are the authority's, and the name in it is another client's: it was that client."""
    record = CLIENTS["tls-client-auth"]() | {"tls_client_auth_san_dns": "tls-client-auth.example"}
    record.pop("tls_client_auth_subject_dn")
    bank.register(**record)
    bank.now += 60
    thief = tls_client_auth_client.with_(certificate=ITSELF)
    assert thief.post("/token", grant_type="client_credentials").error == "invalid_client"
    issued = tls_client_auth_client.with_(certificate=certificate("client", names=VICTIM))
    assert issued.post("/token", grant_type="client_credentials").status == 200
