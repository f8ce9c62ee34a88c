"""docs/reference/architecture.md: the whole on one page. What can be read off the code is; the rest is written here."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from docs.clauses import ROOT
from models.steps import STEPS, Step

PACKAGE = ROOT / "chalicelib"

DRAWING = """\
```text
 person's browser            client's server                        client's server
        |                           |                                      |
 GET /authorize               POST /par                             GET /accounts
 GET, POST /login             POST /token, /revoke                         |
 GET, POST /consent           POST /introspect                             |
        |                           |                                      |
 =======|===========================|==================  API Gateway  =====|========  TLS, mutual TLS, throttling
        v                           v                                      v
 +-------------+             +-------------+                        +-------------+        +------------------+
 |  authorize  |             |     par     |                        | authorizer  |------->| the bank's API,  |
 |    login    |             |    token    |                        +-------------+  yes   | a function of    |
 |   consent   |             |   revoke    |    one Lambda function        |               | the bank         |
 |   grants    |             | introspect  |    each, with a role          |               +------------------+
 +-------------+             +-------------+    of its own                 |
        |                           |                                      |
        |   chalicelib/: the same code in every function                   |
        v                           v                                      v
 +---------------------------------------------------+    +---------------------------------------------+
 | DynamoDB                                          |    | KMS                                         |
 |   for long: clients, users, grants, bonds, keys   |    |   signs: ID tokens, responses, userinfo     |
 |   for minutes: access tokens, replay-cache, sessions |    |   seals: one-time-code and client secrets   |
 +---------------------------------------------------+    +---------------------------------------------+
```
"""

DOING: dict[str, tuple[str, str]] = {
    "push": ("par", "The request is checked whole, and stored. The client gets a `request_uri`."),
    "authorize": ("authorize", "The grant is tied to this browser. The browser goes to the login page."),
    "sign in": ("login", "The person signs in. The grant names them and their bond."),
    "approve": (
        "consent",
        "The person allows. The grant has a code's digest. The browser takes the code to the client.",
    ),
    "redeem": (
        "token",
        "The client redeems the code. The first access token and the refresh token stand in the grant.",
    ),
    "use": ("authorizer, userinfo, introspect", "The token is checked: it, its grant and its bond, in one read."),
    "consume": ("authorizer", "A detail that was agreed to once, such as a payment, is marked as used."),
    "refresh": ("token", "A further access token gets an item of its own."),
    "refresh, the first one of a day": ("token", "The same, and the person's page says that the consent was used."),
    "rotate": ("token", "The same for a public client without a key, whose refresh token is replaced."),
    "revoke": ("revoke", "The grant is marked as ended, and every token of it with it."),
    "end one": ("grants", "The person ends one consent: the same, once its item says that it is this person's."),
    "end": (
        "grants",
        "The person ends all that one client has: the bond's epoch grows, and every grant before it is over.",
    ),
    "sign out everywhere": ("grants", "The person's own bond gets a new epoch, which ends all sessions of before."),
    "set up an app": ("security", "A code of the new app is right. Its sealed secret counts from then on."),
    "make recovery codes": ("security", "Digests of ten new codes replace those of the earlier ones."),
    "begin a recovery": ("security", "The password is right. Another app can be set up once the wait is over."),
    "complete a recovery": (
        "security",
        "The same as for an app, after the wait. The recovery and the codes end with it.",
    ),
    "stop a recovery": ("security", "Whoever signed in ends a recovery that runs."),
}
"""Each step: the function that does it, and what happens, in the order of a login's life."""


