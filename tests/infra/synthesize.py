"""Several deployments in one process, since each process starts a Node: `ducat_cdk.app`, and the API that the documents show.

`python -m tests.infra.synthesize FOLDER JSON`: a folder by each name in the JSON, by the command's arguments there.
"""

import json
import os
import sys
from functools import partial
from pathlib import Path

from ducat_cdk import app
from tests.house.source import blocks

PAGE = Path("docs/integrate/protect-your-api.md")
MADE = """
from aws_cdk import App
app = App(outdir={out!r})
AccountsApi(app, "Accounts", "arn:aws:lambda:eu-central-1:111122223333:function:accounts")
app.synth()
"""


NAGGED = ("everything", "nothing")
"""The deployments that cdk-nag looks at."""


def with_packs(plain, **settings):
    """An App of the CDK that cdk-nag's packs look at when it is synthesized."""
    import aws_cdk
    import cdk_nag

    made = plain(**settings)
    packs = ("AwsSolutionsChecks", "NIST80053R5Checks", "PCIDSS321Checks", "ServerlessChecks")
    aws_cdk.Validations.of(made).add_plugins(*(getattr(cdk_nag, pack)(made) for pack in packs))
    return made


def nagged():
    """The command with cdk-nag, which ends a synthesis that it finds fault with, once all is written."""
    import aws_cdk

    plain = aws_cdk.App
    aws_cdk.App = partial(with_packs, plain)
    try:
        app.main()
    except RuntimeError as found:
        if "ValidationFailed" not in str(found):
            raise
    finally:
        aws_cdk.App = plain


def main():
    folder, deployments = Path(sys.argv[1]), json.loads(sys.argv[2])
    for name, arguments in deployments.items():
        os.environ["CDK_OUTDIR"] = str(folder / name)
        sys.argv = ["ducat_cdk.app", *arguments]
        (nagged if name in NAGGED else app.main)()
    (shown,) = [code for code in blocks(PAGE, "python") if "AccountsApi" in code]
    script = shown + MADE.format(out=str(folder / "shown"))
    exec(compile(script, "api.py", "exec"), {"__name__": "api"})


if __name__ == "__main__":
    main()
