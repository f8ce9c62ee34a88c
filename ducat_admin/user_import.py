"""`ducat user import`: many people from a file. All of it is checked first; then each is enrolled, several at a time."""

from __future__ import annotations

import os
import secrets
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from ducat_admin import output, people
from ducat_admin.command import Operator
from ducat_admin.people import Person
from ducat_admin.people_file import Entry, entries
from ducat_admin.problem import Problem
from ducat_admin.verb import Verb

if TYPE_CHECKING:
    from chalicelib.storage.records import User

MAX_PARALLEL = 10
"""Connections of the client of DynamoDB (urllib3's pool, as pynamodb makes it)."""

AT_ONCE = 100
MAX_SHOWN = 1000
"""Problems that are printed one by one."""


@dataclass
class Checked:
    """What a dry run found. `problems`: the first of `wrong`. `there`: lines of people who are enrolled as the file says."""

    problems: list[str]
    there: set[int]
    records: int = 0
    wrong: int = 0


@click.command("import", cls=Verb)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only check the file, against who is enrolled too.")
@click.option("--from-line", type=click.IntRange(1), default=1, help="Go on from this line, as an earlier run says.")
@click.option(
    "--parallel",
    type=click.IntRange(1, MAX_PARALLEL),
    help="How many are enrolled at a time. [default: twice the CPUs, 10 at most]",
)
@click.option(
    "--otpauth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append the address for each person's authenticator app to this file, which only you can read.",
)
@click.pass_obj
def import_(operator: Operator, file: Path, dry_run: bool, from_line: int, parallel: int, otpauth: Path | None) -> None:
    """Enrol people from FILE: CSV (its name ends with .csv), or one JSON object a line.

    Members: username, sub, password or password_hash (argon2id), totp (base32; made if there is none), claims, accounts.
    In CSV each claim is a column. Nothing is written until the whole file is good. Who is enrolled already as the file says
    is skipped.
    """
    if not file.is_file():
        raise Problem(f"{file} must be a file, since it is read twice")
    people.note_other_directory(operator)
    parallel = parallel or min(MAX_PARALLEL, 2 * (os.cpu_count() or 1))
    checked = _check(operator, file, from_line=from_line, parallel=parallel)
    if checked.problems:
        for problem in checked.problems:
            click.echo(output.printable(problem), err=True)
        raise Problem(f"nothing is imported: {checked.wrong} problems in {checked.records} records")
    fresh = checked.records - len(checked.there)
    if not dry_run:
        wanted = (one for one in entries(file) if one.line >= from_line and one.line not in checked.there)
        _import(operator, wanted, count=fresh, parallel=parallel, otpauth=otpauth)
    done = "would be imported" if dry_run else "imported"
    said = f"{fresh} {done}, {len(checked.there)} skipped, who are enrolled as the file says."
    output.done(said, as_json=operator.as_json, imported=0 if dry_run else fresh, skipped=len(checked.there))


def _check(operator: Operator, file: Path, *, from_line: int, parallel: int) -> Checked:
    """Read the whole file, and say all that is wrong with it."""
    checked = Checked([], set())
    names, subs = set[str](), set[str]()
    wanted = (one for one in entries(file) if one.line >= from_line)
    with ThreadPoolExecutor(parallel) as pool:
        while some := list(islice(wanted, AT_ONCE)):
            checked.records += len(some)
            good = [(one.line, one.person) for one in some if one.person is not None]
            found = [(one.line, one.wrong) for one in some if one.person is None]
            for line, person in good:
                twice = person.username in names, person.sub in subs
                found += [(line, f"{('username', 'sub')[n]}: on an earlier line too") for n in (0, 1) if twice[n]]
                names.add(person.username)
                subs.add(person.sub)
            found += _beside(operator, good, checked, pool)
            checked.wrong += len(found)
            more = sorted(found)[: MAX_SHOWN - len(checked.problems)]
            checked.problems += [f"line {line}: {wrong}" for line, wrong in more]
    return checked


def _beside(
    operator: Operator, good: list[tuple[int, Person]], checked: Checked, pool: ThreadPoolExecutor
) -> list[tuple[int, str]]:
    """What is wrong because of who is enrolled. It notes who is enrolled as the file says."""
    users = operator.provider.dynamo.operated_users.find_all([one.username for _, one in good])
    others = people.of_another(operator, [one for _, one in good])
    found = [(line, f"the sub is that of {other}") for (line, _), other in zip(good, others, strict=True) if other]
    known = [(line, one, users[one.username].user) for line, one in good if one.username in users]
    same = pool.map(lambda each: each[2] is not None and _is_same(operator, each[1], each[2]), known)
    for (line, one, _), equal in zip(known, same, strict=True):
        if equal:
            checked.there.add(line)
        else:
            found.append((line, f"{one.username} is enrolled already, with other data"))
    return found


