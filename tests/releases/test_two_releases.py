"""The release before this one and this one, side by side on the same tables and keys, as while a deployment is under way.

Each release runs in a process of its own, by its own code. CloudFormation changes one function after the other, so that any
mixture may serve a login; with traffic shifted bit by bit, two requests to one function may meet both.
"""

import io
import itertools
import subprocess
import sys
import tarfile

import pytest

from benchmarks import journey, systems, warm
from benchmarks.processes import started
from benchmarks.systems import FUNCTION, Ours
from chalicelib.assembly import WARMED
from chalicelib.jobs import publish_keys
from docs.clauses import ROOT
from tests.actors import Browser

BEFORE = "259b2aa4fe3caafff6e2eaa4f9a70404c7fd9141"
"""The commit of the release before. Whoever makes a release puts its predecessor here."""

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
def code_before(tmp_path_factory):
    """The folder of the release before."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", BEFORE, "app.py", "chalicelib"], capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip("the history of the project is not here, so the release before can't be run")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def releases(code_before):
    """The processes of both, by name; and what leads to what both share."""
    with warm.stand_in() as environment, warm.light_passwords():
        given = systems.settings_of(environment) | {"HANDLERS": " ".join(WARMED)}
        command = (sys.executable, "-B", FUNCTION)
        with (
            started(command, cwd=code_before, environment=given) as before,
            started(command, cwd=ROOT, environment=given) as now,
        ):
            yield {"before": before, "now": now}, systems.own_settings(environment), {}


class Mixed(Ours):
    """A deployment half-way: by function the releases that serve it, in turn."""

    def __init__(self, releases, environment, turns, sockets):
        super().__init__("mixed", environment, {})
        self._releases, self._turns, self.served = releases, turns, []
        self._sockets = sockets  # A function's process takes one connection.

    def _invoked(self, name, event):
        release = next(self._turns[name])
        self.served.append((name, release))
        self._functions = {name: self._releases[release]}
        return super()._invoked(name, event)


@pytest.fixture
def mixed(releases):
    """A function: a deployment whose functions serve by these turns."""
    processes, environment, sockets = releases

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
