"""openid-client, a certified client library that is not ours: fetched from npm once, kept in .local/, and asked for a login."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
"""Which versions, and the hash of each: npm takes no other."""

HOME = Path(__file__).resolve().parents[3] / ".local" / "openid-client" / sha256(LOCK.read_bytes()).hexdigest()[:16]
OLDEST_NODE = 20
SECONDS_TO_FETCH = 60
SECONDS_TO_END = 10


class Absent(Exception):
    """It can't run here; the message says what is missing."""


class Refused(Exception):
    """The library did not take what the bank told it, or the bank did not take what the library asked. `said`: by which."""

    def __init__(self, said: Any) -> None:
        super().__init__(json.dumps(said))
        self.said = said


class Authentication:
    """One login. `url`: where the browser is to go."""

    def __init__(self, peer: Peer, request_parameters: dict[str, Any]) -> None:
        self._peer = peer
        self._ended = True  # unless the peer says where to go
        self.url = peer.send_request(request_parameters)["url"]
        self._ended = False

    def finish(self, url: str, posted: dict[str, str] | None = None) -> Any:
        """What the bank told, once the browser is at `url`, with the form that it posts there. Raises Refused."""
        self._ended = True
        return self._peer.send_request({"url": url, "posted": posted})

    def end(self) -> None:
        """Give it up, if it did not end."""
        if not self._ended:
            self._peer.send_request(None)


class Peer:
    """The library at work: a process that logs in, once after the other."""

    def __init__(self, script: subprocess.Popen[str]) -> None:
        self._script = script

    @contextmanager
    def begun(self, request_parameters: dict[str, Any]) -> Iterator[Authentication]:
        """A Login. `request_parameters`: as login.mjs reads it. Raises Refused."""
        login = Authentication(self, request_parameters)
        try:
            yield login
        finally:
            login.end()

    def send_request(self, message: Any) -> Any:
        """What the script says to a message. Raises Refused."""
        assert self._script.stdin and self._script.stdout and self._script.stderr  # noqa: PT018 - as Popen was told
        self._script.stdin.write(json.dumps(message) + "\n")
        self._script.stdin.flush()
        line = self._script.stdout.readline()
        if not line:
            raise AssertionError(f"login.mjs ended: {self._script.stderr.read()}")
        disclosed = json.loads(line)
        if disclosed and "refused" in disclosed:
            raise Refused(disclosed["refused"])
        return disclosed


@contextmanager
def running() -> Iterator[Peer]:
    """A Peer. Raises Absent."""
    script = subprocess.Popen(
        [_program("node"), "login.mjs"],
        cwd=fetched(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Peer(script)
    finally:
        script.communicate(timeout=SECONDS_TO_END)  # it ends with its input


def fetched() -> Path:
    """The folder with the library and our script beside it. Raises Absent."""
    version = subprocess.run([_program("node"), "--version"], capture_output=True, text=True, timeout=30).stdout
    if int(version.strip().removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        raise Absent(f"openid-client needs Node {OLDEST_NODE} or newer, and `node` is {version.strip()}")
    if not HOME.is_dir():
        _fetch()
    shutil.copy(HERE / "login.mjs", HOME)
    return HOME


def _fetch() -> None:
    fresh = HOME.with_name(f"{HOME.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in ("package.json", LOCK.name):
        shutil.copy(HERE / name, fresh)
    command = [_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"]
    try:
        run = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=SECONDS_TO_FETCH)
    except subprocess.TimeoutExpired:
        raise Absent(f"npm could not fetch openid-client in {SECONDS_TO_FETCH} s") from None
    if run.returncode:
        errors = [line for line in run.stderr.splitlines() if line.startswith("npm error")]
        raise Absent("npm could not fetch openid-client: " + next(iter(errors), "no words"))
    fresh.rename(HOME)


def _program(name: str) -> str:
    """Beside this Python, where `make install` puts it, or on the path. Raises Absent."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Absent(f"openid-client needs {name}, and there is none on the path")
    return found
