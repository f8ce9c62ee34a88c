"""What a run shows: a line a module, a table at the end, and the page in docs/reference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.matrix import Cell
from conformance.results import Outcome, Verdict

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "conformance.md"

HEAD = """\
# Conformance

What the OpenID Foundation's conformance suite says of this provider, run by `make conformance` against the local stack. Each
row is one plan in one variant; the numbers count its modules. *Pictures* are modules in which all is met and the suite took
the picture of an error page, which a person at the Foundation looks at. How a bank has its own deployment certified:
[certify.md](../operate/certify.md).

"""

COLUMNS = ("plan", "variant", "suite", "date", *Verdict)
ROW = re.compile(r"\| (?P<cells>[a-z].*) \|")


@dataclass(frozen=True)
class Row:
    """One plan in one variant, as one run of it ended. `counts`: by verdict."""

    plan: str
    variant: str
    release: str
    date: str
    counts: Mapping[str, int]

    @property
    def texts(self) -> tuple[str, ...]:
        """By COLUMNS."""
        return (self.plan, self.variant, self.release, self.date, *(str(self.counts[v]) for v in Verdict))


def row(cell: Cell, outcomes: Iterable[Outcome], *, release: str, date: str) -> Row:
    """The row of a cell that was run."""
    return Row(cell.plan, cell.words, release, date, Counter(outcome.verdict for outcome in outcomes))


def lines(cell: Cell, outcome: Outcome) -> str:
    """A module's line, and one for each condition that is not met, with its clauses."""
    shown = [f"{outcome.verdict:<8} {outcome.module}  ({cell.words}, {outcome.seconds} s)"]
    for condition in outcome.conditions:
        clauses = f" [{', '.join(condition.clauses)}]" if condition.clauses else ""
        shown.append(f"    {condition.verdict}: {condition.name}{clauses}: {condition.words}")
    return "\n".join(shown)


def table(rows: Sequence[Row]) -> str:
    """The rows as text in columns that line up."""
    texts = [COLUMNS, *(row.texts for row in rows)]
    widths = [max(len(text[n]) for text in texts) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(text, widths, strict=True)).rstrip() for text in texts
    )


def write(rows: Iterable[Row], order: Sequence[Cell], page: Path = PAGE) -> None:
    """Put the rows on the page. What it says of other cells of the matrix stays; what the matrix no longer has goes."""
    known = {(kept.plan, kept.variant): kept for kept in read(page)}
    known |= {(fresh.plan, fresh.variant): fresh for fresh in rows}
    kept = [known[name] for cell in order if (name := (cell.plan, cell.words)) in known]
    page.parent.mkdir(parents=True, exist_ok=True)
    written = [COLUMNS, tuple("---" for _ in COLUMNS), *(row.texts for row in kept)]
    page.write_text(HEAD + "".join(f"| {' | '.join(texts)} |\n" for texts in written))


def read(page: Path = PAGE) -> list[Row]:
    """The rows that stand on the page, none where there is no page."""
    if not page.is_file():
        return []
    found = []
    for line in page.read_text().splitlines():
        match = ROW.fullmatch(line)
        texts = match["cells"].split(" | ") if match else []
        if len(texts) == len(COLUMNS) and texts[-1].isdigit():
            plan, variant, release, date, *counts = texts
            found.append(Row(plan, variant, release, date, dict(zip(Verdict, map(int, counts), strict=True))))
    return found
