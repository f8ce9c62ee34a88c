"""Runs a program that logs in: it prints "Open" and an address, reads where the browser came back, and ends with JSON."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Timer
from typing import Any

from local import people
from local.browser import Browser, Page

SECONDS = 100
MOST_PAGES = 4
TYPED = {"username": "alice", "password": people.ALICE.password, "one_time_code": people.ONE_TIME_CODE}


def sign_in(url: str, trusted: Path, callback: str) -> str:
    """Where alice's browser comes back, an address that begins with `callback`, once she signed in and allowed."""
    browser = Browser(trusted, elsewhere=callback)
    page = browser.open(url)
    for _ in range(MOST_PAGES):
        if page.status is None:
            return page.url
        page = _onward(browser, page)
    raise AssertionError(page.html)


def _onward(browser: Browser, page: Page) -> Page:
    shown = {button for form in page.forms for button in form.buttons}
    for button, typed in (("login", TYPED), ("approve", {}), ("continue", {})):
        if button in shown:
            return browser.press(page, button, typed)
    raise AssertionError(f"{page.status} {page.html}")


def login(command: list[str], environment: Mapping[str, str], trusted: Path, callback: str) -> dict[str, Any]:
    """What the program prints at its end, as alice's client."""
    with tempfile.TemporaryFile("w+") as complaints:
        program = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints
        )
        assert program.stdin is not None and program.stdout is not None  # noqa: PT018 - as Popen is called
        deadline = Timer(SECONDS, program.kill)
        deadline.start()
        try:
            url = next((line.split()[1] for line in program.stdout if line.startswith("Open ")), None)
            back = "" if url is None else sign_in(url, trusted, callback)
            rest = program.communicate(f"{back}\n", timeout=SECONDS)[0]
        finally:
            deadline.cancel()
            program.kill()
            program.wait()
        complaints.seek(0)
        assert program.returncode == 0, complaints.read()
    return json.loads(rest[rest.index("{") :])


def is_alices(got: Mapping[str, Any], token_type: str) -> bool:
    """Whether a program read alice's accounts, by a token of that type."""
    numbers = [account["iban"] for account in got["accounts"]]
    return (got["sub"], got["token_type"].lower(), numbers) == (
        people.ALICE.sub,
        token_type,
        [account["iban"] for account in people.ALICE.accounts],
    )
