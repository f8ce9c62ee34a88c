"""Client certificates of this machine that are revoked, and the CRL that says so (RFC 5280 5).

`make revoke CERTIFICATE=.local/client-rent-scout.pem` revokes one. A stack that is up sees it within seconds.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from local.certificates import FOLDER, Certificates

PATH = "/dev-clients-ca.crl"
"""Where the stack serves it."""

CRL_LIFETIME = timedelta(days=30)


class NotIssued(Exception):
    """The file is not a certificate that the clients' authority issued. The message says what is wrong."""


class Revoked:
    """The revoked certificates of the clients' authority, in a file beside it: a serial number in hexadecimal a line."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._file = certificates.folder / "dev-clients-ca.revoked"

    def serials(self) -> frozenset[int]:
        """The serial numbers."""
        try:
            lines = self._file.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return frozenset()
        return frozenset(int(line, 16) for line in lines)

    def add(self, pem: bytes) -> None:
        """Revoke a certificate. Raises NotIssued."""
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            certificate.verify_directly_issued_by(self._certificates.clients_authority.certificate)
        except ValueError:
            raise NotIssued("it is not a client certificate of the dev authority") from None
        except InvalidSignature:
            raise NotIssued("an earlier dev authority issued it") from None
        with self._file.open("a", encoding="ascii") as file:
            file.write(f"{certificate.serial_number:x}\n")

    def crl(self) -> bytes:
        """The CRL of this moment, DER. Its number is the time, which never goes back."""
        now, authority = datetime.now(UTC), self._certificates.clients_authority
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(now)
            .next_update(now + CRL_LIFETIME)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for serial in sorted(self.serials()):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def answer(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """The CRL as a function's answer."""
        body = base64.b64encode(self.crl()).decode()
        headers = {"Content-Type": "application/pkix-crl"}
        return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}


def main(folder: Path = FOLDER) -> None:
    """The command line. Ends with status 1 and a line where the file is not a certificate of the authority."""
    parser = argparse.ArgumentParser(prog="python -m local.revoked", description="Revoke a dev client certificate.")
    parser.add_argument("certificate", type=Path, help="its file, such as .local/client-rent-scout.pem")
    file: Path = parser.parse_args().certificate
    try:
        Revoked(Certificates(folder)).add(file.read_bytes())
    except (NotIssued, OSError) as problem:
        sys.exit(f"make revoke: {file}: {problem.strerror if isinstance(problem, OSError) else problem}")
    print(f"Revoked. Delete {file} for a new one at the next start.")


if __name__ == "__main__":
    main()
