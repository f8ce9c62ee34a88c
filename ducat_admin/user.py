"""`ducat user`: the people of a deployment, in the product's own directory."""

from __future__ import annotations

import json
import secrets
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import chosen, output, people, user_changes
from ducat_admin.command import Operator
from ducat_admin.personal_data import erase, export
from ducat_admin.problem import Problem
from ducat_admin.user_import import import_
from ducat_admin.verb import Verbs

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operated_users import OperatedUser
    from chalicelib.storage.records import User

COLUMNS = ("username", "sub", "name", "passkeys", "state")
WHO = ("username", "sub", "claims", "accounts")


@click.group("user", cls=Verbs)
def group() -> None:
    """People: add, import, list, show, suspend, invite, reset, end, export and erase."""


for verb in (import_, export, erase, *user_changes.VERBS):
    group.add_command(verb)


@group.command()
@click.argument("username", required=False)
@click.option("--sub", help="What names the person towards clients, for ever.")
@click.option("--claim", "claims", multiple=True, metavar="NAME=VALUE", help="A claim; may be repeated.")
@click.option("--account", "accounts", multiple=True, metavar="NAME=IBAN", help="An account; may be repeated.")
@click.option("--file", type=click.File(encoding="utf-8"), help="JSON with username, sub, claims and accounts.")
@click.option("--password-stdin", is_flag=True, help="The password is the first line of standard input.")
@click.pass_obj
def add(operator: Operator, /, file: Any, password_stdin: bool, **flags: Any) -> None:
    """Enrol a person. The password is typed twice, or comes on standard input.

    What is printed holds the secret of one-time codes: show it to the person and to nobody else.
    """
    from chalicelib.users.enrolment import enrol

    said = ({} if file is None else _read(file)) | _said(flags)
    people.note_other_directory(operator)
    users = operator.provider.dynamo.operated_users
    name = chosen.normal(str(said.get("username", "")))
    if users.find(name) is not None:
        raise Problem(f"{name} is enrolled already; for another password or secret: ducat user reset {name}")
    try:
        person = people.person(said | {"password": people.typed_password(password_stdin)})
        (other,) = people.of_another(operator, [person])
        if other is not None:
            raise ValueError(f"the sub {person.sub} is that of {other}")
        uri = enrol(
            operator.provider,
            person.username,
            sub=person.sub,
            password=person.password or "",
            claims=person.claims,
            random_bytes=secrets.token_bytes,
            accounts=person.accounts,
        )
    except ValueError as wrong:
        raise Problem(f"{name or 'the person'} can't be enrolled: {wrong}") from None
    chosen.with_secret(operator, f"Enrolled {person.username}.", uri, username=person.username, sub=person.sub)


@group.command("list")
@click.option("--suspended", is_flag=True, help="Only those who are suspended.")
@click.option("--limit", type=click.IntRange(1, output.MAX_ROWS), default=100, show_default=True, help="How many.")
@click.option("--after", metavar="USERNAME", help="Go on after this one.")
@click.pass_obj
def list_(operator: Operator, suspended: bool, limit: int, after: str | None) -> None:
    """People, a page at a time, in no order. The table is read as far as the page needs."""
    if after is not None and not chosen.normal(after):
        raise click.UsageError("--after: give what the page before says")
    found = operator.provider.dynamo.operated_users.all(after=after)
    wanted = (one for one in found if not suspended or (one.user is not None and one.user.suspended_at))
    some = list(islice(wanted, limit + 1))
    shown = [_row(operator, one) for one in some[:limit]]
    more = some[limit - 1].username if len(some) > limit else None
    none = "no person; enrol one: ducat user add --help"
    output.page(shown, COLUMNS, as_json=operator.as_json, none=none, name="users", after=more)


@group.command()
@click.argument("username")
@click.pass_obj
def show(operator: Operator, username: str) -> None:
    """One person. No hash and no secret is shown."""
    one = chosen.known(operator, username)
    user = one.user
    more = {} if user is None else {"claims": user.claims, "accounts": list(user.accounts)}
    passkeys = () if user is None else operator.provider.passkeys.of(user)
    made = [output.moment(found.passkey.get("created_at", 0)) for found in passkeys]
    until = user is not None and user.invitation is not None and user.invited_until > operator.provider.now()
    beside = {
        "failed_attempts": user and user.failures,
        "own_app": user and bool(user.own_totp),
        "recovery_codes": user and len(user.recovery_codes),
        "recovery_from": user and (output.moment(user.recovery_at(now=operator.provider.now())) or None),
        "suspended_at": user and output.moment(user.suspended_at),
        "invited_until": output.moment(user.invited_until) if user is not None and until else None,
    }
    output.one(_row(operator, one) | more | {"passkeys": made} | beside, as_json=operator.as_json)


def _row(operator: Operator, one: OperatedUser) -> dict[str, Any]:
    user = one.user
    return {
        "username": one.username,
        "sub": user and user.sub,
        "name": user and user.claims.get("name"),
        "passkeys": user and user.passkey_count,
        "state": "unreadable" if user is None else _state(user, now=operator.provider.now()),
    }


def _state(user: User, *, now: int) -> str:
    from chalicelib.users import lockout

    if user.suspended_at:
        return "suspended"
    beyond = user.failures - lockout.FREE_ATTEMPTS
    locked = beyond >= 0 and now < user.last_failure + lockout.LOCKS[min(beyond, len(lockout.LOCKS) - 1)]
    return "locked" if locked else "active"


def _read(file: Any) -> dict[str, Any]:
    name = getattr(file, "name", "the file")
    try:
        found = json.load(file)
    except (ValueError, OSError, RecursionError) as problem:
        raise Problem(f"{name} is no JSON of a person: {problem}") from None
    if not isinstance(found, dict) or found.keys() - {*WHO}:
        raise Problem(f"{name} must be a JSON object with no more than {', '.join(WHO)}")
    return found


def _said(flags: dict[str, Any]) -> dict[str, Any]:
    """What flags say of a person, and nothing else. Raises Problem."""
    said = {name: flags[name] for name in ("username", "sub") if flags[name]}
    if flags["claims"]:
        try:
            pairs = [one.partition("=") for one in flags["claims"]]
            said["claims"] = {name: people.claim_of(people.known_claim(name), value) for name, _, value in pairs}
        except ValueError as wrong:
            raise Problem(f"--claim: {wrong}") from None
    if flags["accounts"]:
        named = [one.partition("=") for one in flags["accounts"]]
        said["accounts"] = [{"name": name, "iban": "".join(iban.split())} for name, _, iban in named]
    return said
