"""Two actors at once: every order in which their calls to AWS can come, one call after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from tests.actors import ASSERTION_TYPE, Answer, Fintech
from tests.authenticator import Authenticator, passkey_options
from tests.aws_in_process.aws import Body, Call
from tests.fault_injection.own_pages import another_app, lets_in, shut
from tests.fault_injection.steps import granted
from tests.fault_injection.world import (
    RECOVERY_SECONDS,
    World,
    by_code,
    by_password,
    codes_on,
    enrolled,
    invitation,
    make_passkey,
    one_passkey,
    own_page,
    own_page_of,
    prove,
    proven,
    sign_in,
)

STUCK = 20
"""Seconds after which a schedule counts as stuck."""

ALICE = "c4d0a1ce-0001-4000-8000-000000000001"

Act = Callable[[], Answer]
Answers = dict[str, Answer]
Check = Callable[[Answers], Iterable[str]]
"""What is wrong, in words; nothing where all holds."""


class Order:
    """Lets one actor's call through at a time, as `choices` say, and then the first that waits. `open`: who could have."""

    def __init__(self, choices: list[str]) -> None:
        self._choices = choices
        self.made: list[str] = []
        self.open: list[list[str]] = []
        self.trace: list[str] = []
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._turn: str | None = None
        self._actor = threading.local()

    def gate(self, call: Call, work: Callable[[], Body]) -> Body:
        """A fault of the stand-in, that does the call when it is the actor's turn."""
        me = getattr(self._actor, "name", None)
        if me is None:
            return work()
        with self._changed:
            self._running.discard(me)
            self._waiting.add(me)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._turn == me, STUCK), f"{me} never had a turn"
            self._turn = None
            self._waiting.discard(me)
            self._running.add(me)
            self.trace.append(f"{me} {call.operation}")
            return work()

    def run(self, actors: dict[str, Act]) -> Answers:
        """The answers to all. Raises what an actor raised."""
        answers: Answers = {}
        problems: list[BaseException] = []

        def run(name: str, act: Act) -> None:
            self._actor.name = name
            try:
                answers[name] = act()
            except BaseException as problem:
                problems.append(problem)
            with self._changed:
                self._running.discard(name)
                self._changed.notify_all()

        threads = [threading.Thread(target=run, args=pair) for pair in actors.items()]
        self._running = set(actors)
        for thread in threads:
            thread.start()
        while self._choose():
            pass
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        return answers

    def _choose(self) -> bool:
        with self._changed:
            quiet = self._changed.wait_for(lambda: not self._running and self._turn is None, STUCK)
            assert quiet, f"stuck: {self.trace}"
            if not self._waiting:
                return False
            can = sorted(self._waiting)
            at = len(self.made)
            wanted = self._choices[at] if at < len(self._choices) else can[0]
            chosen = wanted if wanted in can else can[0]
            self.made.append(chosen)
            self.open.append(can)
            self._turn = chosen
            self._changed.notify_all()
            return True


@dataclass
class Outcome:
    """`problems`: each that came up, with one order in which it does."""

    pair: str
    orders: int = 0
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """`make`: two actors, and what to look at after them. `rule`: what must hold, in words."""

    rule: str
    make: Callable[[World], tuple[Act, Act, Check]]


PAIRS: dict[str, Pair] = {}


def outcomes(world: World, name: str, most: int | None = None) -> Outcome:
    """Every order of this pair; or so many of them, the same ones each time, from all over."""
    rng = Random(name)
    found = Outcome(name)
    world.begin()
    first, second, check = PAIRS[name].make(world)
    put_back = world.kept()
    todo: list[list[str]] = [[]]
    while todo and (most is None or found.orders < most):
        choices = todo.pop() if most is None else todo.pop(rng.randrange(len(todo)))
        put_back()
        world.injector.begin()
        order = Order(choices)
        with world.stand.failing(order.gate):
            answers = order.run({"A": first, "B": second})
        for problem in check(answers):
            found.problems.setdefault(problem, ", ".join(order.trace))
        found.orders += 1
        for at in range(len(choices), len(order.made)):
            todo += [[*order.made[:at], other] for other in order.open[at] if other != order.made[at]]
    put_back()
    return found


