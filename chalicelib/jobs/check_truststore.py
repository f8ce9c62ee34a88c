"""Look whether API Gateway warns of a certificate in the truststore, by the hour and after each deployment."""

from __future__ import annotations

from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider


def run(provider: Provider) -> JsonObject:
    """Gives {"truststore_warnings": [warning]}: certificates that ended, end soon or can't be used, in API Gateway's words."""
    return {"truststore_warnings": provider.truststore.warnings()}
