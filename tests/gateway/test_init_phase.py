"""The init phase of a function: on which cores it runs. What it does to the garbage collector is in house/test_imports.py."""

import json
import os
import subprocess
import sys

import pytest

from docs.clauses import ROOT

CHILD = """
import json, os, sys, threading
forbidden = len(sys.argv) > 1
if forbidden:
    def refuse(*_):
        raise PermissionError
    os.sched_setaffinity = refuse
from chalicelib import init_phase
seen = []
other = threading.Thread(target=lambda: seen.append(len(os.sched_getaffinity(0))))
other.start()
other.join()
print(json.dumps([len(os.sched_getaffinity(0)), *seen]))
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux has it, as Lambda")


def cores(*arguments, **environment):
    """How many cores the process may run on after its init phase, and a thread of it."""
    command = [sys.executable, "-S", "-c", CHILD, *arguments]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(run.stdout)


def test_a_function_stays_on_one_core_unless_it_has_paid_for_more():
    """1,769 MB are one vCPU (AWS Lambda's developer guide). A program on a laptop, and whoever may not, has all."""
    every = [len(os.sched_getaffinity(0))] * 2
    function = {"_HANDLER": "app.token"}
    assert cores(**function, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512") == [1, 1]
    assert cores(**function, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="1769") == [1, 1]
    assert cores(**function, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="1770") == every
    assert cores(AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512") == every
    assert cores("forbidden", **function) == every
    assert cores(**function, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="no number") == every
