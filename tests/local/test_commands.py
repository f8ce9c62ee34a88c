"""`make demo` and `make run` from outside: what they print, how they end."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalicelib.profiles import PROFILES
from local import clients, demo, ports
from tests.aws_calls import recording
from tests.local.forked import Forked

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 60


def start(module, *arguments, calls=None):
    """`calls`: a file for what it asks of AWS, for which it has an interpreter of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DUCAT_"))}
    if not calls:
        return Forked(f"local.{module}", *arguments, env=environment)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.aws_calls.recorded", str(calls), f"local.{module}", *arguments],
        cwd=ROOT,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=TIME_LIMIT)
    return process.returncode, out, err


@pytest.fixture
def refused(monkeypatch, capsys):
    """A function: the demo's arguments, of which it starts nothing, to what it says of them."""

    def said(*arguments):
        monkeypatch.setattr(sys, "argv", ["local.demo", *arguments])
        monkeypatch.delattr(demo, "Stack")
        with pytest.raises(SystemExit) as ended:
            demo.main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, "")
        return err

    return said


def test_the_demo_ends_with_the_accounts_that_the_bank_gave(first_port, tmp_path):
    code, out, err = finish(start("demo", "--port", str(first_port), calls=tmp_path / "calls"))
    assert (code, err) == (0, "")
    calls = recording.from_json(json.loads((tmp_path / "calls").read_text()))
    assert {"authorizer", "par", "token"} <= {function for function, _ in calls}
    recording.calls.update(calls)
    *steps, first, second = out.splitlines()
    assert all(step.startswith("- ") for step in steps)
    assert any("Revoked" in step and "401" in step for step in steps)
    approved, first_payment, again, second_payment = (step for step in steps if "payment" in step)
    assert "approved the payment in the bank's app" in approved
    assert first_payment.rpartition(": ")[2] == again.rpartition(": ")[2]
    assert "401" in second_payment
    assert "insufficient_scope" in second_payment
    assert re.fullmatch(r" +DE\d{20}  Current account +2480\.15 EUR", first)
    assert re.fullmatch(r" +DE\d{20}  Savings +10250\.00 EUR", second)


@pytest.mark.parametrize(("choice", "names"), [("--profile", PROFILES), ("--sender", ("mtls", "dpop"))])
def test_the_demo_runs_under_what_there_is_and_says_what_that_is(refused, choice, names):
    said = refused(choice, "none-of-them")
    assert all(name in said for name in names)


@pytest.mark.parametrize(
    ("given", "passed"), [((), ("fapi2-security", "mtls")), (("PROFILE=a", "SENDER=b"), ("a", "b"))]
)
def test_make_passes_the_choices_on(given, passed):
    shown = subprocess.run(["make", "-n", "demo", *given], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--profile {} --sender {}".format(*passed) in shown
    assert (clients.PROFILE, clients.SENDER) == ("fapi2-security", "mtls")


def test_make_local_is_make_run_by_chalice_local():
    shown, run = (
        subprocess.run(
            ["make", "-n", target, "BANK=My Bank"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for target in ("local", "run")
    )
    shown, run = (" ".join(one.replace("\\\n", " ").split()) for one in (shown, run))
    assert shown == run.replace("8843", "8843 --chalice-local")


@pytest.mark.parametrize(("module", "offsets"), [("demo", (0, 1)), ("run", (0, 1, 2))])
def test_a_port_that_is_taken_is_said_in_one_line(first_port, module, offsets):
    for offset in offsets:
        with socket.create_server(("127.0.0.1", first_port + offset)):
            code, out, err = finish(start(module, "--port", str(first_port)))
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert f"port {first_port + offset} is already taken" in err


def ducat(folder, *arguments):
    """The operator's command, in a folder beside which `make run` keeps what it holds."""
    command = [sys.executable, "-m", "ducat_admin", "--laptop", "--json", *arguments]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def up(first_port, folder, number):
    """The stack, until that signal: the addresses that it printed."""
    (folder / ".local").mkdir(exist_ok=True)
    process = start("run", "--port", str(first_port), "--folder", str(folder / ".local"), "--bank-name", "Bank of Mine")
    printed = ""
    while "Ctrl-C" not in printed:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        printed += line
    yield dict(re.findall(r"^([A-Z][a-z ]+): +(\S+)", printed, re.MULTILINE))
    process.send_signal(number)
    code, out, err = finish(process)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Ended."


def test_the_stack_stays_up_until_it_is_told_to_end_and_its_clients_are_there_again(first_port, tmp_path):
    with up(first_port, tmp_path, signal.SIGINT) as addresses:
        trusted = ssl.create_default_context(cafile=addresses["Trust in a browser"])
        for name, expected in (("Connect your bank", b"<h1>Connect your bank</h1>"), ("The provider", b'"issuer"')):
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
            )
            assert expected in opener.open(addresses[name], timeout=10).read()
        ducat(
            tmp_path, "client", "add", "--id", "mine", "--make-key", "key.json", "--redirect-uri", "https://m.example/b"
        )
    assert not (tmp_path / ".local" / "run.json").exists()
    with up(first_port, tmp_path, signal.SIGTERM):
        assert {"mine", "pocket-ledger"} <= {row["client_id"] for row in ducat(tmp_path, "client", "list")}


def test_three_ports_in_a_row_are_taken():
    assert ports.following(18843) == (18843, 18844, 18845)


@pytest.mark.parametrize("first", ["abc", "-1", "0", "1023", "65534", "8843.0"])
def test_a_first_port_that_can_be_none_is_said_before_anything_starts(refused, first):
    assert f"a port is a number from 1024 to 65532, not '{first}'" in refused(f"--port={first}")


def test_an_older_python_is_told_so_in_one_line():
    disclosed = "import sys; sys.version_info = (3, 10); sys.version = '3.10.1 x'; import local"
    run = subprocess.run([sys.executable, "-c", disclosed], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "Python 3.11 or newer is needed; this is 3.10.1\n")
