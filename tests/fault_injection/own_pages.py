"""More steps: what a person ends on the page of what they granted, and changes on the page of how they sign in."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from pyotp import TOTP

from tests.actors import Answer
from tests.authenticator import Authenticator, passkey_options
from tests.fault_injection.steps import STEPS, Step, granted, leads, step
from tests.fault_injection.world import (
    RECOVERY_SECONDS,
    Customer,
    Window,
    World,
    app_on,
    by_code,
    by_password,
    codes_on,
    enrolled,
    one_passkey,
    own_page,
    own_page_of,
    own_passkey,
    sign_in,
)

_BEFORE = len(STEPS)


def _consented(world: World, window: Window, customer: Customer, kind: str) -> dict[str, Any]:
    """The tokens of one more grant."""
    client = world.client(kind, builtin_bank=True)
    world.pass_time(60)
    page = window.get(window.open(kind, client.pushed()).location)
    if 'id="password"' in page.text:
        page = window.get(sign_in(window, page, customer).location)
    tokens: dict[str, Any] = client.redeem(window.submit(page, "approve").parameters["code"]).json()
    return tokens


def _live(world: World, *given: tuple[str, dict[str, Any]]) -> list[bool]:
    return [
        world.client(kind, builtin_bank=True).userinfo(tokens["access_token"]).status == 200 for kind, tokens in given
    ]


@step("end one of several consents")
def _(world: World) -> Step:
    customer, window, first = granted(world)
    second = _consented(world, world.window(builtin_bank=True), customer, "fintech")
    form = window.form(window.get("/grants"), "end-one")
    return Step(
        lambda: window.post("/grants", form),
        leads("/grants"),
        over=lambda: sum(_live(world, ("fintech", first), ("fintech", second))) == 1,
    )


@step("end the access of all apps")
def _(world: World) -> Step:
    customer, window, first = granted(world)
    second = _consented(world, world.window(builtin_bank=True), customer, "fapi1-bearer")
    form = window.form(window.get("/grants"), "end-all")
    return Step(
        lambda: window.post("/grants", form),
        leads("/grants"),
        over=lambda: not any(_live(world, ("fintech", first), ("fapi1-bearer", second))),
    )


@step("sign out everywhere")
def _(world: World) -> Step:
    customer, window, _ = granted(world)
    form = window.form(window.get("/grants"), "sign-out-everywhere")
    thief, other = world.window(builtin_bank=True, like=window), world.window(builtin_bank=True)
    world.pass_time(60)
    assert sign_in(other, other.get("/grants"), customer).location == "/grants"

    def signed_out() -> bool:
        copies = [world.window(builtin_bank=True, like=one) for one in (thief, other)]
        return all('id="password"' in copy.get("/grants").text for copy in copies)

    return Step(lambda: window.post("/grants", form), leads("/grants"), over=signed_out)


# How one signs in.


def _opens(window: Window, part: str = 'value="make-codes"') -> Callable[[Answer], bool]:
    """An answer after which the browser has the page of who has just signed in for it."""
    return lambda answer: leads("/security")(answer) and part in window.get("/security").text


def shut(world: World, window: Window) -> bool:
    """Whether a browser with these cookies is asked to sign in for the page."""
    return 'id="password"' in world.window(builtin_bank=True, like=window).get("/security").text


def lets_in(world: World, customer: Customer) -> bool:
    """Whether another code of this customer's app lets them in."""
    world.pass_time(60)
    window = world.window(builtin_bank=True)
    return leads("/security")(sign_in(window, window.get("/security"), customer))


def takes(world: World, authenticator: Authenticator) -> bool:
    """Whether a passkey lets its holder in."""
    window = world.window(builtin_bank=True)
    page = window.get("/security")
    return leads("/security")(window.submit(page, "login", passkey=authenticator.get(passkey_options(page.text))))


@step("how one signs in")
def _(world: World) -> Step:
    _, window = own_page(world)
    return Step(
        lambda: window.get("/security"), lambda answer: answer.status == 200 and 'value="make-codes"' in answer.text
    )


@step("sign in to how one signs in")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    window.show("/security")

    def renew() -> None:
        world.pass_time(60)
        window.show("/security")

    return Step(lambda: sign_in(window, window.page_shown, customer), _opens(window), renew=renew)


@step("a passkey is added")
def _(world: World) -> Step:
    customer, window = own_page(world)
    window.show("/security")
    device = cache(lambda nonce: Authenticator(counts=True))
    made = cache(lambda nonce: device(nonce).create(passkey_options(window.page_shown.text)))

    def act() -> Answer:
        form = own_passkey(window.page_shown)
        return window.post("/security", form | {"name": "Phone", "passkey": made(form["passkey_nonce"])})

    def works(answer: Answer) -> bool:
        user = world.builtin_bank.aws.users.find(customer.username)
        return user.passkey_count == 1 and takes(world, device(own_passkey(window.page_shown)["passkey_nonce"]))

    return Step(act, leads("/security"), works, renew=lambda: window.show("/security"))


@step("a passkey is named")
def _(world: World) -> Step:
    customer, _ = enrolled(world)
    window = own_page_of(world, customer)
    form = window.form(one_passkey(window), "rename") | {"name": "Phone"}
    return Step(
        lambda: window.post("/security", form),
        leads("/security"),
        lambda answer: "<bdi>Phone</bdi>" in window.get("/security").text,
    )


@step("a passkey is removed")
def _(world: World) -> Step:
    customer, authenticator = enrolled(world)
    window = own_page_of(world, customer)
    form = window.form(one_passkey(window), "remove")
    return Step(
        lambda: window.post("/security", form), leads("/security"), over=lambda: not takes(world, authenticator)
    )


