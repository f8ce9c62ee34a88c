"""RFC 8705: clients known by their TLS certificate, and tokens that are good only beside one."""

from base64 import b64encode
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from chalicelib.errors import InvalidClientMetadata
from tests.actors import ISSUER, MTLS, NOW, Fintech, certificate, der, ec_key, jwk, rsa_key, x5t_s256
from tests.conftest import STANDARD
from tests.each import each

WITH_CERTIFICATES = {
    "/par": lambda client: client.request_arguments(),
    "/token": lambda client: {"grant_type": "client_credentials"},
    "/introspect": lambda client: {"token": "nothing"},
    "/revoke": lambda client: {"token": "nothing"},
}
"""Every endpoint that a client authenticates at, and a request that it may send there."""

NAMES = {
    "san_dns": ("Client.Fintech.Example", x509.DNSName("client.fintech.example")),
    "san_uri": ("urn:fintech:client", x509.UniformResourceIdentifier("urn:fintech:client")),
    "san_ip": ("2001:db8::7", x509.IPAddress(ip_address("2001:0db8:0:0:0:0:0:7"))),
    "san_email": ("Client@Fintech.Example", x509.RFC822Name("Client@fintech.example")),
}
"""Each kind of subject alternative name: what a client registers, and what its certificate carries."""

OTHER_NAMES = {
    "san_dns": [
        x509.DNSName("other.fintech.example"),
        x509.DNSName("*.fintech.example"),
        x509.DNSName("fintech.example"),
        x509.DNSName("client.fintech.example.evil.example"),
        x509.UniformResourceIdentifier("client.fintech.example"),
        x509.RFC822Name("client.fintech.example"),
    ],
    "san_uri": [
        x509.UniformResourceIdentifier("urn:fintech:client2"),
        x509.UniformResourceIdentifier("urn:fintech:CLIENT"),
        x509.DNSName("urn:fintech:client"),
    ],
    "san_ip": [x509.IPAddress(ip_address("2001:db8::8")), x509.DNSName("2001:db8::7")],
    "san_email": [
        x509.RFC822Name("client@fintech.example"),
        x509.RFC822Name("Client@other.example"),
        x509.RFC822Name("fintech.example"),
        x509.DNSName("Client@fintech.example"),
    ],
}
"""Of each kind, names that are another's."""


@pytest.fixture(params=WITH_CERTIFICATES)
def send_request(request):
    """A client's request to each endpoint, one after the other, with the certificate given."""
    return lambda client, shown: client.post(
        request.param, certificate=shown, **WITH_CERTIFICATES[request.param](client)
    )


def push(client, shown):
    return client.post("/par", certificate=shown, **client.request_arguments())


def accepted(answer):
    assert answer.status in (200, 201), answer.text
    return True


def refused(answer):
    assert (answer.status, answer.error) == (401, "invalid_client"), answer.text
    assert answer.json()["error_description"] == "client authentication failed"
    return True


def unfit(answer):
    """Whether a resource refused the token, not the caller."""
    assert (answer.status, answer.error) == (401, "invalid_token"), answer.text
    assert 'error="invalid_token"' in answer.header("www-authenticate")
    return True


def denied(policy):
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    return policy["context"]["error"]


def named_by(bank, client_id, **metadata):
    """A client that tls_client_auth knows by the name given."""
    bank.register(**STANDARD, client_id=client_id, token_endpoint_auth_method="tls_client_auth", **metadata)
    return Fintech(bank, client_id, "tls_client_auth", None, "", "")


def subject(*attributes):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


# 2: who the client is.


@pytest.mark.clause("RFC8705-2")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-6")
def test_2_a_client_is_known_by_its_certificate_at_every_endpoint(
    send_request, tls_client_auth_client, self_signed_client
):
    """Certificate and registered client together authenticate it, by either method."""
    assert accepted(send_request(tls_client_auth_client, tls_client_auth_client.certificate))
    assert accepted(send_request(self_signed_client, self_signed_client.certificate))


@pytest.mark.clause("RFC8705-2")
def test_2_without_a_certificate_nobody_is_known(send_request, tls_client_auth_client, self_signed_client):
    """For a client of either method, a connection without a certificate proves nothing."""
    assert refused(send_request(tls_client_auth_client, None))
    assert refused(send_request(self_signed_client, None))


@pytest.mark.clause("RFC8705-2")
def test_2_client_id_must_be_sent(tls_client_auth_client, self_signed_client):
    """The client includes client_id in every request: a certificate alone does not say who is meant."""
    for client in (tls_client_auth_client, self_signed_client):
        assert refused(client.post("/par", **client.request_arguments(client_id=None)))


