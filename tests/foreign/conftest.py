"""Client libraries that nobody here wrote, against a live stack. Those for Node are used where somebody installed them."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.authorization.writing import writes
from chalicelib.clients import registration
from local import people
from local.browser import Browser, Page
from local.certificates import Certificates
from local.stack import Stack

HERE = Path(__file__).resolve().parent
CALLBACK = "https://localhost:18847/callback"
"""Nothing answers there."""
MOST_PAGES = 4
TYPED = {"username": "alice", "password": people.ALICE.password, "one_time_code": people.ONE_TIME_CODE}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    with Stack(browsers_port=0, certificates_port=0, certificates=certificates, region="eu-west-1") as running:
        yield running


@pytest.fixture
def register(stack: Stack) -> Callable[..., dict[str, Any]]:
    """A function: registers a client, and gives its record."""

    def of(**metadata: Any) -> dict[str, Any]:
        record = {
            "client_name": "Foreign",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "redirect_uris": [CALLBACK],
            "scope": "openid accounts",
            "token_endpoint_auth_method": "private_key_jwt",
            **metadata,
        }
        registration.register(record, stack.provider, os.urandom, writes=writes)
        return record

    return of


@pytest.fixture
def sign_in(stack: Stack) -> Callable[[str], str]:
    """A function: where the browser comes back after alice signed in and agreed at that address."""

    def through(url: str) -> str:
        browser = Browser(stack.certificates.trusted, elsewhere=CALLBACK)
        page = browser.open(url)
        for _ in range(MOST_PAGES):
            if page.status is None:
                return page.url
            page = _onward(browser, page)
        raise AssertionError(page.html)

    return through


def _onward(browser: Browser, page: Page) -> Page:
    shown = {button for form in page.forms for button in form.buttons}
    for button, typed in (("login", TYPED), ("approve", {}), ("continue", {})):
        if button in shown:
            return browser.press(page, button, typed)
    raise AssertionError(f"{page.status} {page.html}")


@pytest.fixture(scope="session")
def modules() -> str:
    """The node_modules with the libraries: FOREIGN_MODULES, or the project's own. Skips where there are none."""
    found = Path(os.environ.get("FOREIGN_MODULES", "node_modules")).resolve()
    if shutil.which("node") is None:
        pytest.skip("there is no node on the path")
    if not found.is_dir():
        pytest.skip("FOREIGN_MODULES names no node_modules: npm install oauth4webapi openid-client@5 somewhere")
    return str(found)


@pytest.fixture
def node(modules: str, stack: Stack) -> Callable[..., Any]:
    """A function: runs a script of this folder with what it is told, line by line; gives what it answers."""

    def run(library: str, script: str, told: dict[str, Any], onward: Callable[[Any], Any]) -> Any:
        if not (Path(modules) / library).is_dir():
            pytest.skip(f"{library} is not in {modules}")
        process = subprocess.Popen(
            ["node", str(HERE / script)],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(stack.certificates.trusted)},
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: PT018
        try:
            answer = _ask(process, {**told, "modules": modules})
            return answer, _ask(process, onward(answer))
        finally:
            process.kill()
            process.communicate(timeout=10)

    return run


def _ask(process: Any, message: Any) -> Any:
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)
