"""`ducat consent`: what people agreed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from ducat_admin import chosen, consent_view, output
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verbs

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operated_grants import OperatedGrant
    from chalicelib.storage.dynamodb.operation import OperatedClient

COLUMNS = ("consent_id", "client_id", "sub", "given_at", "until", "state")

Found = Iterator["OperatedGrant"]


@click.group("consent", cls=Verbs)
def group() -> None:
    """Consents: list, show and end."""


@group.command("list")
@click.option("--user", metavar="USERNAME", help="Of this person.")
@click.option("--sub", help="Of the person with this sub, also one who has left.")
@click.option("--client", "client_id", help="Of this client. Without a person it reads the whole table.")
@click.option("--in-force", is_flag=True, help="Only those in force.")
@click.option("--limit", type=click.IntRange(1, output.MAX_ROWS), default=100, show_default=True, help="How many.")
@click.option("--after", help="Go on after this one, as the page before says.")
@click.pass_obj
def list_(operator: Operator, /, in_force: bool, limit: int, after: str | None, **whose: str | None) -> None:
    """Consents of a person, newest first, or of a client, in no order. Ended ones too, as long as they are kept."""
    from chalicelib.storage.dynamodb.operated_grants import position

    found, by_person = _of(operator, after=after, **whose)
    now, client = operator.provider.now(), consent_view.clients_of(operator)
    wanted = (one for one in found if not in_force or _state(one, client, now=now) == "in force")
    some = list(islice(wanted, limit + 1))
    shown = [consent_view.row(one, client(one.grant.client_id), now=now) for one in some[:limit]]
    last = some[limit - 1] if len(some) > limit else None
    more = None if last is None else position(last) if by_person else last.grant.key
    output.page(shown, COLUMNS, as_json=operator.as_json, none="no consent", name="consents", after=more)


@group.command()
@click.argument("consent_id")
@click.pass_obj
def show(operator: Operator, consent_id: str) -> None:
    """One consent: what was agreed, when, until when, how the person signed in, its last known use, and who ended it.

    The id is what the authorizer hands to your API as consent_id.
    """
    one = operator.provider.dynamo.operated_grants.find(consent_id)
    if one is None:
        raise _unknown([consent_id])
    client = consent_view.clients_of(operator)(one.grant.client_id)
    output.one(consent_view.whole(one, client, now=operator.provider.now()), as_json=operator.as_json)


@group.command()
@click.argument("consent_ids", nargs=-1, metavar="[CONSENT_ID]...")
@click.option("--user", metavar="USERNAME", help="All of this person.")
@click.option("--sub", help="All of the person with this sub, also one who has left.")
@click.option("--client", "client_id", help="All of this client. Without a person it reads the whole table.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def end(operator: Operator, /, consent_ids: tuple[str, ...], yes: bool, **whose: str | None) -> None:
    """End consents, by their ids, or all of a person, of a client, or of both. Every token of them is dead at once.

    Ending all of a person or a client also ends what is remembered, so that the next request asks anew.
    """
    if bool(consent_ids) == any(whose.values()):
        raise click.UsageError("say which: ids, or --user, --sub and --client")
    if consent_ids:
        chosen.sure(f"End {len(consent_ids)} consents for good?", yes)
        unknown = [one for one in consent_ids if not _end(operator, one)]
        ended = len(consent_ids) - len(unknown)
    else:
        found, _ = _of(operator, after=None, **whose)
        of_whom = " and ".join(str(one) for one in whose.values() if one)
        chosen.sure(f"End all consents of {of_whom} for good?", yes)
        ended, unknown = _end_all(operator, found), []
    said = f"Ended {ended} {'consent' if ended == 1 else 'consents'}."
    if not unknown:
        output.done(said, as_json=operator.as_json, ended=ended)
        return
    raise Problem(f"{_unknown(unknown).message}. {said}")


def _of(
    operator: Operator, *, after: str | None, user: str | None, sub: str | None, client_id: str | None
) -> tuple[Found, bool]:
    """The consents, and whether they are found by their person. Raises Problem."""
    if user is not None and sub is not None:
        raise click.UsageError("--user and --sub both name a person: give one of them")
    grants = operator.provider.dynamo.operated_grants
    if user is not None:
        sub = chosen.readable(operator, user).sub
    if sub is not None:
        _require_position(after, by_person=True)
        found = grants.of_person(sub, after=after)
        return (one for one in found if client_id in (None, one.grant.client_id)), True
    if client_id is None:
        raise click.UsageError("say whose: --user, --sub or --client")
    _require_position(after, by_person=False)
    click.echo("No index leads from a client to its consents: the table is read page by page.", err=True)
    return grants.of_client(client_id, after=after), False


def _require_position(after: str | None, *, by_person: bool) -> None:
    """Raises UsageError for what no page of that list says."""
    from chalicelib.storage.dynamodb.operated_grants import is_position
    from chalicelib.storage.token_values import is_key

    if after is not None and not (is_position(after) if by_person else is_key(after)):
        raise click.UsageError("--after: give what the page before says, of the same list")


def _end(operator: Operator, consent_id: str) -> bool:
    """End one; False if there is none of that id."""
    from chalicelib.storage.stores import NotOpen
    from chalicelib.storage.token_values import is_key

    try:
        if is_key(consent_id):
            operator.provider.dynamo.operated_grants.end(consent_id, now=operator.provider.now())
            return True
    except NotOpen:
        pass
    return False


def _end_all(operator: Operator, found: Found) -> int:
    """End each, and what is remembered of its person and client; gives how many were in force."""
    from chalicelib.clients.lifetimes import KEPT_BOND

    now, client, ended = operator.provider.now(), consent_view.clients_of(operator), 0
    bonds = set[str]()
    for one in found:
        if _state(one, client, now=now) == "in force":
            operator.provider.dynamo.operated_grants.end(one.grant.key, now=now)
            ended += 1
        if one.grant.bond is not None and one.grant.bond not in bonds:
            keep, whose = now + KEPT_BOND, one.grant
            operator.provider.bonds.end(
                one.grant.bond, now=now, keep=keep, client_id=whose.client_id, sub=whose.person.sub
            )
            bonds.add(one.grant.bond)
    return ended


def _state(one: OperatedGrant, client: Callable[[str], OperatedClient | None], *, now: int) -> str:
    return consent_view.state(one, client(one.grant.client_id), now=now)[0]


def _unknown(ids: list[str]) -> Problem:
    return Problem(f"no consent has the id {', '.join(ids)}")
