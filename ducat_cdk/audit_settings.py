"""What a bank chooses of the record: its bucket, for how long it is locked, its bus. Read without the CDK, which starts Node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ducat_cdk import notice_settings, watch_settings
from ducat_cdk.json_members import each_once
from ducat_cdk.tables import TABLES
from ducat_cdk.watch_settings import MAKE, NONE

if TYPE_CHECKING:
    from ducat_cdk.deployment import Deployment

COMPLIANCE = "compliance"
MOST_YEARS = 100
"""Object Lock's longest retention (S3 API, PutObjectLockConfiguration)."""

BATCH = 1000
SECONDS = 60
"""A call of the function is for so many changes of a shard, or for those of so many seconds."""
PARALLEL = 2
"""Batches of a shard at once. What happens to one item stays in order."""
MAX_AGE = 6 * 3600
"""Seconds for which a batch is tried again; then it is put aside, and what comes after it goes on."""

SOURCE = "ducat"
"""The source of the events that the function puts on a bus (chalicelib/storage/audit_files.py)."""
READ = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
LIST = "dynamodb:ListStreams"
"""What Lambda does to read streams, by the function's role."""

BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
BUS_ARN = r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/[A-Za-z0-9/_.-]{1,256}"
STREAM = re.compile(r"arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/([A-Za-z0-9_.-]{3,255})/stream/[0-9T:.-]{1,64}")
SUCH_STREAMS = (
    '{"grants": "arn:aws:dynamodb:eu-central-1:111122223333:table/grants-restored/stream/2026-11-30T07:00:00.000"}'
)

FORMS = {
    **notice_settings.FORMS,
    "audit_years": ("100|[1-9][0-9]?", f"must be a number of years, from 1 to {MOST_YEARS}"),
    "audit_lock": (f"governance|{COMPLIANCE}", f"must be governance or {COMPLIANCE}"),
    "audit_bucket": (f"{MAKE}|{BUCKET}", "must be make, or the name of a bucket that has Object Lock"),
    "audit_encryption": (watch_settings.KEY, "must be make, or the ARN of a KMS key"),
    "audit_bus": (
        rf"{NONE}|{BUS_ARN}|[A-Za-z0-9/_.-]{{1,256}}",
        "must be none, default, or the name or ARN of an event bus",
    ),
}
"""By setting, what its text must be, and what is said where it is not (settings_checks.py)."""

OF_A_MADE_BUCKET = ("audit_years", "audit_lock")


class AuditSettingsError(Exception):
    """The settings can't be used; the message lists why."""


def streams(text: str) -> Mapping[str, str]:
    """The setting `table_streams`. Raises AuditSettingsError."""
    try:
        found = json.loads(text, object_pairs_hook=each_once)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise AuditSettingsError(f"table_streams must be a JSON object of texts such as {SUCH_STREAMS}, each name once")
    problems = [
        f"table_streams: {name} must be the ARN of its newest stream, such as in {SUCH_STREAMS}"
        for name, arn in found.items()
        if not STREAM.fullmatch(arn)
    ]
    if problems:
        raise AuditSettingsError("; ".join(problems))
    return found


def recorded(*, by_week: bool) -> list[str]:
    """The tables whose streams are recorded. `by_week`: whether a job makes the tables of what lives for a short time."""
    return [row.name for row in TABLES if row.recorded and not (by_week and row.weekly)]


def problems(deployment: Deployment) -> list[str]:
    """What contradicts itself. Of streams only where tables are named in the settings; the others are looked at with them."""
    found = notice_settings.problems(deployment)
    if deployment.audit_lock == COMPLIANCE and deployment.chooses("first_deployment"):
        found.append(
            "audit_lock must not be compliance in a first_deployment: nobody could delete what a try leaves in the bucket"
        )
    if deployment.audit_bucket != MAKE:
        found += [
            f"{name} is of a bucket that the stack makes: set the retention of audit_bucket yourself"
            for name in OF_A_MADE_BUCKET
            if deployment.gives(name)
        ]
    try:
        given = streams(deployment.table_streams)
    except AuditSettingsError as wrong:
        return [*found, str(wrong)]
    return found + _unlike_their_tables(given, deployment)


def missing_streams(deployment: Deployment, tables: Mapping[str, str | None]) -> list[str]:
    """What is said of recorded tables that exist already, without a stream. `tables`: by name, its ARN if it is known."""
    wanted = recorded(by_week=deployment.chooses("weekly_tables"))
    given = streams(deployment.table_streams)
    missing = [name for name, arn in tables.items() if name in wanted and arn is None and name not in given]
    if not missing:
        return []
    return [
        f"table_streams: {', '.join(missing)} is missing: each change goes to the record. "
        "Give the ARN of the table's stream, which has NEW_AND_OLD_IMAGES"
    ]


def _unlike_their_tables(given: Mapping[str, str], deployment: Deployment) -> list[str]:
    wanted = recorded(by_week=deployment.chooses("weekly_tables"))
    named = _named(deployment.tables)
    found = []
    for name, arn in given.items():
        match = STREAM.fullmatch(arn)
        if name not in wanted:
            found.append(f"table_streams: no stream of {name} is recorded; those of {', '.join(wanted)} are")
        elif name in named and match and named[name].rpartition("/")[2] != match[1]:
            found.append(f"table_streams: {name} is the stream of {match[1]}, and tables has {named[name]}")
    return found


def _named(text: str) -> dict[str, str]:
    """The tables of the settings, none where they can't be read: it is said already."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {name: one for name, one in found.items() if isinstance(one, str)} if isinstance(found, dict) else {}
