"""`ducat audit`: what happened, and who did it, out of the record."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from ducat_admin import audit_export, audit_files, audit_search, audit_story, audit_time, output
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verbs

LIMIT = 100

Command = Callable[..., None]


@click.group("audit", cls=Verbs)
def group() -> None:
    """The record of what happened: find, and export."""


def _searched(command: Command) -> Command:
    """The options of what is searched for, and of the time."""
    for option in reversed(
        (
            click.option("--user", metavar="USERNAME", help="About this person, or done by them."),
            click.option("--sub", help="The same, by the sub, also one who has left."),
            click.option("--client", help="About this client."),
            click.option("--consent", metavar="CONSENT_ID", help="About this consent."),
            click.option("--since", metavar="TIME", help="From then on. [default: seven days ago]"),
            click.option("--until", metavar="TIME", help="Up to then. [default: now]"),
        )
    ):
        command = option(command)
    return command


@group.command()
@click.argument("reference", required=False)
@_searched
@click.option("--at", metavar="TIME", help="Half an hour before and after.")
@click.option(
    "--limit", type=click.IntRange(1, output.MAX_ROWS), default=LIMIT, show_default=True, help="How many events."
)
@click.option("--only", is_flag=True, help="Without what else is of the same logins.")
@click.pass_obj
def find(operator: Operator, /, reference: str | None, limit: int, only: bool, at: str | None, **options: Any) -> None:
    """What happened: each login with its steps in order, and why it failed.

    REFERENCE is the one on an error page, an interaction id, a consent's id, a kid, or what else an event has as its id. A
    TIME is 90m, 2h or 3d ago, a day, or such as 2026-11-30T11:15Z. A reference that says when it was made needs none. The
    sealed part of an event is shown where its person is named or their consent is still stored. The status is 1 where
    nothing is found.
    """
    record, people = audit_files.record_of(operator), audit_search.People(operator)
    span = _span(operator, options, at=at, reference=reference)
    search = _search(operator, people, options, reference=reference or "")
    found = audit_search.find(record, search, span, limit=limit, whole=not only)
    if not found.events:
        _note(record)
        raise Problem(f"nothing of that in the record from {found.searched}; --since looks further back")
    people.add_those_of(found.events)
    if operator.as_json:
        click.echo(output.as_text([audit_export.members(event, people) for event in found.events]))
    else:
        click.echo("\n".join(audit_story.lines(found.events, people)).rstrip())
    if found.more:
        click.echo(f"There are more: --until {output.moment(found.searched.since)}, or --limit", err=True)
    _note(record)


@group.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_searched
@click.option("--csv", "as_csv", is_flag=True, help="CSV in place of JSON lines.")
@click.pass_obj
def export(operator: Operator, /, folder: Path, as_csv: bool, **options: Any) -> None:
    """Write events into the new FOLDER, a file a day, with manifest.json.

    The manifest has the SHA-256 of each file, and of each object of the record that was read. Events are as they are stored,
    with the sealed part open where a person is named. Only you can read the files.
    """
    record, people = audit_files.record_of(operator), audit_search.People(operator)
    span = _span(operator, options, at=None, reference=None)
    search = _search(operator, people, options, reference="")
    written = audit_export.write(record, search, span, people, folder, as_csv=as_csv)
    said = f"{written['events']} events of {span} are in {folder}."
    output.done(said, as_json=operator.as_json, folder=str(folder), **written)
    _note(record)


def _span(operator: Operator, options: dict[str, Any], *, at: str | None, reference: str | None) -> audit_time.Span:
    chosen = partial(audit_time.span, since=options.pop("since"), until=options.pop("until"))
    return chosen(at=at, reference=reference, now=operator.provider.now())


def _search(
    operator: Operator, people: audit_search.People, options: dict[str, Any], *, reference: str
) -> audit_search.Search:
    """What the options are about. Raises Problem."""
    user, sub = options["user"], options["sub"]
    if user is not None and sub is not None:
        raise click.UsageError("--user and --sub both name a person: give one of them")
    named = user is not None or sub is not None
    person = audit_search.person(operator, people, user, sub) if named else ""
    return audit_search.Search(reference, person, options["client"] or "", options["consent"] or "")


def _note(record: audit_files.Record) -> None:
    """Say what could not be read."""
    if record.unreadable:
        click.echo(f"Note: {record.unreadable} lines of the record can't be read by this release.", err=True)
    for name in getattr(record.files, "unreadable", []):
        click.echo(f"Note: {output.printable(name)} is damaged, and its events are missing.", err=True)