def pair(name: str, rule: str) -> Callable[[Callable[[World], tuple[Act, Act, Check]]], None]:
    """The pair of that name."""

    def keep(make: Callable[[World], tuple[Act, Act, Check]]) -> None:
        PAIRS[name] = Pair(rule, make)

    return keep


def _lives(client: Fintech, token: str | None) -> bool:
    return token is not None and client.userinfo(token).status == 200


def _subject(client: Fintech, got: Answer) -> Any:
    return client.userinfo(got.json()["access_token"]).json()["sub"]


def _won(answers: Answers, *statuses: int) -> list[Answer]:
    return [answer for answer in answers.values() if answer.status in statuses]


def _once(answers: Answers, *statuses: int) -> Iterable[str]:
    won = len(_won(answers, *statuses))
    if won != 1:
        yield f"{won} won"
    if any(answer.status >= 500 for answer in answers.values()):
        yield "an answer says that something of ours is broken"


# The back channel.


def _two_redeem(kind: str, world: World) -> tuple[Act, Act, Check]:
    client = world.client(kind)
    code = client.code()

    def check(answers: Answers) -> Iterable[str]:
        yield from _once(answers, 200)
        if any(_lives(client, answer.json()["access_token"]) for answer in _won(answers, 200)):
            yield "a token lives though the code came twice"

    return lambda: client.redeem(code), lambda: client.redeem(code), check


def _refresh_and_revoke(kind: str, world: World) -> tuple[Act, Act, Check]:
    client = world.client(kind)
    tokens = client.tokens()

    def check(answers: Answers) -> Iterable[str]:
        if answers["B"].status != 200:
            yield "the revocation was not answered 200"
        if _lives(client, tokens["access_token"]):
            yield "the first access token lives"
        if answers["A"].status == 200:
            new = answers["A"].json()
            if _lives(client, new["access_token"]):
                yield "the new access token lives"
            if client.refresh(new.get("refresh_token") or tokens["refresh_token"]).status == 200:
                yield "the refresh token works"

    return lambda: client.refresh(tokens["refresh_token"]), lambda: client.revoke(tokens["refresh_token"]), check


for _kind in ("fintech", "tls-client-auth", "dpop", "public"):
    pair(f"a code is redeemed twice, {_kind}", "one gets tokens, and they are over")(partial(_two_redeem, _kind))
    pair(f"refresh and revoke, {_kind}", "nothing lives after the revocation")(partial(_refresh_and_revoke, _kind))


@pair("refresh and a replayed code", "nothing lives")
def _(world: World) -> tuple[Act, Act, Check]:
    client = world.client("fintech")
    code = client.code()
    tokens = client.redeem(code).json()

    def check(answers: Answers) -> Iterable[str]:
        given = [answer.json()["access_token"] for answer in _won(answers, 200)]
        if any(_lives(client, token) for token in (tokens["access_token"], *given)):
            yield "a token lives after the code came again"

    return lambda: client.refresh(tokens["refresh_token"]), lambda: client.redeem(code), check


def _one_assertion(act: Callable[[Fintech, str], Answer], status: int, world: World) -> tuple[Act, Act, Check]:
    client = world.client("fintech")
    assertion = client.assertion()
    return lambda: act(client, assertion), lambda: act(client, assertion), lambda answers: _once(answers, status)


pair("par twice by one assertion", "one is taken")(
    partial(
        _one_assertion,
        lambda client, one: client.push(client_assertion=one, client_assertion_type=ASSERTION_TYPE),
        201,
    )
)
pair("client credentials twice by one assertion", "one is taken")(
    partial(
        _one_assertion,
        lambda client, one: client.post(
            "/token",
            grant_type="client_credentials",
            scope="accounts",
            client_assertion=one,
            client_assertion_type=ASSERTION_TYPE,
        ),
        200,
    )
)


@pair("userinfo twice by one DPoP proof", "one is taken")
def _(world: World) -> tuple[Act, Act, Check]:
    client = world.client("dpop")
    headers = client.presenting(client.tokens()["access_token"], "GET", "/userinfo")
    act = partial(world.bank.send, "GET", "/userinfo", headers=headers)
    return act, act, lambda answers: _once(answers, 200)


