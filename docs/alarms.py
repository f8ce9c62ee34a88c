"""The runbooks: docs/operate/alarms.md, from the alarms of ducat_cdk/alarms.py and the words of docs/alarms.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence

from docs.clauses import ROOT
from ducat_cdk import alarms, metrics
from ducat_cdk.alarms import ALARMS, Alarm

WORDS = ROOT / "docs" / "alarms.toml"
PARTS = ("means", "look", "do")

INTRODUCTION = """\
# Alarms

Written by `make docs` from `ducat_cdk/alarms.py` and `docs/alarms.toml`; changes here are lost.

For who is on call. Each alarm's description in CloudWatch leads to its section here. An alarm's name is that of the stack
and of the section, and where there is one for each function, table or host, that too: `Ducat-slow-login`. The dashboard has
the stack's name and Region. It has the alarms above, then what people and clients meet, what is slow, what is used up, and the
last failures.

Alarms go to an SNS topic that the stack makes, encrypted, which only CloudWatch's alarms of this stack may publish to.
Subscribe to it once, by the stack's output `AlarmTopicArn`:

```sh
aws sns subscribe --topic-arn ARN --protocol email --notification-endpoint on-call@mybank.example
```

A message comes when an alarm begins and when it ends. Three [settings](deploy.md#the-settings) change that:

- `alarm_topic`: `make`; or the ARN of a topic of yours, in the stack's Region; or `none`, and alarms are seen on the
  dashboard alone. CloudWatch must be able to use your topic's KMS key: `kms:Decrypt` and `kms:GenerateDataKey*` for
  `cloudwatch.amazonaws.com`.
- `alarms`: `{{"slow": {{"threshold": 5000}}, "slow-login": {{"threshold": 8000, "periods": 2}}, "lockouts": false}}`. What
  is set for one alarm comes before what is set for all of its section. `threshold` is in the unit of the table, `minutes` is
  the length of a period, and with `periods` each of so many must be bad. `false` leaves the alarm out.
- `runbooks`: the `https` address of this page at your bank, so that the descriptions are links.

Where a period has no data, most alarms take it for good, since their metrics have values only when something happens. A
job's silence counts as bad. {count} alarms in all; with `weekly_tables` {count_weekly}.

| Alarm | One for each | Alarms when | Without data |
|---|---|---|---|
"""

EACH: Mapping[alarms.Each, str] = {
    "": "",
    "endpoint": "endpoint",
    "job": "job",
    "hourly_job": "job that runs each hour",
    "daily_job": "job that runs each day",
    "function": "function",
    "table": "table",
    "index": "index",
    "host": "host",
    "kms": "kind of key",
}
MISSING = {"notBreaching": "good", "breaching": "bad", "ignore": "keeps its state"}


def page() -> str:
    """The page. Raises LookupError where an alarm has no words, or words no alarm."""
    words = _words()
    counts = [len(alarms.names(weekly_tables=weekly)) for weekly in (False, True)]
    rows = (
        f"| [{row.name}](#{row.name}) | {EACH[row.each]} | {condition(row)} | {MISSING[row.missing]} |"
        for row in ALARMS
    )
    introduction = INTRODUCTION.format(count=counts[0], count_weekly=counts[1])
    return introduction + "\n".join([*rows, "", *(_section(row, words[row.name]) for row in ALARMS)])


def condition(row: Alarm) -> str:
    """When the row alarms, in words."""
    unit = {"": _unit(row), alarms.QUOTA: " % of the quota", alarms.CONCURRENCY: " % of `account_concurrency`"}
    name = f"`{row.metric.name}`" + "".join(f" of `{value}`" for value in _fixed(row))
    against = "is under" if row.below else "reaches"
    times = f", in {row.datapoints} of {row.periods} such periods" if row.periods > 1 else ""
    what = {"Sum": "the sum of", "Average": "the mean of", "Maximum": "the largest", "Minimum": "the smallest"}
    measured = what.get(row.metric.statistic, f"{row.metric.statistic} of")
    return f"{measured} {name} in {_time(row.minutes)} {against} {row.threshold:,g}{unit[row.percent_of]}{times}"


def _unit(row: Alarm) -> str:
    return f" {row.metric.unit}" if row.metric.unit in ("ms", "days") else f" ({row.metric.unit})"


def _fixed(row: Alarm) -> Iterable[str]:
    """What the row's own metric is about."""
    return row.metric.dimensions.values() if row.metric.namespace == metrics.OWN else ()


def _time(minutes: int) -> str:
    if minutes == 1:
        return "a minute"
    if minutes % alarms.HOUR:
        return f"{minutes} minutes"
    hours = minutes // alarms.HOUR
    return {1: "an hour", 24: "a day"}.get(hours, f"{hours} hours")


def _words() -> Mapping[str, Mapping[str, str]]:
    listed: Sequence[Mapping[str, str]] = tomllib.loads(WORDS.read_text(encoding="utf-8"))["alarm"]
    words = {one["name"]: one for one in listed}
    if list(words) != [row.name for row in ALARMS] or len(words) != len(listed):
        raise LookupError(
            f"alarms and words differ: {sorted({*words} ^ {row.name for row in ALARMS}) or 'their order'}"
        )
    return words


def _section(row: Alarm, words: Mapping[str, str]) -> str:
    means, look, do = (words[part].strip() for part in PARTS)
    return (
        f"## {row.name}\n\n{row.says} Alarms when {condition(row)}.\n\n"
        f"**Means.** {means}\n\n**Look first.** {look}\n\n**Do.** {do}\n"
    )
