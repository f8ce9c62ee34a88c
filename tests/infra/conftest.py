"""The synthesized templates, made once a session as an infrastructure team makes them: by the command, offline."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.infra.template import Template

SETTINGS = {
    "issuer_host": "login.real.bank",
    "resource_rules": '{"GET /accounts":{"scope":"accounts"}}',
}
"""What the bank of the template "chosen" has in its file."""


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cloud assembly each, by the command and its arguments: synthesize.py, in one process."""
    folder = tmp_path_factory.mktemp("cdk")
    settings = folder / "bank.json"
    settings.write_text(json.dumps(SETTINGS))
    arguments: dict[str, list[str]] = {
        "without-EdDSA": [],
        "with-EdDSA": ["-c", "eddsa=true"],
        "weekly": ["-c", "weekly_tables=true"],
        "ready": ["-c", 'snap_start=["login", "authorizer"]', "-c", 'provisioned_concurrency={"token": 2}'],
        "chosen": ["-c", "bank_name=Real Bank", "-c", "bank_api_id=a1b2c3d4e5", str(settings)],
    }
    run = _infra("tests.infra.synthesize", folder, str(folder), json.dumps(arguments))
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture(scope="session", params=["without-EdDSA", "with-EdDSA"])
def template(request: pytest.FixtureRequest, synthesized: Path) -> Template:
    return Template(synthesized / request.param, eddsa=request.param == "with-EdDSA")


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function: the command's arguments to how it ended. It writes to `tmp_path`/out."""
    return lambda *arguments: _infra("infra.app", tmp_path, *arguments)


def _infra(module: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it with neither credentials nor a Node of the machine's own. What jsii unpacked before is not unpacked anew."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        "CDK_OUTDIR": str(home / "out"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache/aws/jsii/package-cache"),
    }
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110)
