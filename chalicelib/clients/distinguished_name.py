"""Distinguished names (RFC 4514) in the forms of certificate tools and directories, for comparison.

A text has one reading. Its form defines the order of its parts:

- `/C=DE/O=Bank/CN=app` (OpenSSL's compat) and `C = DE, O = Bank, CN = app` (its oneline): as in the certificate.
- `C=DE, O=Bank, CN=app`, spaced, with country or domain first and not last: as in the certificate (OpenSSL 3.2).
- Anything else: reversed, by RFC 4514 2.1; this is the form of Java, Windows, LDAP and `openssl -nameopt RFC2253`.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from unicodedata import normalize

from cryptography import x509

from chalicelib.settings import text_of

Attribute = tuple[str, str | bytes]
"""An OID, and a value prepared for comparison; bytes if the certificate has no text."""
Name = tuple[frozenset[Attribute], ...]
"""The RDNs from the root down, as in a certificate."""

OIDS: Mapping[str, str] = {
    name.lower(): oid
    for oid, names in {
        "2.5.4.3": "CN commonName",
        "2.5.4.4": "SN surname",  # RFC 4519 2.32: not serialNumber
        "2.5.4.5": "serialNumber deviceSerialNumber",  # RFC 4519 2.31
        "2.5.4.6": "C countryName",
        "2.5.4.7": "L localityName",
        "2.5.4.8": "ST S stateOrProvinceName",
        "2.5.4.9": "STREET streetAddress",
        "2.5.4.10": "O organizationName",
        "2.5.4.11": "OU organizationalUnitName",
        "2.5.4.12": "title T",
        "2.5.4.13": "description",
        "2.5.4.15": "businessCategory",
        "2.5.4.16": "postalAddress",
        "2.5.4.17": "postalCode",
        "2.5.4.18": "postOfficeBox POBox",
        "2.5.4.20": "telephoneNumber phone",
        "2.5.4.41": "name",
        "2.5.4.42": "GN G givenName",
        "2.5.4.43": "initials I",
        "2.5.4.44": "generationQualifier generation",
        "2.5.4.46": "dnQualifier DNQ",
        "2.5.4.51": "houseIdentifier",
        "2.5.4.65": "pseudonym",
        "2.5.4.72": "role",
        "2.5.4.97": "organizationIdentifier",
        "0.9.2342.19200300.100.1.1": "UID userId",
        "0.9.2342.19200300.100.1.3": "mail rfc822Mailbox",
        "0.9.2342.19200300.100.1.25": "DC domainComponent",
        "1.2.840.113549.1.9.1": "emailAddress email E",
        "1.2.840.113549.1.9.2": "unstructuredName",
        "1.2.840.113549.1.9.8": "unstructuredAddress",
        "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL jurisdictionLocalityName jurisdictionOfIncorporationLocalityName",
        "1.3.6.1.4.1.311.60.2.1.2": (
            "jurisdictionST jurisdictionStateOrProvinceName jurisdictionOfIncorporationStateOrProvinceName"
        ),
        "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC jurisdictionCountryName jurisdictionOfIncorporationCountryName",
    }.items()
    for name in names.split()
}
"""OIDs by attribute type names, in lower case: RFC 4514 3, RFC 4519 2, X.520, PKCS #9, OpenSSL, Java and Windows."""
TOP = (OIDS["c"], OIDS["dc"])

STRINGS: Mapping[int, str] = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""Encodings of the ASN.1 string types, by BER tag."""

TYPE = re.compile(
    r"\s*(?:OID\.(?=[0-9]))?(?P<type>[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)(?P<mark>\s*=\s?)", re.IGNORECASE
)
HEX = re.compile(r"\s*#(?P<ber>(?:[0-9A-Fa-f]{2})+)\s*(?=[,;+]|$)")
QUOTED = re.compile(r'\s*"(?P<quoted>(?:[^"\\]|\\.|"")*)"\s*(?=[,;+]|$)', re.DOTALL)
PLAIN = re.compile(r'(?P<plain>(?!\s*#)(?:[^,;+"\\]|\\.)*)', re.DOTALL)
"""A type, and the three ways to write its value (RFC 4514 2.4, 3; RFC 2253 4 has OID, quotes, semicolons and spaces)."""
ESCAPED = re.compile(r"(?P<octets>(?:\\[0-9A-Fa-f]{2})+)|\\(?P<char>.)", re.DOTALL)
SPECIAL = frozenset(' "#+,;<=>\\/')
SLASH = re.compile(r"/(?=(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=)")
PLUS = re.compile(r"(?<!\\)\+(?=(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)=)")
OCTETS = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
SPACED = " = "
SEPARATORS = ("", ",", ";", "+")


class DistinguishedNameError(ValueError):
    """The text is not a distinguished name. The message gives the reason, for the author of the text."""


@dataclass
class _Written:
    """The parts of a text: its RDNs in order, the marks after types, and the separators between RDNs."""

    rdns: list[list[Attribute]] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    joints: set[str] = field(default_factory=set)


@lru_cache(maxsize=256)
def read(text: str) -> Name:
    """The name of a text. Raises DistinguishedNameError, which names an unknown attribute type."""
    text = text.strip()
    if not text:
        raise DistinguishedNameError("it is empty")
    if text.startswith("/"):
        before, *parts = SLASH.split(text)
        if before or not parts:
            raise DistinguishedNameError("a type and = must follow each slash")
        return tuple(frozenset(map(_slashed, PLUS.split(part))) for part in parts)
    written = _read(text)
    rdns = [frozenset(attributes) for attributes in written.rdns]
    return tuple(rdns if _runs_down(written) else reversed(rdns))


@lru_cache(maxsize=4)
def read_all(text: str) -> frozenset[Name]:
    """The names of a JSON array of texts, or of the package's file of one. Raises DistinguishedNameError."""
    try:
        texts = json.loads(text_of(text))
    except OSError as problem:
        raise DistinguishedNameError(f"{text} can't be read: {type(problem).__name__}") from None
    except ValueError:
        texts = None
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise DistinguishedNameError("it is not a JSON array of names")
    return frozenset(map(read, texts))


