"""Runs a program that logs in: it prints "Open" and an address, reads where the browser came back, and ends with JSON."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Timer
from typing import Any

from local import sandbox_users
from local.browser import Browser, Page

SECONDS = 100
MOST_PAGES = 4
TYPED: Mapping[str, Mapping[str, str]] = {
    "login": {
        "username": "alice",
        "password": sandbox_users.ALICE.password,
        "one_time_code": sandbox_users.ONE_TIME_CODE,
    },
    "approve": {},
    "continue": {},
}
"""What alice types before she presses a button."""


def sign_in(url: str, trusted: Path, callback: str) -> str:
    """Where alice's browser comes back, an address that begins with `callback`, once she signed in and allowed."""
    browser = Browser(trusted, elsewhere=callback)
    page = click_through(browser, browser.open(url))
    assert page.status is None, f"{page.status} {page.html}"
    return page.url


def click_through(browser: Browser, page: Page) -> Page:
    """The first page without a button of the bank's, from that one on, as alice signs in and allows."""
    for _ in range(MOST_PAGES):
        shown = {button for form in page.forms for button in form.buttons}
        button = next((button for button in TYPED if button in shown), None)
        if button is None:
            return page
        page = browser.press(page, button, TYPED[button])
    raise AssertionError(page.html)


class Refused(Exception):
    """The program ended with another status than 0. The message is what it said."""


def login(
    command: list[str],
    environment: Mapping[str, str],
    trusted: Path,
    callback: str,
    *,
    forged: Callable[[str], str] = lambda back: back,
) -> dict[str, Any]:
    """What the program prints at its end, as alice's client. `forged`: gives what it is to read for where she came back.

    Raises Refused.
    """
    with tempfile.TemporaryFile("w+") as complaints:
        program = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints
        )
        assert program.stdin is not None and program.stdout is not None  # noqa: PT018 - as Popen is called
        deadline = Timer(SECONDS, program.kill)
        deadline.start()
        try:
            url = next((line.split()[1] for line in program.stdout if line.startswith("Open ")), None)
            back = "" if url is None else forged(sign_in(url, trusted, callback))
            rest = program.communicate(f"{back}\n", timeout=SECONDS)[0]
        finally:
            deadline.cancel()
            program.kill()
            program.wait()
        complaints.seek(0)
        if program.returncode:
            raise Refused(complaints.read())
    return json.loads(rest[rest.index("{") :])


def is_alices(got: Mapping[str, Any], token_type: str) -> bool:
    """Whether a program read alice's accounts, by a token of that type."""
    numbers = [account["iban"] for account in got["accounts"]]
    return (got["sub"], got["token_type"].lower(), numbers) == (
        sandbox_users.ALICE.sub,
        token_type,
        [account["iban"] for account in sandbox_users.ALICE.accounts],
    )
