"""`python -m ducat_cdk.chalice_policy > .chalice/policy-dev.json`: what functions of `chalice deploy` may do, in a sandbox.

One policy for all of them, on the tables and keys of the sandbox's stack. The job that makes, disables and deletes keys is the
stack's own, as are those that look at the truststore and fetch CRLs, and they have no right here. What is deployed for a bank
has a role for each function (roles.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.keys import TABLES_KEY

OF_THE_STACK = ("rotate_keys", "fetch_crls", "check_truststore")
"""Jobs that only the stack runs."""

TABLES = "arn:aws:dynamodb:*:*:table/Ducat-*"
KEYS = "arn:aws:kms:*:*:key/*"
LOGS = "arn:aws:logs:*:*:log-group:/aws/lambda/*"


def document() -> dict[str, object]:
    """The policy's JSON."""
    rows = [row for row in FUNCTIONS if row.name not in OF_THE_STACK]
    tables = {verb for row in rows for table in row.tables for verb in table.verbs}
    keys = {key.verb for row in rows for key in row.keys if key.name != TABLES_KEY} | {"Decrypt"}
    statements = [
        _allow("UseTheStacksTables", "dynamodb", tables, TABLES),
        _allow("UseTheAccountsKeys", "kms", keys, KEYS),
        _allow("WriteLogs", "logs", ("CreateLogGroup", "CreateLogStream", "PutLogEvents"), LOGS),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(why: str, service: str, verbs: Iterable[str], resource: str) -> dict[str, object]:
    return {
        "Sid": why,
        "Effect": "Allow",
        "Action": [f"{service}:{verb}" for verb in sorted(verbs)],
        "Resource": [resource] if service != "dynamodb" else [resource, f"{resource}/index/*"],
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=2))
