"""Tables and keys that exist already, by their names and ARNs: such as tables that were restored. Read without the CDK."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ducat_cdk.json_members import each_once
from ducat_cdk.keys import KEYS
from ducat_cdk.tables import TABLES
from ducat_cdk.watch_settings import region

TABLE = re.compile(r"(arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/)?([A-Za-z0-9_.-]{3,255})")
KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})")
SUCH_TABLES = '{"grants": "grants-restored", "bonds": "bonds-restored"}'
SUCH_KEYS = '{"tables": "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000002"}'

TOGETHER = ("grants", "bonds")
"""What ended a grant may stand in the other table: of one that is older, access that was ended is in force again."""

MAX_NAME = 64
"""Bytes of a table's name, on average: Lambda limits a function's environment to 4 KB."""


class ExistingError(Exception):
    """The settings can't be used; the message lists why."""


@dataclass(frozen=True)
class ExistingNames:
    """`tables`: by the name of a row of tables.TABLES, a table's name or ARN. `keys`: by that of keys.KEYS, a KMS key's ARN."""

    tables: Mapping[str, str]
    keys: Mapping[str, str]


def read(tables: str, keys: str, *, by_week: bool) -> ExistingNames:
    """Both settings. `by_week`: whether a job makes the tables of what lives for a short time. Raises ExistingError."""
    problems: list[str] = []
    found = ExistingNames(_object("tables", tables, SUCH_TABLES, problems), _object("keys", keys, SUCH_KEYS, problems))
    problems += [*_table_problems(found.tables, by_week=by_week), *_key_problems(found.keys)]
    problems += _of_one_account([*found.tables.values(), *found.keys.values()])
    if problems:
        raise ExistingError("; ".join(problems))
    return found


def together(names: set[str]) -> list[str]:
    """What is wrong with a choice of tables."""
    given = [name for name in TOGETHER if name in names]
    if len(given) in (0, len(TOGETHER)):
        return []
    return [f"tables: {' and '.join(TOGETHER)} go together: access that was ended in the one stays ended in the other"]


def _object(name: str, text: str, such: str, problems: list[str]) -> dict[str, str]:
    try:
        found = json.loads(text, object_pairs_hook=each_once)
    except ValueError:
        found = None
    if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
        return found
    problems.append(f"{name} must be a JSON object of texts such as {such}, each name once")
    return {}


def _table_problems(tables: Mapping[str, str], *, by_week: bool) -> list[str]:
    rows = {row.name: row for row in TABLES}
    matches = {name: TABLE.fullmatch(value) for name, value in tables.items()}
    names = [match[2] for match in matches.values() if match]
    long = sum(map(len, names))
    return [
        *_unknown("tables", tables, [*rows]),
        *(f"tables: {name} must be a table's name or ARN" for name, match in matches.items() if not match),
        *(f"tables: {name} is made by the job sweep, where weekly_tables is true" for name in tables
          if by_week and name in rows and rows[name].weekly),
        *(["tables: each must be another table"] if len(set(names)) < len(names) else []),
        *([f"tables: their names have {long} characters, and Lambda leaves room for {MAX_NAME} each"]
          if long > MAX_NAME * len(names) else []),
        *together(set(tables)),
    ]  # fmt: skip


def _key_problems(keys: Mapping[str, str]) -> list[str]:
    return [
        *_unknown("keys", keys, [row.name for row in KEYS]),
        *(
            f"keys: {name} must be a KMS key's ARN, and no alias"
            for name, arn in keys.items()
            if not KEY.fullmatch(arn)
        ),
        *(["keys: each must be another key"] if len(set(keys.values())) < len(keys) else []),
    ]


def _unknown(setting: str, given: Mapping[str, str], names: list[str]) -> list[str]:
    found = []
    for name in given:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            meant = f" (is {close[0]} meant?)" if close else f"; there are {', '.join(names)}"
            found.append(f"{setting}: there is no {name}{meant}")
    return found


def _of_one_account(values: list[str]) -> list[str]:
    """DynamoDB and KMS are called in the function's own account and Region."""
    owners = {tuple(value.split(":")[3:5]) for value in values if region(value)}
    return ["tables and keys must be of one account and Region: those of the stack"] if len(owners) > 1 else []
