"""What was agreed and what came of it: consents and access tokens."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.storage.dynamodb.codec import decode, encode
from chalicelib.storage.dynamodb.once import UsedOnce, claiming
from chalicelib.storage.dynamodb.tables import (
    EXPIRES_AT,
    PK,
    SWEEP_SLACK,
    ConditionFailed,
    Item,
    Tables,
    Write,
)
from chalicelib.storage.handles import digest, key_of, matches
from chalicelib.storage.records import AccessToken, Consent, Once
from chalicelib.storage.stores import Gone, Replayed

BY_PERSON = "by_person"
REVOKED_AT = NumberAttribute(attr_name="revoked_at")
REFRESH_HASH = UnicodeAttribute(attr_name="refresh_hash")


class Consents:
    """stores.Consents."""

    def __init__(self, tables: Tables, name: str, used_once: UsedOnce) -> None:
        self._tables, self.name, self._used_once = tables, name, used_once

    def first_write(self, consent: Consent, *, begun: bool = False) -> Write:
        """A consent's beginning, as part of a larger write. `begun`: a token was handed out before its code was redeemed."""
        item: Item = {
            "record": encode(consent, without=("expires_at", "revoked_at", "refresh_hash")),
            "expires_at": consent.expires_at,
            "ttl": consent.expires_at + SWEEP_SLACK,
            "person": digest(consent.login.sub),
            "given_at": consent.given_at,
        }
        if consent.refresh_hash is not None:
            item["refresh_hash"] = consent.refresh_hash
        in_force = PK.exists() & REVOKED_AT.does_not_exist() if begun else PK.does_not_exist()
        return Write("Put", self.name, consent.consent_id, item, condition=in_force)

    def still_active(self, consent_id: str, *, now: int) -> Write:
        """A condition on a larger write: the consent is in force in that instant."""
        return Write(
            "ConditionCheck",
            self.name,
            consent_id,
            condition=PK.exists() & REVOKED_AT.does_not_exist() & (now < EXPIRES_AT),
        )

    def rotation(self, consent: Consent, refresh_hash: str, *, now: int) -> Write:
        """Another refresh token in the place of the one that the consent was found with, as part of a larger write."""
        unused = (str(consent.refresh_hash) == REFRESH_HASH) & REVOKED_AT.does_not_exist() & (now < EXPIRES_AT)
        return Write(
            "Update", self.name, consent.consent_id, actions=(REFRESH_HASH.set(refresh_hash),), condition=unused
        )

    def find(self, consent_id: str, *, now: int) -> Consent | None:
        return active(self._tables.get(self.name, consent_id) if consent_id else None, now=now)

    def revoke(self, consent_id: str, *, now: int, once: Sequence[Once] = ()) -> None:
        end = Write("Update", self.name, consent_id, actions=(REVOKED_AT.set(REVOKED_AT | now),), condition=PK.exists())
        try:
            with claiming(once, start=1):
                self._tables.write(end, *self._used_once.writes(once, now=now))
        except ConditionFailed:
            self._used_once.claim(once, now=now)  # swept long ago: nothing is in force

    def of(self, sub: str, *, now: int, after: str | None = None, most: int = 25) -> tuple[list[Consent], str | None]:
        person = digest(sub)
        keys, more = self._tables.newest(self.name, BY_PERSON, ("person", person), "given_at", after=after, most=most)
        if not keys:
            return [], more
        # The index lags behind; what is told of each comes from the item itself.
        items = self._tables.get_both(*((self.name, key) for key in keys))
        found = [active(item, now=now) for item in items if item is not None and item.get("person") == person]
        return [consent for consent in found if consent is not None], more


class Tokens:
    """stores.Tokens."""

    def __init__(self, tables: Tables, name: str, consents: Consents, used_once: UsedOnce) -> None:
        self._tables, self._name = tables, name
        self._consents, self._used_once = consents, used_once

    def put(self, handle: str, token: AccessToken) -> Write:
        """A token, as part of a larger write."""
        item: Item = {
            "record": encode(token, without=("expires_at",)),
            "expires_at": token.expires_at,
            "ttl": token.expires_at + SWEEP_SLACK,
        }
        return Write("Put", self._name, digest(handle), item)

    def keep(self, handle: str, token: AccessToken, *, now: int, once: Sequence[Once] = ()) -> None:
        writes = [self.put(handle, token)]
        if token.consent_id is not None:
            writes.append(self._consents.still_active(token.consent_id, now=now))
        try:
            with claiming(once, start=len(writes)):
                self._tables.write(*writes, *self._used_once.writes(once, now=now))
        except ConditionFailed:
            raise Gone("the consent is no longer in force") from None

    def rotate(
        self,
        consent: Consent,
        refresh_hash: str,
        *,
        handle: str,
        token: AccessToken,
        now: int,
        once: Sequence[Once] = (),
    ) -> None:
        replaced = self._consents.rotation(consent, refresh_hash, now=now)
        try:
            with claiming(once, start=2):
                self._tables.write(replaced, self.put(handle, token), *self._used_once.writes(once, now=now))
        except ConditionFailed as failed:
            there = failed.items.get(0)
            if there is not None and there.get("refresh_hash") != consent.refresh_hash:
                raise Replayed(consent.consent_id) from None
            raise Gone("the consent is no longer in force") from None

    def begin(self, consent: Consent, handle: str, token: AccessToken) -> None:
        self._tables.write(self._consents.first_write(consent), self.put(handle, token))

    def find(self, handle: str, *, now: int) -> tuple[AccessToken, Consent | None] | None:
        token, consent = self.look_up(handle, now=now)
        return None if token is None else (token, consent)

    def look_up(self, handle: str, *, now: int) -> tuple[AccessToken | None, Consent | None]:
        consent_id = key_of(handle)
        places = [(self._name, digest(handle))]
        if consent_id is not None:
            places.append((self._consents.name, consent_id))
        item, *beside = self._tables.get_both(*places)
        consent = active(beside[0], now=now) if beside else None
        if item is None:
            refreshes = consent is not None and matches(handle, consent.refresh_hash)
            return (None, consent) if refreshes else (None, None)
        token = decode(AccessToken, str(item["record"]), expires_at=item["expires_at"])
        in_force = token.expires_at > now and token.consent_id == consent_id and (consent_id is None or consent)
        return (token, consent) if in_force else (None, None)

    def revoke(self, handle: str, *, now: int, once: Sequence[Once] = ()) -> None:
        with claiming(once, start=1):
            self._tables.write(Write("Delete", self._name, digest(handle)), *self._used_once.writes(once, now=now))


def active(item: Item | None, *, now: int) -> Consent | None:
    """The consent of an item, unless it has expired or was revoked."""
    if item is None or "revoked_at" in item or int(item["expires_at"]) <= now:
        return None
    return decode(Consent, str(item["record"]), expires_at=item["expires_at"], refresh_hash=item.get("refresh_hash"))