@pair("revoke an access token while it is used", "it is over")
def _(world: World) -> tuple[Act, Act, Check]:
    client = world.client("fintech")
    token = client.tokens()["access_token"]

    def check(answers: Answers) -> Iterable[str]:
        if _lives(client, token):
            yield "it lives"

    return lambda: client.revoke(token), lambda: client.userinfo(token), check


# A person ends what a client has.


@pair("refresh and End access", "nothing lives")
def _(world: World) -> tuple[Act, Act, Check]:
    _, window, tokens = granted(world)
    client = world.client("fintech", builtin_bank=True)
    form = window.form(window.get("/grants"), "end", "fintech")

    def check(answers: Answers) -> Iterable[str]:
        given = [answers["A"].json()["access_token"]] if answers["A"].status == 200 else []
        if any(_lives(client, token) for token in (tokens["access_token"], *given)):
            yield "a token lives"

    return lambda: client.refresh(tokens["refresh_token"]), lambda: window.post("/grants", form), check


@pair("a code is redeemed while access ends", "nothing lives")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, window, _ = granted(world)
    client, other = world.client("fintech", builtin_bank=True), world.window(builtin_bank=True)
    form = window.form(window.get("/grants"), "end", "fintech")
    world.pass_time(60)
    where = sign_in(other, other.page("fintech", client.pushed()), customer).location
    code = other.submit(other.get(where), "approve").parameters["code"]

    def check(answers: Answers) -> Iterable[str]:
        if answers["A"].status == 200 and _lives(client, answers["A"].json()["access_token"]):
            yield "a token lives"

    return lambda: client.redeem(code), lambda: window.post("/grants", form), check


@pair("a remembered consent answers while access ends", "the person decides the next time, and no code is good")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, client = world.customer(), world.client("fapi1-bearer", builtin_bank=True)
    window = world.window(builtin_bank=True)
    where = sign_in(window, window.page("fapi1-bearer", client.pushed()), customer).location
    client.redeem(window.submit(window.get(where), "approve").parameters["code"])
    form = window.form(window.get("/grants"), "end", "fapi1-bearer")
    where = window.open("fapi1-bearer", client.pushed()).location
    other = world.window(builtin_bank=True, like=window)

    def check(answers: Answers) -> Iterable[str]:
        after = world.window(builtin_bank=True, like=window)
        shown = after.get(after.open("fapi1-bearer", client.pushed()).location)
        if shown.leads_on and "code=" in shown.location:
            yield "the person is not the one who decides"
        code = answers["A"].parameters.get("code") if answers["A"].leads_on else None
        late = client.redeem(code) if code else None
        if late is not None and late.status == 200 and _lives(client, late.json()["access_token"]):
            yield "a code of before is good after it"

    return lambda: other.get(where), lambda: window.post("/grants", form), check


# Buttons pressed twice, and in two windows.


def _on_consent_page(world: World) -> tuple[Fintech, Any, Any, Answer]:
    client, window = world.client("fintech"), world.window()
    page = window.get(window.sign_in(window.page("fintech", client.pushed())).location)
    return client, window, world.window(like=window), page


@pair("Allow twice", "both lead to the client, with one code that is good")
def _(world: World) -> tuple[Act, Act, Check]:
    client, window, other, page = _on_consent_page(world)

    def check(answers: Answers) -> Iterable[str]:
        if any("code" not in answer.parameters for answer in answers.values()):
            yield "a press of Allow does not lead on"
        good = {answer.parameters["code"] for answer in answers.values()}
        if sum(client.redeem(code).status == 200 for code in sorted(good)) != 1:
            yield "not one code is good"

    return lambda: window.submit(page, "approve"), lambda: other.submit(page, "approve"), check


@pair("Allow and Cancel", "one decides, and both lead on")
def _(world: World) -> tuple[Act, Act, Check]:
    _, window, other, page = _on_consent_page(world)

    def check(answers: Answers) -> Iterable[str]:
        decided = [set(answer.parameters) & {"code", "error"} for answer in answers.values() if answer.leads_on]
        if not decided or any(one != decided[0] for one in decided):
            yield f"both decide: {decided}"

    return lambda: window.submit(page, "approve"), lambda: other.submit(page, "cancel"), check


