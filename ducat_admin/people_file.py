"""A file of people: CSV, or JSON lines. It is read record by record, however long it is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ducat_admin.people import Person, claim_of, known_claim, person
from ducat_admin.problem import Problem

MAX_LINE_LENGTH = 64 * 1024
"""Characters. An item of DynamoDB has 400 KB at most, and a person a few hundred characters."""

PLAIN = ("username", "sub", "password", "password_hash", "totp")


@dataclass(frozen=True)
class Entry:
    """A record of the file. `line`: where it ends. `person`: None where it can't be used. `wrong`: why not."""

    line: int
    person: Person | None
    wrong: str = ""


def entries(file: Path) -> Iterator[Entry]:
    """Each record. Raises Problem where the rest of the file can't be read."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            yield from _of_csv(opened) if file.suffix.lower() == ".csv" else _of_json_lines(opened)
    except UnicodeDecodeError:
        raise Problem(f"{file} is not UTF-8") from None
    except OSError as problem:
        raise Problem(f"{file} can't be read: {problem.strerror}") from None


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE_LENGTH + 1):
        number += 1
        if len(line) > MAX_LINE_LENGTH:
            raise Problem(f"line {number}: longer than {MAX_LINE_LENGTH} characters")
        yield line


def _of_json_lines(file: TextIO) -> Iterator[Entry]:
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line, object_pairs_hook=_each_once, parse_constant=_no_constant)
        except (ValueError, RecursionError) as problem:
            yield Entry(number, None, f"not JSON: {problem}")
            continue
        yield _entry(number, said) if isinstance(said, dict) else Entry(number, None, "not a JSON object")


def _of_csv(file: TextIO) -> Iterator[Entry]:
    """The first line names the columns: username, sub, password, password_hash, totp, accounts (JSON), and claims."""
    rows = csv.reader(_lines(file), strict=True)
    try:
        columns = [name.strip() for name in next(rows, [])]
        _require_columns(columns)
        for row in rows:
            if not row:
                continue
            if len(row) != len(columns):
                yield Entry(rows.line_num, None, f"{len(row)} columns in place of {len(columns)}")
                continue
            try:
                said = _of_row(dict(zip(columns, row, strict=True)))
            except ValueError as problem:
                yield Entry(rows.line_num, None, str(problem))
                continue
            yield _entry(rows.line_num, said)
    except csv.Error as problem:
        raise Problem(f"line {rows.line_num}: {problem}") from None


def _require_columns(columns: list[str]) -> None:
    """Raises Problem."""
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice or not {"username", "sub"} <= {*columns}:
        raise Problem(
            f"line 1: {f'column {twice[0]} stands twice' if twice else 'columns username and sub are needed'}"
        )
    try:
        for name in columns:
            if name not in (*PLAIN, "accounts"):
                known_claim(name)
    except ValueError as problem:
        raise Problem(f"line 1: column {problem}") from None


def _of_row(row: Mapping[str, str]) -> dict[str, Any]:
    """The record. An empty cell says nothing. Raises ValueError."""
    filled = {name: value for name, value in row.items() if value}
    said: dict[str, Any] = {name: filled.pop(name) for name in PLAIN if name in filled}
    if "accounts" in filled:
        try:
            said["accounts"] = json.loads(filled.pop("accounts"), object_pairs_hook=_each_once)
        except (ValueError, RecursionError):
            raise ValueError("accounts must be a JSON list") from None
    return said | {"claims": {name: claim_of(name, value) for name, value in filled.items()}}


def _entry(line: int, said: Mapping[str, Any]) -> Entry:
    try:
        return Entry(line, person(said))
    except ValueError as wrong:
        return Entry(line, None, str(wrong))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
