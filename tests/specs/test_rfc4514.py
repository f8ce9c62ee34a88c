"""RFC 4514: distinguished names, as certificate tools and directories print them, register and match by value."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from chalicelib.clients import distinguished_name
from chalicelib.clients.distinguished_name import DistinguishedNameError
from chalicelib.errors import InvalidClientMetadata
from tests.actors import Fintech, certificate
from tests.conftest import STANDARD

BRAZIL = (
    ("2.5.4.6", "BR"),
    ("2.5.4.8", "SP"),
    ("2.5.4.10", 'Fintéch, "Inc"'),
    ("2.5.4.17", "01310"),
    ("2.5.4.42", "Ana"),
    ("2.5.4.4", "Silva"),
    ("2.5.4.5", "77"),
    ("1.3.6.1.4.1.311.60.2.1.3", "BR"),
    ("2.5.4.97", "PSDBR-1"),
    ("2.5.4.15", "Business Entity"),
    ("2.5.4.46", "q"),
    ("2.5.4.9", "A st"),
    ("0.9.2342.19200300.100.1.1", "u"),
    ("0.9.2342.19200300.100.1.25", "x"),
    ("1.2.840.113549.1.9.1", "a@b.c"),
    ("2.5.4.3", " lead#x"),
)
"""A subject with what eIDAS, extended validation and Open Finance certificates carry."""

PRINTED = {
    "openssl RFC2253": (
        "CN=\\ lead#x,emailAddress=a@b.c,DC=x,UID=u,street=A st,dnQualifier=q,businessCategory=Business Entity,"
        "organizationIdentifier=PSDBR-1,jurisdictionC=BR,serialNumber=77,SN=Silva,GN=Ana,postalCode=01310,"
        'O=Fint\\C3\\A9ch\\, \\"Inc\\",ST=SP,C=BR'
    ),
    "openssl oneline": (
        'C = BR, ST = SP, O = "Fint\\C3\\A9ch, \\"Inc\\"", postalCode = 01310, GN = Ana, SN = Silva, serialNumber = 77, '
        "jurisdictionC = BR, organizationIdentifier = PSDBR-1, businessCategory = Business Entity, dnQualifier = q, "
        'street = A st, UID = u, DC = x, emailAddress = a@b.c, CN = " lead#x"'
    ),
    "openssl compat": (
        '/C=BR/ST=SP/O=Fint\\xC3\\xA9ch, "Inc"/postalCode=01310/GN=Ana/SN=Silva/serialNumber=77/jurisdictionC=BR'
        "/organizationIdentifier=PSDBR-1/businessCategory=Business Entity/dnQualifier=q/street=A st/UID=u/DC=x"
        "/emailAddress=a@b.c/CN= lead#x"
    ),
    "openssl 3.2": (
        'C=BR, ST=SP, O=Fintéch\\, \\"Inc\\", postalCode=01310, GN=Ana, SN=Silva, serialNumber=77, jurisdictionC=BR, '
        "organizationIdentifier=PSDBR-1, businessCategory=Business Entity, dnQualifier=q, street=A st, UID=u, DC=x, "
        "emailAddress=a@b.c, CN=\\ lead#x"
    ),
    "openssl before 1.1.1, no names": (
        "2.5.4.3=\\ lead#x,1.2.840.113549.1.9.1=#16056140622e63,0.9.2342.19200300.100.1.25=x,UID=u,2.5.4.9=A st,"
        "2.5.4.46=#130171,2.5.4.15=Business Entity,2.5.4.97=#0C0750534442522D31,"
        "1.3.6.1.4.1.311.60.2.1.3=#13024252,2.5.4.5=#13023737,2.5.4.4=Silva,2.5.4.42=Ana,2.5.4.17=01310,"
        'O=Fintéch\\, \\"Inc\\",ST=SP,C=BR'
    ),
    "java toString": (
        'CN=" lead#x", EMAILADDRESS=a@b.c, DC=x, UID=u, STREET=A st, DNQ=q, OID.2.5.4.15=Business Entity, '
        "OID.2.5.4.97=PSDBR-1, OID.1.3.6.1.4.1.311.60.2.1.3=BR, SERIALNUMBER=77, SURNAME=Silva, GIVENNAME=Ana, "
        'OID.2.5.4.17=01310, O="Fintéch, \\"Inc\\"", ST=SP, C=BR'
    ),
    "java RFC2253": (
        "CN=\\ lead\\#x,1.2.840.113549.1.9.1=#16056140622e63,DC=x,UID=u,STREET=A st,2.5.4.46=#130171,"
        "2.5.4.15=#0c0f427573696e65737320456e74697479,2.5.4.97=#0c0750534442522d31,"
        "1.3.6.1.4.1.311.60.2.1.3=#13024252,2.5.4.5=#13023737,2.5.4.4=#0c0553696c7661,2.5.4.42=#0c03416e61,"
        '2.5.4.17=#13053031333130,O=Fintéch\\, \\"Inc\\",ST=SP,C=BR'
    ),
    "windows": (
        'CN=" lead#x", E=a@b.c, DC=x, OID.0.9.2342.19200300.100.1.1=u, STREET=A st, dnQualifier=q, '
        "OID.2.5.4.15=Business Entity, OID.2.5.4.97=PSDBR-1, OID.1.3.6.1.4.1.311.60.2.1.3=BR, SERIALNUMBER=77, "
        'SN=Silva, G=Ana, PostalCode=01310, O="Fintéch, ""Inc""", S=SP, C=BR'
    ),
    "a directory": (
        "CN=\\20lead#x;emailAddress=a@b.c;DC=x;UID=u;streetAddress=A st;dnQualifier=q;"
        "businessCategory=Business Entity;organizationIdentifier=PSDBR-1;jurisdictionCountryName=BR;"
        "serialNumber=77;surname=Silva;givenName=Ana;postalCode=01310;"
        'organizationName="Fintéch, \\"Inc\\"";stateOrProvinceName=SP;countryName=BR'
    ),
}
"""One subject, as each tool prints it."""


