"""Several deployments in one process, since each process starts a Node: `infra.app`, and the API that the documents show.

`python -m tests.infra.synthesize FOLDER JSON`: a folder by each name in the JSON, by the command's arguments there.
"""

import json
import os
import sys
from pathlib import Path

from infra import app
from tests.house.source import blocks

PAGE = Path("docs/integrate/protect-your-api.md")
MADE = """
from aws_cdk import App
app = App(outdir={out!r})
AccountsApi(app, "Accounts", "arn:aws:lambda:eu-central-1:111122223333:function:accounts")
app.synth()
"""


def main():
    folder, deployments = Path(sys.argv[1]), json.loads(sys.argv[2])
    for name, arguments in deployments.items():
        os.environ["CDK_OUTDIR"] = str(folder / name)
        sys.argv = ["infra.app", *arguments]
        app.main()
    (shown,) = [code for code in blocks(PAGE, "python") if "AccountsApi" in code]
    script = shown + MADE.format(out=str(folder / "shown"))
    exec(compile(script, "api.py", "exec"), {"__name__": "api"})


main()
