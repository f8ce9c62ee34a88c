"""The truststore's file, before it is uploaded: API Gateway refuses the domain of one that it can't use, late in a deployment."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.clients import distinguished_name

MAX_BYTES = 1024 * 1024
MAX_CERTIFICATES = 1000
RSA_BITS = 2048
EC_BITS = 256
"""What API Gateway takes (API Gateway developer guide, "mutual TLS for REST APIs")."""


class TruststoreError(Exception):
    """The file can't be a truststore; the message says why."""


def subjects(file: Path) -> frozenset[distinguished_name.Name]:
    """The subject of each certificate of a PEM file. Raises TruststoreError."""
    try:
        data = file.read_bytes()
        certificates = x509.load_pem_x509_certificates(data)
    except OSError as problem:
        raise TruststoreError(f"{file} can't be read: {type(problem).__name__}") from None
    except ValueError:
        raise TruststoreError(f"{file} has no certificates in PEM, or one that can't be read") from None
    if len(data) > MAX_BYTES or len(certificates) > MAX_CERTIFICATES:
        raise TruststoreError(f"{file} has more than {MAX_CERTIFICATES} certificates or 1 MB")
    weak = [one.subject.rfc4514_string() for one in certificates if not is_strong(one)]
    if weak:
        raise TruststoreError(
            f"RSA of {RSA_BITS} bits or ECDSA of {EC_BITS} is the least, signed by SHA-256: {'; '.join(weak)}"
        )
    return frozenset(map(distinguished_name.of_certificate, certificates))


def is_strong(certificate: x509.Certificate) -> bool:
    """Whether API Gateway takes its key and its signature."""
    key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    least = RSA_BITS if isinstance(key, rsa.RSAPublicKey) else EC_BITS
    fits = isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and key.key_size >= least
    return fits and digest is not None and digest.digest_size >= 32
