"""What follows a decisive write and is not needed for the answer: it may fail, quietly."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

log = logging.getLogger("ducat")


def best_effort(what: str, work: Callable[[], None]) -> bool:
    """Do it; whether it was done. Where it fails, a log line says which and by what kind of error, and nothing else happens."""
    try:
        work()
    except Exception as problem:
        log.warning(json.dumps({"endpoint": what, "outcome": "not done", "reason": type(problem).__name__}))
        return False
    return True
