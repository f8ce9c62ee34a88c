"""A release that fails gets a tenth of the traffic, its alarm begins, and the release before has all of it again.

`make rollback` prints what happened. The two releases run in processes of their own, on the same tables and keys, as the two
versions of a function do while traffic is shifted. Lambda's choice of a version and CloudWatch's alarm are this file's; the
alarm's row, its threshold and the functions are those that are deployed. The new release finds no table of access tokens.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import journey
from chalicelib.assembly import WARMED
from chalicelib.jobs import publish_keys
from ducat_cdk.alarms import ALARMS
from tests.actors import Answer, Browser, Fintech
from tests.releases.mixed import Mixed, code_before, releases

CANARY = 10
"""Of so many requests the new version gets one."""
IN_FLIGHT = 8
ENDED = object()
(ALARM,) = (row for row in ALARMS if row.name == "server_errors")


@dataclass
class Outcome:
    """What happened. `failed`: requests that the new release answered with 500. `after`: those of them after the shift back."""

    logins: int = 0
    failed: int = 0
    after: int = 0
    by_new: int = 0
    taken_back: bool = False


class Shifted(Mixed):
    """A deployment while its traffic is shifted. Whoever gets a 500 asks again, as clients and people do."""

    def __init__(self, *given: Any, say: Callable[[str], None]) -> None:
        self.outcome, self._say = Outcome(), say
        turns = self._versions()
        super().__init__(*given, turns=dict.fromkeys(WARMED, turns), sockets={})

    def _versions(self) -> Iterator[str]:
        for number in itertools.count(1):
            yield "now" if number % CANARY == 0 and not self.outcome.taken_back else "before"

    def send(self, method: str, path: str, **request: Any) -> Answer:
        answer = super().send(method, path, **request)
        self.outcome.by_new += self.served[-1][1] == "now"
        if answer.status != 500:
            return answer
        self.outcome.failed += 1
        self.outcome.after += self.outcome.taken_back
        if self.outcome.failed >= ALARM.threshold and not self.outcome.taken_back:
            self.outcome.taken_back = True
            self._say(
                f"alarm {ALARM.name}: {self.outcome.failed} requests failed; the release before has all traffic again"
            )
        return self.send(method, path, **request)


def login(bank: Shifted, client: Fintech) -> Iterator[None]:
    """A login, step by step."""
    browser, (person, code) = Browser(bank), journey.new_person(bank.aws, now=bank.now)
    request_uri = client.pushed()
    yield
    page = browser.page(client.client_id, request_uri)
    yield
    signed_in = browser.sign_in(page, username=person, password=journey.PASSWORD, one_time_code=code)
    yield
    page = browser.get(signed_in.location)
    yield
    value = browser.submit(page, "approve").parameters["code"]
    yield
    tokens = client.redeem(value).json()
    yield
    assert client.userinfo(tokens["access_token"]).json()["sub"] == person
    yield
    assert "access_token" in client.refresh(tokens["refresh_token"]).json()
    bank.outcome.logins += 1


def drill(before: Path, logins: int, *, say: Callable[[str], None] = print) -> Outcome:
    """So many logins, of which some are always half-way. `before`: the folder of the release before."""
    with releases(before, DUCAT_ACCESS_TOKENS_TABLE="ducat-not-there") as (processes, environment):
        bank = Shifted(processes, environment, say=say)
        publish_keys.run(bank.aws)
        client = journey.client(bank, *journey.KINDS["certificate"], begins=bank.now - 86_400)
        say(f"one request of {CANARY} goes to the new release, which finds no table of access tokens")
        waiting = [login(bank, client) for _ in range(logins)]
        under_way: list[Iterator[None]] = []
        while waiting or under_way:
            while waiting and len(under_way) < IN_FLIGHT:
                under_way.append(waiting.pop())
            under_way = [one for one in under_way if next(one, ENDED) is not ENDED]
        return bank.outcome


def main() -> int:
    """The command. Ends with status 1 where a login was lost, or a request failed after the shift back."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        if not code_before(Path(folder)):
            print("the history of the project is not here, so the release before can't be run")
            return 2
        outcome = drill(Path(folder), wanted)
    print(f"the new release served {outcome.by_new - outcome.failed} requests well, which those logins went on from")
    print(
        f"{outcome.logins} of {wanted} logins ended well; {outcome.failed} requests failed, {outcome.after} after the shift back"
    )
    return 0 if outcome.taken_back and outcome.logins == wanted and not outcome.after else 1


if __name__ == "__main__":
    sys.exit(main())
