"""Several deployments in one process, since each process starts a Node: by `ducat_cdk.app`, and by scripts.

`python synthesize.py FOLDER JSON JSON`: a folder by each name in the first JSON, by the command's arguments there, and one by
each name in the second, by the script there, which has the folder by `out`. It imports nothing of the clone.
"""

import json
import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ducat_cdk import app

NAGGED = ("everything", "nothing")
"""The deployments that cdk-nag looks at, by the command."""


def with_packs(plain, **settings):
    """An App of the CDK that cdk-nag's packs look at when it is synthesized."""
    import aws_cdk
    import cdk_nag

    made = plain(**settings)
    packs = ("AwsSolutionsChecks", "NIST80053R5Checks", "PCIDSS321Checks", "ServerlessChecks")
    aws_cdk.Validations.of(made).add_plugins(*(getattr(cdk_nag, pack)(made) for pack in packs))
    return made


@contextmanager
def found_fault_with():
    """cdk-nag ends a synthesis that it finds fault with, once all is written."""
    try:
        yield
    except RuntimeError as found:
        if "ValidationFailed" not in str(found):
            raise


def nagged():
    """The command with cdk-nag."""
    import aws_cdk

    plain = aws_cdk.App
    aws_cdk.App = partial(with_packs, plain)
    try:
        with found_fault_with():
            app.main()
    finally:
        aws_cdk.App = plain


def main():
    folder, deployments, scripts = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
    for name, arguments in deployments.items():
        os.environ["CDK_OUTDIR"] = str(folder / name)
        sys.argv = ["ducat_cdk.app", *arguments]
        (nagged if name in NAGGED else app.main)()
    for name, script in scripts.items():
        given = {"__name__": name, "out": str(folder / name), "with_packs": with_packs}
        with found_fault_with():
            exec(compile(script, f"{name}.py", "exec"), given)
    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] in ("chalicelib", "ducat_cdk")]
    (folder / "loaded.json").write_text(json.dumps([sys.path, [module.__file__ for module in ours]]))


if __name__ == "__main__":
    main()
