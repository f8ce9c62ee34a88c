"""The stores (ports) of revoked and denied client certificates. Each verb is a guarantee, as in stores.py."""

from __future__ import annotations

from typing import Protocol

from chalicelib.storage.revocation_records import CertificateNames, CertificateStatus, IssuerCrls


class CrlsChanged(Exception):
    """Another run wrote the CRLs of this issuer at the same time."""


class StatusReading(Protocol):
    """A read of what is stored about one client certificate. It is done alone, or together with the read of a token."""

    @property
    def status(self) -> CertificateStatus | None:
        """What was read, None before."""


Along = StatusReading | None
"""A read that is done together with another one, or none."""


class Revocations(Protocol):
    """Client certificates that an authority revoked or an operator denied. A status may be a second old."""

    def reading(self, names: CertificateNames, *, crls: bool) -> StatusReading:
        """The read of this certificate's status. `crls`: it includes its issuer's CRLs."""

    def read(self, reading: StatusReading) -> None:
        """Do the read alone."""

    def deny_thumbprint(self, thumbprint: str, *, why: str, now: int) -> None: ...

    def deny_serial(self, issuer: str, serial: str, *, why: str, now: int) -> None: ...

    def allow_thumbprint(self, thumbprint: str) -> bool:
        """End the denial that is there; False if there is none. Raises NotOpen if another one came meanwhile."""

    def allow_serial(self, issuer: str, serial: str) -> bool:
        """End the denial that is there; False if there is none. Raises NotOpen if another one came meanwhile."""

    def crls(self, issuer: str) -> IssuerCrls | None: ...

    def put_crls(self, issuer: str, before: IssuerCrls | None, after: IssuerCrls) -> None:
        """Write the CRLs of an issuer, if they are as they were read. Raises CrlsChanged."""

    def shards(self, issuer: str) -> list[frozenset[str]]:
        """The entries of an issuer's revoked certificates, by the number of their shard."""

    def put_shard(self, issuer: str, number: int, before: frozenset[str], after: frozenset[str]) -> None:
        """Write one shard, if it is as it was read. Raises CrlsChanged."""


class CertificateFiles(Protocol):
    """Files of client certificates."""

    def truststore(self) -> bytes:
        """The truststore that API Gateway reads, PEM."""

    def put_crl(self, name: str, content: bytes) -> None:
        """Store a CRL as it was fetched."""
