"""Files of client certificates in S3: the truststore that API Gateway reads, and the CRLs as they were fetched."""

from __future__ import annotations

from functools import cached_property

from botocore.config import Config

from chalicelib.protocol_types import Untyped
from chalicelib.settings import AWS_TRIES, Settings

SECONDS = 10
"""Of a connection and of a read. Only a job waits."""


class CertificateFiles:
    """revocation_stores.CertificateFiles. `session`: botocore's."""

    def __init__(self, session: Untyped, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._config = Config(
            connect_timeout=SECONDS,
            read_timeout=SECONDS,
            retries={"total_max_attempts": AWS_TRIES, "mode": "standard"},
            request_checksum_calculation="when_required",
        )

    @cached_property
    def _s3(self) -> Untyped:
        return self._session.create_client("s3", config=self._config)

    def truststore(self) -> bytes:
        bucket, _, key = (self._settings.truststore or "").removeprefix("s3://").partition("/")
        version = self._settings.truststore_version
        more = {} if version is None else {"VersionId": version}
        content: bytes = self._s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
        return content

    def put_crl(self, name: str, content: bytes) -> None:
        self._s3.put_object(Bucket=self._settings.crl_bucket, Key=name, Body=content)
