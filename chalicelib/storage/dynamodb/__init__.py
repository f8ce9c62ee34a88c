"""The DynamoDB adapter of every store; the only room that knows pynamodb."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from chalicelib.settings import Settings
from chalicelib.storage.dynamodb.directory import Clients, SigningKeys
from chalicelib.storage.dynamodb.flow import Interactions, PushedRequests
from chalicelib.storage.dynamodb.grants import Consents, Tokens
from chalicelib.storage.dynamodb.once import UsedOnce
from chalicelib.storage.dynamodb.remembered import Agreements, Sessions
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.dynamodb.users import Users


class Dynamo:
    """Every store on one connection. `pause`: sleeps; `chance`: a fresh random string, to know one attempt by."""

    def __init__(self, settings: Settings, *, pause: Callable[[float], None], chance: Callable[[], str]) -> None:
        names = [value for name, value in vars(settings).items() if name.endswith("_table")]
        self._settings = settings
        self._chance = chance
        self._tables = Tables(names, pause=pause, keys={settings.signing_keys_table: ("ring", "kid")})

    @cached_property
    def clients(self) -> Clients:
        return Clients(self._tables, self._settings.clients_table)

    @cached_property
    def users(self) -> Users:
        return Users(self._tables, self._settings.users_table, self.used_once, chance=self._chance)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        return SigningKeys(self._tables, self._settings.signing_keys_table)

    @cached_property
    def pushed_requests(self) -> PushedRequests:
        return PushedRequests(self._tables, self._settings.pushed_requests_table, self.used_once)

    @cached_property
    def interactions(self) -> Interactions:
        return Interactions(
            self._tables,
            self._settings.interactions_table,
            self.used_once,
            self.consents,
            self.tokens,
            chance=self._chance,
        )

    @cached_property
    def consents(self) -> Consents:
        return Consents(self._tables, self._settings.consents_table, self.used_once)

    @cached_property
    def agreements(self) -> Agreements:
        return Agreements(self._tables, self._settings.consents_table)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self._tables, self._settings.sessions_table)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self._tables, self._settings.access_tokens_table, self.consents, self.used_once)

    @cached_property
    def used_once(self) -> UsedOnce:
        return UsedOnce(self._tables, self._settings.used_once_table, chance=self._chance)
