"""One line of the log is one JSON object: what a Lambda function writes itself, in place of the runtime's own form.

With Lambda's JSON log format a line that is JSON is kept as it is, and its members can be searched for without more.
"""

from __future__ import annotations

import json
import logging
import sys


class JsonLines(logging.Formatter):
    """JSON stays as it is. Any other message becomes `level`, `message` and, for a failure, `traceback`."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if message.startswith("{") and not record.exc_info:
            return message
        line = {"level": record.levelname, "message": message}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def use(logger: logging.Logger) -> None:
    """Write the logger's lines to the standard output, and nowhere else. Once, however often it is called."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logger.handlers = [handler]
    logger.propagate = False
