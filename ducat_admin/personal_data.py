"""`ducat user export` and `erase`: what is stored about one person (GDPR articles 15, 17 and 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ducat_admin import chosen, output
from ducat_admin.command import Operator
from ducat_admin.consent_view import clients_of, whole
from ducat_admin.problem import Problem
from ducat_admin.verb import Verb

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operated_users import OperatedSession, OperatedUser

STAYS = """\
What stays: items of access tokens, without a name, until they are swept, some days after their end; lines of the log, which
name the sub, as long as the log group keeps them; backups of the tables, as long as they are kept."""


@click.command(cls=Verb)
@click.argument("username", required=False)
@click.option("--sub", help="By the sub, for who has left, or is in a bank's own directory.")
@click.pass_obj
def export(operator: Operator, username: str | None, sub: str | None) -> None:
    """Everything that is stored about a person, as JSON: the record less its secrets, consents and sessions.

    It is for the person (GDPR 15 and 20). It reads the whole table of sessions.
    """
    one, sub = _person(operator, username, sub)
    grants, users = operator.provider.dynamo.operated_grants, operator.provider.dynamo.operated_users
    now, client = operator.provider.now(), clients_of(operator)
    consents = [whole(given, client(given.grant.client_id), now=now) for given in grants.of_person(sub)]
    sessions = [_session(session) for session in users.sessions_of(sub, now=now)]
    if one is None and not consents and not sessions:
        raise Problem(f"nothing is stored about a person with the sub {sub}")
    person = None if one is None else _record(operator, one)
    click.echo(output.as_text({"sub": sub, "person": person, "consents": consents, "sessions": sessions}))


@click.command(cls=Verb)
@click.argument("username", required=False)
@click.option("--sub", help="By the sub, for who has left, or is in a bank's own directory.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(operator: Operator, username: str | None, sub: str | None, yes: bool) -> None:
    """Delete what is stored about a person (GDPR 17): record, passkeys, consents with all that lives from them, sessions.

    It reads whole tables. Interrupted, it is to be run again: the record goes last.
    """
    from chalicelib.storage.stores import NotOpen
    from chalicelib.storage.token_values import digest

    one, sub = _person(operator, username, sub)
    who = sub if one is None else one.username
    chosen.sure(f"Delete everything about {who} for good?", yes)
    dynamo, now = operator.provider.dynamo, operator.provider.now()
    users = dynamo.operated_users
    if one is not None and one.user is not None:  # From then on nobody signs in, and nothing is refreshed.
        user = one.user
        chosen.change(user, lambda: users.suspend(user, now=now))
        chosen.change(user, lambda: dynamo.users.forget_sub(user.sub, user.username, now=now))
    consents, outliving = _delete_consents(operator, sub, now=now)
    sessions = 0
    for session in users.sessions_of(sub, now=now):
        users.delete_session(session)
        sessions += 1
    recorded = bool(operator.provider.settings.audit_keys_table)
    remembered = recorded and dynamo.audit_keys.find(digest(sub)) is not None  # Also of who left years ago.
    if one is None and not (consents or sessions or outliving or remembered or users.has_sub(sub)):
        raise Problem(f"nothing is stored about a person with the sub {sub}")
    try:
        _delete(operator, one, sub, recorded=recorded, now=now)
    except NotOpen as problem:
        raise Problem(f"{who}: {problem}") from None
    output.done(
        f"Deleted what was stored about {who}: {consents} requests and consents, {sessions} sessions.\n{STAYS}",
        as_json=operator.as_json,
        sub=sub,
        requests_and_consents=consents,
        sessions=sessions,
        stays=" ".join(STAYS.split()),
    )


def _delete(operator: Operator, one: OperatedUser | None, sub: str, *, recorded: bool, now: int) -> None:
    """Delete what names the person, in an order in which it can be interrupted. Raises NotOpen."""
    from chalicelib.storage.token_values import digest

    dynamo, users = operator.provider.dynamo, operator.provider.dynamo.operated_users
    if one is not None:
        for key in users.passkeys_of(one.username):
            users.delete(key)
    users.delete_sub(sub)
    if recorded:  # From then on the record does not know whose its events are, also those of this command.
        dynamo.audit_keys.erase(digest(sub), now=now)
    if one is not None:  # Last: the name finds what an interrupted call left.
        users.delete(one.username)


def _delete_consents(operator: Operator, sub: str, *, now: int) -> tuple[int, int]:
    """Delete all grants of the person, and the name in bonds that outlive theirs. Gives how many of each."""
    from chalicelib.clients.lifetimes import KEPT_BOND

    grants, keep = operator.provider.dynamo.operated_grants, now + KEPT_BOND
    bonds, consents = set[str](), 0
    for key, bond in grants.all_of_person(sub):
        if bond is not None and bond not in bonds:  # Also what the person is about to approve is worth nothing.
            operator.provider.bonds.end(bond, now=now, keep=keep)
            bonds.add(bond)
        grants.delete(key)
        consents += 1
    outliving = set(grants.bonds_of_person(sub)) - bonds
    for bond in outliving:
        operator.provider.bonds.end(bond, now=now, keep=keep)
    return consents, len(outliving)


def _person(operator: Operator, username: str | None, sub: str | None) -> tuple[OperatedUser | None, str]:
    """The user, if there is one, and the sub. Raises Problem."""
    if (username is None) == (sub is None):
        raise click.UsageError("name one person: USERNAME, or --sub")
    users = operator.provider.dynamo.operated_users
    if username is not None:
        return chosen.known(operator, username), chosen.readable(operator, username).sub
    holder = users.holders([str(sub)]).get(str(sub))
    one = None if holder is None else users.find(holder)
    if one is None or one.user is None or one.user.sub != sub:
        return None, str(sub)
    return one, str(sub)


def _record(operator: Operator, one: OperatedUser) -> dict[str, Any]:
    """The record, less the hash, the secret of one-time codes, and what would let somebody add a passkey."""
    if one.user is None:
        raise Problem(f"the record of {one.username} can't be read")
    user = one.user
    return {
        "username": user.username,
        "claims": user.claims,
        "accounts": list(user.accounts),
        "passkeys": [
            {"id": one.passkey["id"], "name": one.name, "created_at": output.moment(one.passkey.get("created_at", 0))}
            for one in operator.provider.passkeys.of(user)
        ],
        "own_authenticator_app": bool(user.own_totp),
        "recovery_codes_left": len(user.recovery_codes),
        "recovery_from": output.moment(user.recovery_from),
        "failed_attempts": user.failures,
        "last_failed_attempt": output.moment(user.last_failure),
        "invited_until": output.moment(user.invited_until),
        "suspended_at": output.moment(user.suspended_at),
    }


def _session(one: OperatedSession) -> dict[str, Any]:
    return {
        "username": one.session.username,
        "signed_in_at": output.moment(one.session.auth_time),
        "acr": one.session.acr,
        "amr": list(one.session.amr),
        "until": output.moment(one.session.expires_at),
        "over": one.over,
    }
