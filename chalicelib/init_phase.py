"""The init phase of a Lambda function: from here until `done`. In other programs nothing happens.

Garbage is not collected meanwhile. Nearly all that is made then stays, and to look through it takes up to a tenth of the time.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

ONE_VCPU_MB = 1769
"""A function of that memory has the equivalent of one vCPU (AWS Lambda's developer guide, function memory)."""


def _stay_on_one_core() -> None:
    """Run all threads on one core, unless the function has paid for more than one.

    Two are in sight of any function. Its threads wait for AWS beside each other, and Python runs one at a time: on two cores they
    take up to a third more CPU, since what one core has in its cache the other has not (decision 0070).
    """
    with suppress(OSError, ValueError):  # It may be forbidden, or no number; then they run where they may.
        if sys.platform == "linux" and int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")) <= ONE_VCPU_MB:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if "_HANDLER" in os.environ:
    gc.disable()
    _stay_on_one_core()


def done() -> None:
    """From now on garbage is collected, among what is made from now on."""
    if "_HANDLER" in os.environ:
        gc.freeze()
        gc.enable()