def of_certificate(certificate: x509.Certificate) -> Name:
    """A certificate's subject."""
    return of_name(certificate.subject)


def of_issuer(certificate: x509.Certificate) -> Name:
    """A certificate's issuer."""
    return of_name(certificate.issuer)


def digest(name: Name) -> str:
    """SHA-256 of the name as compared, base64url. Names that differ in spelling alone have the same."""
    rdns = [
        sorted([oid, value.hex() if isinstance(value, bytes) else f"={value}"] for oid, value in rdn) for rdn in name
    ]
    return urlsafe_b64encode(sha256(json.dumps(rdns).encode()).digest()).rstrip(b"=").decode()


def of_name(name: x509.Name) -> Name:
    """The name of a certificate or of a CRL."""
    return tuple(frozenset((one.oid.dotted_string, _prepared(one.value)) for one in rdn) for rdn in name.rdns)


def _runs_down(written: _Written) -> bool:
    """Whether the parts are in the certificate's order, from the root."""
    if written.marks == {SPACED}:
        return True
    first, last = written.rdns[0], written.rdns[-1]
    apart = bool(written.joints) and all(joint.endswith(" ") for joint in written.joints)
    return apart and _is_top(first) and not _is_top(last)


def _is_top(rdn: list[Attribute]) -> bool:
    """Whether names begin with this RDN at the root (X.521 B, RFC 4519 3)."""
    return any(oid in TOP for oid, _ in rdn)


def _read(text: str) -> _Written:
    written, at, joint = _Written(), 0, ""
    while True:
        attribute, at = _attribute(text, at, written.marks)
        if joint.startswith("+"):
            written.rdns[-1].append(attribute)
        else:
            written.rdns.append([attribute])
        if at == len(text):
            return written
        joint = text[at : at + 2]
        at += 1
        if not joint.startswith("+"):
            written.joints.add(joint)


def _attribute(text: str, at: int, marks: set[str]) -> tuple[Attribute, int]:
    """The attribute at this position, and its end: the end of the text, or a separator."""
    begins = TYPE.match(text, at)
    if begins is None:
        raise DistinguishedNameError(
            "a type and = must follow each separator; in a value, escape , ; and + with a backslash"
        )
    oid = _oid(begins["type"])
    marks.add(begins["mark"])
    found = next(filter(None, (form.match(text, begins.end()) for form in (HEX, QUOTED, PLAIN))), None)
    try:
        if found is None or text[found.end() : found.end() + 1] not in SEPARATORS:
            raise ValueError("no value, or no end of it")
        value = _value(found)
    except (ValueError, IndexError):
        raise DistinguishedNameError(f"the value of {begins['type']} can't be read") from None
    return (oid, _prepared(value)), found.end()


def _oid(name: str) -> str:
    if name[0].isdigit():
        return name
    try:
        return OIDS[name.lower()]
    except KeyError:
        raise DistinguishedNameError(f"the attribute type {name[:50]} is unknown; write its OID instead") from None


def _value(found: re.Match[str]) -> str:
    """The value. Raises ValueError for an invalid escape, or for hex that is not a text."""
    parts = found.groupdict()
    if "ber" in parts:
        return _text(bytes.fromhex(parts["ber"]))
    if "quoted" in parts:
        return ESCAPED.sub(_unescaped, parts["quoted"].replace('""', '\\"'))
    return ESCAPED.sub(_unescaped, parts["plain"])


def _unescaped(found: re.Match[str]) -> str:
    if found["octets"]:
        return bytes.fromhex(found["octets"].replace("\\", "")).decode()
    if found["char"] not in SPECIAL:
        raise ValueError("no escape")
    return found["char"]


def _slashed(part: str) -> Attribute:
    """One attribute of OpenSSL's compat form. It escapes + and /, and octets beyond ASCII as \\xC3\\xA9."""
    name, _, value = part.partition("=")
    try:
        value = OCTETS.sub(lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode(), value)
        value = value.replace("\\+", "+").replace("\\/", "/")
    except ValueError:
        raise DistinguishedNameError(f"the value of {name} can't be read") from None
    return _oid(name), _prepared(value)


def _text(ber: bytes) -> str:
    """The text of a BER string. Raises ValueError for another type."""
    kind, size, body = ber[0], int.from_bytes(ber[1:2], "big"), ber[2:]
    if size > 0x80:
        octets = size & 0x7F
        size, body = int.from_bytes(body[:octets], "big"), body[octets:]
    if kind not in STRINGS or len(body) != size:
        raise ValueError("no text")
    return body.decode(STRINGS[kind])


def _prepared(value: str | bytes) -> str | bytes:
    """A text prepared for caseIgnoreMatch (RFC 4518 2); bytes are unchanged."""
    return " ".join(normalize("NFKC", value.casefold()).split()) if isinstance(value, str) else value
