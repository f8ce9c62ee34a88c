"""Which alarms a deployment has, by its setting `alarms`. Read without the CDK, which starts Node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from ducat_cdk import alarms
from ducat_cdk.alarms import UNBOUNDED, Alarm
from ducat_cdk.json_members import each_once

LONGEST_WATCH = {True: 7 * alarms.DAY, False: alarms.DAY}
"""Minutes that an alarm may look back, by whether its period is an hour or more (PutMetricAlarm, EvaluationPeriods)."""
TOO_LONG = "CloudWatch looks back a day, or seven where a period is an hour or more, and a period is at most a day"
MEMBERS = ("threshold", "minutes", "periods")
"""What may be set of an alarm."""


class AlarmSettingsError(Exception):
    """The setting can't be used; the message lists why."""


def read(text: str, *, weekly_tables: bool) -> Mapping[str, tuple[Alarm, str]]:
    """The deployment's alarms by name: the row as the setting changes it, and what it is about. What is set for one alarm comes
    before what is set for all of its row. Raises AlarmSettingsError.
    """
    every = alarms.names(weekly_tables=weekly_tables)
    said = _object(text)
    known = {**{row.name: row for row in alarms.ALARMS}, **{name: row for name, (row, _) in every.items()}}
    problems = [f"alarms: there is no alarm {name}{_meant(name, known)}" for name in said if name not in known]
    problems += [
        f"alarms: {name}: {problem}"
        for name, one in said.items()
        if name in known
        for problem in _problems(one, known[name])
    ]
    if problems:
        raise AlarmSettingsError("; ".join(problems))
    found = {
        name: (_changed(row, {**_members(said.get(row.name)), **_members(said.get(name))}), about)
        for name, (row, about) in every.items()
        if said.get(name, said.get(row.name)) is not False
    }
    if any(not _looks_back(row.minutes, row.periods) for row, _ in found.values()):
        raise AlarmSettingsError(f"alarms: {TOO_LONG}")
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text, object_pairs_hook=each_once)
    except ValueError as wrong:
        raise AlarmSettingsError(f"alarms is not JSON, or has a member twice: {wrong}") from None
    if not isinstance(said, dict):
        raise AlarmSettingsError('alarms must be a JSON object such as {"slow-login": {"threshold": 5000}}')
    return said


def _members(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def _changed(row: Alarm, changes: Mapping[str, Any]) -> Alarm:
    """The row with the changes. Where its periods are set, each of them must be bad."""
    if "periods" not in changes:
        return replace(row, **changes)
    return replace(row, **changes, datapoints=changes["periods"])


def _problems(said: Any, row: Alarm) -> list[str]:
    if said is False:
        return []
    if not isinstance(said, dict) or not said or said.keys() - {*MEMBERS}:
        return [f"it must be false, or an object of {', '.join(MEMBERS)}"]
    found = []
    threshold = said.get("threshold", row.threshold)
    if type(threshold) not in (int, float) or not 0 < threshold <= row.at_most:
        most = f" and at most {row.at_most:g}: else it never alarms" if row.at_most < UNBOUNDED else ""
        found.append(f"threshold must be a number above 0{most}")
    minutes, periods = (said.get(name, getattr(row, name)) for name in ("minutes", "periods"))
    if not all(type(one) is int and one > 0 for one in (minutes, periods)):
        found.append("minutes and periods must be whole numbers above 0")
    elif not _looks_back(minutes, periods):
        found.append(TOO_LONG)
    return found


def _looks_back(minutes: int, periods: int) -> bool:
    """Whether CloudWatch looks back so far."""
    return minutes <= alarms.DAY and minutes * periods <= LONGEST_WATCH[minutes >= alarms.HOUR]


def _meant(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (is {close[0]} meant?)" if close else f"; there are {', '.join(row.name for row in alarms.ALARMS)}"
