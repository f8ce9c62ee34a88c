"""What a request may be the first to use: its assertion's jti (RFC 7523 3), its DPoP proof's (RFC 9449 11.1).

The envelope of every call that a client authenticates: whatever comes of the request, answered or refused, its values are
consumed; and nothing is answered, judged a replay or written for good before they were.
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
    """The values of one request. Made in `consuming` alone."""

    def __init__(self, values: tuple[SingleUse, ...], provider: Provider, *, now: int) -> None:
        self._values, self._provider, self._now = list(values), provider, now

    def add(self, value: SingleUse) -> None:
        """One more, which the request showed."""
        self._values.append(value)

    def beside(self, work: Callable[[], A]) -> A:
        """What `work` gives, while the values are consumed. Raises OAuthError where one was used before.

        `work` only reads, or writes what is of no use to anybody unless the request is answered.
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
        """Each by a write of its own, all at the same time."""
        first, *others = values
        if others:
            self._provider.alongside(lambda: self._consume_one(first), lambda: self._consume(others))
        else:
            self._consume_one(first)

    def _consume_one(self, value: SingleUse) -> None:
        self._provider.replay_cache.consume(value, now=self._now)


@contextmanager
def consuming(values: tuple[SingleUse, ...], provider: Provider, *, now: int) -> Iterator[SingleUseValues]:
    """Around all that is done for an authenticated client. Where the request is refused, its values are consumed first."""
    use = SingleUseValues(values, provider, now=now)
    try:
        yield use
    except OAuthError:
        use.beside(lambda: None)
        raise
    use.beside(lambda: None)


def refused(used: AlreadyUsed) -> OAuthError:
    """What a second use gets."""
    if used.value.what == "DPoP proof":
        return InvalidDpopProof("the DPoP proof was used before", detail=str(used), event="replay")
    return InvalidClient("client authentication failed", detail=str(used), event="replay")
