"""Cold start: what a function's init phase takes, against the floor of what it can't do without, in fresh processes.

CPU from the interpreter's first instruction to the end of `import app`, which imports the function's endpoint and makes its
AWS clients. The floor imports the libraries and makes the clients, and nothing else. The processes see only what ships.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from chalicelib.assembly import WARMED
from docs.clauses import ROOT
from infra.functions import FUNCTIONS
from tests.house.test_imports import NEEDED, SOMEWHERE, not_shipped

HANDLERS = tuple(WARMED)

CHILD = """
import json, sys, time
sys.modules.update(dict.fromkeys([*json.loads(sys.argv[1]), "urllib3.contrib.pyopenssl"]))
{work}
print(time.process_time() * 1000)
"""
IMPORTED = ("jwt", "jinja2", "argon2", "pyotp")
"""Of what a function loads, the libraries that the floor imports by name; botocore comes with its clients."""
SIGNING = ("token",)
UNSEALING = ("login", "passkey", "grants")


def measure(rounds: int, handlers: Sequence[str] = HANDLERS) -> dict[str, dict[str, float]]:
    """Milliseconds by handler: of itself and of its floor, each the median of so many processes."""
    table = {}
    for handler in handlers:
        ours, least = "import app", floor(handler)
        _took(handler, ours), _took(handler, least)  # the bytecode is written now
        pairs = [(_took(handler, ours), _took(handler, least)) for _ in range(rounds)]
        table[handler] = {"ours": median(pair[0] for pair in pairs), "floor": median(pair[1] for pair in pairs)}
    return table


def floor(handler: str) -> str:
    """Code that makes ready what the handler can't do without: chalice's runtime, its libraries, its clients."""
    (row,) = [row for row in FUNCTIONS if row.name == handler]
    lines = ["import chalice.app", *(f"import {name}" for name in IMPORTED if name in NEEDED[handler])]
    services = ["dynamodb"] * bool(row.tables) + ["kms"] * (handler in (*SIGNING, *UNSEALING))
    if services:
        lines += ["import botocore.session", "session = botocore.session.get_session()"]
        lines += [f"{service} = session.create_client({service!r})" for service in services]
    return "\n".join(lines)


def _took(handler: str, work: str) -> float:
    environment = {**SOMEWHERE, "_HANDLER": f"app.{handler}"}
    environment["PYTHONPATH"] = ":".join(path for path in sys.path if path.endswith("site-packages"))
    command = [sys.executable, "-S", "-c", CHILD.format(work=work), json.dumps(not_shipped())]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return float(run.stdout)
