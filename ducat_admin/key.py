"""`ducat key`: the keys that a deployment signs with. On AWS the function rotate_keys changes them, and is invoked here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import output
from ducat_admin.client_metadata import sure
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verbs

if TYPE_CHECKING:
    from chalicelib.storage.signing_keys import SigningKey

COLUMNS = ("kid", "algorithm", "use", "state", "since", "until", "late")
OUTPUT = "RotateKeysFunction"
SECONDS = 180
"""Longer than the function may run."""
AGAIN = "not all was done, so give it again"


@click.group("key", cls=Verbs)
def group() -> None:
    """Signing keys: list, rotate, and replace one that may be known."""


@group.command("list")
@click.pass_obj
def list_(operator: Operator) -> None:
    """Every published key, and what was withdrawn lately.

    An announced key is published and will sign; since is when it does. A retired key signs no more, and until is when it
    leaves /jwks. A late key signs for longer than it should: the job rotate_keys does not run, or fails.
    """
    output.rows(listed(operator), COLUMNS, as_json=operator.as_json, none="no key is published yet")


@group.command()
@click.pass_obj
def rotate(operator: Operator) -> None:
    """Let the next keys sign now, and make the keys that follow them.

    A key that is published for less than 15 minutes waits for them. What the old keys signed still verifies.
    """
    _done(operator, _run(operator, {"rotate": True}), "Rotated.")


@group.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def compromised(operator: Operator, kid: str, yes: bool) -> None:
    """Replace the key KID at once and withdraw it. What it signed no longer verifies.

    It may be given again: it does what is left.
    """
    rows = {one["kid"]: one for one in listed(operator)}
    if kid not in rows:
        raise Problem(f"no key has the kid {kid}; ducat key list shows all")
    if rows[kid]["use"] == "request objects":
        raise Problem(f"{kid} decrypts what clients send and signs nothing; how to replace it: docs/operate/keys.md")
    sure(f"Withdraw {kid}? Nothing that it signed verifies from then on.", yes)
    _done(operator, _run(operator, {"compromised": kid}), f"Replaced {kid}.")


def listed(operator: Operator) -> list[dict[str, Any]]:
    """A row of each key, those that sign first."""
    from chalicelib.jobs.rotate_keys import periods
    from chalicelib.keys import rotation

    provider = operator.provider
    now, algs = provider.now(), provider.settings.signs_with
    registry = provider.signing_keys.all(now=now)
    order = ("signing", "announced", "decrypting", "retired", "withdrawn")
    late = {
        current.kid
        for slot in rotation.slots(algs)
        if rotation.is_late(slot, registry, periods(provider.settings), now=now)
        and (current := rotation.current(slot, registry, now=now)) is not None
    }
    rows = [
        {
            "kid": key.kid,
            "algorithm": key.alg,
            "use": _use(key),
            "state": _state(key, registry, operator),
            "since": output.moment(key.signs_from),
            "until": None if key.published_until is None else output.moment(key.published_until),
            "late": key.kid in late,
        }
        for key in registry
    ]
    return sorted(rows, key=lambda row: (order.index(str(row["state"])), row["use"], row["algorithm"], row["kid"]))


def _use(key: SigningKey) -> str:
    if key.public_jwk.get("use") == "enc":
        return "request objects"
    return " ".join(key.uses) or "all"


def _state(key: SigningKey, registry: tuple[SigningKey, ...], operator: Operator) -> str:
    from chalicelib.keys import rotation

    now, algs = operator.provider.now(), operator.provider.settings.signs_with
    if not rotation.is_published(key, now=now):
        return "withdrawn"
    if key.public_jwk.get("use") == "enc":
        return "decrypting"
    if key.published_until is not None:
        return "retired"
    if key.signs_from > now:
        return "announced"
    signing = [rotation.current(slot, registry, now=now) for slot in rotation.slots_of(key, algs)]
    return "signing" if any(one is None or one.kid == key.kid for one in signing) else "retired"


def _run(operator: Operator, command: dict[str, Any]) -> dict[str, Any]:
    """What the job did. Raises Problem."""
    if not operator.deployment.on_laptop:
        return _invoke(operator, {**command, "by": operator.identity})
    from chalicelib.jobs import rotate_keys

    try:
        return dict(rotate_keys.run(operator.provider, command))
    except rotate_keys.UnknownKey as problem:
        raise Problem(str(problem)) from None
    except rotate_keys.RotationIncomplete as problem:
        raise Problem(f"{AGAIN}: {problem}") from None


def _invoke(operator: Operator, command: dict[str, Any]) -> dict[str, Any]:
    import boto3
    from botocore.config import Config

    deployment = operator.deployment
    if OUTPUT not in deployment.outputs:
        raise Problem(f"the stack {deployment.name} has no output {OUTPUT}: deploy this release first")
    # Once: the job is to be given again by its operator, who sees what the first run did.
    config = Config(read_timeout=SECONDS, retries={"total_max_attempts": 1})
    answer = boto3.client("lambda", region_name=deployment.region, config=config).invoke(
        FunctionName=deployment.outputs[OUTPUT], Payload=json.dumps(command)
    )
    said = json.loads(answer["Payload"].read() or "null")
    if "FunctionError" in answer:
        words = said if isinstance(said, dict) else {}
        raise Problem(f"{AGAIN}: {words.get('errorType')}: {words.get('errorMessage')}")
    if not isinstance(said, dict):
        raise Problem(f"the function {deployment.outputs[OUTPUT]} answered nothing that can be read")
    return said


def _done(operator: Operator, done: dict[str, Any], sentence: str) -> None:
    words = {
        "made": "Made and published",
        "withdrawn": "Withdrawn",
        "retired": "Retired",
        "deleted": "Deleted",
        "late": "Still late",
    }
    lines = [sentence, *(f"{said}: {', '.join(done[name])}." for name, said in words.items() if done.get(name))]
    output.done("\n".join(lines), as_json=operator.as_json, **done)
