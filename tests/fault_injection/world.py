"""Who takes part in the campaign: two banks on the same tables, clients of every kind, and people in browsers.

One bank knows the sandbox's people, the other the product's own directory.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from argon2 import PasswordHasher
from pyotp import TOTP

from chalicelib.jobs import publish_keys
from chalicelib.users import enrolment, password
from tests.actors import Answer, Bank, Browser, Fintech, certificate, ec_key, elements, jwk, rsa_key, secret_of
from tests.authenticator import Authenticator, passkey_options
from tests.aws_in_process import aws as standin
from tests.aws_in_process.aws import Stand
from tests.conftest import CLIENTS, FAPI1, STANDARD
from tests.fault_injection.faults import Injector, injected

PASSWORD = "a long password of hers"
REGION = "eu-west-3"
"""One of its own: the other tests' AWS may be there at the same time."""

LASTING = ("alongside", "dynamo", "kms")
SECRETS = (
    "client_assertion",
    "code",
    "code_verifier",
    "csrf",
    "invitation",
    "one_time_code",
    "passkey",
    "password",
    "recovery_code",
    "refresh_token",
    "shown",
    "ticket",
    "token",
)
"""Members of a form that no log line may hold."""

SHORTEST_SECRET = 6

RECOVERY_SECONDS = 24 * 3600
"""How long a recovery waits."""


@dataclass(frozen=True)
class Customer:
    """Somebody in the directory. `one_time_code`: what their authenticator app shows now."""

    username: str
    one_time_code: Callable[[], str]


class Window(Browser):
    """A browser whose cookies are part of what the world puts back, and the page that it shows, where a step tells it."""

    page_shown: Answer

    def form(self, page: Answer, action: str, client: str | None = None) -> dict[str, str]:
        """What a button of a page with several forms posts."""
        for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
            tags = elements(part)
            form = {a["name"]: a.get("value", "") for t, a in tags if t == "input" and "name" in a}
            if action in {a.get("value") for t, a in tags if t == "button"} and form.get("client") == client:
                return form | {"action": action}
        raise AssertionError(f"no button {action} for {client}")

    def press(self, page: Answer, action: str) -> Answer:
        """Press a button of the page of how one signs in."""
        return self.post("/security", self.form(page, action))

    def show(self, url: str) -> None:
        """From now on the browser shows that page."""
        self.page_shown = self.get(url)