def page() -> str:
    """The page. Raises LookupError for a step that has no words here."""
    return "\n".join(
        (
            "# Architecture\n",
            "Written by `make docs` from `docs/architecture.py`, the code and `models/steps.py`; changes here are lost.\n",
            "For whoever wants to read or change the code: what there is, which way imports run, and what happens in one "
            "login. Why it is so: [decisions](../decisions/README.md). The names that are ours: [glossary](glossary.md).\n",
            "## One drawing\n",
            DRAWING,
            "Only `assembly.py` knows that this runs on AWS, and only `gateway.py` knows Chalice. On a laptop, API Gateway is a "
            "small TLS gateway and AWS is moto (`local/`); the code is the same.\n",
            "`app.py` has one line for each endpoint. `ducat_cdk/functions.py` has one row for each function: its routes, its "
            "tables and verbs, its keys. The [roles](roles.md) are made of these rows.\n",
            "## The packages of `chalicelib/`\n",
            _table(("Package", "What it is for"), ((f"`{name}/`", words) for name, words in packages().items())),
            "Files beside them:\n",
            _table(("File", "What it is for"), ((f"`{name}`", words) for name, words in files().items())),
            "## Which way imports run\n",
            "Each line may import what stands in a line below it, and nothing above. Packages in one line do not import each "
            "other. import-linter holds it (`pyproject.toml`), in `make test`.\n",
            "```text\n" + "\n".join(layers()) + "\n```\n",
            "Chalice, boto3, botocore and pynamodb are imported in `app.py`, `gateway.py`, `assembly.py` and the adapters alone "
            "(`storage/dynamodb/`, `keys/kms.py`). The clock, randomness and the environment come in as arguments.\n",
            "## One endpoint\n",
            "A file of `endpoints/` has one public function, `answer(request, provider)`, and reads in five parts: read, "
            "authenticate, check, remember, answer. A check returns the checked value or raises an error of `errors.py`; "
            "`gateway.py` puts the error on the wire and writes one log line. Which checks run where: [checks](checks.md).\n",
            "## The life of a login\n",
            "Each step is one conditional write of one item (the [storage protocol](protocol.md) has the whole condition). What "
            "comes before it can be lost without a trace; what comes after it may fail quietly.\n",
            _table(("Step", "Function", "What happens", "Writes", "Then, quietly"), map(_row, STEPS)),
            "From `/par` to the first protected call:\n",
            SEQUENCE,
        )
    )


SEQUENCE = """\
```text
client                 browser                function      item that decides
  |  POST /par           |                       |
  |--------------------------------------------->| par        grants: put, with the request
  |<---------------------------------------------|            201 request_uri
  |  303 to /authorize   |                       |
  |--------------------->|  GET /authorize       |
  |                      |---------------------->| authorize  grants: this browser
  |                      |<----------------------|            303 /login, a cookie for this login
  |                      |  POST /login          |
  |                      |---------------------->| login      grants: who, by which bond and epoch
  |                      |<----------------------|            303 /consent
  |                      |  POST /consent        |
  |                      |---------------------->| consent    grants: decision, digest of the code
  |                      |<----------------------|            a page that goes on to the client
  |  callback?code&iss   |                       |
  |<---------------------|                       |
  |  POST /token         |                       |
  |--------------------------------------------->| token      grants: redeemed, digests of the tokens
  |<---------------------------------------------|            access, refresh and ID token
  |  GET /accounts       |                       |
  |--------------------------------------------->| authorizer reads grants and bonds; writes nothing
  |<---------------------------------------------|            the bank's answer
```
"""


def packages() -> dict[str, str]:
    """Each package, by the first line of its docstring. Raises LookupError where it has none."""
    return {path.parent.name: _first_line(path.read_text(encoding="utf-8"), path.parent.name) for path in _inits()}


def files() -> dict[str, str]:
    """Each module beside the packages, by the first sentence of its docstring."""
    found = sorted(path for path in PACKAGE.glob("*.py") if path.name != "__init__.py")
    return {path.name: _first_line(path.read_text(encoding="utf-8"), path.name) for path in found}


def layers() -> list[str]:
    """The layers of the import contract, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (found,) = (one["layers"] for one in contracts if one.get("containers") == ["chalicelib"])
    return ["app", *map(str, found)]


def _inits() -> list[Path]:
    return sorted(PACKAGE.glob("*/__init__.py"))


def _first_line(source: str, name: str) -> str:
    """The first sentence of a module's docstring."""
    said = " ".join((ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0].split())
    if not said:
        raise LookupError(f"{name} does not say what it is for")
    return re.split(r"(?<=[.;])\s", said)[0].rstrip(".;")


def _row(step: Step) -> tuple[str, ...]:
    function, words = DOING[step.name]
    return step.name, function, words, _written((step.commit,) if step.commit else ()), _written(step.after)


def _written(calls: Iterable[str]) -> str:
    """The verb and the table of calls: "UpdateItem grants"."""
    return ", ".join(f"`{' '.join(call.split()[:2])}`" for call in calls) or "nothing"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    first = tuple(head)
    return "".join("| " + " | ".join(line) + " |\n" for line in (first, ["---"] * len(first), *rows))
