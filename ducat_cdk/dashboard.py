"""The dashboard for who is on call: what is in alarm, what people and clients meet, what is slow, used up or failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ducat_cdk.alarms import ALARMS, Alarm, Each, instances
from ducat_cdk.deployment import Deployment
from ducat_cdk.metrics import OWN, Metric

WIDTH, HEIGHT = 24, 6
MAX_ALARMS = 100
"""Alarms in one widget (CloudWatch API reference, "Dashboard body structure")."""
MAX_LOG_GROUPS = 50
"""Log groups of one query (CloudWatch Logs Insights)."""
FAILED = """fields @timestamp, endpoint, outcome, error, reason, client_id, message
| filter level = "ERROR" or outcome like /^5/ or outcome = "failed" or error in ["server_error", "temporarily_unavailable"]
| sort @timestamp desc
| limit 50"""

Dimensions = Callable[[Each, str], Mapping[str, str]]


def build(
    scope: Construct,
    deployment: Deployment,
    dimensions: Dimensions,
    namespace: str,
    alarms: Mapping[str, cloudwatch.CfnAlarm],
    log_groups: Sequence[str],
) -> cloudwatch.CfnDashboard:
    """The dashboard, by the stack's name and Region. `dimensions`: what the braces in a row's dimensions stand for."""
    stack = Stack.of(scope)
    widgets = _Widgets(stack.region, namespace, dimensions, deployment.chooses("weekly_tables"))
    arns = [alarm.attr_arn for alarm in alarms.values()]
    listed = [arns[start : start + MAX_ALARMS] for start in range(0, len(arns), MAX_ALARMS)]
    rows = [
        [_text(f"## Ducat: {deployment.issuer_host}\nWhat each alarm means and what to do: {deployment.runbooks}")],
        *([_alarms(part)] for part in listed),
        *_graphs(widgets),
        [_failed(stack.region, log_groups[:MAX_LOG_GROUPS])],
    ]
    return cloudwatch.CfnDashboard(
        scope,
        "Dashboard",
        dashboard_name=f"{stack.stack_name}-{stack.region}",  # dashboards are of an account, and of no Region
        dashboard_body=stack.to_json_string({"widgets": _laid_out(rows)}),
    )


class _Widgets:
    """Makes graphs of the metrics that alarms watch, and of others with the same dimensions."""

    def __init__(self, region: str, namespace: str, dimensions: Dimensions, weekly_tables: bool) -> None:
        self._region, self._namespace, self._dimensions = region, namespace, dimensions
        self._instances = instances(weekly_tables=weekly_tables)

    def of(self, title: str, alarm: str, *metrics: tuple[str, str], more: Sequence[str] = ()) -> dict[str, Any]:
        """The metric that the alarms of a row watch, or those of the names and statistics. `more`: rows with theirs."""
        lines = [
            self._line(row.metric, self._dimensions(row.each, one), one, *changed)
            for row in map(_row, (alarm, *more))
            for one in self._instances[row.each]
            for changed in (metrics or [(row.metric.name, row.metric.statistic)])
        ]
        return self._graph(title, lines)

    def searched(self, title: str, metric: str, dimension: str) -> dict[str, Any]:
        """The deployment's own metric, by each value of its dimension."""
        found = f"SEARCH('{{\"{self._namespace}\",{dimension}}} MetricName=\"{metric}\"', 'Sum', 300)"
        return self._graph(title, [[{"expression": found, "id": "found", "label": ""}]])

    def quotas(self, title: str, alarm: str) -> dict[str, Any]:
        """What of each quota is used."""
        row = _row(alarm)
        lines: list[list[Any]] = []
        for one in self._instances[row.each]:
            *metric, shown = self._line(row.metric, self._dimensions(row.each, one), one, row.metric.name, "Sum")
            lines.append([{"expression": f"100 * {one} / SERVICE_QUOTA({one})", "id": f"share_{one}", "label": one}])
            lines.append([*metric, {**shown, "id": one, "visible": False, "period": 60}])
        return self._graph(title, lines)

    def _line(self, metric: Metric, values: Mapping[str, str], about: str, name: str, statistic: str) -> list[Any]:
        namespace = self._namespace if metric.namespace == OWN else metric.namespace
        dimensions = [part for pair in metric.dimensions.items() for part in (pair[0], pair[1].format_map(values))]
        label = (
            about if statistic == metric.statistic and name == metric.name else f"{about} {name} {statistic}".strip()
        )
        return [namespace, name, *dimensions, {"stat": statistic, "label": label or name}]

    def _graph(self, title: str, lines: list[list[Any]]) -> dict[str, Any]:
        properties = {"title": title, "metrics": lines, "region": self._region, "view": "timeSeries", "period": 300}
        return {"type": "metric", "width": WIDTH // 3, "height": HEIGHT, "properties": properties}


def _graphs(widgets: _Widgets) -> list[list[dict[str, Any]]]:
    """The graphs, row by row: what people and clients meet, what is slow, what failed, what is used up."""
    return [
        [
            widgets.searched("Logins, consents, tokens, replays", "events", "event"),
            widgets.searched("Refusals by error", "refusals", "error"),
            widgets.of(
                "Requests and failures", "api_failures", ("Count", "Sum"), ("4XXError", "Sum"), ("5XXError", "Sum")
            ),
        ],
        [
            widgets.of("Latency at the API, ms", "api_slow", ("Latency", "p50"), ("Latency", "p99")),
            widgets.of("Slowest hundredth by function, ms", "slow"),
            widgets.of("Requests by function", "throttled", ("Invocations", "Sum")),
        ],
        [
            widgets.of("Failures by function", "throttled", ("Errors", "Sum")),
            widgets.of("Throttled calls by function", "throttled"),
            widgets.of("Concurrent executions of the account", "concurrency"),
        ],
        [
            widgets.quotas("Share of KMS's request quotas, %", "kms_quota"),
            widgets.of(
                "Throttled items by table",
                "table_writes",
                ("ReadThrottleEvents", "Sum"),
                ("WriteThrottleEvents", "Sum"),
            ),
            widgets.of("Keys late, letters dead", "keys_late", more=("dead_letters",)),
        ],
        [
            widgets.of("Changes that wait for the record, ms", "audit_late"),
            widgets.of("Calls of the record's function", "audit_failures", ("Invocations", "Sum"), ("Errors", "Sum")),
            widgets.of("Not recorded and put aside", "audit_dead_letters"),
        ],
    ]


def _row(name: str) -> Alarm:
    return next(row for row in ALARMS if row.name == name)


def _text(markdown: str) -> dict[str, Any]:
    return {"type": "text", "width": WIDTH, "height": 2, "properties": {"markdown": markdown}}


def _alarms(arns: Sequence[str]) -> dict[str, Any]:
    properties = {"title": "Alarms", "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"}
    return {"type": "alarm", "width": WIDTH, "height": HEIGHT, "properties": properties}


def _failed(region: str, log_groups: Sequence[str]) -> dict[str, Any]:
    query = " | ".join([*(f"SOURCE '{name}'" for name in log_groups), FAILED])
    properties = {"title": "The last failures", "query": query, "region": region, "view": "table"}
    return {"type": "log", "width": WIDTH, "height": HEIGHT, "properties": properties}


def _laid_out(rows: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Each row under the one before, its widgets side by side."""
    tops = [0, *accumulate(max(widget["height"] for widget in row) for row in rows)]
    return [
        {**widget, "x": sum(before["width"] for before in row[:n]), "y": top}
        for row, top in zip(rows, tops, strict=False)
        for n, widget in enumerate(row)
    ]
