"""The short form of the campaign (`make faults` is the whole): some faults of every step, some orders of every pair."""

from unittest.mock import patch

import pytest

from chalicelib.errors import TemporarilyUnavailable
from chalicelib.single_use import SingleUseValues
from tests.fault_injection import single
from tests.fault_injection.orders import PAIRS, outcomes
from tests.fault_injection.own_pages import OWN_PAGES, STEPS
from tests.fault_injection.world import living

OF_FAULTS = 23
"""One of so many is tried here, another one of each step."""

OF_FAULTS_OF_OWN_PAGES = 67
"""The same of the steps that begin on a page of a person's own, for the CPU."""

ORDERS = 6

ASK_NOTHING = {name for name in STEPS if name.startswith("metadata")} | {"the page of a link for a passkey"}
"""Steps that need no AWS."""


@pytest.fixture(scope="module")
def world():
    with living() as world:
        yield world


@pytest.mark.fault("3c")
@pytest.mark.fault("3i")
@pytest.mark.fault("3h")
def test_no_fault_of_aws_costs_a_login_or_is_reported_as_another(world):
    """What each rule is stands in docs/reference/faults.md."""
    before = [name for name in STEPS if name not in OWN_PAGES]
    found = list(single.runs(world, before, chosen=OF_FAULTS))
    found += single.runs(world, list(OWN_PAGES), chosen=OF_FAULTS_OF_OWN_PAGES)
    assert {name for name in STEPS if name not in {run.step for run in found}} == ASK_NOTHING
    assert not [(run.step, str(run.point), run.fault.name, run.after, run.problems) for run in found if run.problems]


@pytest.mark.parametrize("name", PAIRS)
def test_in_any_order_what_must_hold_does(world, name):
    """Two actors' calls to AWS, one after the other, in orders from all over."""
    found = outcomes(world, name, most=ORDERS)
    assert found.orders > 1
    assert not found.problems


def test_an_assertion_that_is_not_consumed_is_noticed(world):
    """The orders see two winners where nothing is used up."""
    with patch.object(SingleUseValues, "_consume_one", lambda use, value: None):
        assert "2 won" in outcomes(world, "par twice by one assertion").problems


def test_a_fault_that_is_reported_as_another_is_noticed(world):
    """The faults see that throttling is called a failure of ours."""
    with patch.object(TemporarilyUnavailable, "status", 500):
        wrong = [run.fault for run in single.runs(world, ["par, fintech"]) if run.problems]
    assert {fault.group for fault in wrong} == {"throttled"}
