"""Reading what a module left: its verdict, and each condition that is not met, with its clauses."""

import pytest

from conformance.results import Condition, Verdict, outcome, unfinished

FINE = {"result": "SUCCESS", "src": "CheckIssuer", "msg": "The issuer is right", "requirements": ["OIDCD-3"]}
FAILURE = {
    "result": "FAILURE",
    "src": "CheckState",
    "msg": "No state",
    "requirements": ["RFC6749-4.1.2", "OIDCC-3.1.2.5"],
}
WARNING = {"result": "WARNING", "src": "CheckCacheControl", "msg": "No header"}
SKIP = {"result": "SKIPPED", "src": "a-module", "msg": "The test was skipped: no refresh token"}
WANTED = {"result": "REVIEW", "src": "ExpectErrorPage", "msg": "Show an error page", "upload": "x1"}
TAKEN = {"result": "REVIEW", "src": "ExpectErrorPage", "msg": "Show an error page", "page_source": "<html>"}
NOT_NEEDED = {**WANTED, "image_no_longer_required": True}
BLOCK = {"startBlock": True, "src": "-START-BLOCK-", "msg": "Call the token endpoint"}


def finished(result, *log):
    return outcome("a-module", {"status": "FINISHED", "result": result}, [BLOCK, FINE, *log], seconds=3)


@pytest.mark.parametrize(
    ("result", "log", "verdict"),
    [
        ("PASSED", (), Verdict.PASSED),
        ("PASSED", (NOT_NEEDED,), Verdict.PASSED),
        ("REVIEW", (TAKEN,), Verdict.PICTURES),
        ("REVIEW", (TAKEN, NOT_NEEDED), Verdict.PICTURES),
        ("REVIEW", (TAKEN, WANTED), Verdict.REVIEW),
        ("WARNING", (WARNING,), Verdict.WARNED),
        ("FAILED", (FAILURE, WARNING), Verdict.FAILED),
        ("SKIPPED", (SKIP,), Verdict.SKIPPED),
        ("UNKNOWN", (), Verdict.FAILED),
        (None, (), Verdict.FAILED),
    ],
)
def test_the_verdict_is_the_suites_but_for_pictures_that_were_taken(result, log, verdict):
    assert finished(result, *log).verdict is verdict


def test_a_module_that_was_interrupted_is_failed_whatever_else_is_said():
    log = [{"result": "INTERRUPTED", "src": "a-module", "msg": "Something broke"}]
    ended = outcome("a-module", {"status": "INTERRUPTED", "result": "PASSED"}, log, seconds=1)
    assert ended.verdict is Verdict.FAILED
    assert ended.conditions == (Condition(Verdict.FAILED, "a-module", (), "Something broke"),)


def test_each_condition_that_is_not_met_is_named_with_its_clauses_and_no_other():
    assert finished("FAILED", FAILURE, WARNING, TAKEN, NOT_NEEDED).conditions == (
        Condition(Verdict.FAILED, "CheckState", ("RFC6749-4.1.2", "OIDCC-3.1.2.5"), "No state"),
        Condition(Verdict.WARNED, "CheckCacheControl", (), "No header"),
    )
    assert finished("REVIEW", WANTED).conditions == (
        Condition(Verdict.REVIEW, "ExpectErrorPage", (), "Show an error page"),
    )


@pytest.mark.parametrize(
    ("log", "verdict"),
    [([], Verdict.FAILED), ([WANTED], Verdict.REVIEW), ([WANTED, FAILURE], Verdict.FAILED), ([TAKEN], Verdict.FAILED)],
)
def test_a_module_that_does_not_end_is_a_review_where_it_only_waits_for_a_picture(log, verdict):
    ended = unfinished("a-module", "it did not end", log)
    assert ended.verdict is verdict
    assert ended.conditions[-1] == Condition(verdict, "-", (), "it did not end")
