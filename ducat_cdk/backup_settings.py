"""Whether AWS Backup keeps the tables that last, for how long, and where. Read without the CDK, which starts Node."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ducat_cdk.json_members import each_once

MAKE = "make"
LOCKS = ("none", "governance", "compliance")
SUCH = '{"days": 35, "lock": "governance"}'
MEMBERS = ("days", "vault", "lock", "lock_after_days", "copy_to")
DAYS = range(1, 36_501)
"""What a vault's lock takes for a retention (AWS Backup API, PutBackupVaultLockConfiguration)."""
LOCK_AFTER_DAYS = range(3, 36_501)
"""Days in which a lock can be taken back; AWS Backup wants three at the least."""
VAULT = re.compile(r"make|[A-Za-z0-9_-]{2,50}")
COPY = re.compile(r"(arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[A-Za-z0-9_-]{2,50})?")


class BackupError(Exception):
    """The setting can't be used; the message lists why."""


@dataclass(frozen=True)
class Backup:
    """`days`: how long a day's backup is kept. `vault`: "make", or the name of a vault that exists.

    `lock`: "governance" keeps backups from whoever may not lift the lock, "compliance" from everyone once `lock_after_days`
    are over. `copy_to`: the ARN of a vault, such as one of another Region, where each backup is copied; empty for none.
    """

    days: int
    vault: str = MAKE
    lock: str = "none"
    lock_after_days: int = 0
    copy_to: str = ""


def read(text: str) -> Backup | None:
    """The setting, None where there is to be no plan. Raises BackupError."""
    try:
        given = json.loads(text, object_pairs_hook=each_once)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise BackupError(f"backup must be a JSON object such as {SUCH}")
    if not given:
        return None
    if problems := _problems(given):
        raise BackupError("; ".join(problems))
    return Backup(**given)


def _problems(given: dict[str, Any]) -> list[str]:
    lock, vault = given.get("lock", "none"), given.get("vault", MAKE)
    found = [f"backup: there is no {name}; there are {', '.join(MEMBERS)}" for name in given if name not in MEMBERS]
    if not _within(given.get("days"), DAYS):
        found.append(f"backup: days must be a number from {DAYS.start} to {DAYS[-1]}")
    if not (isinstance(vault, str) and VAULT.fullmatch(vault)):
        found.append("backup: vault must be make, or the name of a vault of AWS Backup")
    if lock not in LOCKS:
        found.append(f"backup: lock must be one of {', '.join(LOCKS)}")
    elif lock != "none" and vault != MAKE:
        found.append("backup: lock is of a vault that the stack makes; lock your own yourself")
    if (lock == "compliance") is not _within(given.get("lock_after_days"), LOCK_AFTER_DAYS):
        found.append('backup: lock_after_days, from 3, goes with the lock "compliance": nobody can lift it afterwards')
    copy = given.get("copy_to", "")
    if not (isinstance(copy, str) and COPY.fullmatch(copy)):
        found.append("backup: copy_to must be the ARN of a vault of AWS Backup")
    return found


def _within(value: Any, numbers: range) -> bool:
    return type(value) is int and value in numbers
