"""Optional work after a decisive write. Its failure has no effect on the response."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chalicelib import log_lines

log = logging.getLogger("ducat")


def best_effort(what: str, work: Callable[[], None]) -> bool:
    """Do the work, and give whether it succeeded. A failure is logged with its class."""
    try:
        work()
    except Exception as problem:
        line = {"endpoint": what, "outcome": "not done", "reason": type(problem).__name__}
        log_lines.write(log, line, logging.WARNING)
        return False
    return True
