"""What spares a person a page: sessions, and what was agreed to before."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute

from chalicelib.storage.dynamodb.codec import decode, encode
from chalicelib.storage.dynamodb.tables import EXPIRES_AT, SWEEP_SLACK, Item, Tables, Write
from chalicelib.storage.handles import digest
from chalicelib.storage.records import Agreement, Session

TTL = NumberAttribute(attr_name="ttl")


class Sessions:
    """stores.Sessions."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def begin(self, handle: str, session: Session, *, instead_of: str | None = None) -> None:
        item: Item = {
            "record": encode(session, without=("expires_at",)),
            "expires_at": session.expires_at,
            "ttl": session.expires_at + SWEEP_SLACK,
        }
        writes = [Write("Put", self._name, digest(handle), item)]
        if instead_of:
            writes.append(Write("Delete", self._name, digest(instead_of)))
        self._tables.write(*writes)

    def find(self, handle: str, *, now: int) -> Session | None:
        item = self._tables.get(self._name, digest(handle)) if handle else None
        if item is None or int(item["expires_at"]) <= now:
            return None
        return decode(Session, str(item["record"]), expires_at=item["expires_at"])

    def end(self, handle: str) -> None:
        self._tables.write(Write("Delete", self._name, digest(handle)))


class Agreements:
    """stores.Agreements: one item for each person and client, in the consents' table.

    It has an attribute for each thing that was agreed to, which holds until when: so two decisions at the same time add up, and
    one that is repeated prolongs no other. There are no more of them than scopes and claims that we know.
    """

    KINDS = {"scope": "scope ", "claims": "claim "}

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def find(self, sub: str, client_id: str, *, now: int) -> Agreement:
        item = self._tables.get(self._name, _key(sub, client_id)) or {}
        in_force = [name for name, until in item.items() if isinstance(until, int) and until > now]
        return Agreement(
            **{
                kind: tuple(sorted(name.removeprefix(start) for name in in_force if name.startswith(start)))
                for kind, start in self.KINDS.items()
            }
        )

    def remember(self, sub: str, client_id: str, agreement: Agreement, *, until: int) -> None:
        names = [start + name for kind, start in self.KINDS.items() for name in getattr(agreement, kind)]
        agreed = [NumberAttribute(attr_name=name).set(until) for name in names]
        swept = (EXPIRES_AT.set(until), TTL.set(until + SWEEP_SLACK))
        self._tables.write(Write("Update", self._name, _key(sub, client_id), actions=(*agreed, *swept)))

    def forget(self, sub: str, client_id: str) -> None:
        self._tables.write(Write("Delete", self._name, _key(sub, client_id)))


def _key(sub: str, client_id: str) -> str:
    """No consent's: those have no space. The client's name comes first, and has none either once it is a digest."""
    return f"agreement {digest(client_id)} {digest(sub)}"