@pytest.mark.clause("RFC8705-2")
def test_2_client_id_says_whose_certificate_is_expected(send_request, tls_client_auth_client, self_signed_client):
    """The certificate must be the one expected of that very client; another registered client's is not."""
    assert refused(send_request(tls_client_auth_client, self_signed_client.certificate))
    assert refused(send_request(self_signed_client, tls_client_auth_client.certificate))
    assert refused(
        send_request(tls_client_auth_client.with_(client_id="resource-server"), tls_client_auth_client.certificate)
    )


@pytest.mark.clause("RFC8705-2")
def test_2_a_client_of_another_method_is_not_known_by_its_certificate(send_request, fintech):
    """The method is the registered one: a client of private_key_jwt is not authenticated by a certificate."""
    only_certificate = fintech.with_(auth="tls_client_auth")
    assert refused(send_request(only_certificate, fintech.certificate))


@pytest.mark.clause("RFC8705-2")
@each(
    "pem",
    [
        "x",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n\N{SNOWMAN}\n-----END CERTIFICATE-----\n",
        "\x00",
    ],
)
def test_2_what_is_no_certificate_is_refused(send_request, tls_client_auth_client, self_signed_client, pem):
    """A certificate that can't be read proves nothing, and makes nothing fail."""
    assert refused(send_request(tls_client_auth_client, pem))
    assert refused(send_request(self_signed_client, pem))


@pytest.mark.clause("RFC8705-2.1")
@pytest.mark.parametrize(("days", "begins"), [(1, NOW - 2 * 86_400), (400, NOW + 1)])
def test_2_1_a_certificate_outside_its_time_is_refused(tls_client_auth_client, days, begins):
    """A valid chain is one of valid certificates: neither expired nor of the future."""
    assert refused(push(tls_client_auth_client, certificate("tls-client-auth", days=days, begins=begins)))


@pytest.mark.clause("RFC8705-2.1")
def test_2_1_a_certificate_is_good_from_its_first_second_to_its_last(bank, tls_client_auth_client):
    """RFC 5280 4.1.2.5: its time is from notBefore through notAfter."""
    shown = certificate("tls-client-auth", days=1, begins=NOW)
    assert accepted(push(tls_client_auth_client, shown))
    bank.now = NOW + 86_400
    assert accepted(push(tls_client_auth_client, shown))
    bank.now += 1
    assert refused(push(tls_client_auth_client, shown))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-2")
def test_2_1_a_certificate_with_a_short_key_is_refused(tls_client_auth_client):
    """RSA keys have 2048 bits or more."""
    assert refused(
        push(tls_client_auth_client, certificate("tls-client-auth", key=rsa_key("tls-client-auth-short", 1024)))
    )
    assert accepted(push(tls_client_auth_client, certificate("tls-client-auth", key=rsa_key("tls-client-auth-long"))))


# 2.1: by a name.


@pytest.mark.clause("RFC8705-2.1")
def test_2_1_who_issued_the_certificate_or_when_does_not_matter(tls_client_auth_client):
    """The PKI method knows the subject: any valid certificate that carries the registered name will do."""
    assert accepted(push(tls_client_auth_client, certificate("tls-client-auth", key=ec_key("tls-client-auth-renewed"))))


@pytest.mark.clause("RFC8705-2.1.2")
@each(
    "written",
    [
        "CN=dn-client,O=Fintech\\, Inc.,C=DE",
        "cn=DN-Client,o=fintech\\, inc.,c=de",
        "CN=dn-client,O=Fintech\\2c Inc.,C=DE",
        "CN=dn-client,O=\\46intech\\,  Inc.,C=DE",
        "2.5.4.3=dn-client,2.5.4.10=Fintech\\, Inc.,2.5.4.6=DE",
        "CN=#0c09646e2d636c69656e74,O=Fintech\\, Inc.,C=DE",
    ],
)
def test_2_1_2_a_subject_dn_is_compared_as_a_name_not_as_a_text(bank, written):
    """tls_client_auth_subject_dn is the DN in RFC 4514's string form, of which one name has many."""
    client = named_by(bank, "dn-client", tls_client_auth_subject_dn=written)
    assert accepted(push(client, certificate("dn-client")))


