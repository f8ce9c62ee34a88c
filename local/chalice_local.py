"""`chalice local` as it is, for `make local`: it serves every endpoint over plain HTTP, and the TLS gateway sends it what comes.

It gives a function no client certificate, so a client here has its tokens bound to a DPoP key. The bank's own API is not of
app.py, and stays with the gateway.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from typing import IO

import app as lambda_app
from local import api_gateway, api_gateway_events
from local.https_server import Incoming, Outgoing
from local.ports import PortTaken

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
SECONDS = 30
"""For its start, and for an answer."""

OF_THE_CONNECTION = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Headers that are not sent on: each connection has its own."""

LINES = "DUCAT_LOCAL_LINES"
"""The file descriptor to which the process writes the functions' log lines."""

log = logging.getLogger("ducat.local")


class ChaliceEnded(Exception):
    """The process ended before it served anything. What it printed says why."""


class ChaliceLocal:
    """One `chalice local`, in this process's environment, between `start` and `stop`."""

    def __init__(self, port: int) -> None:
        """`port`: 0 for a free one. Raises PortTaken."""
        try:
            with socket.create_server((HOST, port)) as free:
                self.port: int = free.getsockname()[1]
        except OSError:
            raise PortTaken(port) from None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: Thread | None = None

    @property
    def address(self) -> str:
        """Its URL."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Until it answers. Raises ChaliceEnded."""
        command = ("--project-dir", str(ROOT), "local", "--stage", "local", "--no-autoreload", "--port", str(self.port))
        reading, writing = os.pipe()
        # A session of its own, so that Ctrl-C ends the gateway first, and the gateway this.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.chalice_local", *command],
            env=os.environ | {"PYTHONPATH": str(ROOT), LINES: str(writing)},
            start_new_session=True,
            pass_fds=(writing,),
        )
        os.close(writing)
        self._reader = Thread(target=_relay, args=(os.fdopen(reading, encoding="utf-8"),), daemon=True)
        self._reader.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection((HOST, self.port)):
                return
            time.sleep(0.05)
        self.stop()
        raise ChaliceEnded(f"chalice local does not answer at {self.address}")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        if self._reader is not None:  # What it wrote last is in the record too.
            self._reader.join(SECONDS)

    def before(self, answer: Callable[[Incoming], Outgoing]) -> Callable[[Incoming], Outgoing]:
        """What answers every request: it where app.py has a route, `answer` for all others."""

        def either(request: Incoming) -> Outgoing:
            methods = lambda_app.app.routes.get(api_gateway_events.path_of(request), {})
            return self._answer(request) if request.method in methods else answer(request)

        return either

    def _answer(self, request: Incoming) -> Outgoing:
        connection = HTTPConnection(HOST, self.port, timeout=SECONDS)
        try:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in (*_sent_on(request.headers), ("Content-Length", str(len(request.body)))):
                connection.putheader(name, value)
            connection.endheaders(request.body)
            answer = connection.getresponse()
            headers = [
                pair for pair in _sent_on(answer.getheaders()) if pair[0].lower() not in api_gateway.NOT_FOR_LOCALHOST
            ]
            return Outgoing(answer.status, tuple(headers), answer.read())
        except (OSError, HTTPException) as problem:
            log.error("chalice local did not answer %s: %s", request.method, problem)
            return api_gateway.refusal("DEFAULT_5_XX", request)
        finally:
            connection.close()


def _sent_on(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in OF_THE_CONNECTION]


class ToGateway(logging.Handler):
    """Writes the functions' log lines to the gateway's process, which prints and records them as its own."""

    def __init__(self, pipe: IO[str]) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        members = {"created": record.created, "levelno": record.levelno, "levelname": record.levelname}
        sent = members | {"msg": self.format(record), "line": getattr(record, "line", None)}
        self._pipe.write(json.dumps(sent) + "\n")
        self._pipe.flush()


def _relay(pipe: IO[str]) -> None:
    """Take the lines, until the process ends."""
    ours = logging.getLogger("ducat")
    with pipe:
        for text in pipe:
            sent = json.loads(text)
            line = sent.pop("line")
            ours.handle(logging.makeLogRecord(sent | {"name": ours.name} | ({} if line is None else {"line": line})))


if __name__ == "__main__":  # Chalice's own command line.
    from chalice.cli import main

    handler = ToGateway(os.fdopen(int(os.environ.pop(LINES)), "w", encoding="utf-8"))
    logging.getLogger("ducat").addHandler(handler)
    logging.getLogger("ducat").propagate = False
    main()
