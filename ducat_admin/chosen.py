"""The person whom a verb is for, and what it says in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import output, people
from ducat_admin.command import Operator
from ducat_admin.problem import Problem

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operated_users import OperatedUser
    from chalicelib.storage.records import User


def normal(username: str) -> str:
    """The normalized username."""
    from chalicelib.users.username import normalize_username

    return normalize_username(username)


def known(operator: Operator, username: str) -> OperatedUser:
    """The user as it is stored. Raises Problem."""
    found = operator.provider.dynamo.operated_users.find(normal(username))
    if found is None:
        raise Problem(f"nobody has the username {username}; ducat user list shows all")
    return found


def readable(operator: Operator, username: str) -> User:
    """The user, whose record can be read. Raises Problem."""
    user = known(operator, username).user
    if user is None:
        raise Problem(f"the record of {username} can't be read; the log of any function that met it says why")
    return user


def decided_here(operator: Operator, username: str) -> User:
    """The user, if the users table decides how they sign in. Raises Problem for one of a sandbox, who is in it for passkeys."""
    user = readable(operator, username)
    hashed = user.password.startswith("$")  # A sandbox's password is no secret, and stands there as it is typed.
    if operator.provider.settings.user_directory == people.SANDBOX and user.password and not hashed:
        raise Problem(
            f"{user.username} is a person of the sandbox, whose sign-in is a constant of local/sandbox_users.py and not of the "
            f"users table; to try this, add somebody: ducat user add NAME"
        )
    return user


def change(user: User, change: Callable[[], None]) -> None:
    """Change the user. Raises Problem if nobody has that username any more."""
    from chalicelib.storage.stores import NotOpen

    try:
        change()
    except NotOpen as problem:
        raise Problem(f"{user.username}: {problem}") from None


def done(operator: Operator, sentence: str, user: User, **members: Any) -> None:
    """Say what was done to the user."""
    output.done(sentence, as_json=operator.as_json, username=user.username, sub=user.sub, **members)


def with_secret(operator: Operator, sentence: str, uri: str | None, **members: Any) -> None:
    """Say what was done, with the address that an authenticator app takes."""
    more = {} if uri is None else {"otpauth_uri": uri}
    output.done("\n".join([sentence, *more.values()]), as_json=operator.as_json, **members, **more)
    if uri is not None and not operator.as_json:
        output.qr(uri)


def sure(question: str, yes: bool) -> None:
    """Ask, unless `yes`. Raises Abort."""
    if not yes:
        click.confirm(output.printable(question), abort=True, err=True)
