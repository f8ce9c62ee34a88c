"""pytest's hooks: record the calls in every process of a session, bring them together, judge them at its end.

The policies come from whichever process synthesized them. A part of the tests records a part of the calls, so only a whole run
that was good until then fails for what no call needs.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.aws_calls import judging, recording, second_judge

RECORD = Path(__file__).parents[2] / "build" / "aws-calls.json"
KEY = "aws_calls"


def pytest_sessionstart(session: pytest.Session) -> None:
    """pytest's hook."""
    recording.begin()
    session.config.pluginmanager.register(Session(session.config), "aws-calls")


class Session:
    """What one process of the session knows."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._problems: list[str] = []

    def pytest_testnodedown(self, node: Any) -> None:
        """xdist's hook: another process has ended."""
        handed = json.loads(getattr(node, "workeroutput", {}).get(KEY, "{}"))
        recording.calls.update(recording.from_json(handed.get("calls", [])))
        recording.policies.update(handed.get("policies", {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """pytest's hook. A process of xdist hands on what it has; else what there is is judged."""
        if hasattr(self._config, "workeroutput"):
            found = {"calls": recording.as_json(recording.calls), "policies": recording.policies}
            self._config.workeroutput[KEY] = json.dumps(found)
            return
        complete = self._is_complete(session)
        if complete and not recording.policies:
            self._problems = ["no policies: tests/infra synthesized none, so no role was judged"]
        elif recording.policies:
            self._problems = judging.problems(recording.calls, recording.policies, complete=complete)
        if complete:
            recording.write(RECORD, recording.calls, recording.policies)
            with suppress(second_judge.Absent):  # test_judging.py says so
                self._problems += second_judge.differences(recording.calls, recording.policies)[1]
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """pytest's hook. A problem counts as a failure, so that the last line names it."""
        if self._problems:
            words = "\n".join(["the calls to AWS and the roles do not agree:", *self._problems])
            terminalreporter.section("roles", red=True)
            terminalreporter.write_line(words)
            where = ("tests/aws_calls", None, "roles")
            report = pytest.TestReport("tests/aws_calls", where, {}, "failed", words.partition(":")[0], "call")
            terminalreporter.stats.setdefault("failed", []).append(report)

    def _is_complete(self, session: pytest.Session) -> bool:
        option = self._config.option
        whole = self._config.args_source == pytest.Config.ArgsSource.TESTPATHS
        narrowed = option.keyword or option.markexpr or option.deselect or option.maxfail
        return whole and not narrowed and session.exitstatus == pytest.ExitCode.OK and not session.testsfailed
