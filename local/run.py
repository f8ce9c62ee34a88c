"""`make run`: keeps the stack up, prints the addresses to click and the dev CA to trust, ends on Ctrl-C.

`make local` is the same, with every endpoint served by plain `chalice local`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import Any, TypedDict

from flask import Flask

from chalicelib import writer
from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from chalicelib.settings import SettingsError
from ducat_cdk import themes
from local import app_web, clients, fintech_web, sandbox_users
from local.certificates import FOLDER
from local.chalice_local import ChaliceEnded, ChaliceLocal
from local.fintech import Fintech
from local.kept_state import UnusableState
from local.ports import PortTaken, add_port, following
from local.recorded import NOTICES
from local.second_brand import Brands
from local.stack import Stack

STATE, RUNNING, RECORD = "state.json", "run.json", "audit.jsonl"
"""What is kept for the next start; and the settings of this one, where the command `ducat` looks (ducat_admin/deployment.py);
and the record of what happened."""
SANDBOX = "local.sandbox_users:build"

SECONDS = 2
"""Between two looks at which certificates are revoked."""

WORDS = """\
Connect your bank:  {home}
The provider:       {issuer}/.well-known/openid-configuration
{where}
Sign in as:         {people}, one-time code {code}
A passkey:          {invitations}
Payments:           {payments}
Trust in a browser: {trusted} (an authority for this machine's localhost alone)
Operate it:         .venv/bin/ducat --help, in this folder
What happened:      {record}
A line a request follows. Ctrl-C ends it; clients, users and consents are kept for the next time, until make clean."""

CERTIFICATES = """\
With certificates:  {mtls_url} (token, par, userinfo, introspect, revoke and the sample bank's /accounts)
Client certificate: {certificate}"""

APP = "approve them with a passkey, or in the bank's app: {home}/app"
NO_APP = "plain chalice local has no app of the bank: they are exempt from approval"

CHALICE = "Plain chalice local: {address}, to which the provider's address leads; it knows no client certificates"


class Files(TypedDict):
    """The files of a Stack."""

    kept: Path
    recorded: Path


def serve(
    ports: tuple[int, int, int],
    stop: Event,
    records: Iterable[Mapping[str, Any]] = (),
    *,
    folder: Path = FOLDER,
    own: Mapping[str, str] = MappingProxyType({}),
    chalice: ChaliceLocal | None = None,
) -> None:
    """Until `stop` is set. `records`: of clients to register beside the two. `folder`: what is kept there.
    `own`, `chalice`: as of a Stack.

    Raises PortTaken, UnusableState, ChaliceEnded, SettingsError; for a record that can't be registered InvalidClientMetadata or
    InvalidRedirectUri.
    """
    browsers, certificates, home_port = ports
    writer.use(writer.OPERATOR + "make run", None)
    with ExitStack() as running:
        taken = running.enter_context(fintech_web.take(home_port))
        files: Files = {"kept": folder / STATE, "recorded": folder / RECORD}
        stack = running.enter_context(
            Stack(browsers_port=browsers, certificates_port=certificates, own=own, chalice=chalice, **files)
        )
        home = f"https://localhost:{taken.getsockname()[1]}"
        trusted = stack.certificates.trusted
        # Without client certificates only one of the two can be known.
        both = clients.two(stack.certificates, home, sender="mtls" if chalice is None else "dpop")
        pair = both if chalice is None else both[:1]
        for client in pair:
            clients.register(stack.provider, client)
        for record in records:
            clients.register_record(stack.provider, record)
        fintechs = {c.client_id: Fintech(c, issuer=stack.issuer, api=stack.mtls_url, trusted=trusted) for c in pair}
        server = fintech_web.serve(_pages(fintechs, stack, folder), taken, stack.certificates.server())
        running.callback(server.shutdown)
        words = WORDS.format(
            record=f"{folder / RECORD}, and notices to people in {folder / NOTICES}",
            home=home,
            issuer=stack.issuer,
            where=CHALICE.format(address=chalice.address)
            if chalice
            else CERTIFICATES.format(mtls_url=stack.mtls_url, certificate=pair[0].certificate.file),
            people=" or ".join(f"{person.username} / {person.password}" for person in sandbox_users.USERS.values()),
            code=sandbox_users.ONE_TIME_CODE,
            invitations="\n                    ".join(sandbox_users.invitations(stack.provider).values()),
            payments=NO_APP if stack.approval_app is None else APP.format(home=home),
            trusted=trusted,
        )
        running.enter_context(_found_by_the_command(folder / RUNNING))
        print(words, flush=True)
        while not stop.wait(SECONDS):
            stack.see_revoked()


def _pages(fintechs: Mapping[str, Fintech], stack: Stack, folder: Path) -> Flask:
    """The home pages: the fintechs', and that of the bank's app, if there is one.

    Plain chalice local has no app and no brand to change: the functions are in another process.
    """
    if stack.approval_app is None:
        return fintech_web.build(fintechs)
    pages = fintech_web.build(fintechs, Brands(stack.provider, folder))
    app_web.add_to(pages, stack.approval_app)
    return pages


def worn(theme: Path, folder: Path) -> dict[str, str]:
    """The settings of a theme, which is compiled into `folder`. Its languages are offered too. Raises ThemeError."""
    compiled = (folder / "theme").absolute()
    themes.write(theme, compiled)
    return {"theme": str(compiled), "languages": " ".join(themes.languages(str(theme)))}


@contextmanager
def _found_by_the_command(running: Path) -> Iterator[None]:
    """Leave this process's settings where the command `ducat` finds them, for its own user alone, while the stack is up."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(("DUCAT_", "AWS_"))}
    running.unlink(missing_ok=True)
    with os.fdopen(os.open(running, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"process": os.getpid(), "environment": environment}, file)
    try:
        yield
    finally:
        running.unlink(missing_ok=True)


def main() -> None:
    """The command line. Ends with status 1 and a line where a port is taken or a client can't be registered."""
    parser = argparse.ArgumentParser(prog="python -m local.run", description="The local stack, until Ctrl-C.")
    add_port(parser)
    parser.add_argument("--client", type=Path, action="append", default=[], help="a record to register as well: JSON")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where what is kept goes")
    parser.add_argument("--bank-name", default="Sandbox Bank", help="what the pages call the bank")
    parser.add_argument("--theme", type=Path, help="the folder of a theme: colours, fonts, logo, links, texts")
    parser.add_argument(
        "--user-directory", default=SANDBOX, metavar="MODULE:FUNCTION", help="what makes the directory of users"
    )
    parser.add_argument("--chalice-local", action="store_true", help="serve the endpoints by plain chalice local")
    chosen = parser.parse_args()
    ports = following(chosen.port)
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        records = [json.loads(file.read_text(encoding="utf-8")) for file in chosen.client]
        own = {"bank_name": chosen.bank_name, "user_directory": chosen.user_directory}
        own |= worn(chosen.theme, chosen.folder) if chosen.theme else {}
        chalice = ChaliceLocal(ports[-1] + 1) if chosen.chalice_local else None
        serve(ports, stop, records, folder=chosen.folder, own=own, chalice=chalice)
    except PortTaken as problem:
        sys.exit(f"make run: {problem}; stop what uses it, or choose others: make run PORT=9843")
    except (InvalidClientMetadata, InvalidRedirectUri) as problem:
        sys.exit(f"make run: the client can't be registered: {problem}")
    except (UnusableState, themes.ThemeError, SettingsError, ChaliceEnded) as problem:
        sys.exit(f"make run: {problem}")
    except (ImportError, AttributeError) as problem:
        sys.exit(f"make run: {chosen.user_directory} makes no directory of users: {problem}")
    print("Ended.")


if __name__ == "__main__":
    main()
