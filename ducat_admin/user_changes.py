"""`ducat user`: what changes a person who is enrolled."""

from __future__ import annotations

import secrets
from dataclasses import replace

import click

from ducat_admin import chosen, output, people
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verb


@click.command(cls=Verb)
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def suspend(operator: Operator, username: str, yes: bool) -> None:
    """Refuse sign-ins, sessions and refresh tokens of the person, until they are resumed. What they granted stays.

    Access tokens that are out live on to their end, ten minutes at most. To stop them too: ducat consent end.
    """
    user = chosen.decided_here(operator, username)
    chosen.sure(f"Refuse everything of {user.username}?", yes)
    chosen.change(user, lambda: operator.provider.dynamo.operated_users.suspend(user, now=operator.provider.now()))
    chosen.done(operator, f"Suspended {user.username}.", user, state="suspended")


@click.command(cls=Verb)
@click.argument("username")
@click.pass_obj
def resume(operator: Operator, username: str) -> None:
    """Take a suspension back. Refresh tokens are good again, if they have not expired."""
    one, user = chosen.known(operator, username), chosen.decided_here(operator, username)
    chosen.change(user, lambda: operator.provider.dynamo.operated_users.resume(one))
    chosen.done(operator, f"Resumed {user.username}.", user, state="active")


@click.command(cls=Verb)
@click.argument("username")
@click.pass_obj
def unlock(operator: Operator, username: str) -> None:
    """Forget failed attempts, so that the person can sign in at once."""
    user = chosen.decided_here(operator, username)
    chosen.change(user, lambda: operator.provider.dynamo.operated_users.unlock(user))
    chosen.done(operator, f"Unlocked {user.username}.", user, state="suspended" if user.suspended_at else "active")


@click.command(cls=Verb)
@click.argument("username")
@click.pass_obj
def invite(operator: Operator, username: str) -> None:
    """Print a link, good once and for a day, by which the person adds a passkey, with password and one-time code."""
    from chalicelib.users import enrolment

    user = chosen.readable(operator, username)
    if user.suspended_at:
        raise Problem(f"{user.username} is suspended; first: ducat user resume {user.username}")
    try:
        link = enrolment.invite(operator.provider, user.username)
    except ValueError as problem:
        raise Problem(f"{user.username}: {problem}") from None
    chosen.done(operator, link, user, link=link)
    if not operator.as_json:
        output.qr(link)


@click.command(cls=Verb)
@click.argument("username")
@click.option("--password", "new_password", is_flag=True, help="Another password, which is typed twice.")
@click.option("--second-factor", is_flag=True, help="Another secret of one-time codes, which is printed.")
@click.option("--password-stdin", is_flag=True, help="The password is the first line of standard input.")
@click.pass_obj
def reset(operator: Operator, username: str, new_password: bool, second_factor: bool, password_stdin: bool) -> None:
    """Give the person another password, another second factor, or both. Accounts, passkeys and sub stay.

    Failed attempts are forgotten, a link for a passkey ends, and a suspension stays.
    """
    from chalicelib.storage.stores import NotOpen
    from chalicelib.users import enrolment, totp
    from chalicelib.users import password as passwords

    if not (new_password or password_stdin or second_factor):
        raise click.UsageError("say what: --password, --second-factor, or both")
    one, user, provider = chosen.known(operator, username), chosen.decided_here(operator, username), operator.provider
    uri, changed = None, user
    if new_password or password_stdin:
        typed = people.typed_password(password_stdin)
        wrong = enrolment.problems(user.username, user.sub, typed, {})
        if wrong:
            raise Problem("; ".join(wrong))
        salt = secrets.token_bytes(passwords.ARGON2.salt_len)
        changed = replace(changed, password=passwords.hashed(typed, salt=salt))
    if second_factor:
        secret = secrets.token_bytes(totp.SECRET_BYTES)
        sealed = provider.one_time_code_secrets.seal(
            secret, user.username, random_bytes=secrets.token_bytes, now=provider.now()
        )
        changed = replace(changed, totp=sealed)
        uri = totp.provisioning_uri(secret, username=user.username, bank_name=provider.settings.bank_name)
    try:
        provider.dynamo.operated_users.change(one, changed)
    except NotOpen as problem:
        raise Problem(f"{user.username}: {problem}") from None
    chosen.with_secret(operator, f"Reset {user.username}.", uri, username=user.username, sub=user.sub)


@click.command("forget-passkeys", cls=Verb)
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget_passkeys(operator: Operator, username: str, yes: bool) -> None:
    """Take all the person's passkeys away, and a link for another one."""
    from chalicelib.storage.stores import NotOpen

    one, user = chosen.known(operator, username), chosen.readable(operator, username)
    chosen.sure(f"Take {user.passkey_count} passkeys of {user.username} away?", yes)
    operator.provider.dynamo.operated_users.forget_passkeys(user)
    try:
        operator.provider.dynamo.operated_users.change(one, replace(user, passkeys=()), forget_passkeys=True)
    except NotOpen as problem:
        raise Problem(f"{user.username}: {problem}") from None
    chosen.done(operator, f"{user.username} has no passkey.", user, forgotten=user.passkey_count)


@click.command(cls=Verb)
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def end(operator: Operator, username: str, yes: bool) -> None:
    """Remove a person who leaves: nobody signs in by that name, and no refresh token of theirs gives anything.

    To end their consents at once: ducat consent end. To delete what is stored about them: ducat user erase.
    """
    from chalicelib.users import enrolment

    user = chosen.decided_here(operator, username)
    chosen.sure(f"Remove {user.username} for good?", yes)
    operator.provider.dynamo.operated_users.forget_passkeys(user)
    try:
        enrolment.remove(operator.provider, user.username)
    except ValueError as problem:
        raise Problem(f"{user.username}: {problem}") from None
    chosen.done(operator, f"Removed {user.username}.", user, state="ended")


VERBS = (suspend, resume, unlock, invite, reset, forget_passkeys, end)
