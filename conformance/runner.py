"""Runs plans side by side: a worker and an alias each, one module at a time per alias, as the suite wants it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Event
from typing import Any

from chalicelib.errors import OAuthError
from conformance import clients, results, settings
from conformance.bank import Bank
from conformance.clients import Identity
from conformance.matrix import Cell
from conformance.results import Outcome
from conformance.suite import Suite, SuiteRefused

MAX_SECONDS = 300
"""Seconds for a module. The longest waits on purpose are those for a request_uri and a code to expire."""

MAX_SECONDS_BY_HAND = 1800
STEP = 10


class Stopped(Exception):
    """The run was told to stop."""


@dataclass(frozen=True)
class Run:
    """What all workers share. `reported` is told how each module ended, `wanted` what somebody is asked to do.

    `modules`: a pattern, for a part of each plan. `prefix`: what each alias begins with.
    `forget`: whether the suite is to delete a plan once it has ended.
    """

    bank: Bank
    who: tuple[Identity, Identity]
    new_suite: Callable[[], Suite]
    reported: Callable[[Cell, Outcome], None]
    wanted: Callable[[str], None]
    prefix: str = "ducat"
    modules: str = "*"
    forget: bool = False
    stop: Event = field(default_factory=Event)


def run(cells: Iterable[Cell], shared: Run, *, side_by_side: int) -> Iterator[tuple[Cell, list[Outcome]]]:
    """Each cell with its modules' outcomes, as it ends. Raises SuiteProblem where the suite goes."""
    with ThreadPoolExecutor(side_by_side) as workers:
        working = {workers.submit(run_plan, cell, shared): cell for cell in cells}
        try:
            for ended in as_completed(working):
                yield working[ended], ended.result()
        finally:
            shared.stop.set()
            workers.shutdown(cancel_futures=True)


def run_plan(cell: Cell, shared: Run) -> list[Outcome]:
    """Register the cell's clients, then one module after the other."""
    suite = shared.new_suite()
    alias = alias_of(cell, shared.prefix)
    base = f"{suite.address}/test/a/{alias}"
    pair = clients.pair(cell, alias, base, shared.who, scope=shared.bank.scope)
    try:
        for client in pair:
            shared.bank.register(client.metadata)
        configuration = settings.configuration(cell, alias, shared.bank, pair, suite.address)
        plan = suite.new_plan(cell.plan, dict(cell.variant), configuration)
    except (OAuthError, SuiteRefused) as problem:
        outcomes = [results.unfinished(cell.plan, f"the plan could not be made: {problem}")]
        shared.reported(cell, outcomes[0])
        return outcomes
    outcomes = []
    for module in plan["modules"]:
        if shared.stop.is_set():
            raise Stopped
        if fnmatchcase(module["testModule"], shared.modules):
            outcomes.append(run_module(suite, plan["id"], module, shared))
            shared.reported(cell, outcomes[-1])
    if shared.forget:
        suite.forget(plan["id"])
    return outcomes


def run_module(suite: Suite, plan_id: str, module: Mapping[str, Any], shared: Run) -> Outcome:
    """How one module ends. One that does not end in time is stopped. Raises Stopped."""
    name = str(module["testModule"])
    began = time.monotonic()
    try:
        run_id = suite.start(plan_id, module)
    except SuiteRefused as problem:
        return results.unfinished(name, f"the module could not be started: {problem}")
    ended = _wait(suite, run_id, shared)
    seconds = int(time.monotonic() - began)
    log = suite.log(run_id)
    if ended:
        return results.outcome(name, suite.info(run_id), log, seconds=seconds)
    suite.stop(run_id)
    return results.unfinished(name, f"it did not end within {seconds} s; {_last_page(log)}", log, seconds=seconds)


def _wait(suite: Suite, run_id: str, shared: Run) -> bool:
    """Whether the module ended in its time. Where the suite's browser is told nothing, asks somebody to do its part."""
    by_hand = shared.bank.person is None
    until = time.monotonic() + (MAX_SECONDS_BY_HAND if by_hand else MAX_SECONDS)
    said: set[str] = set()
    while not suite.ended(run_id, seconds=STEP):
        if shared.stop.is_set():
            suite.stop(run_id)
            raise Stopped
        if time.monotonic() > until:
            return False
        for words in _wanted(suite, run_id) if by_hand else ():
            if words not in said:
                shared.wanted(words)
                said.add(words)
    return True


def _wanted(suite: Suite, run_id: str) -> list[str]:
    """What a module waits for somebody to do."""
    opened = [f"open {url}" for url in suite.waiting_urls(run_id)]
    if results.wants_picture(suite.log(run_id)):
        opened.append(f"give the picture of the page that it ended on: {suite.address}/upload.html?log={run_id}")
    return opened


def alias_of(cell: Cell, prefix: str) -> str:
    """The cell's own alias: no other cell's, and the same at each run."""
    return "-".join((prefix, cell.plan.removesuffix("-test-plan"), *cell.words.split()))


def _last_page(log: Iterable[Mapping[str, Any]]) -> str:
    """What the suite's browser did last."""
    seen = [str(entry.get("msg")) for entry in log if entry.get("src") in ("WebRunner", "BROWSER")]
    return f"the suite's browser said last: {seen[-1]}" if seen else "the suite's browser opened nothing"
