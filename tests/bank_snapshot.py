"""What each test finds: the bank as it was when its clients had just been registered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tests.actors import NOW, Bank
from tests.aws_in_process.aws import Fault, Stand
from tests.aws_in_process.files import Files
from tests.web import Web

CONNECTIONS = ("dynamo", "kms")
"""What of the provider lasts, as it holds nothing but botocore's clients, which are slow to make."""


class Beginning:
    """Called, it puts everything back, and gives the bank.

    The provider's stores and whatever else it makes at first use go, and all that they remember: found clients, published keys,
    nonces. The next use makes them anew, as in a function that has just started.
    """

    def __init__(self, stand: Stand, bank: Bank) -> None:
        self._stand, self._put_back, self._bank = stand, stand.kept(), bank
        made_at_first_use = vars(type(bank.aws)).keys() - set(CONNECTIONS)
        self._lasting = [
            (bank, dict(vars(bank))),
            (bank.aws, _without(vars(bank.aws), made_at_first_use)),
            *((one, _without(vars(one), vars(type(one)))) for one in (bank.aws.dynamo, bank.aws.kms)),
        ]

    def __call__(self) -> Bank:
        self._put_back()
        for one, members in self._lasting:
            vars(one).clear()
            vars(one).update(members)
        self._bank.now = NOW
        self._bank.web = self._bank.aws.documents = Web()
        return self._bank

    @property
    def stand(self) -> Stand:
        """AWS's stand-in."""
        return self._stand

    @property
    def files(self) -> Files:
        """S3's stand-in."""
        return self._stand.files

    def failing(self, fault: Fault) -> AbstractContextManager[None]:
        """From here on each call to AWS goes by `fault` (tests/aws_in_process)."""
        return self._stand.failing(fault)

    def warning_of_the_truststore(self, *warnings: str) -> None:
        """From here on API Gateway warns of that."""
        self._stand.truststore_warnings = warnings

    def here(self) -> Callable[[], None]:
        """A function that puts the tables and keys back to what they are now, as often as it is called."""
        return self._stand.kept()


def _without(members: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}
