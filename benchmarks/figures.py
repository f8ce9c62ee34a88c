"""What `make bench` measured last, for the pages that reckon with it: docs/reference/performance.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from docs.clauses import ROOT

DATA = ROOT / "docs" / "reference" / "performance.json"
OURS, APART = "ducat", "ducat, a process each"


@cache
def _content() -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return content


def warm() -> Mapping[str, Mapping[str, float]]:
    """Milliseconds of CPU by kind of client and step, each the median; of a process for each function, as it is deployed.

    A client that authenticates by certificate is not measured by itself: it has the figures of one that asserts, which does more.
    """
    measured = {
        kind: {step: of["median"] for step, of in systems[APART if APART in systems else OURS].items()}
        for kind, systems in _content()["warm_ms"].items()
    }
    return {"certificate": measured["assertion"], **measured}


def cold() -> Mapping[str, float]:
    """Milliseconds of CPU until a function is ready, by function."""
    return {function: of["ours"]["median"] for function, of in _content()["cold_ms"].items()}


def machine() -> str:
    """What it was measured on."""
    return str(_content()["about"]["machine"])
