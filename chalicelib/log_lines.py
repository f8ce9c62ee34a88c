"""Log lines as JSON objects, in place of the runtime's own format.

With Lambda's JSON log format a JSON line is kept unchanged, and its members can be searched.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Final

from chalicelib.protocol_types import Claims, JsonObject

COUNTED = {"event": "events", "error": "refusals"}
"""By the member of a line, the metric of how often its value occurs. CloudWatch charges for each pair of a metric and a value."""
COUNTED_OF_JOBS = {"late": "keys_late", "truststore_warnings": "truststore_warnings"}
"""By the member of a job's line, a list, the metric of how many are in it."""


class JsonLines(logging.Formatter):
    """A request's line gets its metrics. Any other message becomes `level`, `message` and, for a failure, `traceback`."""

    def __init__(self, namespace: str) -> None:
        super().__init__()
        self._namespace: Final = namespace

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        of_request: JsonObject | None = getattr(record, "line", None)
        if of_request is not None:
            return json.dumps({**of_request, **self._metrics(of_request, round(record.created * 1000))})
        line = {"level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)

    def _metrics(self, line: JsonObject, at: int) -> JsonObject:
        """The members of the embedded metric format (CloudWatch user guide, "Specification"). `at`: milliseconds since the
        epoch.
        """
        directives, values = [], {}
        for member, name in COUNTED.items():
            if member in line:
                directives.append(self._directive(name, member))
                values[name] = 1
        for member, name in COUNTED_OF_JOBS.items():
            found = line.get(member)
            if isinstance(found, list):
                directives.append(self._directive(name))
                values[name] = len(found)
        return {**values, "_aws": {"Timestamp": at, "CloudWatchMetrics": directives}} if directives else {}

    def _directive(self, metric: str, *dimensions: str) -> JsonObject:
        metrics = [{"Name": metric, "Unit": "Count"}]
        return {"Namespace": self._namespace, "Dimensions": [list(dimensions)], "Metrics": metrics}


def write(logger: logging.Logger, line: Claims, level: int = logging.INFO) -> None:
    """Write a line by its members, so that its log has them as members too, and not as text in a message."""
    logger.log(level, _AsText(line), extra={"line": line})


class _AsText:
    """A line's text, which is made only where a handler has another format than `JsonLines`."""

    def __init__(self, line: Claims) -> None:
        self._line = line

    def __str__(self) -> str:
        return json.dumps(self._line)


def namespace(issuer: str) -> str:
    """The namespace of a deployment's metrics in CloudWatch. It has the issuer, so that two deployments in one account differ."""
    return f"Ducat/{issuer.removeprefix('https://')}"


def use(logger: logging.Logger, namespace: str) -> None:
    """Write the logger's lines only to standard output. Repeated calls have no further effect.

    `namespace`: of the metrics in CloudWatch.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(namespace))
    logger.handlers = [handler]
    logger.propagate = False
