"""The values of a request that may be used once: the jti of its assertion (RFC 7523 3) and of its DPoP proof (RFC 9449 11.1).

Every call of an authenticated client runs inside `consuming`. Its values are consumed, whether it succeeds or fails. No
response, no decision about a replay and no final write comes before that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from chalicelib.errors import InvalidClient, InvalidDpopProof, OAuthError
from chalicelib.provider import Provider
from chalicelib.storage.records import SingleUse
from chalicelib.storage.stores import AlreadyUsed

A = TypeVar("A")


class SingleUseValues:
    """The values of one request. Only `consuming` makes it."""

    def __init__(self, values: tuple[SingleUse, ...], provider: Provider, *, now: int) -> None:
        self._values, self._provider, self._now = list(values), provider, now

    def add(self, value: SingleUse) -> None:
        """Add a value of the request."""
        self._values.append(value)

    def beside(self, work: Callable[[], A]) -> A:
        """The result of `work`, which runs while the values are consumed. Raises OAuthError if one was used before.

        `work` only reads, or writes data that have no effect unless the request succeeds.
        """
        values, self._values = self._values, []
        if not values:
            return work()
        try:
            done, _ = self._provider.alongside(work, lambda: self._consume(values))
        except AlreadyUsed as used:
            raise refused(used) from None
        return done

    def _consume(self, values: list[SingleUse]) -> None:
        """Consume each value by its own write, all at the same time."""
        first, *others = values
        if others:
            self._provider.alongside(lambda: self._consume_one(first), lambda: self._consume(others))
        else:
            self._consume_one(first)

    def _consume_one(self, value: SingleUse) -> None:
        self._provider.replay_cache.consume(value, now=self._now)


@contextmanager
def consuming(values: tuple[SingleUse, ...], provider: Provider, *, now: int) -> Iterator[SingleUseValues]:
    """A context for the work of an authenticated client. If the request fails, its values are consumed first."""
    use = SingleUseValues(values, provider, now=now)
    try:
        yield use
    except OAuthError:
        use.beside(lambda: None)
        raise
    use.beside(lambda: None)


def refused(used: AlreadyUsed) -> OAuthError:
    """The error for a second use."""
    if used.value.what == "DPoP proof":
        return InvalidDpopProof("the DPoP proof was used before", detail=str(used), event="replay")
    return InvalidClient("client authentication failed", detail=str(used), event="replay")
