"""The simulated morning: what is begun is finished or given up, quotas refuse, and what was asked for beforehand is enough."""

from dataclasses import replace

import pytest

from benchmarks import payday, simulation
from benchmarks.payday import Morning, Quotas, Retries, Step
from docs import capacity
from docs.clauses import ROOT

STEPS = (
    Step("push", "par", 0, 0.02, 0.5, 0, {("grants", "write"): 1}),
    Step("sign in", "login", 5, 0.1, 0.5, 0, {("grants", "write"): 1, ("users", "write"): 2}),
    Step("redeem", "token", 1, 0.04, 0.5, 1, {("grants", "write"): 2}),
    Step("use", "authorizer", 1, 0.01, 0.4, 0, {("grants", "read"): 1}),
)
STEADY = [100.0] * 60


def simulate(**changes):
    return simulation.simulate(replace(Morning("a morning", STEADY), **changes), STEPS)


def test_whoever_begins_finishes_where_nothing_is_short():
    outcome = simulate()
    assert outcome.begun == outcome.finished == sum(outcome.finished_by_second) > 5000
    assert (outcome.given_up, outcome.refused) == (0, {})
    assert outcome.delay(0.99) == 0


def test_whoever_begins_finishes_or_gives_up_whatever_is_short():
    outcome = simulate(quotas=Quotas(rsa=50, writes=300, environments=12, api=200, api_burst=0))
    assert outcome.given_up > 0
    assert outcome.begun == outcome.finished + outcome.given_up


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ({"rsa": 60}, "KMS, RSA"),
        ({"writes": 250}, "grants, writes"),
        ({"environments": 12}, "Lambda, environments"),
        ({"api": 150, "api_burst": 0}, "API Gateway"),
    ],
)
def test_a_quota_that_is_short_refuses_and_nothing_else_does(short, name):
    outcome = simulate(quotas=replace(Quotas(), **short))
    assert outcome.first.keys() == {name}
    assert outcome.refused[name] > 0


def test_no_more_is_signed_in_a_second_than_the_quota_lets():
    outcome = simulate(quotas=Quotas(rsa=60))
    assert max(outcome.finished_by_second) <= 66, "60, and what chance rounds up"


def test_an_outage_is_made_up_for_afterwards():
    outcome = simulate(outage=(20, 30))
    assert outcome.first == {"KMS, RSA": 20}
    assert outcome.finished == outcome.begun
    assert outcome.delay(0.99) >= 15


def test_retries_without_jitter_come_as_a_wave():
    waves = {
        jitter: max(simulate(outage=(20, 24), retries=Retries(4, jitter, 6, doubles=False)).requests_by_second)
        for jitter in (0, 8)
    }
    assert waves[0] > waves[8]


def test_what_to_ask_for_is_enough_for_so_many_and_half_as_much_to_spare():
    rates = payday.payday(3000, ramp=60, hold=30)
    assert simulate(rates=rates).first
    raised = payday.enough(STEPS, 3000)
    assert simulate(rates=rates, quotas=raised).refused == {}
    assert all(logins >= 3000 * 1.5 for _, _, logins in payday.ends(STEPS, raised).values())


def test_what_ends_first_is_named_first():
    ends = payday.ends(STEPS, Quotas())
    assert next(iter(ends)) == min(ends, key=lambda name: ends[name][2]) == "KMS, RSA"
    assert ends["grants, writes"] == (4, 4000, 1000)
    assert ends["KMS, RSA"] == (1, 1000, 1000)
    assert ends["API Gateway"][0] == 4


def test_the_same_seed_gives_the_same_morning():
    assert simulate() == simulate()


def test_the_page_says_what_a_login_takes_now():
    """Its mornings are simulated by `make capacity`; what they begin from is counted here."""
    page = (ROOT / "docs/operate/capacity.md").read_text()
    rows = [f"| {' | '.join(row)} |" for row in capacity.ends(capacity.steps(), Quotas())]
    assert "\n".join(rows) in page
    assert all(plot.is_file() for plot in (capacity.PLOTS / "finished.svg", capacity.PLOTS / "retries.svg"))
