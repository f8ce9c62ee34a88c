"""`ducat certificate`: what is denied is denied to the endpoints, and listed."""

import json

import pytest
from cryptography import x509

from chalicelib.clients.sent_certificate import names_of
from tests.actors import certificate
from tests.actors.parameters import AUTHORITY


@pytest.fixture
def named(ducat):
    """A client's certificate of the authority that the deployment lists: its file, and by what it is denied."""
    pem = certificate("denied-client")
    (ducat.folder / "client.pem").write_text(pem)
    names = names_of(x509.load_pem_x509_certificate(pem.encode()))
    yield names
    ducat.run("certificate", "allow", names.thumbprint, status=1)  # A test ends its denials.
    assert ducat.json("certificate", "denied") == []


def is_denied(ducat, names):
    reading = ducat.aws.revocations.reading(names, crls=False)
    ducat.aws.revocations.read(reading)
    return reading.status.denied


@pytest.mark.parametrize("by", ["file", "thumbprint", "issuer and serial"])
def test_a_certificate_is_denied_by_each_of_its_names_and_allowed_again(ducat, named, by):
    serial = ":".join(named.serial.zfill(40)[at : at + 2] for at in range(0, 40, 2))
    how = {"file": ["client.pem"], "thumbprint": [named.thumbprint], "issuer and serial": [AUTHORITY, serial]}[by]
    assert "client.pem" in ducat.run("certificate", "deny", "client.pem", said="n\n", status=1)
    assert not is_denied(ducat, named)
    assert ducat.run("certificate", "deny", *how, "--yes", "--why", "reported stolen") == "Denied.\n"
    assert is_denied(ducat, named)
    (row,) = ducat.json("certificate", "denied")
    assert row["why"] == "reported stolen"
    assert row["denied_at"].endswith("Z")
    shown = {
        "thumbprint": named.thumbprint if by == "thumbprint" else None,
        "issuer": None if by == "thumbprint" else AUTHORITY,
        "serial": None if by == "thumbprint" else named.serial,
    }
    assert {name: row[name] for name in shown} == shown
    again = [row["thumbprint"]] if by == "thumbprint" else [row["issuer"], row["serial"]]
    assert ducat.run("certificate", "allow", *again) == "Allowed again.\n"
    assert not is_denied(ducat, named)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (["nowhere.pem"], "there is no file nowhere.pem, and the thumbprint must be SHA-256"),
        (["key.pem"], "the file is not a certificate in PEM"),
        (["CN=A", "xyz"], "the serial number must be hexadecimal"),
        (["nonsense", "0A"], "the issuer can't be read"),
    ],
)
def test_what_names_no_certificate_is_an_error_of_one_line(ducat, how, words):
    (ducat.folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    printed = ducat.run("certificate", "deny", *how, "--yes", status=1)
    assert words in printed
    assert len(printed.splitlines()) == 1
    assert json.loads(ducat.run("--json", "certificate", "denied")) == []
