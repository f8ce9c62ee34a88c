"""What a module's log says: its verdict, and each condition that was not met, with its clauses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ABOUT_THE_MODULE = ("INTERRUPTED", "SKIPPED")


class Verdict(StrEnum):
    """How a module ended. PICTURES: all is met, and the pages' pictures were taken, which only a person can judge.

    REVIEW: a picture that nothing took is wanted, or something else that the suite leaves open.
    """

    PASSED = "passed"
    PICTURES = "pictures"
    WARNED = "warned"
    REVIEW = "review"
    FAILED = "failed"
    SKIPPED = "skipped"


GOOD = (Verdict.PASSED, Verdict.PICTURES)


@dataclass(frozen=True)
class Condition:
    """A condition that was not met, or waits for a review. `clauses`: as the suite writes them."""

    verdict: Verdict
    name: str
    clauses: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Outcome:
    """How one module ended."""

    module: str
    verdict: Verdict
    conditions: tuple[Condition, ...] = ()
    seconds: int = 0


def outcome(module: str, info: Mapping[str, Any], log: Iterable[Mapping[str, Any]], *, seconds: int) -> Outcome:
    """The outcome of a run, out of what the suite says of it and the log that it wrote."""
    entries = tuple(log)
    conditions = tuple(found for entry in entries if (found := _condition(entry)) is not None)
    return Outcome(module, _verdict(info, entries), conditions, seconds)


def unfinished(module: str, words: str, entries: Iterable[Mapping[str, Any]] = (), *, seconds: int = 0) -> Outcome:
    """The outcome of a run that could not begin, or did not end: a review where only a picture is wanted."""
    log = tuple(entries)
    conditions = tuple(found for entry in log if (found := _condition(entry)) is not None)
    failed = any(condition.verdict is Verdict.FAILED for condition in conditions)
    verdict = Verdict.REVIEW if not failed and wants_picture(log) else Verdict.FAILED
    return Outcome(module, verdict, (*conditions, Condition(verdict, "-", (), words)), seconds)


def wants_picture(entries: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a picture is wanted that nobody has given."""
    return any(map(_is_wanted_picture, entries))


def _verdict(info: Mapping[str, Any], entries: tuple[Mapping[str, Any], ...]) -> Verdict:
    if info.get("status") != "FINISHED":
        return Verdict.FAILED
    match info.get("result"):
        case "PASSED":
            return Verdict.PASSED
        case "REVIEW":
            return Verdict.REVIEW if wants_picture(entries) else Verdict.PICTURES
        case "WARNING":
            return Verdict.WARNED
        case "SKIPPED":
            return Verdict.SKIPPED
        case _:
            return Verdict.FAILED


def _condition(entry: Mapping[str, Any]) -> Condition | None:
    """None for an entry that says all is well."""
    match entry.get("result"):
        case "FAILURE" | "INTERRUPTED":
            verdict = Verdict.FAILED
        case "WARNING":
            verdict = Verdict.WARNED
        case "SKIPPED":
            verdict = Verdict.SKIPPED
        case "REVIEW" if _is_wanted_picture(entry):
            verdict = Verdict.REVIEW
        case _:
            return None
    clauses = tuple(str(clause) for clause in entry.get("requirements") or ())
    return Condition(verdict, str(entry.get("src", "")), clauses, str(entry.get("msg", "")))


def _is_wanted_picture(entry: Mapping[str, Any]) -> bool:
    return "upload" in entry and not entry.get("image_no_longer_required")
