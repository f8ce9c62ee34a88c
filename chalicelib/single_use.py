"""The values of a request that may be used once: the jti of its assertion (RFC 7523 3) and of its DPoP proof (RFC 9449 11.1).

Every call of an authenticated client runs inside `consuming`. Its values are consumed, and the status of its connection's
certificate is checked, whether it succeeds or fails. No response, no decision about a replay and no final write comes before
that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import InvalidClient, InvalidDpopProof, OAuthError
from chalicelib.provider import Provider
from chalicelib.storage.records import SingleUse
from chalicelib.storage.revocation_stores import Along
from chalicelib.storage.stores import AlreadyUsed

if TYPE_CHECKING:
    from chalicelib.clients.sent_certificate import PresentedCertificate, SentCertificate

A = TypeVar("A")


class SingleUseValues:
    """The values of one request. Only `consuming` makes it."""

    def __init__(self, caller: AuthenticatedClient, provider: Provider, *, now: int) -> None:
        self._values, self._provider, self._now = list(caller.single_use), provider, now
        self._certificate = caller.certificate
        self._unchecked = caller.certificate if caller.by_certificate else None

    def add(self, value: SingleUse) -> None:
        """Add a value of the request."""
        self._values.append(value)

    @property
    def certificate(self) -> PresentedCertificate | None:
        """The connection's certificate. The request is refused before its response if the certificate is revoked or denied."""
        self._unchecked = self._certificate
        return None if self._certificate is None else self._certificate.provisional()

    def beside(self, work: Callable[[], A]) -> A:
        """The result of `work`, which runs while the values are consumed and the certificate's status is read.

        Raises OAuthError if a value was used before, or the certificate may not be used.

        `work` only reads, or writes data that have no effect unless the request succeeds.
        """
        sent = self._unchecked
        if sent is None:
            return self._checked(work)
        return self._checked(lambda: self._provider.alongside(work, sent.read)[0])

    def beside_read(self, work: Callable[[Along], A]) -> A:
        """The same for work that only reads. It may take the read of the certificate's status along in its own call."""
        sent = self._unchecked
        return self._checked(lambda: work(None if sent is None else sent.reading))

    def _checked(self, work: Callable[[], A]) -> A:
        """The result of `work`, which also reads the certificate's status."""
        sent, self._unchecked = self._unchecked, None
        values, self._values = self._values, []
        try:
            done = self._consuming(values, work)
        except AlreadyUsed as used:
            raise refused(used) from None
        if sent is not None:
            sent.read()  # If the work did not take it along.
            _require_good(sent)
        return done

    def _consuming(self, values: list[SingleUse], work: Callable[[], A]) -> A:
        if not values:
            return work()
        done, _ = self._provider.alongside(work, lambda: self._consume(values))
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


def _require_good(sent: SentCertificate) -> PresentedCertificate:
    """The certificate, by the status that was read (RFC8705-2.1). Raises InvalidClient."""
    from chalicelib.clients.sent_certificate import CertificateRefused

    try:
        return sent.require_good()
    except CertificateRefused as problem:
        raise InvalidClient("client authentication failed", detail=str(problem), event=problem.event) from None


@contextmanager
def consuming(caller: AuthenticatedClient, provider: Provider, *, now: int) -> Iterator[SingleUseValues]:
    """A context for the work of an authenticated client. If the request fails, its values are consumed first."""
    use = SingleUseValues(caller, provider, now=now)
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
