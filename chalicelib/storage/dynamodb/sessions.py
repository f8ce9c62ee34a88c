"""Sessions. An ended session is marked and not deleted, so that a late write does not restore it."""

from __future__ import annotations

from contextlib import suppress

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.storage.dynamodb.attributes import PK, ConditionFailed, Item, Write
from chalicelib.storage.dynamodb.bonds import epoch_of
from chalicelib.storage.dynamodb.codec import VERSION, Unreadable, decode, encode, report, require_known
from chalicelib.storage.dynamodb.tables import SWEEP_SLACK, Tables
from chalicelib.storage.dynamodb.weekly_tables import TableOf, has_table, starts
from chalicelib.storage.records import Session
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import TokenValue, of_session, session_key

SIGNED_OUT_AT = NumberAttribute(attr_name="signed_out_at")
REPLACED_AT = NumberAttribute(attr_name="replaced_at")
TTL = NumberAttribute(attr_name="ttl")

NEVER = -1
OVER = frozenset({"signed_out_at", "replaced_at"})


class Sessions:
    """session_stores.Sessions. `bonds`: name of the bonds table, which is read at the same time."""

    def __init__(self, tables: Tables, table_of: TableOf, bonds: str) -> None:
        self._tables, self._table_of, self._bonds = tables, table_of, bonds

    def begin(self, token_value: str, session: Session) -> None:
        item: Item = {
            "v": VERSION,
            "record": encode(session, without=("expires_at",)),
            "expires_at": session.expires_at,
            "ttl": session.expires_at + SWEEP_SLACK,
        }
        taken = of_session(token_value)
        if taken is None:
            raise NotOpen("no handle of ours")
        # A repeated write changes nothing, because nobody else knows the token value. An ended session stays ended.
        with suppress(ConditionFailed):
            self._tables.write(Write("Put", self._table_for(taken), taken.digest, item, condition=PK.does_not_exist()))

    def replace(self, token_value: str, *, now: int) -> None:
        self._mark(token_value, (REPLACED_AT.set(REPLACED_AT | now),), PK.exists(), now=now)

    def find(self, token_value: str, *, now: int, made_for: str = "") -> Session | None:
        taken = of_session(token_value)
        if taken is None or not has_table(taken.week or 0, now=now):
            return None
        item, epoch = self._read(self._table_for(taken), taken.digest, taken.bond)
        if item is None or OVER & item.keys():
            return None
        try:
            require_known("Session", item)
            session = decode(Session, str(item["record"]), expires_at=item["expires_at"])
        except (Unreadable, KeyError) as problem:
            report(Unreadable(f"Session: {problem}"), taken.digest, item.get("v"))
            return None
        in_force = now < session.expires_at and session.auth_time > epoch
        return session if in_force and session.made_for == made_for else None

    def end(self, token_value: str, *, now: int, keep: int) -> None:
        # Also for a missing item: an item that is written late finds the mark.
        self._mark(token_value, (SIGNED_OUT_AT.set(SIGNED_OUT_AT | now), TTL.set(keep + SWEEP_SLACK)), None, now=now)

    def signed_out(self, session: str, *, auth_time: int) -> bool:
        key, bond, week = session_key(session)
        item, epoch = self._read(self._table_of(starts(week)), key, bond)
        return auth_time <= epoch or (item is not None and "signed_out_at" in item)

    def _read(self, table: str, key: str, bond: str | None) -> tuple[Item | None, int]:
        """A session's item, and when its user last ended all sessions, in one consistent read."""
        item, *found = self._tables.get_all((table, key), *([(self._bonds, bond)] if bond else []))
        return item, epoch_of(found[0]) if found else NEVER

    def _mark(self, token_value: str, actions: tuple[Action, ...], condition: Condition | None, *, now: int) -> None:
        taken = of_session(token_value)
        if taken is None or not has_table(taken.week or 0, now=now):
            return  # there is none
        with suppress(ConditionFailed):
            self._tables.write(
                Write("Update", self._table_for(taken), taken.digest, actions=actions, condition=condition)
            )

    def _table_for(self, token_value: TokenValue) -> str:
        return self._table_of(starts(token_value.week or 0))
