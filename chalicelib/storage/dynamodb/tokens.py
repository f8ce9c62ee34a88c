"""Access tokens. A client's own and refreshed tokens have an item. Those of a code and of an authorization response are in the
grant.
"""

from __future__ import annotations

from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.storage.dynamodb.attributes import PK, Along, ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.grants import Grants
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK, Tables
from chalicelib.storage.dynamodb.weekly_tables import TableOf, has_table, starts
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.revocation_stores import StatusReading
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import TokenValue, matches, read

REVOKED_AT = NumberAttribute(attr_name="revoked_at")

NOTHING: tuple[None, None] = (None, None)


class Tokens:
    """stores.Tokens."""

    def __init__(self, tables: Tables, table_of: TableOf, grants: Grants) -> None:
        self._tables, self._table_of, self._grants = tables, table_of, grants

    def put(self, token_value: str, token: AccessToken) -> None:
        item: Item = {
            "v": VERSION,
            "record": encode(token, without=("expires_at",)),
            "expires_at": token.expires_at,
            "ttl": token.expires_at + SWEEP_SLACK,
        }
        taken = read(token_value)
        if taken is None:
            raise NotOpen("no handle of ours")
        table = self._table_of(token.expires_at)
        try:
            self._tables.write(Write("Put", table, taken.digest, item, condition=PK.does_not_exist()))
        except ConditionFailed:
            return  # A repeated write: nobody else knows the token value. A revoked token stays revoked.

    def find(
        self, token_value: str, *, now: int, along: StatusReading | None = None
    ) -> tuple[AccessToken, Grant | None] | None:
        token, grant = self.look_up(token_value, now=now, along=along)
        return None if token is None else (token, grant)

    def look_up(
        self, token_value: str, *, now: int, along: StatusReading | None = None
    ) -> tuple[AccessToken | None, Grant | None]:
        taken = read(token_value)
        if taken is None or (taken.week is not None and not has_table(taken.week, now=now)):
            return NOTHING
        if taken.grant is None:
            return self._own(taken, along, now=now)
        if taken.week is None:
            grant, epoch, _ = self._grants.read_with(taken, along=along)
            token = None if grant is None else _standing_in(grant, taken, now=now)
        else:
            grant, epoch, (item,) = self._grants.read_with(taken, (self._table_for(taken), taken.digest), along=along)
            token = _token(item, now=now)
        if grant is None or not grant.in_force(epoch, now=now):
            return NOTHING
        if token is not None:
            return (token, grant) if token.grant == grant.key else NOTHING
        of_family = matches(taken.family, grant.refresh_family)
        return (None, grant) if of_family or matches(token_value, grant.refresh_hash) else NOTHING

    def _own(
        self, token_value: TokenValue, along: StatusReading | None, *, now: int
    ) -> tuple[AccessToken | None, None]:
        """A client's own token, which has no grant."""
        if token_value.week is None:
            return NOTHING
        keys = (self._table_for(token_value), token_value.digest)
        (item,) = self._tables.get_all(keys, along=cast(Along | None, along))  # Of this package.
        token = _token(item, now=now)
        return (token, None) if token is not None and token.grant is None else NOTHING

    def revoke(self, token_value: str, grant: Grant | None, *, now: int) -> None:
        taken = read(token_value)
        if taken is None or (taken.week is not None and not has_table(taken.week, now=now)):
            return
        if taken.week is None:
            if grant is not None and grant.key == taken.grant:
                self._grants.end_token(grant, taken, now=now)
            return
        ended = (REVOKED_AT.set(REVOKED_AT | now),)
        try:
            self._tables.write(
                Write("Update", self._table_for(taken), taken.digest, actions=ended, condition=PK.exists())
            )
        except ConditionFailed:
            return  # There is none.

    def _table_for(self, token_value: TokenValue) -> str:
        return self._table_of(starts(token_value.week or 0))


def _token(item: Item | None, *, now: int) -> AccessToken | None:
    """The token of an item; None if it is expired, revoked or unreadable."""
    if item is None or "revoked_at" in item:
        return None
    try:
        require_known("AccessToken", item)
        token = decode(AccessToken, str(item["record"]), expires_at=item["expires_at"])
    except (Unreadable, KeyError) as problem:
        report(Unreadable(f"AccessToken: {problem}"), str(item.get("pk")), item.get("v"))
        return None
    return token if now < token.expires_at else None


def _standing_in(grant: Grant, token_value: TokenValue, *, now: int) -> AccessToken | None:
    """The access token with this value in the grant."""
    for stored, token, ended_at in (
        (grant.token_hash, grant.token, grant.token_ended_at),
        (grant.front_hash, grant.front_token, grant.front_ended_at),
    ):
        if matches(token_value.value, stored) and token is not None:
            return token if ended_at is None and now < token.expires_at else None
    return None
