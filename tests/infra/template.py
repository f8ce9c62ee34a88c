"""A synthesized template, as tests look at it."""

import json
from pathlib import Path
from typing import Any

from infra.keys import KEYS


class Template:
    """CloudFormation's JSON, and the manifest beside it. `keys`: the names of infra/keys.py's rows that it should have."""

    def __init__(self, folder: Path, *, eddsa: bool = False) -> None:
        self.folder = folder
        self.keys = {row.name for row in KEYS if not row.chosen or eddsa}
        self.file = folder / "Ducat.template.json"
        self.body = json.loads(self.file.read_text())
        self.resources = self.body["Resources"]

    def of(self, kind: str) -> dict[str, Any]:
        """Properties by logical id, of each resource of a type such as "Lambda::Function"."""
        return {k: r["Properties"] for k, r in self.resources.items() if r["Type"] == f"AWS::{kind}"}

    def one(self, kind: str) -> Any:
        (found,) = self.of(kind).values()
        return found

    def functions(self) -> dict[str, Any]:
        """Properties of each function by its handler."""
        return {function["Handler"]: function for function in self.of("Lambda::Function").values()}

    @property
    def python(self) -> str:
        """The version of Python that every function has."""
        (runtime,) = {function["Runtime"] for function in self.functions().values()}
        return str(runtime).removeprefix("python")

    def environment(self) -> Any:
        """What all functions are given; they must be given the same."""
        first, *others = [f["Environment"]["Variables"] for f in self.functions().values()]
        assert all(other == first for other in others)
        return first

    def statements(self, handler: str) -> list[Any]:
        """The statements of the role of a function."""
        role = self.resources[self.functions()[handler]["Role"]["Fn::GetAtt"][0]]["Properties"]
        return [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]

    def errors(self) -> list[Any]:
        """What would stop the CDK from deploying."""
        notes = json.loads((self.folder / "manifest.json").read_text())["artifacts"]["Ducat"]
        inline = notes.get("metadata", {})
        if "additionalMetadataFile" in notes:
            inline = inline | json.loads((self.folder / notes["additionalMetadataFile"]).read_text())
        return [note["data"] for found in inline.values() for note in found if note["type"] == "aws:cdk:error"]
