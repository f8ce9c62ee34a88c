"""Driving a suite: what is asked of it, in which order, and what is made of how modules end."""

import pytest

from chalicelib.errors import InvalidClientMetadata
from conformance import clients, matrix, runner
from conformance.bank import Person
from conformance.matrix import Cell
from conformance.results import Verdict
from conformance.suite import Suite

CELLS = matrix.cells("* plain_fapi openid_connect *")[:3]
FAILED = ({"status": "FINISHED", "result": "FAILED"}, [{"result": "FAILURE", "src": "CheckIt", "msg": "Bad"}])


class Bank:
    """A bank that notes who registers. The fake suite never calls it."""

    issuer = "https://bank.example"
    resource_url = "https://bank.example/accounts"
    scope = "accounts"

    def __init__(self):
        self.person = Person("alice", "secret", "123456")
        self.registered = []

    def register(self, metadata):
        self.registered.append(metadata["client_id"])


@pytest.fixture
def bank():
    return Bank()


@pytest.fixture
def shared(fake, bank, certificates):
    """What the workers share; `said` and `wanted_urls` are what they told."""

    def make(**chosen):
        return runner.Run(
            bank,
            clients.identities(certificates),
            lambda: Suite(fake.address),
            lambda cell, outcome: resolve_authorization_request.append((cell, outcome)),
            wanted.append,
            **chosen,
        )

    resolve_authorization_request, wanted = [], []
    make.resolve_authorization_request, make.wanted = resolve_authorization_request, wanted
    return make


def test_each_cell_becomes_a_plan_in_its_variant_with_clients_that_are_registered(fake, bank, shared):
    ended = dict(runner.run(CELLS, shared(), side_by_side=2))
    assert {cell: [one.verdict for one in outcomes] for cell, outcomes in ended.items()} == {
        cell: [Verdict.PASSED, Verdict.PASSED] for cell in CELLS
    }
    request_parameters = {configuration["alias"]: (plan, variant) for plan, variant, configuration in fake.plans}
    assert request_parameters == {runner.alias_of(cell, "ducat"): (cell.plan, dict(cell.variant)) for cell in CELLS}
    assert sorted(bank.registered) == sorted(f"{alias}-{n}" for alias in request_parameters for n in (1, 2))
    assert len(shared.resolve_authorization_request) == 2 * len(CELLS)


def test_of_one_alias_one_module_runs_at_a_time(fake, shared):
    list(runner.run(CELLS, shared(), side_by_side=3))
    assert fake.most_at_once == {"0": 1, "1": 1, "2": 1}


def test_a_failed_module_does_not_end_the_plan(fake, shared):
    fake.ends = {"first-module": FAILED, **fake.ends}
    fake.ends["first-module"] = FAILED
    ((_, outcomes),) = runner.run(CELLS[:1], shared(), side_by_side=1)
    assert [one.verdict for one in outcomes] == [Verdict.FAILED, Verdict.PASSED]
    assert [condition.name for condition in outcomes[0].conditions] == ["CheckIt"]


def test_only_the_modules_requested_are_run(fake, shared):
    ((_, outcomes),) = runner.run(CELLS[:1], shared(modules="*second*"), side_by_side=1)
    assert [one.module for one in outcomes] == ["second-module"]


@pytest.mark.parametrize("forget", [True, False])
def test_a_plan_is_deleted_at_the_suite_only_on_request(fake, shared, forget):
    list(runner.run(CELLS[:1], shared(forget=forget), side_by_side=1))
    assert (("DELETE", "/api/plan/0") in fake.requests) == forget


def test_a_run_that_is_told_to_stop_begins_no_further_module(fake, shared):
    disclosed = shared()
    stopping = runner.Run(**{**vars(disclosed), "reported": lambda cell, outcome: disclosed.stop.set()})
    with pytest.raises(runner.Stopped):
        runner.run_plan(CELLS[0], stopping)
    assert [path for method, path in fake.requests if "info" in path] == ["/api/info/0.first-module"]


def test_a_module_that_does_not_end_is_stopped_and_what_it_waits_for_is_said(fake, shared, monkeypatch):
    monkeypatch.setattr(runner, "MAX_SECONDS", -1)
    fake.ends["first-module"] = None
    ((_, (hanging, after)),) = runner.run(CELLS[:1], shared(), side_by_side=1)
    assert (hanging.verdict, after.verdict) == (Verdict.REVIEW, Verdict.PASSED)
    waits, stopped = hanging.conditions
    assert (waits.name, waits.clauses) == ("ExpectErrorPage", ("PAR-2.2",))
    assert "Opened the login page" in stopped.words
    assert ("DELETE", "/api/runner/0.first-module") in fake.requests


def test_by_hand_each_thing_to_do_is_said_once(fake, bank, shared, monkeypatch):
    monkeypatch.setattr(runner, "MAX_SECONDS_BY_HAND", 0.5)
    bank.person = None
    fake.ends["first-module"] = None
    list(runner.run(CELLS[:1], shared(modules="first*"), side_by_side=1))
    opened, pictured = shared.wanted
    assert opened == "open https://bank.example/authorize?x"
    assert pictured.endswith(f"{fake.address}/upload.html?log=0.first-module")


def test_a_plan_that_the_suite_does_not_know_fails_in_its_words(shared):
    cell = Cell("unheard-of-test-plan", "fapi2-security", CELLS[0].variant)
    ((_, outcomes),) = runner.run([cell], shared(), side_by_side=1)
    assert [one.verdict for one in outcomes] == [Verdict.FAILED]
    assert "no such plan" in outcomes[0].conditions[0].words


def test_a_client_that_can_not_be_registered_fails_its_plan_alone(fake, bank, shared):
    refused = runner.alias_of(CELLS[0], "ducat")

    def register(metadata):
        if metadata["client_id"].startswith(refused):
            raise InvalidClientMetadata("no such profile")

    bank.register = register
    ended = dict(runner.run(CELLS[:2], shared(), side_by_side=1))
    assert "no such profile" in ended[CELLS[0]][0].conditions[0].words
    assert [one.verdict for one in ended[CELLS[1]]] == [Verdict.PASSED, Verdict.PASSED]


def test_a_suite_that_goes_away_ends_the_run(fake, bank, shared, monkeypatch):
    def go(metadata):
        fake.status = 503

    bank.register = go
    monkeypatch.setattr("conformance.suite.PAUSES", ())
    ((_, (ended,)),) = runner.run(CELLS[:1], shared(), side_by_side=1)
    assert "503" in ended.conditions[0].words
