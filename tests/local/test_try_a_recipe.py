"""docs/integrate/clients/README.md, command by command: a client, `make run` with it, and the login of a program."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from local.certificates import FOLDER
from tests.client_libraries import programs
from tests.client_libraries.recipes.new_client import CALLBACK
from tests.local.forked import Forked

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/integrate/clients/README.md").read_text(encoding="utf-8")
MAKE, EXPORTS, LOGIN = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_log_in(first_port):
    make_client, run = MAKE.replace(".venv/bin/python", shlex.quote(sys.executable)).splitlines()
    subprocess.run(shlex.split(make_client), cwd=ROOT, check=True, timeout=30)
    record = run.removeprefix("make run CLIENT=")
    exports = EXPORTS.replace("8843", str(first_port)).replace("8844", str(first_port + 1))
    login = f"set -e\n{exports}\nexec {LOGIN.replace('.venv/bin/python', shlex.quote(sys.executable))}"
    with Forked("local.run", "--port", str(first_port), "--client", record) as process:
        try:
            assert any("Ctrl-C" in line for line in iter(process.stdout.readline, ""))
            got = programs.login(["bash", "-c", login], os.environ, FOLDER / "dev-ca.crt", CALLBACK)
        finally:
            process.terminate()
            process.communicate(timeout=programs.SECONDS)
    assert programs.is_alices(got, "bearer")


def test_a_record_that_cannot_be_registered_ends_it(first_port, tmp_path):
    record = tmp_path / "client.json"
    record.write_text('{"client_id": "recipe"}')
    ended = Forked("local.run", "--port", str(first_port), "--client", str(record))
    _, said = ended.communicate(timeout=60)
    assert ended.returncode == 1
    assert said.startswith("make run: the client can't be registered: ")
