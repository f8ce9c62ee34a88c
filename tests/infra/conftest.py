"""The synthesized template, once a session, made as an infrastructure team makes it: by the command, offline."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.keys import KEYS

ROOT = Path(__file__).resolve().parents[2]


class Template:
    """CloudFormation's JSON, and the manifest beside it. `keys`: the names of infra/keys.py's rows that it should have."""

    def __init__(self, folder: Path, *, eddsa: bool = False) -> None:
        self.folder = folder
        self.keys = {row.name for row in KEYS if not row.chosen or eddsa}
        self.file = folder / "Ducat.template.json"
        self.body = json.loads(self.file.read_text())
        self.resources = self.body["Resources"]

    def of(self, kind):
        """Properties by logical id, of each resource of a type such as "Lambda::Function"."""
        return {k: r["Properties"] for k, r in self.resources.items() if r["Type"] == f"AWS::{kind}"}

    def one(self, kind):
        (found,) = self.of(kind).values()
        return found

    def functions(self):
        """Properties of each function by its handler."""
        return {function["Handler"]: function for function in self.of("Lambda::Function").values()}

    def environment(self):
        """What all functions are given; they must be given the same."""
        first, *others = [f["Environment"]["Variables"] for f in self.functions().values()]
        assert all(other == first for other in others)
        return first

    def statements(self, handler):
        """The statements of the role of a function."""
        role = self.resources[self.functions()[handler]["Role"]["Fn::GetAtt"][0]]["Properties"]
        return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]

    def errors(self):
        """What would stop the CDK from deploying."""
        notes = json.loads((self.folder / "manifest.json").read_text())["artifacts"]["Ducat"]
        inline = notes.get("metadata", {})
        if "additionalMetadataFile" in notes:
            inline = inline | json.loads((self.folder / notes["additionalMetadataFile"]).read_text())
        return [note["data"] for found in inline.values() for note in found if note["type"] == "aws:cdk:error"]


def _synthesize(folder, *arguments):
    """Run the command with neither credentials nor a Node of the machine's own."""
    environment = {"PATH": os.defpath, "HOME": str(folder.parent), "CDK_OUTDIR": str(folder)}
    command = [sys.executable, "-m", "infra.app", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110)


@pytest.fixture(scope="session", params=["false", "true"], ids=["without-EdDSA", "with-EdDSA"])
def template(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cdk") / "out"
    run = _synthesize(folder, "-c", f"eddsa={request.param}")
    assert run.returncode == 0, run.stderr
    return Template(folder, eddsa=request.param == "true")


@pytest.fixture
def synthesize(tmp_path):
    """A function: the command's arguments to how it ended and, if it did well, the template."""

    def with_arguments(*arguments):
        run = _synthesize(tmp_path / "out", *arguments)
        return run, Template(tmp_path / "out") if run.returncode == 0 else None

    return with_arguments
