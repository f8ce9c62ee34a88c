"""The benchmarks run, say what they measured, and leave nothing behind; what they measured is no business of a test."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import cold, cost, journey, keycloak, peer, processes, report, user_import, warm
from benchmarks.logins import LOGIN, STEPS
from benchmarks.warm import Samples
from chalicelib.assembly import WARMED
from ducat_admin import people_file
from ducat_cdk import package
from tests.house.source import ROOT


@pytest.fixture(scope="module")
def fast(tmp_path_factory):
    """What a fast run prints, over TLS to the stand-in."""
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "benchmarks", "--fast", "--tls"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, run.stderr
    assert not list(folder.iterdir())
    return run.stdout


@pytest.fixture
def measured():
    """A run of made-up figures, of ours and of the peer, with another machine's noise in it."""

    def samples(each, calls):
        by_step = {step: [each, each + 1, each + 2, each + 3] for step in STEPS}
        return Samples(by_step, dict.fromkeys(STEPS, calls), {"start_ms": 300.0, "resident_mb": 60.0})

    return report.Measured(
        before=(1.5, 1.0, 0.5),
        python=Path(sys.executable),
        tls=False,
        versions={"Node": "v24"},
        bytes=11 * 2**20,
        modules={"token": 500},
        warm={
            "assertion": {
                "ducat": samples(1.0, 1),
                "ducat, a process each": samples(2.0, 1),
                "peer": samples(4.0, 3),
                "peer in memory": samples(1.0, 0),
                "keycloak": samples(10.0, 0),
            }
        },
        cold={"token": {"ours": [180, 200, 260], "floor": [200, 200, 200], "floor shipped": [100, 100, 100]}},
        first_calls={"ours": [8, 9, 13], "botocore": [50, 60, 70]},
        counts={"assertion": {"par": journey.Count(dynamodb=2, trips=1)}},
    )


def table(printed, title):
    """The rows of a table: by its first column, the others."""
    body = printed.split(title, 1)[1].split("\n\n")[1].splitlines()[2:]
    return {name: cells for name, *cells in (re.split(r"\s{2,}", line.strip()) for line in body)}


def test_each_request_of_a_login_has_its_cpu_and_its_calls(fast):
    rows = table(fast, "CPU of a warm request, ms and calls to AWS: assertion")
    assert list(rows) == ["login, whole", *STEPS]
    whole = [float(cell.split()[0]) for cell in rows["login, whole"]]
    parts = [sum(float(rows[step][0].split()[0]) for step in LOGIN)]
    assert all(0.5 < one / other < 2 for one, other in zip(whole, parts, strict=True))
    counted = table(fast, "AWS calls of a warm request")
    for step in ("par", "authorize", "token, authorization_code", "authorizer", "jwks"):
        dynamodb, kms, _ = counted[step][0].split(", ")
        assert rows[step][0].endswith(f", {int(dynamodb) + int(kms)}"), step


def test_a_function_takes_no_less_than_its_floor(fast):
    rows = table(fast, "Cold start")
    assert set(rows) == {"jwks", "token"}
    for ours, published, shipped, *_ in rows.values():
        assert float(ours.split()[0]) > float(shipped.split()[0]) > 0
        assert float(published.split()[0]) > 0


def test_the_first_calls_of_a_function_read_no_bundle_of_authorities(fast):
    """Over TLS, of a server whose authority is among botocore's: ours read that one, and it takes a fraction."""
    body = fast.split("The first calls of a function", 1)[1].split("\n\n")[1].splitlines()[2]
    ours, botocore, ratio = re.split(r"\s{2,}", body.strip())
    assert 0 < float(ours.split()[0]) < float(botocore.split()[0])
    assert float(ratio) < 0.5


def test_the_package_is_under_its_limit(fast):
    rows = table(fast, "The package")
    assert 5 < float(rows["MB, zipped"][0]) < package.MAX_PACKAGE_BYTES / 2**20 == 15
    assert int(rows["modules of jwks"][0]) < int(rows["modules of token"][0])


def test_what_a_million_logins_cost_is_the_sum_of_its_parts():
    one = cost.Cost(write_units=10, read_units=8, rsa=2, gb_seconds=0.2, log_bytes=4000, seconds={})
    parts = [10 * 0.625, 8 * 0.125, 2 * 3, 8 * 0.2, 0.2 * 13.3334, 4000 / 1e9 * 1e6 * 0.5, 8 * 3.5]
    assert list(one.parts.values()) == pytest.approx(parts)
    assert one.whole == pytest.approx(sum(parts))
    assert one.own == pytest.approx(sum(parts) - 2 - 28)


def test_a_step_takes_its_cpu_stretched_to_the_functions_memory_and_its_calls():
    count = journey.Count(trips=2)
    assert cost.took(10, count, 1769) == pytest.approx(0.010 + 2 * cost.AWS_CALL)
    assert cost.took(10, count, 3008) == cost.took(10, count, 1769)
    assert cost.took(10, count, 512) == pytest.approx(0.010 * 1769 / 512 + 2 * cost.AWS_CALL)


def test_the_step_that_hashes_a_password_takes_that_hash_too():
    counts = {step: journey.Count() for step in cost.STEPS}
    cpu = dict.fromkeys(cost.STEPS, 1.0)
    reckoned = cost.of(counts, cpu)
    more = reckoned.seconds["login"] - reckoned.seconds["login, the page"]
    assert more == pytest.approx(cost.hashing(cost.MEMORY["login"]))


