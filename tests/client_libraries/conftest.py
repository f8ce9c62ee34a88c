"""Client libraries that nobody here wrote, against a live stack. Those for Node are used where somebody installed them."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import client_registration
from local.certificates import Certificates
from local.stack import Stack
from tests.client_libraries import programs
from tests.client_libraries.recipes.new_client import CALLBACK

HERE = Path(__file__).resolve().parent


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
        client_registration.register(record, stack.provider, os.urandom)
        return record

    return of


@pytest.fixture
def sign_in(stack: Stack) -> Callable[[str], str]:
    """A function: where the browser comes back after alice signed in and agreed at that address."""

    return lambda url: programs.sign_in(url, stack.certificates.trusted, CALLBACK)


@pytest.fixture(scope="session")
def modules() -> str:
    """The node_modules with the libraries: FOREIGN_MODULES, or the project's own. Skips where there are none."""
    found = Path(os.environ.get("FOREIGN_MODULES") or "node_modules").resolve()
    if shutil.which("node") is None:
        pytest.skip("there is no node on the path")
    if not found.is_dir():
        pytest.skip(
            "FOREIGN_MODULES names no node_modules: copy package*.json of tests/client_libraries/recipes elsewhere, npm ci there"
        )
    return str(found)


@pytest.fixture
def node(modules: str, stack: Stack) -> Callable[..., Any]:
    """A function: runs a script of this folder with what it is told, line by line; gives what it answers."""

    def run(library: str, script: str, disclosed: dict[str, Any], onward: Callable[[Any], Any]) -> Any:
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
            answer = _send_request(process, {**disclosed, "modules": modules})
            return answer, _send_request(process, onward(answer))
        finally:
            process.kill()
            process.communicate(timeout=10)

    return run


def _send_request(process: Any, message: Any) -> Any:
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)
