"""A certification authority: its certificates and its CRLs (RFC 5280)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.actors.material import ec_key
from tests.actors.parameters import AUTHORITY, NOW

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
DAY = 86_400


@dataclass
class Authority:
    """`dn`: its name. `key`: what it signs with. `above`: the authority that signed its own certificate, None for a root."""

    dn: str = AUTHORITY
    key: Any = field(default_factory=lambda: ec_key("authority"))
    above: Authority | None = None
    serial: int = 7
    signs_crls: bool = True
    begins: int = NOW - 30 * DAY
    days: int = 3650

    @property
    def name(self) -> x509.Name:
        """Its name."""
        return x509.Name.from_rfc4514_string(self.dn)

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        usage = x509.KeyUsage(
            key_cert_sign=True,
            crl_sign=self.signs_crls,
            **dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment"), False),
            **dict.fromkeys(("data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False),
        )
        builder = self._builder(self.name, self.serial, self.key, self.above or self)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signed = builder.add_extension(usage, critical=True).sign((self.above or self).key, hashes.SHA256())
        return signed.public_bytes(PEM)

    def issue(self, common_name: str, serial: int, *, key: Any = None) -> str:
        """A client's certificate, PEM."""
        subject = x509.Name.from_rfc4514_string(f"CN={common_name},O=Fintech\\, Inc.,C=DE")
        builder = self._builder(subject, serial, key or ec_key(common_name), self)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM).decode()

    def _builder(self, subject: x509.Name, serial: int, key: Any, issuer: Authority) -> x509.CertificateBuilder:
        start = datetime.fromtimestamp(self.begins, UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.name)
            .public_key(key.public_key())
            .serial_number(serial)
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=self.days))
        )

    def crl(
        self,
        *serials: int,
        number: int | None = 1,
        at: int = NOW,
        until: int | None = NOW + DAY,
        digest: Any = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        of_entries: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """A CRL, DER. `of_entries`: extensions of each entry; an extension goes with whether it is critical."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(datetime.fromtimestamp(at, UTC))
            .next_update(datetime.fromtimestamp(NOW + DAY if until is None else until, UTC))
        )
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            entry = entry.revocation_date(datetime.fromtimestamp(at, UTC))
            for extension, critical in of_entries:
                entry = entry.add_extension(extension, critical)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, digest or hashes.SHA256()).public_bytes(DER)
