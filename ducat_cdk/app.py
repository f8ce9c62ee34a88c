"""`python -m ducat_cdk.app [-c name=value]... [settings.json]` writes build/cdk.out, offline and with no account.

The CDK's own command line runs it too (`cdk deploy --app "python -m ducat_cdk.app"`) and then gives context and folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from ducat_cdk.deployment import DeploymentError
from ducat_cdk.settings import deployment_of, of_file

OUT = Path("build") / "cdk.out"


def synthesize(context: dict[str, object], out: Path) -> list[str]:
    """Write the cloud assembly. Gives why it can't be deployed, an empty list if it can. Raises DeploymentError."""
    deployment = deployment_of(context)
    # They start Node, which takes seconds: only for a deployment that can be used.
    import aws_cdk

    from ducat_cdk.stack import Ducat

    app = aws_cdk.App(outdir=str(out), analytics_reporting=False)
    stack = Ducat(app, "Ducat", settings=deployment)
    app.synth()
    return stack.unready


def main() -> None:
    """The command line. Ends with status 1 and one line where the settings can't be used."""
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


def _context(settings: Path | None, pairs: list[str]) -> dict[str, object]:
    """The CDK command line's context, then the file's, then the -c's. Raises ValueError, DeploymentError."""
    context: dict[str, object] = json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}"))
    if settings is not None:
        context |= of_file(settings)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"-c takes NAME=VALUE, not {pair!r}")
        context[name] = value
    return context


if __name__ == "__main__":
    main()
