"""docs/try/own-client.md, step by step: what a new user types, with the browser of a person between."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import own_client
from local.browser import Browser
from local.certificates import FOLDER
from tests.client_libraries import programs
from tests.local.forked import Forked
from tests.operator.conftest import Operator

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/try/own-client.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^## \d\. .*?^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TIME_LIMIT = 60


@pytest.fixture
def typed(five_ports):
    """A function: what the page says as it is typed here, at free ports."""

    def here(commands):
        said = commands.replace("\\\n", " ").replace(".venv/bin/python", sys.executable)
        said = said.replace("make run", f"{sys.executable} -m local.run --port 8843 --folder .local")
        for offset in (0, 4):
            said = said.replace(str(8843 + offset), str(five_ports + offset))
        return [shlex.split(line) for line in said.splitlines()]

    return here


@pytest.fixture
def start(typed, tmp_path):
    """A function: starts a program of the page, in a folder of the test's own."""

    def started(command, *more):
        (words,) = typed(command)
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        if words[:3] == [sys.executable, "-m", "local.run"]:
            return Forked("local.run", *words[3:], *more, cwd=tmp_path, env=environment)
        return subprocess.Popen([*words, *more], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)

    (tmp_path / ".local").mkdir()
    return started


@pytest.fixture
def ducat(typed, tmp_path):
    """A function: what the operator's command prints to each line of a step."""

    def run(commands):
        lines = typed(commands)
        assert {line[0] for line in lines} == {".venv/bin/ducat"}
        return "".join(Operator(tmp_path, None).run(*line[1:]) for line in lines)

    return run


def test_the_page_has_six_steps_and_each_works(start, ducat, five_ports):
    make_run, add, log_in, agreed, change, end = STEPS
    callback = f"https://localhost:{five_ports + 4}/callback"
    bank = start(make_run)
    assert any("Ctrl-C" in line for line in iter(bank.stdout.readline, ""))
    try:
        assert "Its private key is in .local/my-app.json." in ducat(add)
        program = start(log_in, "--callback", callback)
        browser = Browser(FOLDER / "dev-ca.crt")
        address = program.stdout.readline().removeprefix("Open ").strip()
        page = programs.click_through(browser, browser.open(address))
        assert page.url.startswith(f"{callback}?code=")
        printed, _ = program.communicate(timeout=TIME_LIMIT)
        assert "DE02100100100006820101  Current account  2480.15 EUR" in printed
        assert program.returncode == 0
        assert "in force" in ducat(agreed)
        assert "Changed my-app: client_name.\nnothing to find fault with" in ducat(change)
        assert ducat(end) == "Ended my-app.\n"
    finally:
        bank.send_signal(signal.SIGINT)
        bank.communicate(timeout=TIME_LIMIT)


@pytest.mark.parametrize("key", ["none.json", "key.json"])
def test_a_login_that_can_not_begin_is_one_line(tmp_path, monkeypatch, key):
    """There is no file of that name, or no bank at the address."""
    (tmp_path / "key.json").write_text('{"kty": "EC", "crv": "P-256", "x": "", "y": "", "d": ""}')
    monkeypatch.setattr(sys, "argv", ["own_client", "https://localhost:1", "my-app", str(tmp_path / key)])
    with pytest.raises(SystemExit, match=r"^python -m local.own_client: \w+: .+$"):
        own_client.main()