def test_each_line_of_a_login_is_counted_with_its_metrics_and_alike_in_each_run():
    first, second = cost.count()["assertion"], cost.count()["assertion"]
    assert all(first[step].log_bytes > 150 for step in cost.STEPS)
    assert first["token, authorization_code"].log_bytes > first["par"].log_bytes + 100, "an event's metrics"
    assert {step: one.log_bytes for step, one in first.items()} == {step: one.log_bytes for step, one in second.items()}


def test_every_function_that_somebody_waits_for_has_a_floor():
    assert set(cold.HANDLERS) == set(WARMED)
    assert "session.create_client('kms')" in cold.floor("token")
    assert "kms" not in cold.floor("par")
    assert cold.floor("openid_configuration") == "import chalice.app"


def test_the_cpu_of_another_process_is_what_that_process_took(tmp_path):
    script = "print(1, flush=True)\nn = sum(range(6**8))\nimport time\nprint(time.process_time(), flush=True)\ntime.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        process = processes.Process(child.pid, int(child.stdout.readline()))
        own = float(child.stdout.readline()) * 1000
        assert own <= process.cpu_ms < own + 50
    finally:
        child.kill()
        child.wait()


def test_a_server_that_a_script_starts_is_measured_in_its_stead():
    """Keycloak's script says much before its port, and waits for the Java that it started."""
    busy = "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; "
    serving = busy + "echo Listening on: http://127.0.0.1:8080; exec sleep 60"
    waiting = f"echo starting; {{ {serving}; }} & wait $!"
    says = keycloak.LISTENS
    with processes.started(("sh", "-c", waiting), cwd=ROOT, environment=os.environ, says=says) as script:
        server = script.only_child()
        assert server.port == 8080
        parent = Path(f"/proc/{server._pid}/stat").read_text().rpartition(")")[2].split()[1]
        assert int(parent) == script._pid
        assert 0 < server.start_ms < 50
        assert 0 < server.resident_mb < 10
        os.kill(server._pid, signal.SIGTERM)


def test_a_server_that_ends_without_a_port_did_not_start():
    with (
        pytest.raises(RuntimeError, match="did not start: no memory"),
        processes.started(("sh", "-c", "echo starting; echo no memory"), cwd=ROOT, environment=os.environ),
    ):
        pass


def test_ratios_are_of_medians_and_stand_first(measured):
    content = report.data(measured)
    first = report.tables(measured).split("\n\n")
    assert first[0] == "CPU as a part of the peer's on DynamoDB and KMS"
    rows = table(report.tables(measured), first[0])
    assert rows["assertion"][1:3] == ["0.45", "0.64"]  # 2.5 and 3.5 of 5.5
    assert content["warm_ms"]["assertion"]["ducat"]["login, whole"]["median"] == 2.5 * len(LOGIN)
    assert content["cold_ms"]["token"]["ours"] == {"median": 200, "lower_quartile": 190, "upper_quartile": 230}


def test_keycloak_has_its_ratios_and_its_notes_only_where_it_was_run(measured):
    page = report.page(report.data(measured))
    assert "Written by `make bench PEER=1 KEYCLOAK=<folder>`" in page
    assert table(report.tables(measured), "CPU as a part of Keycloak's")["assertion"][1:] == ["0.22", "0.30"]
    assert "| assertion | keycloak | 300 | 60 |" in page
    assert f"{keycloak.WARMING} logins to itself" in page
    of = {name: samples for name, samples in measured.warm["assertion"].items() if name != "keycloak"}
    without = report.page(report.data(replace(measured, warm={"assertion": of})))
    assert "Written by `make bench PEER=1`," in without
    assert "eycloak" not in without


def test_the_page_says_what_it_is_of_and_what_is_unequal(measured):
    page = report.page(report.data(measured))
    assert "load 1.5 before" in page
    assert "Node v24" in page
    assert re.search("Python is configured with(out)? `--enable-optimizations`", page)
    assert "| token | 200 (190 to 230) | 200 (200 to 200) | 100.0 (100.0 to 100.0) | 1.00 | 2.00 |" in page
    assert "| 9.00 (8.50 to 11.00) | 60.0 (55.0 to 65.0) | 0.15 |" in page
    assert page.index("## CPU as a part") < page.index("## Cold start") < page.index("## What is unequal")


def test_the_page_and_its_data_that_are_kept_are_of_one_run():
    kept = json.loads(report.DATA.read_text())
    page = report.PAGE.read_text()
    assert f"Measured at {kept['about']['measured_at']} on {kept['about']['machine']}" in page
    assert all(f"({plot.name})" in page and plot.is_file() for plot in report.PLOTS.values())
    for kind, of in kept["warm_ms"].items():
        for step in LOGIN:
            assert {"ducat", "ducat, a process each", "peer"} <= {name for name in of if step in of[name]}, (kind, step)


def test_the_peer_is_pinned_and_its_lock_has_a_hash_for_each_package():
    wanted = json.loads((peer.SOURCE / "package.json").read_text())
    lock = json.loads((peer.SOURCE / "package-lock.json").read_text())["packages"]
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert lock[f"node_modules/{name}"]["version"] == version
    assert [name for name, one in lock.items() if name and not one.get("integrity", "").startswith("sha512-")] == []
    assert not [name for name, one in lock.items() if "resolved" in one]


def test_passwords_are_light_only_while_that_is_measured():
    before = warm.password._HASHER
    with warm.light_passwords():
        assert warm.password._HASHER.memory_cost == 8
    assert warm.password._HASHER is before


def test_the_people_of_the_import_are_good_and_stand_half_way_where_it_looks(tmp_path):
    user_import._write(tmp_path / "people.jsonl", 4)
    found = list(people_file.entries(tmp_path / "people.jsonl"))
    assert [one.wrong for one in found] == [""] * 4
    assert found[2].person.username == user_import._name(2)
    assert len({one.person.password_hash for one in found}) == 4