@pair("one person allows while another signs in, in one browser", "what is given is the first one's")
def _(world: World) -> tuple[Act, Act, Check]:
    client, window = world.client("fintech"), world.window()
    first = window.page("fintech", client.pushed())
    page = window.get(window.sign_in(first).location)
    other = world.window(like=window)

    def check(answers: Answers) -> Iterable[str]:
        code = answers["A"].parameters.get("code") if answers["A"].leads_on else None
        got = client.redeem(code) if code else None
        if got is not None and got.status == 200 and _subject(client, got) != ALICE:
            yield "another's was given"

    return lambda: window.submit(page, "approve"), lambda: other.sign_in(first, username="bob"), check


@pair("one request_uri in two browsers", "one code at most")
def _(world: World) -> tuple[Act, Act, Check]:
    client, window = world.client("fintech"), world.window()
    request_uri = client.pushed()
    page = window.get(window.sign_in(window.page("fintech", request_uri)).location)
    other = world.window()

    def check(answers: Answers) -> Iterable[str]:
        if not (answers["A"].leads_on and answers["B"].leads_on):
            return
        shown = other.get(answers["B"].location)
        if shown.status != 200 or 'id="password"' not in shown.text:
            return
        went = other.sign_in(shown)
        if went.status == 303 and "code" in other.submit(other.get(went.location), "approve").parameters:
            yield "two codes"

    return lambda: window.submit(page, "approve"), lambda: other.open("fintech", request_uri), check


# What is good once, of a person.


def _one_code(world: World, *, wrong: bool) -> tuple[Act, Act, Check]:
    client, customer = world.client("fintech", builtin_bank=True), world.customer()
    windows = [world.window(builtin_bank=True), world.window(builtin_bank=True)]
    pages = [window.page("fintech", client.pushed()) for window in windows]
    if wrong:
        sign_in(windows[0], pages[0], customer, "wrong")

    def check(answers: Answers) -> Iterable[str]:
        if len(_won(answers, 303)) != 1:
            yield f"{len(_won(answers, 303))} signed in by one code"

    return (
        lambda: sign_in(windows[0], pages[0], customer),
        lambda: sign_in(windows[1], pages[1], customer),
        check,
    )


pair("one one-time code in two browsers", "one signs in")(partial(_one_code, wrong=False))
pair("one one-time code in two browsers, after a failure", "one signs in")(partial(_one_code, wrong=True))


@pair("one one-time code at the login and at what one granted", "one signs in")
def _(world: World) -> tuple[Act, Act, Check]:
    client, customer = world.client("fintech", builtin_bank=True), world.customer()
    one, two = world.window(builtin_bank=True), world.window(builtin_bank=True)
    page, grants = one.page("fintech", client.pushed()), two.get("/grants")

    def check(answers: Answers) -> Iterable[str]:
        if len(_won(answers, 303)) != 1:
            yield f"{len(_won(answers, 303))} signed in by one code"

    return lambda: sign_in(one, page, customer), lambda: sign_in(two, grants, customer), check


@pair("one link for a passkey in two browsers", "one goes on")
def _(world: World) -> tuple[Act, Act, Check]:
    customer = world.customer()
    where = invitation(world, customer)
    windows = [world.window(builtin_bank=True), world.window(builtin_bank=True)]
    pages = [window.get(where) for window in windows]

    def check(answers: Answers) -> Iterable[str]:
        went = sum('name="ticket"' in answer.text for answer in answers.values())
        if went != 1:
            yield f"{went} went on by one link"

    return (
        lambda: prove(windows[0], pages[0], customer),
        lambda: prove(windows[1], pages[1], customer),
        check,
    )


