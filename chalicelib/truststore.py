"""The truststore of the host for client certificates, as API Gateway sees it. Only the job check_truststore imports it."""

from __future__ import annotations

from urllib.parse import urlsplit

from botocore.config import Config

from chalicelib.protocol_types import Untyped

READ_SECONDS, TRIES = 10, 3
"""No caller waits for this job."""


class ApiGatewayTruststore:
    """provider.Truststore. `url`: of the host for client certificates."""

    def __init__(self, session: Untyped, *, url: str) -> None:
        retries: Untyped = {"total_max_attempts": TRIES, "mode": "standard"}
        config = Config(connect_timeout=2, read_timeout=READ_SECONDS, retries=retries)
        self._client = session.create_client("apigateway", config=config)
        self._host = urlsplit(url).netloc

    def warnings(self) -> list[str]:
        domain = self._client.get_domain_name(domainName=self._host)
        return [str(one) for one in domain.get("mutualTlsAuthentication", {}).get("truststoreWarnings", [])]
