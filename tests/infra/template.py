"""A synthesized template, as tests look at it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ducat_cdk.deployment import Deployment
from ducat_cdk.keys import KEYS


def write_truststore(file: Path, *subjects: str, curve: ec.EllipticCurve | None = None) -> None:
    """A PEM file with a certificate of its own for each distinguished name (RFC 4514)."""
    written = []
    for subject in subjects:
        key, name = ec.generate_private_key(curve or ec.SECP256R1()), x509.Name.from_rfc4514_string(subject)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(datetime(2026, 1, 1)).not_valid_after(datetime(2036, 1, 1))
        written.append(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    file.write_bytes(b"".join(written))


def environment_of(deployment: Deployment) -> dict[str, str]:
    """What `chalicelib.settings` reads, but for tables and keys. Who does not ask for it does not wait for the CDK's Node."""
    from ducat_cdk.lambdas import environment

    return environment(deployment, {}, {}, "ducat")


class Template:
    """CloudFormation's JSON, and the manifest beside it. `keys`: the names of ducat_cdk/keys.py's rows that it should have."""

    def __init__(
        self, folder: Path, *, eddsa: bool = False, template_signing_keys: bool = True, stack: str = "Ducat"
    ) -> None:
        self.folder, self.stack = folder, stack
        self.keys = {row.name for row in KEYS if (not row.chosen or eddsa) and (not row.signs or template_signing_keys)}
        self.file = folder / f"{stack}.template.json"
        self.body = json.loads(self.file.read_text())
        self.resources = self.body["Resources"]

    def of(self, kind: str) -> dict[str, Any]:
        """Properties by logical id, of each resource of a type such as "Lambda::Function"."""
        return {k: r["Properties"] for k, r in self.resources.items() if r["Type"] == f"AWS::{kind}"}

    def environment_bytes(self) -> int:
        """How much of Lambda's 4 KB it takes: names and values, where CloudFormation's own are as long as it makes them."""
        longest = {
            "_KEY": len("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/") + 36,
            "_TABLE": 64,
            "_BUCKET": 63,
            "_BUS": len("arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/") + 64,
            "_TRUSTSTORE": 150,
            "_QUEUE": len("https://sqs.us-gov-west-1.amazonaws.com/111122223333/") + 80,
        }
        return sum(
            len(name) + (len(value.encode()) if isinstance(value, str) else longest[name[name.rindex("_") :]])
            for name, value in self.environment().items()
        )

    def product_keys(self) -> dict[str, Any]:
        """Properties of the KMS keys that the functions are given, and not of those for logs and alarms."""
        given = [v["Fn::GetAtt"][0] for n, v in self.environment().items() if n.endswith("_KEY")]
        return {name: self.of("KMS::Key")[name] for name in given}

    def one(self, kind: str) -> Any:
        (found,) = self.of(kind).values()
        return found

    def functions(self) -> dict[str, Any]:
        """Properties of each function by its handler."""
        return {function["Handler"]: function for function in self.of("Lambda::Function").values()}

    def handler_of(self, value: Any) -> str:
        """The handler of the function that a reference leads to, by its alias; empty for a reference to anything else."""
        name = value.get("Ref") or value.get("Fn::GetAtt", [""])[0]
        resource = self.resources.get(name, {"Type": ""})
        if resource["Type"] == "AWS::Lambda::Alias":
            return self.handler_of(resource["Properties"]["FunctionName"])
        return str(resource["Properties"]["Handler"]) if resource["Type"] == "AWS::Lambda::Function" else ""

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
        return self._notes("error")

    def warnings(self) -> list[Any]:
        """What the CDK would say and go on."""
        return self._notes("warning")

    def _notes(self, kind: str) -> list[Any]:
        notes = json.loads((self.folder / "manifest.json").read_text())["artifacts"][self.stack]
        inline = notes.get("metadata", {})
        if "additionalMetadataFile" in notes:
            inline = inline | json.loads((self.folder / notes["additionalMetadataFile"]).read_text())
        return [note["data"] for found in inline.values() for note in found if note["type"] == f"aws:cdk:{kind}"]
