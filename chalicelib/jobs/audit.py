"""Make the record of what happened: of the tables' streams, of log lines, and of changes of the truststore's object."""

from __future__ import annotations

from chalicelib.audit import recording
from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider


def run(provider: Provider, event: JsonObject) -> JsonObject:
    """Record what AWS hands over. Gives `batchItemFailures` for a stream, and raises NotRecorded for anything else."""
    return recording.run(provider, event)
