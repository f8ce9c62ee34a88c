"""`python -m MODULE ARGUMENTS`, forked from an interpreter that has imported what the laptop's commands import.

An interpreter of its own takes a second of CPU before it does anything, and most of that for libraries. `python -m
tests.local.forked SOCKET` is that interpreter. The whole way, from a shell on, is tried where a page is (test_try_by_curl.py).
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, recv_fds, send_fds, socket, socketpair
from typing import Any, NoReturn

import botocore.session

import tests.botocore_once  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 1 << 16
COMMANDS = ("local.run", "local.demo")
LIBRARIES = ("moto.server", "moto.dynamodb.models", "moto.kms.models", "moto.s3.models", "local.mended_moto")


class Forked:
    """A process as `subprocess.Popen` has it, with its standard output and error as texts."""

    def __init__(self, module: str, *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        out, err, ended = os.pipe(), os.pipe(), os.pipe()
        wanted = {
            "module": module,
            "arguments": arguments,
            "cwd": str(cwd),
            "env": dict(os.environ if env is None else env),
        }
        _, channel = _interpreter()
        send_fds(channel, [json.dumps(wanted).encode()], [out[1], err[1], ended[1]])
        self.pid = int(channel.recv(MOST_BYTES))
        for _, end in (out, err, ended):
            os.close(end)
        self.stdout, self.stderr, self._ended = (os.fdopen(begin, encoding="utf-8") for begin, _ in (out, err, ended))
        self.returncode: int | None = None

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()
        self.communicate()

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        """What it printed and nobody has read, once it has ended. It is killed where that takes longer."""
        if self.returncode is not None:
            return "", ""
        killer = threading.Timer(timeout, self.send_signal, [signal.SIGKILL])
        killer.start()
        complaints: list[str] = []
        reader = threading.Thread(target=lambda: complaints.append(self.stderr.read()))
        reader.start()
        printed = self.stdout.read()
        reader.join()
        status = self._ended.read()
        killer.cancel()
        self.returncode = int(status) if status else -signal.SIGKILL
        for stream in (self.stdout, self.stderr, self._ended):
            stream.close()
        return printed, complaints[0]


@cache
def _interpreter() -> tuple[subprocess.Popen[bytes], socket]:
    mine, its = socketpair(AF_UNIX, SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.local.forked", str(its.fileno())]
    interpreter = subprocess.Popen(command, cwd=ROOT, pass_fds=[its.fileno()], start_new_session=True)
    its.close()
    return interpreter, mine


def end() -> None:
    """End the interpreter, where there is one, so that its CPU is counted."""
    if _interpreter.cache_info().currsize:
        interpreter, channel = _interpreter()
        channel.close()
        interpreter.wait(timeout=60)
        _interpreter.cache_clear()


def main() -> None:
    """Fork what is wanted, until nobody can want more; then wait for what still runs."""
    for name in (*COMMANDS, *LIBRARIES):
        import_module(name)
    for name in COMMANDS:
        del sys.modules[name]  # so that it is run anew
    session = botocore.session.get_session()
    for service in ("dynamodb", "kms", "s3"):  # What botocore remembers of a service once it has made a client of it.
        session.create_client(service, "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    gc.freeze()  # What is forked would copy what its collector looks at.
    channel = socket(fileno=int(sys.argv[1]))
    while True:
        wanted, ends, _, _ = recv_fds(channel, MOST_BYTES, 3)
        with suppress(ChildProcessError):
            while os.waitpid(-1, 0 if not wanted else os.WNOHANG)[0]:
                pass
        if not wanted:
            return
        child = os.fork()
        if child == 0:
            channel.close()
            _become(json.loads(wanted), *ends)
        for end in ends:
            os.close(end)
        channel.send(str(child).encode())


def _become(wanted: dict[str, Any], out: int, err: int, ended: int) -> NoReturn:
    """In the child: the command, as an interpreter runs it."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    sys.argv = [wanted["module"], *wanted["arguments"]]
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    random.seed()
    sys.modules["moto.moto_api._internal"].mock_random.seed()
    status = 0
    try:
        runpy.run_module(wanted["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if status and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        status = 1
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(ended, str(status).encode())
    os._exit(status)


if __name__ == "__main__":
    main()