def subject(*pairs):
    return x509.Name([x509.NameAttribute(ObjectIdentifier(oid), value) for oid, value in pairs])


def named(bank, dn):
    bank.register(
        **STANDARD, client_id="named", token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=dn
    )
    return Fintech(bank, "named", "tls_client_auth", None, "", "")


def status(client, name):
    shown = certificate("named", subject=name)
    return client.post("/par", certificate=shown, **client.request_arguments()).status


def of(*pairs):
    return distinguished_name.of_certificate(
        x509.load_pem_x509_certificate(certificate("of", subject=subject(*pairs)).encode())
    )


@pytest.mark.fault("4b")
@pytest.mark.clause("RFC8705-2.1.2")
@pytest.mark.parametrize("tool", PRINTED)
def test_3_a_name_registers_and_matches_as_each_tool_prints_it(bank, tool):
    """The certificate is taken, and one with any attribute changed, lost, or in the reversed order is not."""
    printed = PRINTED[tool]
    client = named(bank, printed)
    assert status(client, subject(*BRAZIL)) == 201
    assert status(client, subject(*BRAZIL[:-1], ("2.5.4.3", "leadx"))) == 401
    expected = distinguished_name.read(printed)
    assert expected == of(*BRAZIL)
    assert expected != of(*reversed(BRAZIL))
    for i, (oid, value) in enumerate(BRAZIL):
        assert expected != of(*BRAZIL[:i], *BRAZIL[i + 1 :]), oid
        other = "XX" if len(value) == 2 else value + "x"
        assert expected != of(*BRAZIL[:i], (oid, other), *BRAZIL[i + 1 :]), oid


@pytest.mark.fault("4b")
@pytest.mark.clause("RFC8705-2.1.2")
def test_3_sn_is_the_surname_and_no_serial_number(bank):
    """RFC 4519 2.31, 2.32: SN read as serialNumber refuses the right certificate and takes a wrong one."""
    client = named(bank, "SN=M,CN=x,C=DE")
    surname, serial = (subject(("2.5.4.6", "DE"), ("2.5.4.3", "x"), (oid, "M")) for oid in ("2.5.4.4", "2.5.4.5"))
    assert (status(client, surname), status(client, serial)) == (201, 401)
    client = named(bank, "serialNumber=M,CN=x,C=DE")
    assert (status(client, surname), status(client, serial)) == (401, 201)


