"""The reference page of the functions' roles, from ducat_cdk/functions.py."""

from __future__ import annotations

from chalicelib.keys.kms import ALGORITHMS
from docs import stolen_roles
from ducat_cdk.function_rows import Function, MadeKeys, Table
from ducat_cdk.functions import FUNCTIONS

INTRODUCTION = """What each function may do on AWS, and nothing else: [ducat_cdk/functions.py](../../ducat_cdk/functions.py). \
Besides, each writes to its own log group and opens its own tables' encryption, through DynamoDB alone. A job, and `audit`, \
sends to a queue of dead letters. With the setting `tracing` each sends traces to X-Ray. \
What is said of the key `eddsa` holds where the deployment [has it](../operate/deploy.md#the-settings), \
and what is said of `ps256`, `es256` and `eddsa` where its template makes them \
([keys](../operate/keys.md)). Keys of a use are those that the job `rotate_keys` made for this \
deployment: a role knows them by their tags, and signs with the algorithms of the deployment alone.

Some statements are for certain items, by their keys, or for certain attributes of them. Under each function stands what \
whoever has its role could do without the function's code, and of what is grave what they could not. Only `grants`, `sweep` and \
readers of the registry find items without a key: a grant, a session and an access token are found by who knows the secret of \
which their key is a digest. What DynamoDB can't narrow is in the [threat model](threat-model.md). `make test` fails for what a \
role allows and no call of the tests needs ([decision 0047](../decisions/0047-roles-are-held-against-the-calls-of-the-tests.md)).
"""
FILES = {
    "truststore": "the truststore's file",
    "crls": "objects of the CRLs' bucket",
    "record": "objects of the record's bucket",
}
RECORDING = [
    ("the record's key, through S3", "`kms:GenerateDataKey`", "EncryptTheRecord"),
    ("the bus of `audit_bus`, from the source `ducat`", "`events:PutEvents`", "TellTheBanksOwnSystems"),
    ("with [notices](../operate/notices.md), their queue", "`sqs:SendMessage`", "QueueNotices"),
    (
        "the same queue: Lambda alone, and not the function's code",
        "`sqs:ReceiveMessage`, `sqs:DeleteMessage`, `sqs:GetQueueAttributes`",
        "LetLambdaTakeNotices",
    ),
    ("with notices by e-mail, one identity and one address of SES", "`ses:SendEmail`", "SendThemByEmail"),
    (
        "with notices, of table `users` the name of a sub, and of a person the profile",
        "`dynamodb:GetItem`",
        "FindWhoIsConcerned, ReadWhereAndInWhichLanguage",
    ),
    (
        "the streams of recorded tables: Lambda alone, and not the function's code",
        "`dynamodb:DescribeStream`, `dynamodb:GetRecords`, `dynamodb:GetShardIterator`, `dynamodb:ListStreams`",
        "LetLambdaReadTheStreams, LetLambdaListThem",
    ),
    (
        "the bucket of what could not be recorded: Lambda alone, and not the function's code",
        "`s3:ListBucket`, `s3:PutObject`",
        "LetLambdaSeeWhereFailuresGo, LetLambdaPutThemThere",
    ),
]
"""What ducat_cdk/audit_role.py adds."""
WRITTEN = "Written by `make docs` from the code; changes here are lost.\n"


def page() -> str:
    """Each function, its routes, and what its role may do."""
    said = ["# Roles\n", WRITTEN, INTRODUCTION]
    for function in FUNCTIONS:
        rows = [
            *((_items(t), ", ".join(f"`dynamodb:{verb}`" for verb in t.verbs), t.why) for t in function.tables),
            *((f"key `{k.name}`{_algorithm(k.name, k.verb)}", f"`kms:{k.verb}`", k.why) for k in function.keys),
            *((_made_keys(m), ", ".join(f"`kms:{verb}`" for verb in m.verbs), m.why) for m in function.made_keys),
            *((FILES[f.name], ", ".join(f"`{action}`" for action in f.actions), f.why) for f in function.files),
        ]
        if function.records:
            rows += RECORDING
        if function.domain:
            rows.append(("the host for client certificates", "`apigateway:GET`", function.domain))
        said += [f"## {function.name}\n", _reached(function) + "\n"]
        said.append(_table(rows) if rows else "No table and no key.\n")
        said.append(_stolen(function))
    return "\n".join(said)


def _items(table: Table) -> str:
    """Which items of a table, and which attributes of them."""
    said = f"table `{table.name}`" + (f", index `{table.index}`" if table.index else "")
    if table.keys:
        said += ", keys " + ", ".join(f"`{key}`" for key in table.keys)
    if table.not_keys:
        said += ", no keys " + ", ".join(f"`{key}`" for key in table.not_keys)
    if table.attributes:
        said += ": " + ", ".join(f"`{name}`" for name in table.attributes if name != "pk")
    return said


def _stolen(function: Function) -> str:
    could, could_not = stolen_roles.could(function), stolen_roles.could_not(function)
    if not could:
        return "Whoever has its role could write log lines, and nothing else.\n"
    said = "Whoever has its role could:\n\n" + "".join(f"- {words}\n" for words in could)
    if could_not:
        said += "\nThey could not:\n\n" + "".join(f"- {words}\n" for words in could_not)
    return said


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
