"""The release before this one and this one, side by side on the same tables and keys, as while a deployment is under way.

Each release runs in a process of its own, by its own code. CloudFormation changes one function after the other, so that any
mixture may serve a login; with traffic shifted bit by bit, two requests to one function may meet both.
"""

import itertools

import pytest

from benchmarks import journey
from chalicelib.assembly import WARMED
from chalicelib.jobs import publish_keys
from tests.actors import Browser
from tests.releases import roll_back_drill
from tests.releases.mixed import Mixed, code_before, releases

STEPS = (
    "par",
    "authorize",
    "login",
    "consent",
    "token",
    "authorizer",
    "userinfo",
    "introspect",
    "revoke",
    "grants",
    "jwks",
)
"""The functions, in the order of a login and what follows it."""

MIXTURES = 6
"""Of each two functions there is a mixture with this release first, and one with it second: each function is new in another
half of the mixtures, of which none is a part of another one (Sperner's antichain: 20 halves of six).
"""


def mixtures():
    halves = list(itertools.combinations(range(MIXTURES), MIXTURES // 2))
    return [{name for name, half in zip(STEPS, halves, strict=False) if number in half} for number in range(MIXTURES)]


def test_each_two_functions_are_of_both_releases_in_both_orders():
    made = mixtures()
    for one, other in itertools.permutations(STEPS, 2):
        assert any(one in new and other not in new for new in made)


@pytest.fixture(scope="module")
def code_of_before(tmp_path_factory):
    """The folder of the release before."""
    folder = tmp_path_factory.mktemp("before")
    if not code_before(folder):
        pytest.skip("the history of the project is not here, so the release before can't be run")
    return folder


@pytest.fixture(scope="module")
def both(code_of_before):
    """The processes of both releases, what leads to what they share, and the connections to them."""
    with releases(code_of_before) as (processes, environment):
        yield processes, environment, {}


@pytest.fixture
def mixed(both):
    """A function: a deployment whose functions serve by these turns."""
    processes, environment, sockets = both

    def make(turns):
        bank = Mixed(processes, environment, turns, sockets)
        publish_keys.run(bank.aws)
        return bank

    return make


def login(bank, kind):
    """A whole login with what follows it, and its end. Everything is as if one release had served it."""
    client = journey.client(bank, *journey.KINDS[kind], begins=bank.now - 86_400)
    browser, (person, code) = Browser(bank), journey.new_person(bank.aws, now=bank.now)
    typed = {"username": person, "password": journey.PASSWORD, "one_time_code": code}
    page = browser.page(client.client_id, client.pushed())
    page = browser.get(browser.sign_in(page, **typed).location)
    value = browser.submit(page, "approve").parameters["code"]
    tokens = client.redeem(value).json()
    for _ in range(2):
        assert client.userinfo(tokens["access_token"]).json()["sub"] == person
        assert client.accounts(tokens["access_token"])["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        assert client.introspect(tokens["access_token"]).json()["active"]
        tokens = client.refresh(tokens["refresh_token"]).json() | {"refresh_token": tokens["refresh_token"]}
    assert {key["use"] for key in bank.send("GET", "/jwks").json()["keys"]} >= {"sig"}
    assert browser.get("/grants").status == 200
    assert client.revoke(tokens["refresh_token"]).status == 200
    assert client.userinfo(tokens["access_token"]).status == 401
    assert client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert client.redeem(value).error == "invalid_grant"


@pytest.mark.parametrize("new", mixtures(), ids=lambda new: "-".join(name for name in STEPS if name in new))
def test_a_login_is_served_by_functions_of_both(mixed, new):
    bank = mixed({name: itertools.repeat("now" if name in new else "before") for name in WARMED})
    login(bank, "assertion and proof")
    assert {name for name, release in bank.served if release == "now"} == new
    assert {name for name, _ in bank.served} == set(STEPS)


@pytest.mark.parametrize("first", [("now", "before"), ("before", "now")], ids=lambda first: first[0])
def test_a_login_is_served_by_both_releases_of_each_function_in_turn(mixed, first):
    """Traffic that is shifted bit by bit: the page of one release is posted to the other one."""
    bank = mixed({name: itertools.cycle(first) for name in WARMED})
    login(bank, "assertion")
    assert {release for name, release in bank.served if name == "login"} == {"now", "before"}


def test_a_release_that_fails_loses_its_traffic_and_no_login_is_lost(code_of_before):
    """The drill, in short: what the new release did before the alarm began, the release before goes on from."""
    said = []
    outcome = roll_back_drill.drill(code_of_before, 40, say=said.append)
    assert outcome.taken_back
    assert outcome.logins == 40
    assert outcome.by_new > outcome.failed >= roll_back_drill.ALARM.threshold
    assert not outcome.after, said
