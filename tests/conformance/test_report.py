"""What a run shows: its lines, its table, its page."""

from collections import Counter

from conformance import matrix, report
from conformance.report import Row
from conformance.results import Condition, Outcome, Verdict

CELL, OTHER = matrix.cells()[:2]


def row(cell, passed, date="2026-01-02", release="5.2.4"):
    return Row(cell.plan, cell.words, release, date, Counter({Verdict.PASSED: passed, Verdict.PICTURES: 4}))


def test_a_modules_line_is_followed_by_each_condition_and_its_clauses():
    conditions = (
        Condition(Verdict.FAILED, "CheckState", ("RFC6749-4.1.2", "OIDCC-3"), "No state"),
        Condition(Verdict.WARNED, "CheckHeader", (), "No header"),
    )
    shown = report.lines(CELL, Outcome("a-module", Verdict.FAILED, conditions, 7))
    assert shown.splitlines() == [
        f"failed   a-module  ({CELL.words}, 7 s)",
        "    failed: CheckState [RFC6749-4.1.2, OIDCC-3]: No state",
        "    warned: CheckHeader: No header",
    ]


def test_a_cells_row_counts_its_modules_by_verdict():
    outcomes = [Outcome("a", Verdict.PASSED), Outcome("b", Verdict.PASSED), Outcome("c", Verdict.WARNED)]
    made = report.row(CELL, outcomes, release="5.2.4", date="2026-01-02")
    assert made.texts == (CELL.plan, CELL.words, "5.2.4", "2026-01-02", "2", "0", "1", "0", "0", "0")


def test_the_table_lines_up():
    head, *rest = report.table([row(CELL, 100), row(OTHER, 5)]).splitlines()
    at = head.index("passed")
    assert [line[at : at + 4].strip() for line in rest] == ["100", "5"]


def test_the_page_keeps_what_another_run_said_of_other_cells(tmp_path):
    page = tmp_path / "reference" / "conformance.md"
    report.write([row(CELL, 1), row(OTHER, 2)], [CELL, OTHER], page)
    report.write([row(OTHER, 3, date="2026-02-03")], [CELL, OTHER], page)
    assert [(kept.variant, kept.date, kept.counts[Verdict.PASSED]) for kept in report.read(page)] == [
        (CELL.words, "2026-01-02", 1),
        (OTHER.words, "2026-02-03", 3),
    ]
    assert page.read_text().startswith("# Conformance\n")


def test_the_page_forgets_what_the_matrix_no_longer_has(tmp_path):
    page = tmp_path / "conformance.md"
    report.write([row(CELL, 1), row(OTHER, 2)], [CELL, OTHER], page)
    report.write([], [OTHER], page)
    assert [kept.variant for kept in report.read(page)] == [OTHER.words]
