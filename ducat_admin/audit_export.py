"""`ducat audit export`: events for an auditor, with a manifest of digests."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ducat_admin import audit_story
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.audit.event import Event
    from ducat_admin.audit_files import Record
    from ducat_admin.audit_search import People, Search
    from ducat_admin.audit_time import Span

MANIFEST = "manifest.json"
COLUMNS = (
    *("id", "at", "what", "sentence", "actor_kind", "actor_id", "writer", "client", "person", "grant", "journey"),
    *("interaction", "key", "details", "personal"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a cell for a formula by (OWASP, "CSV Injection")."""


def members(event: Event, people: People) -> dict[str, Any]:
    """The event as it is stored, with `sentence`, and with `personal` in place of `sealed` where that can be read."""
    from chalicelib.audit.event import as_json

    found: dict[str, Any] = dict(as_json(event)) | {"sentence": audit_story.sentence(event)}
    personal = people.personal(event)
    if personal is not None:
        del found["sealed"]
        found["personal"] = personal
    return found


def write(record: Record, search: Search, span: Span, people: People, folder: Path, *, as_csv: bool) -> dict[str, Any]:
    """Write the files, and then the folder's name. Gives what was written. Raises Problem."""
    part = folder.with_name(f".{folder.name}.part")
    try:
        if folder.exists():
            raise Problem(f"{folder} is there already: give a new one")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        manifest = _written(record, search, span, people, part, as_csv=as_csv)
        (part / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        part.rename(folder)
    except OSError as problem:
        raise Problem(f"{folder} can't be written: {problem.strerror or problem}") from None
    return {"events": manifest["events"], "files": [one["name"] for one in manifest["files"]]}


def _written(
    record: Record, search: Search, span: Span, people: People, folder: Path, *, as_csv: bool
) -> dict[str, Any]:
    """The manifest. Hours come newest first, and a day's file has its first event first: each hour waits in a file."""
    sources: dict[str, str] = {}
    days: dict[str, list[Path]] = {}
    count = 0
    for number, (_, events, read) in enumerate(record.hours(span, search.wanted)):
        sources |= {one.name: one.sha256 for one in read}
        some = [event for event in events if search.fits(event)]
        count += len(some)
        if some:
            hour = folder / f".{number}"
            hour.write_bytes("".join(_lines(some, people, as_csv=as_csv)).encode())
            days.setdefault(f"{datetime.fromtimestamp(some[0].at, UTC):%Y-%m-%d}", []).insert(0, hour)
    files = [
        _day(folder / f"{day}.{'csv' if as_csv else 'jsonl'}", hours, as_csv) for day, hours in sorted(days.items())
    ]
    return {
        "record": record.files.name,
        "since": str(span).partition(" ")[0],
        "until": str(span).rpartition(" ")[2],
        "searched_for": {name: value for name, value in vars(search).items() if value},
        "events": count,
        "unreadable_lines": record.unreadable,
        "unreadable_objects": sorted(getattr(record.files, "unreadable", [])),
        "files": files,
        "read": [{"name": name, "sha256": digest} for name, digest in sorted(sources.items())],
    }


def _day(file: Path, hours: list[Path], as_csv: bool) -> dict[str, Any]:
    """A file of a day out of those of its hours."""
    digest = sha256()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        header = [_row(list(COLUMNS)).encode()] if as_csv else []
        for content in (*header, *(hour.read_bytes() for hour in hours)):
            out.write(content)
            digest.update(content)
    for hour in hours:
        hour.unlink()
    return {"name": file.name, "sha256": digest.hexdigest()}


def _lines(events: list[Event], people: People, *, as_csv: bool) -> Iterator[str]:
    for event in events:
        found = members(event, people)
        if not as_csv:
            yield json.dumps(found, ensure_ascii=False) + "\n"
            continue
        found |= {f"actor_{name}": value for name, value in found["actor"].items()}
        yield _row([_cell(found.get(name, "")) for name in COLUMNS])


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(cells: list[str]) -> str:
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()