@pytest.mark.fault("4b")
@pytest.mark.clause("RFC8705-2.1.2")
def test_3_an_unknown_attribute_type_is_refused_by_its_name(bank):
    """The caller learns which name is not known, and that an OID will do."""
    for dn in ("CN=x,favouriteDrink=tea,C=DE", "/C=DE/favouriteDrink=tea/CN=x"):
        with pytest.raises(InvalidClientMetadata, match="favouriteDrink is unknown; write its OID instead"):
            named(bank, dn)
    assert (
        status(
            named(bank, "CN=x,0.9.2342.19200300.100.1.5=tea,C=DE"),
            subject(("2.5.4.6", "DE"), ("0.9.2342.19200300.100.1.5", "tea"), ("2.5.4.3", "x")),
        )
        == 201
    )


@pytest.mark.fault("4b")
@pytest.mark.parametrize(
    ("dn", "why"),
    [
        ("CN=x,Inc.,C=DE", "follow each separator"),
        ("CN=x,", "follow each separator"),
        ("CN=a+b,C=DE", "follow each separator"),
        ('CN="x,C=DE', "the value of CN"),
        ('CN=a"b"', "the value of CN"),
        ("CN=a\\q,C=DE", "the value of CN"),
        ("CN=a\\,C=DE\\", "the value of CN"),
        ("CN=\\C3,C=DE", "the value of CN"),
        ("CN=#zz", "the value of CN"),
        ("CN=#0203010203", "the value of CN"),
        ("CN=#0c05616263", "the value of CN"),
        ("/CN=\\xC3", "the value of CN"),
        ("subject=CN=x", "attribute type subject"),
        ("/x/CN=x", "follow each slash"),
        ("/", "follow each slash"),
        (" ", "empty"),
    ],
)
def test_3_what_can_not_be_read_is_refused_and_says_where(dn, why):
    """RFC 4514 3: a text that is no name has no reading."""
    with pytest.raises(DistinguishedNameError, match=why):
        distinguished_name.read(dn)


@pytest.mark.fault("4b")
def test_2_1_the_order_of_the_parts_follows_from_the_form():
    """RFC 4514 2.1 begins at the leaf, OpenSSL at the root; a text has one reading and never two."""
    down = of(("2.5.4.6", "DE"), ("2.5.4.10", "O"), ("2.5.4.3", "x"))
    up = tuple(reversed(down))
    for text in (
        "CN=x,O=O,C=DE",
        "CN=x, O=O, C=DE",
        "cn= x ;o=O; c=DE",
        "C = DE, O = O, CN = x",
        "/C=DE/O=O/CN=x",
        "C=DE, O=O, CN=x",
    ):
        assert distinguished_name.read(text) == down, text
    for text in ("C=DE,O=O,CN=x", "CN = x, O = O, C = DE", "/CN=x/O=O/C=DE"):
        assert distinguished_name.read(text) == up, text


@pytest.mark.fault("4b")
def test_2_2_the_attributes_of_one_rdn_have_no_order():
    """A set of attributes is joined by plus signs, and is one part."""
    rdn = x509.RelativeDistinguishedName(
        [x509.NameAttribute(ObjectIdentifier(oid), value) for oid, value in (("2.5.4.3", "x"), ("2.5.4.5", "7"))]
    )
    name = x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(ObjectIdentifier("2.5.4.6"), "DE")]), rdn])
    shown = distinguished_name.of_certificate(x509.load_pem_x509_certificate(certificate("set", subject=name).encode()))
    for text in (
        "CN=x+serialNumber=7,C=DE",
        "serialNumber=7+CN=x,C=DE",
        "C = DE, serialNumber = 7 + CN = x",
        "/C=DE/serialNumber=7+CN=x",
    ):
        assert distinguished_name.read(text) == shown, text
    assert distinguished_name.read("CN=x,serialNumber=7,C=DE") != shown


@pytest.mark.fault("4b")
def test_2_4_a_value_may_look_like_more_of_the_name():
    """What is escaped or quoted belongs to the value, whatever it says."""
    inside = of(("2.5.4.6", "DE"), ("2.5.4.3", "x,O=Bank+L=y"))
    for text in ("CN=x\\,O=Bank\\+L=y,C=DE", 'CN="x,O=Bank+L=y", C=DE', "CN=x\\2cO\\3DBank\\2BL=y,C=DE"):
        assert distinguished_name.read(text) == inside, text
    plus = of(("2.5.4.6", "DE"), ("2.5.4.3", "A+B=C"))
    assert distinguished_name.read("/C=DE/CN=A\\+B=C") == distinguished_name.read("CN=A\\+B\\=C,C=DE") == plus
    assert distinguished_name.read("/C=DE/CN=A/S") == of(("2.5.4.6", "DE"), ("2.5.4.3", "A/S"))