@pair("two passkeys by one ticket", "one is kept")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, window = world.customer(), world.window(builtin_bank=True)
    page = proven(world, customer, window)
    made = [Authenticator().create(passkey_options(page.text)) for _ in range(2)]
    other = world.window(builtin_bank=True, like=window)

    def check(answers: Answers) -> Iterable[str]:
        kept = world.builtin_bank.aws.users.find(customer.username).passkey_count
        if kept != 1:
            yield f"{kept} passkeys"

    return lambda: make_passkey(window, page, made[0]), lambda: make_passkey(other, page, made[1]), check


@pair("a passkey's answer twice in one browser", "both lead on")
def _(world: World) -> tuple[Act, Act, Check]:
    _, authenticator = enrolled(world)
    client, window = world.client("tls-client-auth", builtin_bank=True), world.window(builtin_bank=True)
    page = window.page("tls-client-auth", client.pushed())
    signed = authenticator.get(passkey_options(page.text))
    other = world.window(builtin_bank=True, like=window)

    def check(answers: Answers) -> Iterable[str]:
        if len(_won(answers, 303)) != 2:
            yield "a press of Sign in does not lead on"

    return (
        lambda: window.submit(page, "login", passkey=signed),
        lambda: other.submit(page, "login", passkey=signed),
        check,
    )


# How one signs in.


@pair("another app is set up while the earlier one signs in", "the earlier app opens nothing that stays open")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, window = own_page(world)
    _, act = another_app(window, customer)
    other = world.window(builtin_bank=True)
    page = other.get("/security")

    def check(answers: Answers) -> Iterable[str]:
        if not shut(world, other):
            yield "the sign-in by the earlier app is open"

    return lambda: sign_in(other, page, customer), act, check


@pair("a passkey is removed while it signs in", "it opens nothing that stays open")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, authenticator = enrolled(world)
    window, other = own_page_of(world, customer), world.window(builtin_bank=True)
    form, page = window.form(one_passkey(window), "remove"), other.get("/security")
    signed = authenticator.get(passkey_options(page.text))

    def check(answers: Answers) -> Iterable[str]:
        if not shut(world, other):
            yield "the sign-in by the passkey is open"

    return lambda: other.submit(page, "login", passkey=signed), lambda: window.post("/security", form), check


@pair("one recovery code in two browsers", "one signs in")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, window = own_page(world)
    code, *_ = codes_on(window.press(window.get("/security"), "make-codes"))
    windows = [world.window(builtin_bank=True), world.window(builtin_bank=True)]
    pages = [one.get("/security?with=recovery-code") for one in windows]

    def check(answers: Answers) -> Iterable[str]:
        if len(_won(answers, 303)) != 1:
            yield f"{len(_won(answers, 303))} signed in by one code"

    return (
        lambda: by_code(windows[0], customer, code, pages[0]),
        lambda: by_code(windows[1], customer, code, pages[1]),
        check,
    )


@pair("recovery codes are made while an earlier one signs in", "the earlier one opens nothing that stays open")
def _(world: World) -> tuple[Act, Act, Check]:
    customer, window = own_page(world)
    code, *_ = codes_on(window.press(window.get("/security"), "make-codes"))
    other, page = world.window(builtin_bank=True), window.get("/security")
    form = other.get("/security?with=recovery-code")

    def check(answers: Answers) -> Iterable[str]:
        if not shut(world, other):
            yield "the sign-in by the earlier code is open"

    return lambda: by_code(other, customer, code, form), lambda: window.press(page, "make-codes"), check


@pair("a recovery sets up an app while it is stopped", "the app counts, or the earlier one does")
def _(world: World) -> tuple[Act, Act, Check]:
    customer = world.customer()
    assert 'id="ready-at"' in by_password(world.window(builtin_bank=True), customer).text
    world.pass_time(RECOVERY_SECONDS)
    owner, recovering = own_page_of(world, customer), world.window(builtin_bank=True)
    form = owner.form(owner.get("/security"), "cancel-recovery")
    assert by_password(recovering, customer).location == "/security"
    new, act = another_app(recovering, customer)

    def check(answers: Answers) -> Iterable[str]:
        if lets_in(world, new) == lets_in(world, customer):
            yield "both let the person in, or neither"
        if not shut(world, recovering):
            yield "the recovery is open"

    return act, lambda: owner.post("/security", form), check
