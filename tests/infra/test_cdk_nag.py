"""cdk-nag's packs over deployments with everything on, everything off and what a bank hands in: no error without a reason."""

import json
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.infra.synthesize import NAGGED

REASONS = Path("ducat_cdk/nag_reasons.toml")
PACKS = {"AwsSolutions", "NIST.800.53.R5", "PCI.DSS.321", "Serverless"}
LOOKED_AT = {**dict.fromkeys(NAGGED, "Ducat"), "own": "Login"}
"""The stack in each app. The last one is that of docs/operate/construct.md, with what the bank hands in."""
MIN_REASON = 60
"""Characters of a reason that says something."""


@pytest.fixture(scope="module")
def findings(synthesized):
    """The errors of each template: (rule, construct's path)."""
    found = {}
    for name in LOOKED_AT:
        report = json.loads((synthesized / name / "validation-report.json").read_text())
        packs = {one["pluginName"]: one["violations"] for one in report["pluginReports"]}
        assert set(packs) >= PACKS
        found[name] = {
            (violation["ruleName"], construct["constructPath"].replace(f"{LOOKED_AT[name]}/", "Ducat/", 1))
            for pack in PACKS
            for violation in packs[pack]
            if violation["severity"] == "error"
            for construct in violation["violatingConstructs"]
            if construct["constructPath"].startswith(f"{LOOKED_AT[name]}/")
        }
    return found


def written(*, in_vpc=True):
    """(rule's pattern, resources' pattern) to the reason. `in_vpc`: also those that hold only in one."""
    entries = [one for one in tomllib.loads(REASONS.read_text())["reason"] if in_vpc or not one.get("in_vpc")]
    return [(rule, one["resources"], one["reason"]) for one in entries for rule in one["rules"]]


def fits(entry, finding):
    return all(fnmatchcase(part, pattern) for part, pattern in zip(finding, entry[:2], strict=True))


@pytest.mark.parametrize("name", LOOKED_AT)
def test_no_error_stands_without_a_reason(findings, name):
    assert len(findings[name]) > 50
    reasons = written(in_vpc=name == "own")
    assert not [one for one in sorted(findings[name]) if not any(fits(entry, one) for entry in reasons)]


def test_no_reason_stands_without_an_error(findings):
    every = set().union(*findings.values())
    assert not [entry for entry in written() if not any(fits(entry, one) for one in every)]


def test_each_reason_says_something():
    assert all(len(reason) >= MIN_REASON for _, _, reason in written())
