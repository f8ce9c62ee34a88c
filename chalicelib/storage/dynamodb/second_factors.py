"""The authenticator app and the recovery codes that a person set up, and a recovery: attributes of the user's item, beside the
record.

The app's secret is sealed like the one in the record, which it replaces. So no function that writes it can write a password.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.storage.dynamodb.attributes import ConditionFailed, Write
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.dynamodb.users import (
    CODE_STEP,
    OWN_TOTP,
    RECOVERY_CODES,
    RECOVERY_ENDS,
    RECOVERY_FROM,
    RECOVERY_SECRETS,
    counters,
    may_change,
    user_of,
    without_recovery,
)
from chalicelib.storage.records import RECOVERY_OPEN, User
from chalicelib.storage.stores import NotOpen

RECOVERY_DONE = NumberAttribute(attr_name="recovery_done")
"""The `recovery_from` of the last recovery that was completed."""
RECOVERY_MADE = UnicodeAttribute(attr_name="recovery_made")
RECOVERY_USE = UnicodeAttribute(attr_name="recovery_use")
RECOVERY_USE_BEFORE = UnicodeAttribute(
    attr_name="recovery_use_before"
)  # With it an update tells whether it is the first.


class SecondFactors:
    """second_factor_stores.SecondFactors."""

    def __init__(self, tables: Tables, name: str) -> None:
        self._tables, self._name = tables, name

    def set_app(self, user: User, sealed: str, *, step: int) -> None:
        if user.own_totp == sealed:
            return  # The same form again. Codes of this app may have been used since.
        condition = cast(Condition, may_change(user) & _unchanged(user))
        actions = (OWN_TOTP.set(sealed), CODE_STEP.set(step), *without_recovery())
        write = Write("Update", self._name, user.username, actions=actions, condition=condition)
        try:
            self._tables.write(write)
        except ConditionFailed as failed:
            if (failed.item or {}).get(OWN_TOTP.attr_name) != sealed:  # Otherwise a repeated write.
                raise NotOpen("the secret was changed meanwhile") from None

    def make_codes(self, user: User, codes: Collection[str], *, attempt: str) -> None:
        made, before = frozenset(codes), user.recovery_made
        if before == attempt:
            raise NotOpen("this page made codes before")
        # A late copy of this write knows an earlier page, and brings no codes back.
        as_read = (before == RECOVERY_MADE) if before else RECOVERY_MADE.does_not_exist()
        write = Write(
            "Update",
            self._name,
            user.username,
            actions=(RECOVERY_CODES.set(set(made)), RECOVERY_MADE.set(attempt)),
            condition=cast(Condition, may_change(user) & as_read),
        )
        try:
            self._tables.write(write)
        except ConditionFailed as failed:
            if (failed.item or {}).get(RECOVERY_CODES.attr_name) != made:  # Otherwise a repeated write.
                raise NotOpen("this page made codes before") from None

    def use_code(self, user: User, code: str, *, attempt: str, browser: str = "") -> bool:
        this = f"{code} {attempt}"
        used = (RECOVERY_USE.set(this), RECOVERY_USE_BEFORE.set(RECOVERY_USE | "none"))
        use = Write(
            "Update",
            self._name,
            user.username,
            actions=(*used, RECOVERY_CODES.delete({code}), *(one.remove() for one in counters(browser))),
            condition=may_change(user) & (RECOVERY_CODES.contains(code) | (this == RECOVERY_USE)),
        )
        try:
            item = self._tables.write(use)
        except ConditionFailed:
            raise NotOpen("no such recovery code") from None
        return item is None or item["recovery_use_before"] != this

    def begin_recovery(self, user: User, *, ready_at: int, now: int) -> int:
        lapsed = RECOVERY_FROM.does_not_exist() | (now - RECOVERY_OPEN >= RECOVERY_FROM)
        ends = user.recovery_ends
        none_since = (ends == RECOVERY_ENDS) if ends else RECOVERY_ENDS.does_not_exist()
        condition = may_change(user) & none_since & (lapsed | (user.secrets_digest != RECOVERY_SECRETS))
        actions = (RECOVERY_FROM.set(ready_at), RECOVERY_SECRETS.set(user.secrets_digest))
        try:
            self._tables.write(Write("Update", self._name, user.username, actions=actions, condition=condition))
        except ConditionFailed as failed:
            found = user_of(failed.item, user.username)
            if found is None or found.suspended_at or found.secrets_digest != user.secrets_digest:
                raise NotOpen("the user may not sign in, or was reset") from None
            if not found.recovery_at(now=now):
                raise NotOpen("a recovery was ended meanwhile") from None
            return found.recovery_from  # Of another tab, or this write was repeated.
        return ready_at

    def complete_recovery(self, user: User, sealed: str, *, step: int, ready_at: int) -> None:
        this = (ready_at == RECOVERY_FROM) & (user.secrets_digest == RECOVERY_SECRETS)
        condition = cast(Condition, may_change(user) & this & _unchanged(user))
        done = (OWN_TOTP.set(sealed), CODE_STEP.set(step), RECOVERY_DONE.set(ready_at))
        actions = (*done, *without_recovery(), RECOVERY_CODES.remove())
        try:
            self._tables.write(Write("Update", self._name, user.username, actions=actions, condition=condition))
        except ConditionFailed as failed:
            item = failed.item or {}
            if (item.get("own_totp"), item.get("recovery_done")) != (sealed, ready_at):  # Otherwise a repeated write.
                raise NotOpen("the recovery has ended") from None

    def cancel_recovery(self, user: User) -> None:
        ended = Write("Update", self._name, user.username, actions=without_recovery(), condition=may_change(user))
        try:
            self._tables.write(ended)
        except ConditionFailed:
            raise NotOpen("the user may not sign in") from None


def _unchanged(user: User) -> Condition:
    """Whether the person's own app is the one that was read."""
    return cast(Condition, user.own_totp == OWN_TOTP) if user.own_totp else OWN_TOTP.does_not_exist()
