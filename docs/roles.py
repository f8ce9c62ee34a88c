"""The reference page of the functions' roles, from ducat_cdk/functions.py."""

from __future__ import annotations

from chalicelib.keys.kms import ALGORITHMS
from ducat_cdk.function_rows import Function, MadeKeys
from ducat_cdk.functions import FUNCTIONS

INTRODUCTION = """What each function may do on AWS, and nothing else: [ducat_cdk/functions.py](../../ducat_cdk/functions.py). \
Besides, each writes to its own log group and opens its own tables' encryption, through DynamoDB alone. A job sends to \
the queue of dead letters. With the setting `tracing` each sends traces to X-Ray. \
What is said of the key `eddsa` holds where the deployment [has it](../operate/deploy.md#the-settings), \
and what is said of `ps256`, `es256` and `eddsa` where its template makes them \
([keys](../operate/keys.md)). Keys of a use are those that the job `rotate_keys` made for this \
deployment: a role knows them by their tags, and signs with the algorithms of the deployment alone.
"""
WRITTEN = "Written by `make docs` from the code; changes here are lost.\n"


def page() -> str:
    """Each function, its routes, and what its role may do."""
    said = ["# Roles\n", WRITTEN, INTRODUCTION]
    for function in FUNCTIONS:
        rows = [
            *(
                (f"table `{t.name}`", ", ".join(f"`dynamodb:{verb}`" for verb in t.verbs), t.why)
                for t in function.tables
            ),
            *((f"key `{k.name}`{_algorithm(k.name, k.verb)}", f"`kms:{k.verb}`", k.why) for k in function.keys),
            *((_made_keys(m), ", ".join(f"`kms:{verb}`" for verb in m.verbs), m.why) for m in function.made_keys),
        ]
        if function.domain:
            rows.append(("the host for client certificates", "`apigateway:GET`", function.domain))
        said += [f"## {function.name}\n", _reached(function) + "\n"]
        said.append(_table(rows) if rows else "No table and no key.\n")
    return "\n".join(said)


def _made_keys(made: MadeKeys) -> str:
    uses = ", ".join(f"`{use}`" for use in made.uses)
    return {"tagged": f"keys of the use {uses}", "new": f"new keys, tagged for {uses}", "all": "the list of keys"}[
        made.found
    ]


def _algorithm(key: str, verb: str) -> str:
    by_key = {alg.lower(): algorithm for alg, algorithm in ALGORITHMS.items()}
    return f", as {by_key[key]}" if verb == "Sign" else ""


def _reached(function: Function) -> str:
    routes = ", ".join(f"`{route}`" for route in function.routes) or "no route"
    return f"{routes}; {function.memory} MB" + ("; behind the authorizer" if function.guarded else "")


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = [("On", "May", "Statement"), ("---", "---", "---"), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
