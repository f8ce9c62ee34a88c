"""What a fintech and the bank said to each other, for those who learn: each request with its parameters, and its answer.

What is signed is shown with its header and its claims. Secrets are shown to the browser that began the login, and are in no log.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import local
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

SIGNED = {
    "client_assertion": "who the client is: its signed assertion",
    "request": "the signed request",
    "id_token": "the ID token",
    "response": "the signed response",
    "DPoP": "the DPoP proof in the header",
}
"""Parameters and members that are a JWT, and what that says."""


@dataclass(frozen=True)
class Decoded:
    """A JWT. `name`: what it is. `header`, `claims`: JSON. Its signature is not looked at here."""

    name: str
    header: str
    claims: str


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    `line`: method and address. `sent`: its parameters.
    `answer`: the status, and the JSON of the answer or the address that it leads to.
    `decoded`: what is signed, of both.
    """

    line: str
    sent: tuple[tuple[str, str], ...]
    answer: str
    decoded: tuple[Decoded, ...]


class Watched:
    """The exchanges of a session, of the thread that watches them."""

    def __init__(self, session: requests.Session) -> None:
        self._seen = local()
        session.hooks["response"].append(self._note)

    @contextmanager
    def watching(self) -> Iterator[list[Exchange]]:
        """The list to which this thread's exchanges are added meanwhile."""
        seen: list[Exchange] = []
        self._seen.list = seen
        try:
            yield seen
        finally:
            self._seen.list = None

    def _note(self, response: requests.Response, *_: Any, **__: Any) -> None:
        seen = getattr(self._seen, "list", None)
        if seen is not None:
            seen.append(_exchange(response))


def redirected(url: str, answer: str) -> Exchange:
    """What a browser carries: the parameters of an address, to the bank or back to the client."""
    parts = urlsplit(url)
    sent = tuple(parse_qsl(parts.query or parts.fragment))
    return Exchange(f"GET {parts._replace(query='', fragment='').geturl()}", sent, answer, tuple(_decoded(dict(sent))))


def _exchange(response: requests.Response) -> Exchange:
    sent = tuple(parse_qsl(_text(response.request.body)))
    try:
        members = response.json()
    except ValueError:
        members = {}
    proof = {name: value for name, value in response.request.headers.items() if name == "DPoP"}
    shown = json.dumps(members, indent=2, ensure_ascii=False) if members else ""
    return Exchange(
        f"{response.request.method} {response.request.url}",
        sent,
        f"{response.status_code} {response.reason}\n{shown}".strip(),
        tuple(_decoded({**dict(sent), **proof}, members if isinstance(members, dict) else {})),
    )


def _text(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else str(body or "")


def _decoded(*found: Mapping[str, Any]) -> Iterator[Decoded]:
    for members in found:
        for name, words in SIGNED.items():
            if parts := _parts(members.get(name)):
                yield Decoded(words, *parts)


def _parts(jwt: Any) -> tuple[str, str] | None:
    """The header and the claims of a JWT, as JSON; None for anything else."""
    if not isinstance(jwt, str) or jwt.count(".") != 2:
        return None
    try:
        header, claims = (json.loads(urlsafe_b64decode(f"{part}==")) for part in jwt.split(".")[:2])
    except (Error, ValueError, RecursionError):  # Anybody can have a browser carry anything to the callback.
        return None
    return _indented(header), _indented(claims)


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
