"""The programs of docs/integrate/clients, each run as its page says: it logs alice in, refreshes and reads her accounts."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from local.browser import Browser
from tests.client_libraries import programs
from tests.client_libraries.conftest import HERE
from tests.client_libraries.recipes import new_client
from tests.client_libraries.recipes.new_client import CALLBACK

RECIPES = HERE / "recipes"
ROOT = HERE.parents[1]
PLAIN, SIGNED = "fapi2-security", "fapi2-message-signing"


@pytest.fixture
def surroundings(stack, register, tmp_path) -> Callable[..., dict[str, str]]:
    """A function: registers a client, and gives the environment of a program that is that client."""

    def of(alg: str, bound: str, profile: str = PLAIN, **more: str) -> dict[str, str]:
        record = new_client.make(tmp_path, alg=alg, bound=bound, profile=profile, client_id=tmp_path.name[-40:], **more)
        if profile == SIGNED:
            record["require_signed_request_object"] = True
        register(**record)
        certificate = {"CERTIFICATE": str(stack.certificates.client("foreign").file)} if bound == "mtls" else {}
        trusted = str(stack.certificates.trusted)
        return {
            **os.environ,
            "ISSUER": stack.issuer,
            "ACCOUNTS": f"{stack.mtls_url}/accounts",
            "CLIENT_ID": str(record["client_id"]),
            "REDIRECT_URI": CALLBACK,
            "KEY": str(tmp_path / "key.json"),
            "TRUSTED": trusted,
            "NODE_EXTRA_CA_CERTS": trusted,
            **certificate,
            **({"SIGN_REQUEST": "yes"} if profile == SIGNED else {}),
        }

    return of


@pytest.fixture
def logs_in(stack, surroundings) -> Callable[..., dict[str, Any]]:
    """A function: runs a program as a client of its own, and gives what the program prints at its end."""

    def run(command: list[str], alg: str, bound: str, profile: str = PLAIN, **more: Any) -> dict[str, Any]:
        forged = {"forged": more.pop("forged")} if "forged" in more else {}
        environment = {**surroundings(alg, bound, profile), **more}
        return programs.login(command, environment, stack.certificates.trusted, CALLBACK, **forged)

    return run


@pytest.fixture
def beside_modules(modules, tmp_path) -> Callable[[str, str], list[str]]:
    """A function: the command that runs a program of Node beside its libraries."""

    def of(library: str, script: str) -> list[str]:
        if not (Path(modules) / library).is_dir():
            pytest.skip(f"{library} is not in {modules}")
        shutil.copy(RECIPES / script, tmp_path)
        (tmp_path / "node_modules").symlink_to(modules)
        return ["node", str(tmp_path / script)]

    return of


@pytest.mark.parametrize(("alg", "profile"), [("PS256", PLAIN), ("EdDSA", PLAIN), ("ES256", SIGNED)])
def test_oauth4webapi_logs_in_with_dpop(logs_in, beside_modules, alg, profile):
    got = logs_in(beside_modules("oauth4webapi", "oauth4webapi.mjs"), alg, "dpop", profile)
    assert programs.is_alices(got, "dpop")


@pytest.mark.parametrize(("alg", "profile"), [("PS256", PLAIN), ("ES256", SIGNED), ("EdDSA", SIGNED)])
def test_openid_client_logs_in_with_a_certificate(logs_in, beside_modules, alg, profile):
    got = logs_in(beside_modules("openid-client", "openid_client.mjs"), alg, "mtls", profile)
    assert programs.is_alices(got, "bearer")


@pytest.mark.parametrize(("alg", "profile"), [("PS256", PLAIN), ("ES256", SIGNED), ("EdDSA", PLAIN)])
def test_authlib_logs_in_with_a_certificate(logs_in, alg, profile):
    got = logs_in([sys.executable, str(RECIPES / "authlib_login.py")], alg, "mtls", profile)
    assert programs.is_alices(got, "bearer")


@pytest.fixture(scope="module")
def go_program(tmp_path_factory) -> str:
    """The program of x/oauth2, built from the modules that FOREIGN_GO holds, a GOMODCACHE. Skips where there are none."""
    cache = os.environ.get("FOREIGN_GO")
    if not cache or shutil.which("go") is None:
        pytest.skip(
            "go is not on the path, or FOREIGN_GO names no module cache: go mod download in tests/client_libraries/recipes/go"
        )
    built = tmp_path_factory.mktemp("go") / "login"
    offline = {"GOMODCACHE": cache, "GOPROXY": "off", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    _built(["go", "build", "-o", str(built), "."], RECIPES / "go", offline)
    return str(built)


def _built(command: list[str], folder: Path, surroundings: dict[str, str]) -> None:
    build = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        timeout=programs.SECONDS,
    )
    assert build.returncode == 0, build.stdout + build.stderr


@pytest.mark.parametrize(("alg", "profile"), [("PS256", PLAIN), ("ES256", SIGNED), ("EdDSA", PLAIN)])
def test_go_logs_in_with_a_certificate(logs_in, go_program, alg, profile):
    assert programs.is_alices(logs_in([go_program], alg, "mtls", profile), "bearer")


@pytest.mark.parametrize(("alg", "profile"), [("PS256", PLAIN), ("ES256", SIGNED)])
def test_openid_client_5_logs_in_with_a_certificate(logs_in, beside_modules, alg, profile):
    got = logs_in(beside_modules("openid-client-5", "openid_client_5.cjs"), alg, "mtls", profile)
    assert programs.is_alices(got, "bearer")


@pytest.fixture(scope="module")
def maven() -> Callable[..., None]:
    """A function: runs mvn with the packages that FOREIGN_MAVEN holds, a local repository. Skips where there are none."""
    repository = os.environ.get("FOREIGN_MAVEN")
    if not repository or not all(map(shutil.which, ("mvn", "java", "keytool", "openssl"))):
        pytest.skip(
            "mvn or a JDK is not on the path, or FOREIGN_MAVEN names no local repository of Maven with the packages"
        )

    def run(folder: Path, *arguments: str) -> None:
        _built(["mvn", "-o", "-q", "-B", f"-Dmaven.repo.local={repository}", *arguments], folder, {})

    return run


@pytest.fixture
def java_stores(stack, tmp_path) -> str:
    """What tells Java which certificates it has and trusts, made by the commands of the page."""
    page = (ROOT / "docs/integrate/clients/nimbus.md").read_text(encoding="utf-8")
    commands = next(block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "keytool" in block)
    paths = {
        "CERTIFICATE": str(stack.certificates.client("foreign").file),
        "TRUSTED": str(stack.certificates.trusted),
    }
    _built(["bash", "-c", f'set -e\n{commands}\nprintf %s "$JAVA_TOOL_OPTIONS" > options'], tmp_path, paths)
    return (tmp_path / "options").read_text()


@pytest.fixture(scope="module")
def nimbus(maven, tmp_path_factory) -> list[str]:
    """The command of the program for Nimbus."""
    jars = tmp_path_factory.mktemp("nimbus")
    maven(RECIPES / "nimbus", "dependency:copy-dependencies", f"-DoutputDirectory={jars}")
    return ["java", "-cp", f"{jars}/*", str(RECIPES / "nimbus/Login.java")]


@pytest.mark.parametrize(
    ("alg", "bound", "profile"), [("PS256", "mtls", PLAIN), ("ES256", "mtls", SIGNED), ("ES256", "dpop", PLAIN)]
)
def test_nimbus_logs_in(logs_in, nimbus, java_stores, alg, bound, profile):
    got = logs_in(nimbus, alg, bound, profile, JAVA_TOOL_OPTIONS=java_stores)
    assert programs.is_alices(got, "bearer" if bound == "mtls" else "dpop")


@pytest.fixture(scope="module")
def spring(maven, tmp_path_factory) -> list[str]:
    """The command of the program for Spring."""
    folder = tmp_path_factory.mktemp("spring") / "spring"
    shutil.copytree(RECIPES / "spring", folder)
    maven(folder, "package")
    return ["java", "-jar", str(folder / "target/login-1.jar")]


@pytest.fixture
def spring_app(stack, surroundings, spring, java_stores, tmp_path) -> Iterator[Callable[[str], str]]:
    """A function: starts the program as a client with a key of that algorithm, and gives its address."""
    with ExitStack() as running:

        def started(alg: str) -> str:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            home, pem = f"https://localhost:{port}", str(stack.certificates.server().file)
            own = {
                "JAVA_TOOL_OPTIONS": java_stores,
                "REFRESH_BEFORE": "100000",
                "SERVER_PORT": str(port),
                "SERVER_SSL_CERTIFICATE": pem,
                "SERVER_SSL_CERTIFICATEPRIVATEKEY": pem,
            }
            environment = surroundings(alg, "mtls", redirect_uri=f"{home}/login/oauth2/code/bank") | own
            log = tmp_path / "log"
            program = subprocess.Popen(spring, env=environment, stdout=running.enter_context(log.open("w")))
            running.callback(lambda: print(log.read_text()))
            running.callback(program.wait, programs.SECONDS)
            running.callback(program.terminate)
            until = monotonic() + programs.SECONDS
            while "Started Application" not in log.read_text():
                assert program.poll() is None, log.read_text()
                assert monotonic() < until, log.read_text()
                sleep(0.1)
            return home

        yield started


@pytest.mark.parametrize("alg", ["PS256", "ES256"])
def test_spring_logs_in_with_a_certificate(stack, spring_app, alg):
    """It refreshes at each call here, since its tokens end before REFRESH_BEFORE."""
    browser = Browser(stack.certificates.trusted)
    home = spring_app(alg)
    mixed_up = browser.open(f"{home}/login/oauth2/code/bank?code=c&state=s&iss=https%3A%2F%2Felsewhere.example")
    assert mixed_up.status == 400
    page = programs.click_through(browser, f"{home}/")
    assert page.status == 200, page.html
    assert programs.is_alices(json.loads(page.html), "bearer")
    again = browser.open(f"{home}/")
    assert again.html == page.html


def from_elsewhere(back: str) -> str:
    """The address that alice's browser came back to, as another provider's answer (RFC 9207)."""
    return re.sub(r"\biss=[^&]+", "iss=https%3A%2F%2Felsewhere.example", back)


class TestAnAnswerOfAnotherIssuerIsRefused:
    @pytest.mark.parametrize(
        ("library", "script", "bound"),
        [
            ("oauth4webapi", "oauth4webapi.mjs", "dpop"),
            ("openid-client", "openid_client.mjs", "mtls"),
            ("openid-client-5", "openid_client_5.cjs", "mtls"),
        ],
    )
    def test_by_node(self, logs_in, beside_modules, library, script, bound):
        with pytest.raises(programs.Refused, match=r'unexpected "iss"|iss mismatch'):
            logs_in(beside_modules(library, script), "ES256", bound, forged=from_elsewhere)

    def test_by_authlib(self, logs_in):
        with pytest.raises(programs.Refused, match="another issuer's"):
            logs_in([sys.executable, str(RECIPES / "authlib_login.py")], "ES256", "mtls", forged=from_elsewhere)

    def test_by_go(self, logs_in, go_program):
        with pytest.raises(programs.Refused, match="another request"):
            logs_in([go_program], "ES256", "mtls", forged=from_elsewhere)

    def test_by_nimbus(self, logs_in, nimbus, java_stores):
        with pytest.raises(programs.Refused, match="another request"):
            logs_in(nimbus, "ES256", "mtls", JAVA_TOOL_OPTIONS=java_stores, forged=from_elsewhere)
