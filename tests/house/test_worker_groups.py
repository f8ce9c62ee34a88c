"""What is costly to start is started by one of the processes that run the tests."""

import re

from tests.house.source import ROOT
from tests.worker_groups import scope_of


def test_one_process_has_the_browser():
    """Another one's browser, with a window of each kind, would take seconds of CPU."""
    tests = [file.relative_to(ROOT).as_posix() for file in (ROOT / "tests").rglob("test_*.py")]
    looks = re.compile(r"def \w+\([^)]*\b(browse|chromium)\b")
    groups = {file: scope_of(file) for file in tests if looks.search((ROOT / file).read_text(encoding="utf-8"))}
    assert len(groups) > 5
    assert {file for file, group in groups.items() if group != "chromium"} == set()
