"""The DynamoDB adapter of every store. Only this package imports pynamodb."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.protocol_types import Untyped
from chalicelib.settings import Settings, SettingsError
from chalicelib.storage.dynamodb.bonds import Bonds
from chalicelib.storage.dynamodb.grants import Grants
from chalicelib.storage.dynamodb.replay_cache import ReplayCache
from chalicelib.storage.dynamodb.revocations import Revocations
from chalicelib.storage.dynamodb.tables import Tables
from chalicelib.storage.dynamodb.weekly_tables import TableOf, one_table, table_of_week

if TYPE_CHECKING:  # A function loads them at their first use, or in its init phase (assembly.WARMED).
    from chalicelib.storage.dynamodb.audit_keys import AuditKeys
    from chalicelib.storage.dynamodb.clients import Clients
    from chalicelib.storage.dynamodb.data_keys import DataKeys
    from chalicelib.storage.dynamodb.operated_grants import OperatedGrants
    from chalicelib.storage.dynamodb.operated_revocations import OperatedRevocations
    from chalicelib.storage.dynamodb.operated_users import OperatedUsers
    from chalicelib.storage.dynamodb.operation import OperatedClients
    from chalicelib.storage.dynamodb.passkeys import Passkeys
    from chalicelib.storage.dynamodb.second_factors import SecondFactors
    from chalicelib.storage.dynamodb.sessions import Sessions
    from chalicelib.storage.dynamodb.signing_keys import SigningKeys
    from chalicelib.storage.dynamodb.sweeping import Sweeping
    from chalicelib.storage.dynamodb.tokens import Tokens
    from chalicelib.storage.dynamodb.users import Users


RECORDED = ("clients", "users", "grants", "bonds", "sessions", "signing_keys", "revocations")
"""The tables whose changes are recorded. A sessions table of one week has no stream, and another name."""


class Dynamo:
    """All stores on one connection.

    `pause`: sleeps.
    `new_token_value`: gives a new random value, which names an attempt.
    """

    def __init__(
        self, settings: Settings, *, pause: Callable[[float], None], new_token_value: Callable[[], str]
    ) -> None:
        names = [value for name, value in settings._asdict().items() if name.endswith("_table") and value]
        self._settings = settings
        self._new_token_value = new_token_value
        recorded = frozenset(getattr(settings, f"{name}_table") for name in RECORDED)
        keys: dict[str, tuple[str, ...]] = {settings.signing_keys_table: ("ring", "kid")}
        self._tables = Tables(names, pause=pause, keys=keys, recorded=recorded)

    @property
    def session(self) -> Untyped:
        """botocore's session, for the KMS client. A session's start is a large part of the cost of a client."""
        return self._tables.session

    @property
    def client(self) -> Untyped:
        """botocore's client for DynamoDB, the one of all tables."""
        return self._tables.client

    @cached_property
    def clients(self) -> Clients:
        from chalicelib.storage.dynamodb.clients import Clients

        return Clients(self._tables, self._settings.clients_table)

    @property
    def operated_clients(self) -> OperatedClients:
        """For operators: its file is imported by no function."""
        from chalicelib.storage.dynamodb.operation import OperatedClients

        return OperatedClients(self._tables, self._settings.clients_table)

    @cached_property
    def audit_keys(self) -> AuditKeys:
        """For the record. Raises SettingsError where there is none."""
        from chalicelib.storage.dynamodb.audit_keys import AuditKeys

        if not self._settings.audit_keys_table:
            raise SettingsError("DUCAT_AUDIT_KEYS_TABLE is not set: there is no record")
        return AuditKeys(self._tables, self._settings.audit_keys_table, new_token_value=self._new_token_value)

    @property
    def operated_users(self) -> OperatedUsers:
        """For operators: its file is imported by no function."""
        from chalicelib.storage.dynamodb.operated_users import OperatedUsers

        return OperatedUsers(self._tables, self._settings)

    @property
    def operated_grants(self) -> OperatedGrants:
        """For operators: its file is imported by no function."""
        from chalicelib.storage.dynamodb.operated_grants import OperatedGrants

        return OperatedGrants(self._tables, self._settings.grants_table, self._settings.bonds_table)

    @property
    def operated_revocations(self) -> OperatedRevocations:
        """For operators: its file is imported by no function."""
        from chalicelib.storage.dynamodb.operated_revocations import OperatedRevocations

        return OperatedRevocations(self._tables, self._settings.revocations_table)

    @cached_property
    def users(self) -> Users:
        from chalicelib.storage.dynamodb.users import Users

        return Users(self._tables, self._settings.users_table)

    @cached_property
    def passkeys(self) -> Passkeys:
        from chalicelib.storage.dynamodb.passkeys import Passkeys  # For the functions of signing in.

        return Passkeys(self._tables, self._settings.users_table, self.users.find)

    @cached_property
    def second_factors(self) -> SecondFactors:
        from chalicelib.storage.dynamodb.second_factors import SecondFactors  # For one function.

        return SecondFactors(self._tables, self._settings.users_table)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        from chalicelib.storage.dynamodb.signing_keys import SigningKeys

        return SigningKeys(self._tables, self._settings.signing_keys_table)

    @cached_property
    def grants(self) -> Grants:
        return Grants(self._tables, self._settings.grants_table, self._settings.bonds_table)

    @cached_property
    def bonds(self) -> Bonds:
        return Bonds(self._tables, self._settings.bonds_table, new_token_value=self._new_token_value)

    @cached_property
    def sessions(self) -> Sessions:
        from chalicelib.storage.dynamodb.sessions import Sessions

        return Sessions(self._tables, self._table_of(self._settings.sessions_table), self._settings.bonds_table)

    @cached_property
    def tokens(self) -> Tokens:
        from chalicelib.storage.dynamodb.tokens import Tokens

        return Tokens(self._tables, self._table_of(self._settings.access_tokens_table), self.grants)

    @cached_property
    def data_keys(self) -> DataKeys:
        from chalicelib.storage.dynamodb.data_keys import DataKeys

        return DataKeys(self._tables, self._settings.users_table)

    @cached_property
    def revocations(self) -> Revocations:
        return Revocations(self._tables, self._settings.revocations_table, new_token_value=self._new_token_value)

    @cached_property
    def replay_cache(self) -> ReplayCache:
        return ReplayCache(
            self._tables, self._table_of(self._settings.replay_cache_table), new_token_value=self._new_token_value
        )

    @cached_property
    def sweeping(self) -> Sweeping:
        from chalicelib.storage.dynamodb.sweeping import Sweeping  # For one job.

        settings = self._settings
        return Sweeping(
            self._tables,
            weekly=(settings.replay_cache_table, settings.access_tokens_table, settings.sessions_table),
            kept=(settings.grants_table, settings.bonds_table),
            key=settings.tables_key,
        )

    def _table_of(self, name: str) -> TableOf:
        return table_of_week(name) if self._settings.weekly_tables == "yes" else one_table(name)
