"""cdk-nag's packs over a deployment with everything on and one with everything off: no error without a written reason."""

import json
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.infra.synthesize import NAGGED

REASONS = Path("ducat_cdk/nag_reasons.toml")
PACKS = {"AwsSolutions", "NIST.800.53.R5", "PCI.DSS.321", "Serverless"}
MIN_REASON = 60
"""Characters of a reason that says something."""


@pytest.fixture(scope="module")
def findings(synthesized):
    """The errors of each template: (rule, construct's path)."""
    found = {}
    for name in NAGGED:
        report = json.loads((synthesized / name / "validation-report.json").read_text())
        packs = {one["pluginName"]: one["violations"] for one in report["pluginReports"]}
        assert set(packs) >= PACKS
        found[name] = {
            (violation["ruleName"], construct["constructPath"])
            for pack in PACKS
            for violation in packs[pack]
            if violation["severity"] == "error"
            for construct in violation["violatingConstructs"]
        }
    return found


def written():
    """(rule's pattern, resources' pattern) to the reason."""
    entries = tomllib.loads(REASONS.read_text())["reason"]
    return {(rule, one["resources"]): one["reason"] for one in entries for rule in one["rules"]}


def fits(entry, finding):
    return all(fnmatchcase(part, pattern) for part, pattern in zip(finding, entry, strict=True))


@pytest.mark.parametrize("name", NAGGED)
def test_no_error_stands_without_a_reason(findings, name):
    assert len(findings[name]) > 50
    assert not [one for one in sorted(findings[name]) if not any(fits(entry, one) for entry in written())]


def test_no_reason_stands_without_an_error(findings):
    every = set().union(*findings.values())
    assert not [entry for entry in written() if not any(fits(entry, one) for one in every)]


def test_each_reason_says_something():
    assert all(len(reason) >= MIN_REASON for reason in written().values())
