"""Each call of each step meets each fault once; then the natural retry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ducat_cdk.functions import FUNCTIONS
from tests.actors import Answer
from tests.fault_injection.faults import Fault, Killed, Point, faults_of
from tests.fault_injection.steps import STEPS, Step
from tests.fault_injection.whole import whole
from tests.fault_injection.world import World

MIN_TIMEOUT = min(function.timeout for function in FUNCTIONS)
"""Seconds that a function has."""

UNAVAILABLE = 503
OURS = 500


@dataclass(frozen=True)
class Run:
    """One fault in one call of one step. `answer`: what the caller got; `after`: how it went on. `problems`: rules broken."""

    step: str
    point: Point
    fault: Fault
    answer: str
    after: str
    problems: tuple[str, ...]


GOOD, RETRIED, RENEWED, LOST = "good", "good at the retry", "good at another try", "lost"


def runs(world: World, names: list[str], chosen: int = 1) -> Iterator[Run]:
    """Every fault at every call of these steps. `chosen`: of so many one, and one of each step at least."""
    for turn, name in enumerate(names):
        world.begin()
        step = STEPS[name](world)
        put_back = world.kept()
        put_back()
        every = [(point, fault) for point in _undisturbed(world, name, step) for fault in faults_of(point)]
        for point, fault in every[turn % max(1, min(chosen, len(every))) :: chosen]:
            put_back()
            yield _run(world, name, step, point, fault)


def _undisturbed(world: World, name: str, step: Step) -> list[Point]:
    put_back = world.kept()
    put_back()
    world.injector.begin()
    answer = step.act()
    points = list(dict.fromkeys(world.injector.points))
    world.injector.begin()
    assert step.good(answer), (name, answer.status, answer.text[:400])
    assert step.goes_on(answer), name
    assert step.over is None or step.over(), name
    put_back()
    return points


def _run(world: World, name: str, step: Step, point: Point, fault: Fault) -> Run:
    world.log.clear()
    world.injector.begin(point, fault)
    answer = _tried(step)
    time, landed = world.injector.time, world.injector.landed
    world.injector.begin()
    world.cold()
    problems = []
    if fault.throttles and answer is not None and answer.status == OURS:
        problems.append("AWS throttled, and the answer says that something of ours is broken")
    if time > MIN_TIMEOUT:
        problems.append(f"waited {time:.0f} s, and the function has {MIN_TIMEOUT}")
    last, after = answer, GOOD
    if answer is None or not step.good(answer):
        last, after = _again(step)
    if after == LOST and not (fault.loses_answer and landed):
        problems.append("the retry fails, though what failed decided nothing")
    if after != LOST:
        assert last is not None
        if not step.goes_on(last):
            problems.append("what was given does not work")
        if step.over is not None and not step.over():
            problems.append("what was ended lives")
    if world.lines_with_a_secret():
        problems.append("the log tells a secret")
    try:
        whole(world.bank)
    except AssertionError:
        problems.append("something is half written")
    return Run(name, point, fault, _said(answer), after, tuple(problems))


def _tried(step: Step) -> Answer | None:
    try:
        return step.act()
    except Killed:
        return None


def _again(step: Step) -> tuple[Answer, str]:
    answer = step.act()
    if step.good(answer):
        return answer, RETRIED
    if step.renew is not None:
        step.renew()
        answer = step.act()
        if step.good(answer):
            return answer, RENEWED
    return answer, LOST


def _said(answer: Answer | None) -> str:
    """What the caller sees, in a word or two."""
    if answer is None:
        return "cut"
    if answer.leads_on:
        error = answer.location.partition("error=")[2].partition("&")[0]
        return f"back, {error}" if error else "on"
    kind = (answer.header("content-type") or "").partition(";")[0]
    page = " page" if kind == "text/html" else ""
    later = ", later" if answer.header("retry-after") else ""
    return f"{answer.status}{page}{later}"
