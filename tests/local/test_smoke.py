"""`make smoke`: a login on a deployment. Here on the local stack, with the directory of people that is deployed."""

import subprocess
import sys

import pytest

from chalicelib.users.directory import build
from local import smoke
from local.stack import Stack
from tests.house.source import ROOT


@pytest.fixture(scope="module")
def deployed(certificates):
    with Stack(browsers_port=0, certificates_port=0, certificates=certificates, region="eu-west-2") as running:
        running.provider.user_directory = build(running.provider)
        yield running


def test_it_logs_in_on_the_deployed_directory_and_takes_its_person_away(deployed, certificates, capsys):
    provider = deployed.provider
    smoke.run(provider, certificates.trusted, certificates)
    done = capsys.readouterr().out.splitlines()
    name = next(line for line in done if "enrolled" in line).rpartition(" ")[2]
    assert [line for line in done if line.startswith("- the code became tokens")]
    assert done[-2:] == ["- revoked", f"- took {name} away"]
    assert not build(provider).may_sign_in(f"{name}-sub", now=provider.now())


def test_a_step_that_fails_is_named_and_the_person_is_taken_away_all_the_same(
    deployed, certificates, capsys, monkeypatch
):
    monkeypatch.setattr("local.fintech.Fintech.person", lambda *_: {"name": "Somebody Else"})
    with pytest.raises(smoke.Failed, match="another name"):
        smoke.run(deployed.provider, certificates.trusted, certificates)
    assert capsys.readouterr().out.splitlines()[-1].endswith(" away")


def test_settings_that_are_not_there_are_one_line(tmp_path):
    command = [sys.executable, "-m", "local.smoke", "--settings", str(tmp_path / "none.json")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1
