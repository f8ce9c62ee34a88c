"""docs/try/curl.md, command by command, against `make run`'s stack."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local import sandbox_users
from local.browser import Browser
from local.certificates import FOLDER

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 60
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/try/curl.md").read_text(), re.MULTILINE | re.DOTALL)
(PASTE,) = (block for block in BLOCKS if "PASTE" in block)

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="the page is for curl and openssl"
)


@pytest.fixture
def first(first_port):
    """The first of the ports that the stack is up at."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.run", "--port", str(first_port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    printed = iter(process.stdout.readline, "")
    assert any("Ctrl-C" in line for line in printed)
    yield first_port
    process.terminate()
    process.communicate(timeout=TIME_LIMIT)


def run(first, *blocks):
    """What bash prints for the blocks, on the ports from `first` on."""
    script = "set -e\n" + "".join(blocks)
    for offset in range(3):
        script = script.replace(str(8843 + offset), str(first + offset))
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def code_of(address, first):
    """What the address bar shows after alice signed in and allowed."""
    browser = Browser(FOLDER / "dev-ca.crt", elsewhere=f"https://localhost:{first + 2}/")
    typed = {
        "username": "alice",
        "password": sandbox_users.USERS["alice"].password,
        "one_time_code": sandbox_users.ONE_TIME_CODE,
    }
    page = browser.press(browser.press(browser.open(address), "login", typed), "approve")
    return parse_qs(urlsplit(page.url).query)["code"][0]


def test_the_page_shows_a_whole_login_and_what_goes_wrong(first):
    location = BLOCKS.index(PASTE)
    verifier = "verifier=" + "v" * 43 + "\n"  # each half has a shell of its own
    before = [re.sub(r"verifier=\$\(.*\)\n", verifier, block) for block in BLOCKS[:location]]
    address = run(first, *before).splitlines()[-1]
    assert address.startswith(f"https://localhost:{first}/authorize?client_id=rent-scout&request_uri=urn:")
    said = run(first, BLOCKS[0], verifier, f"code={code_of(address, first)}\n", *BLOCKS[location + 1 :])
    for words in (
        '"token_type":"Bearer"',
        '{"accounts": [{"iban": "DE02100100100006820101"',
        '"email":"alice@example.com"',
        '"active":true',
        "the access token is unknown, expired or revoked",
        "redirect_uri is missing or not registered",
        '"error":"invalid_client"',
        '"error":"invalid_grant"',
    ):
        assert words in said
    assert said.count("the access token is bound to another key or certificate") == 2