@step("the passkey that signed in is removed")
def _(world: World) -> Step:
    _, authenticator = enrolled(world)
    window = world.window(builtin_bank=True)
    page = window.get("/security")
    answer = window.submit(page, "login", passkey=authenticator.get(passkey_options(page.text)))
    assert _opens(window)(answer), answer.text
    form = window.form(one_passkey(window), "remove")
    thief = world.window(builtin_bank=True, like=window)
    return Step(
        lambda: window.post("/security", form),
        leads("/security"),
        over=lambda: not takes(world, authenticator) and shut(world, thief),
    )


@step("another app is offered")
def _(world: World) -> Step:
    _, window = own_page(world)
    form = window.form(window.get("/security"), "offer-app")
    return Step(lambda: window.post("/security", form), lambda answer: answer.status == 200 and bool(app_on(answer)))


def another_app(window: Window, customer: Customer) -> tuple[Customer, Callable[[], Answer]]:
    """The customer with another app, and the press of the button that sets it up."""
    page = window.press(window.get("/security"), "offer-app")
    app, form = TOTP(app_on(page)), window.form(page, "set-app")
    new = Customer(customer.username, lambda: app.at(window.bank.now))
    return new, lambda: window.post("/security", form | {"one_time_code": new.one_time_code()})


def _set_app(world: World, customer: Customer, window: Window, over: Callable[[], bool]) -> Step:
    new, act = another_app(window, customer)
    return Step(
        act,
        leads("/security"),
        lambda answer: lets_in(world, new),
        over=over,
        renew=lambda: world.pass_time(60),
    )


@step("another app is set up")
def _(world: World) -> Step:
    customer, window = own_page(world)
    thief = world.window(builtin_bank=True, like=window)
    return _set_app(world, customer, window, lambda: not lets_in(world, customer) and shut(world, thief))


@step("recovery codes are made")
def _(world: World) -> Step:
    customer, window = own_page(world)
    earlier, *_ = codes_on(window.press(window.get("/security"), "make-codes"))
    window.show("/security")
    return Step(
        lambda: window.press(window.page_shown, "make-codes"),
        lambda answer: answer.status == 200 and len(codes_on(answer)) == 10,
        lambda answer: leads("/security")(by_code(world.window(builtin_bank=True), customer, codes_on(answer)[0])),
        over=lambda: not leads("/security")(by_code(world.window(builtin_bank=True), customer, earlier)),
        renew=lambda: window.show("/security"),
    )


@step("sign in by a recovery code")
def _(world: World) -> Step:
    customer, window = own_page(world)
    codes = codes_on(window.press(window.get("/security"), "make-codes"))
    other = world.window(builtin_bank=True)
    other.show("/security?with=recovery-code")
    began = world.bank.now

    def code() -> str:
        return codes[(world.bank.now - began) // 60]

    def renew() -> None:
        """The person takes another code, on a new page."""
        world.pass_time(60)
        other.show("/security?with=recovery-code")

    return Step(
        lambda: by_code(other, customer, code(), other.page_shown),
        _opens(other),
        over=lambda: not leads("/security")(by_code(world.window(builtin_bank=True), customer, code())),
        renew=renew,
    )


@step("a recovery is begun")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    page = window.get("/security?with=recovery")
    from_then = world.bank.now + RECOVERY_SECONDS
    return Step(
        lambda: by_password(window, customer, page),
        lambda answer: answer.status == 200 and 'id="ready-at"' in answer.text,
        lambda answer: world.builtin_bank.aws.users.find(customer.username).recovery_from == from_then,
    )


def _after_the_wait(world: World) -> tuple[Customer, list[str]]:
    """Somebody whose recovery can be completed now, and their recovery codes."""
    customer, window = own_page(world)
    codes = codes_on(window.press(window.get("/security"), "make-codes"))
    assert 'id="ready-at"' in by_password(world.window(builtin_bank=True), customer).text
    world.pass_time(RECOVERY_SECONDS)
    return customer, codes


@step("sign in after the wait of a recovery")
def _(world: World) -> Step:
    (customer, _), window = _after_the_wait(world), world.window(builtin_bank=True)
    window.show("/security?with=recovery")
    return Step(
        lambda: by_password(window, customer, window.page_shown),
        _opens(window, 'id="recovering"'),
        renew=lambda: window.show("/security?with=recovery"),
    )


@step("a recovery sets up an app")
def _(world: World) -> Step:
    (customer, codes), window = _after_the_wait(world), world.window(builtin_bank=True)
    assert leads("/security")(by_password(window, customer))
    thief = world.window(builtin_bank=True, like=window)

    def over() -> bool:
        ended = world.builtin_bank.aws.users.find(customer.username).recovery_from == 0 and shut(world, thief)
        return ended and not leads("/security")(by_code(world.window(builtin_bank=True), customer, codes[0]))

    return _set_app(world, customer, window, over)


@step("a recovery is stopped")
def _(world: World) -> Step:
    customer, window = own_page(world)
    assert 'id="ready-at"' in by_password(world.window(builtin_bank=True), customer).text
    form = window.form(window.get("/security"), "cancel-recovery")

    def stopped() -> bool:
        world.pass_time(RECOVERY_SECONDS)
        return 'id="ready-at"' in by_password(world.window(builtin_bank=True), customer).text  # of another one

    return Step(lambda: window.post("/security", form), leads("/security"), over=stopped)


@step("sign out of how one signs in")
def _(world: World) -> Step:
    _, window = own_page(world)
    form = window.form(window.get("/security"), "sign-out")
    thief = world.window(builtin_bank=True, like=window)
    return Step(lambda: window.post("/security", form), leads("/security"), over=lambda: shut(world, thief))


OWN_PAGES = tuple(STEPS)[_BEFORE:]
"""The names of these steps."""
