"""`python -m ducat_cdk.app [-c name=value]... [settings.json]` writes build/cdk.out, offline and with no account.

The CDK's own command line runs it too (`cdk deploy --app "python -m ducat_cdk.app"`) and then gives context and folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.json_members import each_once
from ducat_cdk.package import DEPENDENCIES, ROOT, Unpackaged, stage

OUT = ROOT / "build" / "cdk.out"


def synthesize(context: dict[str, object], out: Path) -> list[str]:
    """Write the cloud assembly. Gives why it can't be deployed, an empty list if it can. Raises DeploymentError."""
    deployment = Deployment.read(context)
    # They start Node, which takes seconds: only for a deployment that can be used.
    import aws_cdk

    from ducat_cdk.stack import Ducat

    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "code"
        unready = [f"{name} still has its example value" for name in deployment.left_as_examples()]
        try:
            python = stage(code, DEPENDENCIES, vocabulary=deployment.vocabulary)
        except Unpackaged as problem:
            unready.append(str(problem))
            python = stage(code, None, vocabulary=deployment.vocabulary)
        for name, text in deployment.packaged().items():
            (code / f"{name}.json").write_text(text, encoding="utf-8")
        app = aws_cdk.App(outdir=str(out), analytics_reporting=False)
        Ducat(app, "Ducat", deployment, code, python, unready)
        app.synth()
    return unready


def main() -> None:
    """The command line. Ends with status 2 and one line where the settings can't be used."""
    parser = argparse.ArgumentParser(prog="python -m ducat_cdk.app", description="Write the CloudFormation template.")
    parser.add_argument("settings", nargs="?", type=Path, help="JSON file of the settings (ducat_cdk/deployment.py)")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE", help="one setting")
    given = parser.parse_args()
    try:
        context = _context(given.settings, given.context)
        out = Path(os.environ.get("CDK_OUTDIR", OUT))
        unready = synthesize(context, out)
    except (DeploymentError, OSError, ValueError) as problem:
        sys.exit(f"{parser.prog}: {problem}")
    print(f"Written: {out / 'Ducat.template.json'}", file=sys.stderr)
    for reason in unready:
        print(f"To be read, not deployed: {reason}", file=sys.stderr)


def read_settings(file: Path) -> dict[str, object]:
    """The settings of a file. Raises OSError, and ValueError where it is not a JSON object with each member once."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=each_once)
    except ValueError as problem:
        raise ValueError(f"{file}: {problem}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} is not a JSON object")
    return found


def _context(settings: Path | None, pairs: list[str]) -> dict[str, object]:
    """The CDK command line's context, then the file's, then the -c's. Raises ValueError."""
    context: dict[str, object] = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
    if settings is not None:
        context |= read_settings(settings)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"-c takes NAME=VALUE, not {pair!r}")
        context[name] = value
    return context


if __name__ == "__main__":
    main()