class World:
    """Made once; `kept` gives a function that puts it back."""

    def __init__(self, stand: Stand, environment: dict[str, str]) -> None:
        self.stand = stand
        self.bank = Bank(environment)
        self.builtin_bank = Bank(environment | {"DUCAT_USER_DIRECTORY": "chalicelib.users.directory:build"})
        self.injector: Injector
        self.log: list[str] = []
        self.secrets: set[str] = set()
        self._names = count(1)
        self._windows: list[Window] = []
        for bank in (self.bank, self.builtin_bank):
            bank.aws.settings = bank.settings = bank.settings._replace(
                otp_level="3",  # as the Read and Write draft asks
                recovery_hours=str(RECOVERY_SECONDS // 3600),
            )
            _ = bank.aws.dynamo, bank.aws.kms
            self._watch(bank)
        publish_keys.run(self.bank.aws)
        for client in CLIENTS.values():
            self.bank.register(**client())
        for name, more in FURTHER.items():
            self.bank.register(**FAPI1 | {"client_id": name, "jwks": {"keys": [jwk(rsa_key(name))]}} | more)
        self._beginning = self.kept()

    def client(self, name: str, *, builtin_bank: bool = False) -> Fintech:
        """The client of that name, at one of the banks."""
        return KINDS[name](self.builtin_bank if builtin_bank else self.bank)

    def window(self, *, builtin_bank: bool = False, like: Browser | None = None) -> Window:
        """A browser; with another's cookies where that is named."""
        window = Window(self.builtin_bank if builtin_bank else self.bank)
        window.cookies = dict(like.cookies) if like is not None else {}
        self._windows.append(window)
        return window

    def customer(self) -> Customer:
        """Somebody new in the directory, with an authenticator app."""
        number = next(self._names)
        name = f"carol{number}"
        uri = enrolment.enrol(
            self.builtin_bank.aws,
            name,
            sub=f"sub-of-{name}",
            password=PASSWORD,
            claims={"name": "Carol"},
            random_bytes=lambda octets: bytes([number % 256]) * octets,
        )
        secret = parse_qs(urlsplit(uri).query)["secret"][0]
        return Customer(name, lambda: TOTP(secret).at(self.builtin_bank.now))

    def pass_time(self, seconds: int) -> None:
        """At both banks."""
        self.bank.now = self.builtin_bank.now = self.bank.now + seconds

    def cold(self) -> None:
        """As in functions that have just started."""
        for bank in (self.bank, self.builtin_bank):
            for name in vars(type(bank.aws)).keys() - set(LASTING):
                vars(bank.aws).pop(name, None)
            for name in vars(type(bank.aws.dynamo)):
                vars(bank.aws.dynamo).pop(name, None)

    def kept(self) -> Callable[[], None]:
        """A function that puts tables, keys, clock and browsers back to what they are now."""
        tables, now = self.stand.kept(), self.bank.now
        browsers = [(window, dict(window.cookies), dict(vars(window))) for window in self._windows]

        def put_back() -> None:
            tables()
            self.bank.now = self.builtin_bank.now = now
            for window, cookies, shown in browsers:
                vars(window).update(shown | {"cookies": dict(cookies)})
            self.cold()

        return put_back

    def begin(self) -> None:
        """Everything is as it was at first, nobody has a browser open, and nothing was logged."""
        self._beginning()
        self._windows.clear()
        self.log.clear()
        self.secrets.clear()

    def lines_with_a_secret(self) -> list[str]:
        """Log lines that hold a secret."""
        return [line for line in self.log if any(secret in line for secret in self.secrets)]

    def _watch(self, bank: Bank) -> None:
        """Whatever goes in or out as a secret is noted."""
        really = bank.send

        def send(method: str, path: str, **more: Any) -> Answer:
            form = more.get("form")
            if isinstance(form, dict):
                self.secrets |= {form[name] for name in SECRETS if len(form.get(name, "")) >= SHORTEST_SECRET}
            for name, value in more.get("headers", ()):
                if name in ("DPoP", "Authorization"):
                    self.secrets.add(value.split(" ")[-1])
            answer = really(method, path, **more)
            pairs = (line.split(";")[0].partition("=")[2] for line in answer.all("set-cookie"))
            self.secrets |= {value for value in pairs if len(value) >= SHORTEST_SECRET}
            self.secrets |= set(re.findall(r'"(?:access_token|refresh_token|id_token)": ?"([^"]+)"', answer.text))
            self.secrets |= {*codes_on(answer), *filter(None, [app_on(answer)])}
            return answer

        bank.send = send  # type: ignore[method-assign]


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        traceback = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._lines.append(f"{record.getMessage()}\n{traceback}")


@contextmanager
def living() -> Iterator[World]:
    """A world with faults to come. What the product does side by side comes one after the other, in a fixed order."""
    light = replace(password.ARGON2, memory_cost=8)
    nobodys = password.DUMMY_HASH.replace(f"m={password.ARGON2.memory_cost}", "m=8")
    logger = logging.getLogger("ducat")
    with (
        standin.running(REGION) as (stand, environment),
        patch.object(password, "_HASHER", PasswordHasher.from_parameters(light)),
        patch.object(password, "DUMMY_HASH", nobodys),
    ):
        world = World(stand, environment)
        lines = _Lines(world.log)
        propagated = logger.propagate
        logger.addHandler(lines)
        logger.propagate = False
        try:
            with injected(stand, world.bank, world.builtin_bank) as world.injector:
                for bank in (world.bank, world.builtin_bank):
                    bank.aws.alongside = world.injector.side_by_side  # type: ignore[method-assign]
                yield world
        finally:
            logger.removeHandler(lines)
            logger.propagate = propagated


FURTHER: dict[str, dict[str, Any]] = {
    "advanced": {"profile": "fapi1-advanced"},
    "read-write": {"profile": "fapi1-read-write"},
    "signed": {"profile": "fapi2-security", "userinfo_signed_response_alg": "PS256"},
    "messages": {"profile": "fapi2-message-signing", "scope": STANDARD["scope"]},
}
"""Clients that only the campaign has."""


def _by_key(name: str) -> Callable[[Bank], Fintech]:
    return lambda bank: Fintech(bank, name, "private_key_jwt", rsa_key(name), "PS256", certificate(name))


def _by_certificate(name: str) -> Callable[[Bank], Fintech]:
    return lambda bank: Fintech(bank, name, "tls_client_auth", None, "", certificate(name))


def _by_proof(name: str) -> Callable[[Bank], Fintech]:
    return lambda bank: Fintech(bank, name, "private_key_jwt", rsa_key("dpop"), "PS256", None, ec_key("proofs"))


KINDS: dict[str, Callable[[Bank], Fintech]] = {
    **{name: _by_key(name) for name in ("fintech", *FURTHER)},
    **{name: _by_certificate(name) for name in ("tls-client-auth", "resource-server")},
    **{name: _by_proof(name) for name in ("dpop", "dpop-nonce")},
    "fapi1-bearer": lambda bank: Fintech(
        bank, "fapi1-bearer", "private_key_jwt", rsa_key("fapi1-bearer"), "PS256", None
    ),
    "client-secret-jwt": lambda bank: Fintech(
        bank, "client-secret-jwt", "client_secret_jwt", secret_of("client-secret-jwt"), "HS256", None
    ),
    "public": lambda bank: Fintech(bank, "public", "none", None, "", None, scope="openid accounts"),
}


def enrolled(world: World) -> tuple[Customer, Authenticator]:
    """A customer with a passkey."""
    customer, window = world.customer(), world.window(builtin_bank=True)
    page = proven(world, customer, window)
    authenticator = Authenticator(counts=True)
    answer = make_passkey(window, page, authenticator.create(passkey_options(page.text)))
    assert answer.status == 200, answer.text
    world.pass_time(60)  # another one-time code
    return customer, authenticator


def invitation(world: World, customer: Customer) -> str:
    """The path of a link to add a passkey by."""
    link = urlsplit(enrolment.invite(world.builtin_bank.aws, customer.username))
    return f"{link.path}?{link.query}"


def prove(window: Window, page: Answer, customer: Customer) -> Answer:
    """Who has the link shows that they are its person."""
    typed = {"username": customer.username, "password": PASSWORD, "one_time_code": customer.one_time_code()}
    return window.submit(page, "continue", **typed)


def proven(world: World, customer: Customer, window: Window) -> Answer:
    """The page that makes a passkey."""
    return prove(window, window.get(invitation(world, customer)), customer)


def make_passkey(window: Window, page: Answer, made: str) -> Answer:
    """The page's form, with what the authenticator made."""
    names = ("interaction", "csrf", "username", "ticket")
    form = {name: page.text.partition(f'name="{name}" value="')[2].partition('"')[0] for name in names}
    return window.post("/passkey", form | {"passkey": made})


def sign_in(window: Window, page: Answer, customer: Customer, password: str = PASSWORD) -> Answer:
    """By password and one-time code."""
    return window.sign_in(page, username=customer.username, password=password, one_time_code=customer.one_time_code())


def own_page_of(world: World, customer: Customer) -> Window:
    """The browser of a customer who has just signed in to change how they sign in."""
    window = world.window(builtin_bank=True)
    assert sign_in(window, window.get("/security"), customer).location == "/security"
    world.pass_time(60)
    return window


def own_page(world: World) -> tuple[Customer, Window]:
    """The same of a new customer."""
    customer = world.customer()
    return customer, own_page_of(world, customer)


def own_passkey(page: Answer) -> dict[str, str]:
    """What the page of how one signs in posts with a new passkey."""
    (form,) = [part for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if "passkey-answer" in part]
    return {a["name"]: a.get("value", "") for t, a in elements(form) if t == "input" and "name" in a}


def one_passkey(window: Window) -> Answer:
    """The page of the customer's only passkey."""
    page = window.get("/security")
    (key,) = {a["value"] for t, a in elements(page.text) if t == "button" and a.get("name") == "open"}
    return window.post("/security", window.form(page, "sign-out") | {"action": "", "open": key})


def app_on(page: Answer) -> str:
    """The secret of the app that the page offers."""
    shown = page.text.partition('id="secret"')[2].partition("</p>")[0]
    return "".join(re.findall(r"<span>([A-Z2-7]+)</span>", shown))


def codes_on(page: Answer) -> list[str]:
    """The recovery codes that the page shows."""
    return re.findall(r"<code>([A-Z2-7-]+)</code>", page.text)


def by_code(window: Window, customer: Customer, code: str, page: Answer | None = None) -> Answer:
    """Sign in by password and recovery code."""
    page = page or window.get("/security?with=recovery-code")
    return window.submit(page, "login", username=customer.username, password=PASSWORD, recovery_code=code)


def by_password(window: Window, customer: Customer, page: Answer | None = None) -> Answer:
    """Begin a recovery, or go on with it after its wait."""
    page = page or window.get("/security?with=recovery")
    return window.submit(page, "login", username=customer.username, password=PASSWORD)
