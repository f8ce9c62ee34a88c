"""docs/try/curl.md, command by command, against `make run`'s stack."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local import people
from local.browser import Browser
from local.certificates import FOLDER

ROOT = Path(__file__).resolve().parents[2]
FIRST = 18870
TIME_LIMIT = 60
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/try/curl.md").read_text(), re.MULTILINE | re.DOTALL)
(PASTE,) = (block for block in BLOCKS if "PASTE" in block)

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="the page is for curl and openssl"
)


@pytest.fixture(scope="module")
def running():
    process = subprocess.Popen(
        [sys.executable, "-m", "local.run", "--port", str(FIRST)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    printed = iter(process.stdout.readline, "")
    assert any("Ctrl-C" in line for line in printed)
    yield
    process.terminate()
    process.communicate(timeout=TIME_LIMIT)


def run(*blocks):
    """What bash prints for the blocks, on the ports of this test."""
    script = "set -e\n" + "".join(blocks)
    for offset in range(3):
        script = script.replace(str(8843 + offset), str(FIRST + offset))
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def code_of(address):
    """What the address bar shows after alice signed in and allowed."""
    browser = Browser(FOLDER / "dev-ca.crt", elsewhere=f"https://localhost:{FIRST + 2}/")
    typed = {
        "username": "alice",
        "password": people.PEOPLE["alice"].password,
        "one_time_code": people.ONE_TIME_CODE,
    }
    page = browser.press(browser.press(browser.open(address), "login", typed), "approve")
    return parse_qs(urlsplit(page.url).query)["code"][0]


def test_the_page_shows_a_whole_login_and_what_goes_wrong(running):
    place = BLOCKS.index(PASTE)
    verifier = "verifier=" + "v" * 43 + "\n"  # each half has a shell of its own
    before = [re.sub(r"verifier=\$\(.*\)\n", verifier, block) for block in BLOCKS[:place]]
    address = run(*before).splitlines()[-1]
    assert address.startswith(f"https://localhost:{FIRST}/authorize?client_id=rent-scout&request_uri=urn:")
    said = run(BLOCKS[0], verifier, f"code={code_of(address)}\n", *BLOCKS[place + 1 :])
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
