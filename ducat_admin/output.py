"""What a command prints: a table for people, or JSON, which has the same members."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

Row = Mapping[str, Any]


def rows(found: Sequence[Row], columns: Sequence[str], *, as_json: bool, none: str) -> None:
    """A list. `columns`: the members that the table has, in order. `none`: what people read where there is none."""
    if as_json:
        click.echo(json.dumps(list(found), indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo(none, err=True)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in found:
        table.add_row(*(text(row.get(column)) for column in columns))
    Console(file=sys.stdout, highlight=False, markup=False, width=None if sys.stdout.isatty() else 200).print(table)


def one(row: Row, *, as_json: bool) -> None:
    """One thing, member by member."""
    if as_json:
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return
    width = max(len(name) for name in row)
    for name, value in row.items():
        click.echo(f"{name.replace('_', ' '):<{width}}  {text(value)}")


def done(sentence: str, *, as_json: bool, **members: Any) -> None:
    """What was done: a sentence, or its members."""
    click.echo(json.dumps(members, indent=2, ensure_ascii=False) if as_json else sentence)


def text(value: Any) -> str:
    """A value as people read it."""
    if value is None or value in ([], {}, ()):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def moment(epoch: int) -> str | None:
    """An instant in UTC (RFC 3339); None for 0, which is never."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if epoch else None
