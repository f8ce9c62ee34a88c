"""What it costs to watch a deployment: alarms, metrics, the dashboard and the keys, counted from the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chalicelib import errors
from chalicelib.errors import OAuthError
from chalicelib.log_lines import COUNTED_OF_JOBS
from docs.clauses import ROOT
from ducat_cdk import alarms, watch_settings

ALARM, METRIC, DASHBOARD, KEY = 0.10, 0.30, 3.00, 1.00
"""USD a month: an alarm on one metric, a metric of one's own, a dashboard, a KMS key; as docs/cost.py's prices."""
TRACES = 5.00
"""USD for a million that X-Ray records."""
MONTH = 30 * 24 * 3600
"""Seconds."""
EVENTS = ROOT / "docs" / "operate" / "watch.md"
"""The page whose table has each event (gateway/test_events_counted.py)."""

INTRODUCTION = """\
## Watching

USD a month, whether anybody logs in or not, but for the functions' own metrics: those cost only for the hours in which they
have a value. There is a metric for each value of a dimension, and the code bounds both dimensions: none is a client or a person.

| | How many | USD a month |
|---|---|---|
"""

CHOICES = """
Alarms that you leave out by the [setting](alarms.md) `alarms` cost nothing. The metrics of Lambda, API Gateway, DynamoDB, KMS
and SQS are free. API Gateway's are those of the stage: those of each method cost by the metric, and Lambda has the latency of
each endpoint. Viewing the dashboard reads the last failures out of the log groups: 0.005 USD a gigabyte.

[Traces](watch.md#traces) cost {traces:.2f} USD a million that X-Ray records, which is one a second and five in a hundred beyond:
at ten requests a second, {traces_month:.2f} USD a month.
"""


def section() -> str:
    """The section of docs/operate/cost.md."""
    rows = list(_rows())
    total = sum(number * price for _, number, price in rows)
    lines = [f"| {what} | {number} | {number * price:.2f} |\n" for what, number, price in rows]
    recorded = (1 + (10 - 1) * 0.05) * MONTH
    traces = CHOICES.format(traces=TRACES, traces_month=recorded / 1e6 * TRACES)
    return INTRODUCTION + "".join(lines) + f"| **in all, at most** | | **{total:.2f}** |\n" + traces


def _rows() -> Iterable[tuple[str, int, float]]:
    yield "alarms", len(alarms.names(weekly_tables=False)), ALARM
    yield "metrics `events`, by event", len(_events()), METRIC
    yield "metrics `refusals`, by error", len(_codes()), METRIC
    yield "metrics of jobs", len(COUNTED_OF_JOBS), METRIC
    yield "the dashboard", 1, DASHBOARD
    yield f"KMS keys: {' and '.join(watch_settings.MADE_KEYS)}", len(watch_settings.MADE_KEYS), KEY


def _events() -> Sequence[str]:
    table = EVENTS.read_text(encoding="utf-8").partition("| `event` | The request")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)


def _codes() -> set[str]:
    kinds = (k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, OAuthError))
    return {kind.error for kind in kinds if hasattr(kind, "error")}
