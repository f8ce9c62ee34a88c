"""The init phase of a Lambda function: from here until `done`. In other programs nothing happens.

Garbage is not collected meanwhile. Nearly all that is made then stays, and to look through it takes up to a tenth of the time.
"""

from __future__ import annotations

import gc
import os

if "_HANDLER" in os.environ:
    gc.disable()


def done() -> None:
    """From now on garbage is collected, among what is made from now on."""
    if "_HANDLER" in os.environ:
        gc.freeze()
        gc.enable()