def _is_same(operator: Operator, person: Person, user: User) -> bool:
    """Whether the user is the person, with the same claims, accounts, password and, where it is given, second factor."""
    from chalicelib.one_time_code_secrets import CannotUnseal
    from chalicelib.users import password as passwords

    if (person.sub, person.claims, person.accounts) != (user.sub, user.claims, tuple(user.accounts)):
        return False
    if person.totp is not None:
        provider = operator.provider
        try:
            if provider.one_time_code_secrets.unseal(user.totp, user.username, now=provider.now()) != person.totp:
                return False
        except CannotUnseal:
            return False
    if person.password is None:
        return person.password_hash == user.password
    return passwords.matches(person.password, user.password)


def _import(operator: Operator, wanted: Iterable[Entry], *, count: int, parallel: int, otpauth: Path | None) -> None:
    """Enrol each, in the file's order as far as is said where it stopped. Raises Problem with that line."""
    from chalicelib.storage.stores import NotOpen

    line = 0
    addresses = None if otpauth is None else _opened(otpauth)
    try:
        with (
            ThreadPoolExecutor(parallel) as pool,
            click.progressbar(length=count, label="Importing", file=sys.stderr, hidden=operator.as_json) as bar,
        ):
            for at, made in _in_order(operator, wanted, pool, addresses, ahead=4 * parallel):
                line = at
                made.result()
                bar.update(1)
    except (BotoCoreError, ClientError, PynamoDBException, OSError, NotOpen) as problem:
        raise Problem(f"stopped at line {line}: {problem}; go on by --from-line {line}") from None
    except KeyboardInterrupt:
        raise Problem(f"stopped at line {line}; go on by --from-line {line}") from None
    finally:
        if addresses is not None:
            os.close(addresses)


def _in_order(
    operator: Operator, wanted: Iterable[Entry], pool: ThreadPoolExecutor, addresses: int | None, *, ahead: int
) -> Iterator[tuple[int, Future[None]]]:
    """Each record's line, and its enrolment, which runs. `ahead`: how many at most are begun before one is waited for."""
    begun: deque[tuple[int, Future[None]]] = deque()
    try:
        for entry in wanted:
            if entry.person is None:
                raise Problem(f"stopped at line {entry.line}: the file was changed meanwhile: {entry.wrong}")
            as_operator = copy_context().run  # A thread of the pool does not know who writes (chalicelib/writer.py).
            begun.append((entry.line, pool.submit(as_operator, _enrol, operator, entry.person, addresses)))
            if len(begun) > ahead:
                yield begun.popleft()
        while begun:
            yield begun.popleft()
    finally:
        for _, one in begun:
            one.cancel()


def _enrol(operator: Operator, person: Person, addresses: int | None) -> None:
    """Write the user. The address for the authenticator app is written before, so that no run loses it."""
    import json

    from chalicelib.storage.records import User
    from chalicelib.users import password as passwords
    from chalicelib.users import totp

    provider = operator.provider
    secret = person.totp or secrets.token_bytes(totp.SECRET_BYTES)
    if addresses is not None:
        uri = totp.provisioning_uri(secret, username=person.username, bank_name=provider.settings.bank_name)
        os.write(addresses, (json.dumps({"username": person.username, "otpauth_uri": uri}) + "\n").encode())
    salt = secrets.token_bytes(passwords.ARGON2.salt_len)
    provider.users.put(
        User(
            username=person.username,
            sub=person.sub,
            password=person.password_hash or passwords.hashed(person.password or "", salt=salt),
            totp=provider.one_time_code_secrets.seal(
                secret, person.username, random_bytes=secrets.token_bytes, now=provider.now()
            ),
            claims=person.claims,
            accounts=person.accounts,  # type: ignore[arg-type]
        )
    )


def _opened(file: Path) -> int:
    """The descriptor of a file of this user alone, to append to. Raises Problem."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise Problem(f"{file} can't be written: {problem.strerror}") from None
    if os.fstat(descriptor).st_mode & 0o077:
        os.close(descriptor)
        raise Problem(f"{file} can be read by others: chmod 600 {file}")
    return descriptor
