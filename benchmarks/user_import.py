"""`python -m benchmarks.user_import`: what `ducat user import` takes for many people: time, CPU and memory.

They are enrolled into AWS's own DynamoDB Local where Java is there, else into moto, with moto's KMS. Half way the command is
interrupted, and goes on from the line that it says. People come with a hash; what a password costs is measured beside.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import botocore.session

from benchmarks import systems, warm
from chalicelib.users import password
from docs.clauses import ROOT
from local import aws_stand_in
from tests.storage import dynamodb_local

HASHES = 20
LOOK = 0.5
"""Seconds between two looks at how far it is."""


def main() -> None:
    """Measure, and print a line of a table for each step."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.user_import", description="What an import takes.")
    parser.add_argument("--people", type=int, default=100_000, help="default %(default)s")
    parser.add_argument("--moto", action="store_true", help="moto's DynamoDB, though Java is there")
    chosen = parser.parse_args()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # A shell's job in the background would hand on that it is ignored.
    with TemporaryDirectory() as home, _deployed(Path(home), moto=chosen.moto) as (store, users):
        print(f"{chosen.people} people with a hash, into {store}, {os.cpu_count()} CPUs")
        print(
            "| Step | Seconds | CPU of the command, s | People a second | Memory at most, MB |\n|---|---|---|---|---|"
        )
        _measure(Path(home), users, chosen.people)
    print(f"A password in place of the hash: {_hash_ms():.0f} ms of CPU")


def _measure(folder: Path, users: str, count: int) -> None:
    _write(folder / "people.jsonl", count)
    dynamodb = botocore.session.get_session().create_client("dynamodb")
    middle = {"pk": {"S": _name(count // 2)}}

    def half_way() -> bool:
        return "Item" in dynamodb.get_item(TableName=users, Key=middle)

    _run(folder, "check alone", count, "--dry-run")
    said = _run(folder, "import, interrupted half way", count // 2, stop=half_way)
    found = re.search(r"--from-line (\d+)", said)
    if found is None:
        sys.exit(f"it was not interrupted: {said}")
    line = int(found[1])
    rest = count - line + 1
    _run(folder, f"gone on from line {line}", rest, "--from-line", str(line))
    _run(folder, "once more, all enrolled", count)


@contextmanager
def _deployed(folder: Path, *, moto: bool) -> Iterator[tuple[str, str]]:
    """The settings where the command finds them. Gives the store's name, and the users table's."""
    with warm.stand_in() as environment, _store(moto=moto) as (store, leading), aws_stand_in.surroundings(leading):
        made = {**environment, **leading, **(aws_stand_in.create() if leading else {})}
        (folder / ".local").mkdir()
        running = {"process": os.getpid(), "environment": systems.settings_of(made)}
        (folder / ".local" / "run.json").write_text(json.dumps(running))
        yield store, made["DUCAT_USERS_TABLE"]


@contextmanager
def _store(*, moto: bool) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The store's name, and the environment that leads to it beside moto's."""
    try:
        if moto:
            raise dynamodb_local.Absent("moto was chosen")
        with dynamodb_local.running() as address:
            yield f"DynamoDB Local {dynamodb_local.VERSION}", {"AWS_ENDPOINT_URL_DYNAMODB": address}
    except dynamodb_local.Absent:
        yield "moto", {}


def _name(n: int) -> str:
    return f"person-{n:07d}"


def _write(file: Path, count: int) -> None:
    """A line a person, in the order of their numbers."""
    start = password.DUMMY_HASH.rpartition("$")[0].rpartition("$")[0]
    with file.open("w", encoding="utf-8") as opened:
        for n in range(count):
            parts = (
                n.to_bytes(4, "big").ljust(size, b"x") for size in (password.ARGON2.salt_len, password.ARGON2.hash_len)
            )
            hashed = "$".join([start, *(b64encode(part).rstrip(b"=").decode() for part in parts)])
            claims = {"name": f"Person {n}", "email": f"{n}@example.com", "birthdate": "1987-03-21"}
            accounts = [{"name": "Current account", "iban": f"DE{n:020d}"}]
            said = {
                "username": _name(n),
                "sub": f"sub-{n}",
                "password_hash": hashed,
                "claims": claims,
                "accounts": accounts,
            }
            opened.write(json.dumps(said) + "\n")


def _run(folder: Path, step: str, people: int, *more: str, stop: Callable[[], bool] | None = None) -> str:
    """What it printed. `stop`: whether it is to be interrupted now."""
    command = (sys.executable, "-m", "ducat_admin", "--json", "user", "import", "people.jsonl", *more)
    environment: dict[str, Any] = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    printed, began = folder / "printed", time.monotonic()
    with (
        printed.open("w") as file,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file) as child,
    ):
        while stop is not None and child.poll() is None:
            if stop():
                child.send_signal(signal.SIGINT)
                break
            time.sleep(LOOK)
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    took, cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
    print(f"| {step} | {took:.0f} | {cpu:.0f} | {people / took:.0f} | {used.ru_maxrss / 1024:.0f} |", flush=True)
    return printed.read_text()


def _hash_ms() -> float:
    began = time.process_time()
    for _ in range(HASHES):
        password.hashed("correct horse battery staple", salt=os.urandom(password.ARGON2.salt_len))
    return (time.process_time() - began) / HASHES * 1000


if __name__ == "__main__":
    main()
