"""The other encoding of a certificate that is signed by ECDSA.

Of a signature (r, s) anybody makes (r, n - s), which is valid too: the same certificate with another thumbprint. Without this
file a certificate that is denied by its thumbprint could be presented in that encoding.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

ORDERS = (
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
)
"""Of P-256, P-384 and P-521 (SP 800-186 3.2.1): the n of the authority's key, known by the size of r and s."""

ECDSA = "1.2.840.10045.4."
"""The beginning of the OIDs of ECDSA's signatures (RFC 5758 3.2)."""

SEQUENCE, BIT_STRING = b"\x30", b"\x03"


def of(certificate: x509.Certificate) -> bytes | None:
    """The DER of its other encoding, None if its signature is of another algorithm. Raises ValueError."""
    if not certificate.signature_algorithm_oid.dotted_string.startswith(ECDSA):
        return None
    r, s = decode_dss_signature(certificate.signature)
    order = next((one for one in ORDERS if max(r, s) < one), 0)
    if not 0 < s < order:
        raise ValueError("the signature is of no curve that is known")
    content = _content(certificate.public_bytes(Encoding.DER))
    unsigned = content.removesuffix(_bits(certificate.signature))
    return _encoded(SEQUENCE, unsigned + _bits(encode_dss_signature(r, order - s)))


def _content(der: bytes) -> bytes:
    """A value without its tag and length."""
    return der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]


def _bits(signature: bytes) -> bytes:
    return _encoded(BIT_STRING, b"\x00" + signature)


def _encoded(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return tag + bytes([size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(length)]) + length + content