@pytest.mark.clause("RFC8705-2.1.2")
@each(
    "other",
    [
        subject((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Fintech, Inc.")),
        subject(
            (NameOID.COMMON_NAME, "tls-client-auth"),
            (NameOID.ORGANIZATION_NAME, "Fintech, Inc."),
            (NameOID.COUNTRY_NAME, "DE"),
        ),
        subject(
            (NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Fintech, Inc."), (NameOID.COMMON_NAME, "named2")
        ),
        subject(
            (NameOID.COUNTRY_NAME, "FR"),
            (NameOID.ORGANIZATION_NAME, "Fintech, Inc."),
            (NameOID.COMMON_NAME, "tls-client-auth"),
        ),
        subject((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Fintech, Inc.,CN=tls-client-auth")),
        subject(
            (NameOID.COUNTRY_NAME, "DE"),
            (NameOID.ORGANIZATION_NAME, "Fintech, Inc."),
            (NameOID.COMMON_NAME, "tls-client-auth,O=Fintech\\, Inc.,C=DE"),
        ),
        subject(
            (NameOID.COUNTRY_NAME, "DE"),
            (NameOID.ORGANIZATION_NAME, "Fintech, Inc."),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "Other"),
            (NameOID.COMMON_NAME, "tls-client-auth"),
        ),
        subject(
            (NameOID.COUNTRY_NAME, "DE"),
            (NameOID.ORGANIZATION_NAME, "Fintech, Inc."),
            (NameOID.SURNAME, "tls-client-auth"),
        ),
        subject(),
    ],
)
def test_2_1_2_another_subject_dn_is_another_client(tls_client_auth_client, other):
    """More, fewer, other or reordered attributes, or a name that only looks alike when written, are another subject."""
    assert refused(push(tls_client_auth_client, certificate("tls-client-auth", subject=other)))


@pytest.mark.clause("RFC8705-2.1.2")
def test_2_1_2_a_subject_dn_may_hold_attributes_of_eidas_certificates(bank):
    """PSD2 certificates name the organization by organizationIdentifier (2.5.4.97), in whatever way that is written."""
    shown = certificate(
        "psd",
        subject=subject(
            (NameOID.COUNTRY_NAME, "DE"),
            (ObjectIdentifier("2.5.4.97"), "PSDDE-BAFIN-123456"),
            (NameOID.COMMON_NAME, "psd"),
        ),
    )
    for written in ("CN=psd,organizationIdentifier=PSDDE-BAFIN-123456,C=DE", "CN=psd,2.5.4.97=PSDDE-BAFIN-123456,C=DE"):
        client = named_by(bank, "psd", tls_client_auth_subject_dn=written)
        assert accepted(push(client, shown)), written


@pytest.mark.clause("RFC8705-2.1.2")
@pytest.mark.parametrize("kind", NAMES)
def test_2_1_2_a_client_is_known_by_one_subject_alternative_name(bank, kind):
    """A client may register a DNS name, a URI, an IP address or an email address instead of the DN."""
    registered, carried = NAMES[kind]
    client = named_by(bank, kind, **{f"tls_client_auth_{kind}": registered})
    assert accepted(push(client, certificate("anyone", names=(carried,))))
    several = (x509.DNSName("first.example"), *(other for one, other in NAMES.values() if other != carried), carried)
    assert accepted(push(client, certificate("anyone", names=several)))


@pytest.mark.clause("RFC8705-2.1.2")
@pytest.mark.parametrize(("kind", "other"), [(kind, other) for kind, others in OTHER_NAMES.items() for other in others])
def test_2_1_2_another_subject_alternative_name_is_another_client(bank, kind, other):
    """The value is exact and of its own type: no wildcard, no suffix, no name of another kind."""
    client = named_by(bank, kind, **{f"tls_client_auth_{kind}": NAMES[kind][0]})
    assert refused(push(client, certificate("anyone", names=(other,))))


@pytest.mark.clause("RFC8705-2.1.2")
@pytest.mark.parametrize("kind", NAMES)
def test_2_1_2_an_alternative_name_is_not_looked_for_in_the_subject(bank, kind):
    """A subject that reads like the registered alternative name is not that name."""
    client = named_by(bank, kind, **{f"tls_client_auth_{kind}": NAMES[kind][0]})
    assert refused(push(client, certificate(NAMES[kind][0])))


@pytest.mark.clause("RFC8705-2.1.2")
@pytest.mark.parametrize(
    "names",
    [
        {},
        {"tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a.example"},
        {"tls_client_auth_san_uri": "urn:a", "tls_client_auth_san_ip": "192.0.2.1"},
        {"tls_client_auth_subject_dn": ""},
        {"tls_client_auth_san_dns": ""},
        {"tls_client_auth_subject_dn": "no name"},
        {"tls_client_auth_subject_dn": "CN=#zz"},
        {"tls_client_auth_san_ip": "192.0.2.256"},
        {"tls_client_auth_san_dns": ["a.example"]},
    ],
)
def test_2_1_2_a_client_registers_exactly_one_readable_name(bank, names):
    """A client of tls_client_auth uses exactly one of the metadata parameters."""
    with pytest.raises(InvalidClientMetadata):
        named_by(bank, "unregistered", **names)
    assert bank.aws.clients.find("unregistered", now=NOW) is None


@pytest.mark.clause("RFC8705-2.1.2")
@pytest.mark.parametrize("method", ["private_key_jwt", "self_signed_tls_client_auth"])
def test_2_1_2_other_methods_register_no_name(bank, method):
    """A name that nobody would look at is a mistake."""
    keys = {"keys": [jwk(ec_key("self-signed"), x5c=[b64encode(der(certificate("self-signed"))).decode()])]}
    with pytest.raises(InvalidClientMetadata):
        bank.register(
            **STANDARD,
            client_id="unregistered",
            token_endpoint_auth_method=method,
            jwks=keys,
            tls_client_auth_san_dns="a.example",
        )


# 2.2: by the certificate itself.


@pytest.mark.clause("RFC8705-2.2")
def test_2_2_only_the_registered_certificate_is_the_client(send_request, self_signed_client):
    """The certificate must match one of the client's; the same name and even the same key in another one do not."""
    assert refused(send_request(self_signed_client, certificate("self-signed", key=ec_key("other-key"))))
    assert refused(send_request(self_signed_client, certificate("self-signed", days=399)))


@pytest.mark.clause("RFC8705-2.2.2")
def test_2_2_2_a_client_may_have_several_certificates_while_it_changes_them(bank):
    """Certificates stand in jwks as x5c, one a key; each is good as long as it is registered."""
    old = certificate("rotating", issuer="CN=rotating")
    new = certificate("rotating", issuer="CN=rotating", key=ec_key("rotating-new"))
    keys = [
        jwk(ec_key("rotating"), kid="old", x5c=[b64encode(der(old)).decode()]),
        jwk(ec_key("rotating-new"), kid="new", x5c=[b64encode(der(new)).decode()]),
    ]
    standard = {**STANDARD, "client_id": "rotating", "token_endpoint_auth_method": "self_signed_tls_client_auth"}
    client = Fintech(bank, "rotating", "self_signed_tls_client_auth", None, "", old)
    bank.register(**standard, jwks={"keys": keys})
    assert accepted(push(client, old))
    assert accepted(push(client, new))
    bank.register(**standard, jwks={"keys": keys[1:]})
    assert refused(push(client, old))
    assert accepted(push(client, new))


@pytest.mark.clause("RFC8705-2.2.2")
@each(
    "jwks",
    [
        None,
        {"keys": []},
        {"keys": [jwk(ec_key("self-signed"))]},
        {"keys": [jwk(ec_key("self-signed"), x5c=[])]},
        {"keys": [jwk(ec_key("self-signed"), x5c=["AAAA"])]},
        {"keys": [jwk(ec_key("self-signed"), x5c=[certificate("self-signed")])]},
    ],
)
def test_2_2_2_jwks_must_hold_the_certificates(bank, jwks):
    """A client of self_signed_tls_client_auth registers its certificates, as base64 of DER (RFC 7517 4.7)."""
    with pytest.raises(InvalidClientMetadata):
        bank.register(
            **STANDARD,
            client_id="unregistered",
            token_endpoint_auth_method="self_signed_tls_client_auth",
            jwks=jwks,
        )


# 3: tokens that are good beside one certificate alone.


@pytest.mark.clause("RFC8705-3")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-4")
def test_3_a_token_is_good_only_beside_the_certificate_that_it_was_issued_to(each_client, rival):
    """The resource compares the certificate of the TLS layer with the token's, and answers 401 invalid_token."""
    token = each_client.tokens()["access_token"]
    assert each_client.userinfo(token).status == 200
    assert "scope" in each_client.accounts(token)["context"]
    for other in (rival.certificate, certificate(each_client.client_id, days=398), None):
        assert unfit(each_client.userinfo(token, certificate=other))
        assert denied(each_client.accounts(token, certificate=other)) == "invalid_token"


@pytest.mark.clause("RFC8705-3")
@each("pem", ["x", "", "-----BEGIN CERTIFICATE-----\n\N{SNOWMAN}\n-----END CERTIFICATE-----", "\x00"])
def test_3_what_is_no_certificate_opens_nothing(tls_client_auth_client, pem):
    """Whatever cannot be compared does not match."""
    token = tls_client_auth_client.tokens()["access_token"]
    assert unfit(tls_client_auth_client.userinfo(token, certificate=pem))
    assert denied(tls_client_auth_client.accounts(token, certificate=pem)) == "invalid_token"


@pytest.mark.clause("RFC8705-3")
def test_3_the_certificate_is_the_one_of_the_tls_layer_never_of_a_header(bank, tls_client_auth_client):
    """The certificate is obtained from the TLS implementation; a header is anyone's to write (RFC 8705 6.5)."""
    token = tls_client_auth_client.tokens()["access_token"]
    names = ("X-Client-Cert", "X-SSL-Client-Cert", "X-Amzn-Mtls-Clientcert", "X-Forwarded-Client-Cert", "Client-Cert")
    written = tuple((name, tls_client_auth_client.certificate.replace("\n", "%0A")) for name in names)
    bearer = (("Authorization", f"Bearer {token}"),)
    assert unfit(bank.send("GET", "/userinfo", headers=bearer + written))
    request_parameters = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments())
    assert refused(bank.send("POST", "/par", form=request_parameters, headers=written))


@pytest.mark.clause("RFC8705-3")
def test_3_clients_own_tokens_are_bound_too(each_client, rival):
    """Whatever the grant: a token that a client got for itself is bound to its certificate."""
    each_client.bank.about_anyone()
    answer = each_client.post("/token", grant_type="client_credentials", scope="accounts")
    token = answer.json()["access_token"]
    assert "scope" in each_client.accounts(token)["context"]
    assert denied(each_client.accounts(token, certificate=rival.certificate)) == "invalid_token"
    assert denied(each_client.accounts(token, certificate=None)) == "invalid_token"


@pytest.mark.clause("RFC8705-3")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-4")
def test_3_no_token_goes_out_unbound(fintech):
    """A client that is known by its assertion and shows no certificate gets no token, and keeps its code."""
    code = fintech.code()
    answer = fintech.redeem(code, certificate=None)
    assert (answer.status, answer.error) == (400, "invalid_request")
    answer = fintech.post("/token", grant_type="client_credentials", certificate=None)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert fintech.redeem(code).status == 200


@pytest.mark.clause("RFC8705-3")
def test_3_token_type_is_bearer(each_client):
    """A certificate-bound token is used as RFC 6750 says; its token_type is Bearer."""
    assert each_client.tokens()["token_type"] == "Bearer"


# 3.1, 3.2: x5t#S256.


@pytest.mark.clause("RFC8705-3.1")
@pytest.mark.clause("RFC8705-3.2")
def test_3_2_introspection_tells_the_certificates_thumbprint(each_client):
    """cnf has x5t#S256: base64url without padding of SHA-256 of the certificate's DER."""
    tokens = each_client.tokens()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert each_client.introspect(token).json()["cnf"] == {"x5t#S256": x5t_s256(each_client.certificate)}


@pytest.mark.clause("RFC8705-3.2")
def test_3_2_a_resource_learns_it_too(fintech, resource_server):
    """A protected resource that asks about a token can compare the certificate itself."""
    disclosed = resource_server.introspect(fintech.tokens()["access_token"]).json()
    assert disclosed["cnf"] == {"x5t#S256": x5t_s256(fintech.certificate)}


@pytest.mark.clause("RFC8705-3.1")
@each(
    "rewritten",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.rstrip("\n"),
        lambda pem: f"\n{pem}\n\n",
        lambda pem: "-----BEGIN CERTIFICATE-----\n" + b64encode(der(pem)).decode() + "\n-----END CERTIFICATE-----",
    ],
)
def test_3_1_the_thumbprint_is_of_the_certificate_not_of_how_it_is_written(fintech, rewritten):
    """DER is what is hashed: line ends and lengths of the PEM that a gateway hands over make no difference."""
    token = fintech.tokens()["access_token"]
    assert fintech.userinfo(token, certificate=rewritten(fintech.certificate)).status == 200
    assert fintech.introspect(token).json()["cnf"] == {"x5t#S256": x5t_s256(fintech.certificate)}


# 3.3, 3.4, 5: metadata.


@pytest.mark.clause("RFC8705-3.3")
@pytest.mark.clause("RFC8705-2.1.1")
@pytest.mark.clause("RFC8705-2.2.1")
def test_3_3_metadata_says_what_is_supported(bank):
    """tls_client_certificate_bound_access_tokens is true, and both methods stand among those for each endpoint."""
    disclosed = bank.metadata()
    assert disclosed["tls_client_certificate_bound_access_tokens"] is True
    for endpoint in ("token", "introspection", "revocation"):
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(
            disclosed[f"{endpoint}_endpoint_auth_methods_supported"]
        )


@pytest.mark.clause("RFC8705-3.4")
def test_3_4_a_client_says_that_its_tokens_are_to_be_bound(bank, tls_client_auth_client):
    """tls_client_certificate_bound_access_tokens is a client's metadata; without any such constraint none registers."""
    assert bank.aws.clients.find("tls-client-auth", now=NOW).tls_client_certificate_bound_access_tokens is True
    with pytest.raises(InvalidClientMetadata):
        bank.register(
            **{**STANDARD, "tls_client_certificate_bound_access_tokens": False},
            client_id="unregistered",
            token_endpoint_auth_method="tls_client_auth",
            tls_client_auth_san_dns="a.example",
        )


@pytest.mark.clause("RFC8705-5")
def test_5_endpoints_for_certificates_have_aliases_on_a_host_that_asks_for_them(bank):
    """mtls_endpoint_aliases names endpoints that also stand at top level, and none that browsers use."""
    disclosed = bank.metadata()
    aliases = disclosed["mtls_endpoint_aliases"]
    assert aliases.keys() == {
        "token_endpoint",
        "pushed_authorization_request_endpoint",
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
    }
    for name, alias in aliases.items():
        assert disclosed[name].startswith(f"{ISSUER}/")
        assert alias == disclosed[name].replace(ISSUER, MTLS)
    assert bank.send("GET", "/.well-known/openid-configuration").json()["mtls_endpoint_aliases"] == aliases


# 6, 7: refresh, and what changes with time.


@pytest.mark.clause("RFC8705-7.1")
def test_7_1_a_refresh_token_of_a_client_with_an_assertion_is_bound_to_the_certificate(fintech, rival):
    """A refresh token can be bound to a certificate as access tokens are; another one, or none, is of no use."""
    tokens = fintech.tokens()
    for other in (rival.certificate, certificate("fintech", days=397)):
        answer = fintech.refresh(tokens["refresh_token"], certificate=other)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    answer = fintech.refresh(tokens["refresh_token"], certificate=None)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert fintech.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.clause("RFC8705-7.1")
def test_7_1_a_certificate_that_is_the_clients_proof_may_be_renewed(tls_client_auth_client):
    """Refresh tokens are bound to the client, which its certificate authenticates: a renewed one serves as well."""
    tokens = tls_client_auth_client.tokens()
    renewed = tls_client_auth_client.with_(
        certificate=certificate("tls-client-auth", key=ec_key("tls-client-auth-next"), days=396)
    )
    answer = renewed.refresh(tokens["refresh_token"])
    assert answer.status == 200
    fresh = answer.json()["access_token"]
    assert renewed.userinfo(fresh).status == 200
    assert unfit(tls_client_auth_client.userinfo(fresh))
    assert unfit(renewed.userinfo(tokens["access_token"]))
    assert tls_client_auth_client.userinfo(tokens["access_token"]).status == 200


@pytest.mark.clause("RFC8705-7.1")
def test_7_1_no_certificate_makes_another_client_of_who_refreshes(tls_client_auth_client, self_signed_client):
    """A refresh token of one client is nothing in the hands of another, certificate or not."""
    tokens = tls_client_auth_client.tokens()
    answer = self_signed_client.refresh(tokens["refresh_token"])
    assert (answer.status, answer.error) == (400, "invalid_grant")
    assert refused(tls_client_auth_client.refresh(tokens["refresh_token"], certificate=self_signed_client.certificate))


@pytest.mark.clause("RFC8705-6.3")
def test_6_3_a_refreshed_token_is_bound_to_the_certificate_that_is_shown(each_client):
    """What a refresh gives is bound as what a code gave: introspection tells the same thumbprint."""
    answer = each_client.refresh(each_client.tokens()["refresh_token"])
    disclosed = each_client.introspect(answer.json()["access_token"]).json()
    assert disclosed["cnf"] == {"x5t#S256": x5t_s256(each_client.certificate)}
