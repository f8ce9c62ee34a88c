"""The index of the decisions, from their first lines: docs/decisions/README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass

from docs.clauses import ROOT

DECISIONS = ROOT / "docs" / "decisions"
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n\*\*Date\*\* (?P<date>\d{4}-\d\d-\d\d)\. \*\*State\*\* "
    r"(?P<state>accepted|accepted, amended by (?P<amended>.+)|superseded by (?P<superseded>.+))\.\n"
)
LINK = re.compile(r"\[(\d{4})\]\((\d{4})-[a-z0-9-]+\.md\)")


@dataclass(frozen=True)
class Decision:
    """One page. `file`: its name. `state`: accepted, amended or superseded, with links to what did it. `by`: their numbers."""

    file: str
    title: str
    date: str
    state: str
    by: tuple[str, ...]


def decisions() -> list[Decision]:
    """Every decision, by number. Raises LookupError where the first lines of one have another form."""
    return [_read(path.name, path.read_text(encoding="utf-8")) for path in sorted(DECISIONS.glob("[0-9]*.md"))]


def page() -> str:
    """The index."""
    rows = (f"| [{one.file[:4]}]({one.file}) | {one.title} | {one.date} | {one.state} |" for one in decisions())
    return "\n".join(
        (
            "# Decisions\n",
            "Written by `make docs` from the pages; changes here are lost.\n",
            "One page each: what made a choice necessary, what was chosen, what follows. The third line has the date and "
            "the state. A decision that was amended holds, but for what the other page changes. One that was superseded "
            "stays, and says by which.\n",
            "| | Decision | Date | State |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        )
    )


def _read(file: str, text: str) -> Decision:
    head = HEAD.match(text)
    if head is None or int(head["number"]) != int(file[:4]):
        raise LookupError(f"{file} does not begin with number, title, date and state")
    by = LINK.findall(head["amended"] or head["superseded"] or "")
    if any(name != target for name, target in by) or (head["state"] != "accepted" and not by):
        raise LookupError(f"{file} names no decision by its number")
    return Decision(file, head["title"], head["date"], head["state"], tuple(name for name, _ in by))
