"""What a command prints: a table for people, or JSON, which has the same members.

Names and claims are written by others. No character of theirs that a terminal acts on is printed as it is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

Row = Mapping[str, Any]

MAX_ROWS = 10_000
"""Rows of one page of a list."""


def rows(found: Sequence[Row], columns: Sequence[str], *, as_json: bool, none: str) -> None:
    """A list. `columns`: the members that the table has, in order. `none`: what people read where there is none."""
    if as_json:
        click.echo(as_text(list(found)))
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
        click.echo(as_text(row))
        return
    width = max(len(name) for name in row)
    for name, value in row.items():
        click.echo(f"{name.replace('_', ' '):<{width}}  {text(value)}")


def done(sentence: str, *, as_json: bool, **members: Any) -> None:
    """What was done: a sentence, or its members."""
    click.echo(as_text(members) if as_json else "\n".join(printable(line) for line in sentence.split("\n")))


def page(
    found: Sequence[Row], columns: Sequence[str], *, as_json: bool, none: str, name: str, after: str | None
) -> None:
    """A page of a list. `name`: of the list in JSON. `after`: what the next page begins after, None for the last one."""
    if as_json:
        click.echo(as_text({name: list(found), "after": after}))
        return
    rows(found, columns, as_json=False, none=none)
    if after is not None:
        click.echo(f"There are more: --after {printable(after)}", err=True)


def qr(content: str) -> None:
    """A QR code in the terminal, to be read by a phone."""
    import segno

    code = segno.make(content, error="l", micro=False)
    code.terminal(sys.stdout, border=2, compact=True)


def as_text(value: Any) -> str:
    """A value as JSON. Characters that are not printable are escaped."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"[^\n]", lambda one: one[0] if one[0].isprintable() else json.dumps(one[0])[1:-1], written)


def printable(said: str) -> str:
    """The text with escapes in place of what is not printable: control characters, and those that turn text around."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in said)


def text(value: Any) -> str:
    """A value as people read it."""
    if value is None or value in ([], {}, ()):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return printable(" ".join(value))
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def moment(epoch: int) -> str | None:
    """An instant in UTC (RFC 3339); None for 0, which is never."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if epoch else None
