"""Every endpoint and job as a step: what comes before it, the request itself, which can be repeated, and whether it is good."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.jobs import publish_keys, sweep
from ducat_cdk.gateway_responses import REFUSALS
from tests.actors import Answer
from tests.authenticator import Authenticator, passkey_options
from tests.fault_injection.world import (
    Customer,
    Window,
    World,
    enrolled,
    invitation,
    make_passkey,
    prove,
    proven,
    sign_in,
)

JSON = (("content-type", "application/json"),)
FAILED, _, _ = REFUSALS["AUTHORIZER_FAILURE"]
"""What the template has API Gateway answer where the authorizer fails."""


@dataclass
class Step:
    """`act`: the request. `good`: whether its answer is what it should be, whatever failed before.

    `goes_on`: whether what was given works. `over`: whether what the request ends is over. `renew`: what a person or a client
    does before they try another time, where the same request may not be good twice.
    """

    act: Callable[[], Answer]
    good: Callable[[Answer], bool]
    goes_on: Callable[[Answer], bool] = lambda answer: True
    over: Callable[[], bool] | None = None
    renew: Callable[[], None] | None = None


Make = Callable[[World], Step]
STEPS: dict[str, Make] = {}


def step(name: str) -> Callable[[Make], Make]:
    """The step of that name."""

    def keep(make: Make) -> Make:
        STEPS[name] = make
        return make

    return keep


def status(wanted: int) -> Callable[[Answer], bool]:
    return lambda answer: answer.status == wanted


def leads(path: str) -> Callable[[Answer], bool]:
    return lambda answer: answer.leads_on and answer.location.startswith(path)


def back(*needed: str, fragment: bool = False) -> Callable[[Answer], bool]:
    """An answer that takes the browser to the client with these parameters."""

    def good(answer: Answer) -> bool:
        if not leads("https://fintech.example/")(answer):
            return False
        return set(needed) <= (answer.fragment if fragment else answer.parameters).keys()

    return good


def refused(error: str) -> Callable[[Answer], bool]:
    return lambda answer: answer.status == 400 and answer.error == error


# The back channel.


def _par(world: World, kind: str) -> Step:
    client = world.client(kind)
    return Step(client.push, status(201))


def _code(world: World, kind: str) -> Step:
    client = world.client(kind)
    code = client.code()
    return Step(
        lambda: client.redeem(code), status(200), lambda got: client.userinfo(got.json()["access_token"]).status == 200
    )


def _refresh(world: World, kind: str) -> Step:
    client = world.client(kind)
    refresh_token = client.tokens()["refresh_token"]
    return Step(
        lambda: client.refresh(refresh_token),
        status(200),
        lambda got: client.userinfo(got.json()["access_token"]).status == 200,
    )


def _client_credentials(world: World, kind: str) -> Step:
    client = world.client(kind)
    return Step(lambda: client.post("/token", grant_type="client_credentials", scope="accounts"), status(200))


def _revoke(world: World, kind: str, what: str) -> Step:
    client = world.client(kind)
    tokens = client.tokens()
    return Step(
        lambda: client.revoke(tokens[what]),
        status(200),
        over=lambda: client.userinfo(tokens["access_token"]).status == 401,
    )


def _userinfo(world: World, kind: str) -> Step:
    client = world.client(kind)
    access_token = client.tokens()["access_token"]
    return Step(lambda: client.userinfo(access_token), status(200))


def _authorizer(world: World, kind: str) -> Step:
    client = world.client(kind)
    access_token = client.tokens()["access_token"]

    def act() -> Answer:
        try:
            decision = client.accounts(access_token)
        except Exception as problem:  # the function fails, and API Gateway answers by itself
            return Answer(FAILED, JSON, json.dumps({"error": type(problem).__name__}))
        allowed = decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"
        return Answer(200 if allowed else 401, JSON, json.dumps(decision["context"]))

    return Step(act, status(200))


for _kind in ("fintech", "tls-client-auth", "dpop", "dpop-nonce", "client-secret-jwt", "public"):
    step(f"par, {_kind}")(lambda world, kind=_kind: _par(world, kind))
    step(f"token by code, {_kind}")(lambda world, kind=_kind: _code(world, kind))
for _kind in ("fintech", "tls-client-auth", "dpop", "public"):
    step(f"token by refresh token, {_kind}")(lambda world, kind=_kind: _refresh(world, kind))
for _kind in ("fintech", "tls-client-auth", "dpop"):
    step(f"token by client credentials, {_kind}")(lambda world, kind=_kind: _client_credentials(world, kind))
for _kind in ("fintech", "tls-client-auth", "public"):
    for _what in ("access_token", "refresh_token"):
        step(f"revoke {_what}, {_kind}")(lambda world, kind=_kind, what=_what: _revoke(world, kind, what))
for _kind in ("fintech", "dpop", "dpop-nonce", "signed"):
    step(f"userinfo, {_kind}")(lambda world, kind=_kind: _userinfo(world, kind))
for _kind in ("fintech", "dpop", "dpop-nonce"):
    step(f"authorizer, {_kind}")(lambda world, kind=_kind: _authorizer(world, kind))


@step("token by a wrong code")
def _(world: World) -> Step:
    client = world.client("fintech")
    return Step(lambda: client.redeem("x"), refused("invalid_grant"))


@step("token by a used code")
def _(world: World) -> Step:
    client = world.client("fintech")
    code = client.code()
    access_token = client.redeem(code).json()["access_token"]
    return Step(
        lambda: client.redeem(code),
        refused("invalid_grant"),
        over=lambda: client.userinfo(access_token).status == 401,
    )


@step("introspect, the client itself")
def _(world: World) -> Step:
    client = world.client("fintech")
    access_token = client.tokens()["access_token"]
    return Step(
        lambda: client.introspect(access_token), lambda answer: answer.status == 200 and answer.json()["active"]
    )


@step("introspect, a protected resource")
def _(world: World) -> Step:
    client, resource = world.client("fintech"), world.client("resource-server")
    access_token = client.tokens()["access_token"]
    return Step(
        lambda: resource.introspect(access_token), lambda answer: answer.status == 200 and answer.json()["active"]
    )


@step("introspect, signed")
def _(world: World) -> Step:
    client = world.client("messages")
    access_token = client.post("/token", grant_type="client_credentials", scope="accounts").json()["access_token"]
    accept = (("Accept", "application/token-introspection+jwt"),)
    return Step(lambda: client.post("/introspect", token=access_token, headers=accept), status(200))


@step("jwks")
def _(world: World) -> Step:
    return Step(lambda: world.bank.send("GET", "/jwks"), status(200))


for _name in ("openid-configuration", "oauth-authorization-server", "oauth-protected-resource"):
    step(f"metadata, {_name}")(
        lambda world, name=_name: Step(lambda: world.bank.send("GET", f"/.well-known/{name}"), status(200))
    )


# The front channel.


@step("authorize, pushed")
def _(world: World) -> Step:
    client, window = world.client("fintech"), world.window()
    request_uri = client.pushed()
    return Step(lambda: window.open("fintech", request_uri), leads("/login"))


@step("authorize, by value")
def _(world: World) -> Step:
    client, window = world.client("advanced"), world.window()
    query = client.direct(response_type="code id_token")
    return Step(lambda: window.get("/authorize", query), leads("/login"))


@step("authorize, who is known")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    client = world.client("fapi1-bearer", builtin_bank=True)
    assert sign_in(window, window.page("fapi1-bearer", client.pushed()), customer).status == 303
    request_uri = client.pushed()
    return Step(lambda: window.open("fapi1-bearer", request_uri), leads("/consent"))


@step("authorize, prompt=none refused with JARM")
def _(world: World) -> Step:
    client, window = world.client("advanced"), world.window()
    query = client.direct(response_mode="jwt", prompt="none")
    return Step(lambda: window.get("/authorize", query), back("response"))


@step("the login page")
def _(world: World) -> Step:
    client, window = world.client("fintech"), world.window()
    where = window.open("fintech", client.pushed()).location
    return Step(lambda: window.get(where), status(200))


def _approves(window: Window) -> Callable[[Answer], bool]:
    return lambda answer: "code" in window.submit(window.get(answer.location), "approve").parameters


def _login(world: World, kind: str, *, wrong: int = 0) -> Step:
    client, window, customer = world.client(kind, builtin_bank=True), world.window(builtin_bank=True), world.customer()
    page = window.page(kind, client.pushed())
    for _ in range(wrong):
        assert sign_in(window, page, customer, "wrong").status == 200
        world.pass_time(60)
    return Step(
        lambda: sign_in(window, page, customer),
        leads("/consent"),
        _approves(window),
        renew=lambda: world.pass_time(60),
    )


step("login")(lambda world: _login(world, "fintech"))
step("login that begins a session")(lambda world: _login(world, "fapi1-bearer"))
step("login after a failure")(lambda world: _login(world, "fintech", wrong=1))


@step("login with a wrong password")
def _(world: World) -> Step:
    client, window, customer = (
        world.client("fintech", builtin_bank=True),
        world.window(builtin_bank=True),
        world.customer(),
    )
    page = window.page("fintech", client.pushed())
    return Step(lambda: sign_in(window, page, customer, "wrong"), lambda answer: 'id="problem"' in answer.text)


@step("login by passkey")
def _(world: World) -> Step:
    _, authenticator = enrolled(world)
    client, window = world.client("tls-client-auth", builtin_bank=True), world.window(builtin_bank=True)
    pages = [window.page("tls-client-auth", client.pushed())]
    signed = [authenticator.get(passkey_options(pages[0].text))]

    def act() -> Answer:
        answer = window.submit(pages[-1], "login", passkey=signed[-1])
        if answer.status == 200:
            pages.append(answer)
        return answer

    def renew() -> None:
        """The person touches the authenticator again, on the page that they have now."""
        signed.append(authenticator.get(passkey_options(pages[-1].text)))

    return Step(act, leads("/consent"), _approves(window), renew=renew)


def _consent(
    world: World,
    kind: str = "fintech",
    action: str = "approve",
    good: Callable[[Answer], bool] | None = None,
    **request_arguments: Any,
) -> Step:
    client, window = world.client(kind), world.window()
    if kind in ("advanced", "read-write"):
        page = window.get(window.get("/authorize", client.direct(**request_arguments)).location)
    else:
        page = window.page(kind, client.pushed(**request_arguments))
    page = window.get(window.sign_in(page).location)
    return Step(lambda: window.submit(page, action), good or back("code"))


step("consent")(_consent)
step("consent that is remembered")(lambda world: _consent(world, "fapi1-bearer"))
step("consent, code id_token")(
    lambda world: _consent(
        world, "advanced", good=back("code", "id_token", fragment=True), response_type="code id_token"
    )
)
step("consent, code id_token token")(
    lambda world: _consent(
        world,
        "read-write",
        good=back("code", "access_token", fragment=True),
        response_type="code id_token token",
        scope="openid accounts",
    )
)
step("consent, JARM")(lambda world: _consent(world, "advanced", good=back("response"), response_mode="jwt"))
step("cancel")(lambda world: _consent(world, action="cancel", good=back("error")))
step("cancel, JARM")(lambda world: _consent(world, "advanced", "cancel", back("response"), response_mode="jwt"))


@step("the consent page")
def _(world: World) -> Step:
    client, window = world.client("fintech"), world.window()
    where = window.sign_in(window.page("fintech", client.pushed())).location
    return Step(lambda: window.get(where), lambda answer: 'value="approve"' in answer.text)


@step("the consent page of who is remembered")
def _(world: World) -> Step:
    client, window = world.client("fapi1-bearer"), world.window()
    client.tokens()
    where = window.sign_in(window.page("fapi1-bearer", client.pushed())).location
    shown = back("code")  # or the page, on which the person decides as at first
    return Step(lambda: window.get(where), lambda answer: 'value="approve"' in answer.text or shown(answer))


# One's own pages.


@step("the page of a link for a passkey")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    where = invitation(world, customer)
    return Step(lambda: window.get(where), status(200))


@step("who has a link for a passkey shows who they are")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    page = window.get(invitation(world, customer))
    return Step(
        lambda: prove(window, page, customer),
        lambda answer: answer.status == 200 and 'name="ticket"' in answer.text,
        renew=lambda: world.pass_time(60),
    )


@step("a passkey is made")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    page = proven(world, customer, window)
    made = Authenticator().create(passkey_options(page.text))

    def kept(answer: Answer) -> bool:
        user = world.builtin_bank.aws.users.find(customer.username)
        return user.passkey_count == 1

    return Step(lambda: make_passkey(window, page, made), status(200), kept)


def granted(world: World) -> tuple[Customer, Window, dict[str, Any]]:
    """A customer on the page of what they granted, with the tokens of one grant to fintech."""
    customer, window = world.customer(), world.window(builtin_bank=True)
    client = world.client("fintech", builtin_bank=True)
    where = sign_in(window, window.page("fintech", client.pushed()), customer).location
    code = window.submit(window.get(where), "approve").parameters["code"]
    tokens = client.redeem(code).json()
    world.pass_time(60)
    assert sign_in(window, window.get("/grants"), customer).location == "/grants"
    return customer, window, tokens


@step("what one granted")
def _(world: World) -> Step:
    _, window, _ = granted(world)
    return Step(lambda: window.get("/grants"), lambda answer: answer.status == 200 and 'value="end"' in answer.text)


@step("sign in to what one granted")
def _(world: World) -> Step:
    customer, window = world.customer(), world.window(builtin_bank=True)
    page = window.get("/grants")
    return Step(lambda: sign_in(window, page, customer), leads("/grants"), renew=lambda: world.pass_time(60))


@step("end what one granted")
def _(world: World) -> Step:
    _, window, tokens = granted(world)
    client = world.client("fintech", builtin_bank=True)
    form = window.form(window.get("/grants"), "end", "fintech")
    return Step(
        lambda: window.post("/grants", form),
        leads("/grants"),
        over=lambda: client.userinfo(tokens["access_token"]).status == 401,
    )


@step("sign out")
def _(world: World) -> Step:
    _, window, _ = granted(world)
    form = window.form(window.get("/grants"), "sign-out")
    thief = world.window(builtin_bank=True, like=window)
    return Step(
        lambda: window.post("/grants", form),
        leads("/grants"),
        over=lambda: 'id="password"' in world.window(builtin_bank=True, like=thief).get("/grants").text,
    )


# Jobs.


def _job(run: Callable[[], dict[str, Any]]) -> Callable[[], Answer]:
    """Lambda tries a failed run again, twice, and the schedule later."""

    def act() -> Answer:
        try:
            return Answer(200, JSON, json.dumps(run()))
        except Exception as problem:
            return Answer(503, JSON, json.dumps({"error": type(problem).__name__}))

    return act


@step("job publish_keys, with a new key")
def _(world: World) -> Step:
    signing_keys = world.stand.database._tables[world.bank.settings.signing_keys_table]
    for key in [key for key, item in signing_keys.items.items() if '"ES256"' in item["record"]["S"]]:
        del signing_keys.items[key]
    published = lambda answer: sum(key.get("alg") == "ES256" for key in world.bank.jwks()["keys"]) == 1  # noqa: E731
    return Step(_job(lambda: publish_keys.run(world.bank.aws)), status(200), published)


@step("job sweep")
def _(world: World) -> Step:
    world.client("fintech").tokens()
    world.pass_time(400 * 86_400)
    return Step(_job(lambda: sweep.run(world.bank.aws)), status(200))
