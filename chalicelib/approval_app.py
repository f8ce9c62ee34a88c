"""The port of the bank's approval app. A bank names the adapter to its own app in DUCAT_APPROVAL_APP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from chalicelib.protocol_types import Detail, JsonObject


class AppUnavailable(Exception):
    """The app's service gave no answer. Its message is for the log."""


@dataclass(frozen=True)
class ApprovalRequest:
    """What the app shows to the person, and what the person's answer is of.

    `reference`: the SHA-256 digest of `text`, base64url. The answer is of this reference.
    `text`: JSON of the authorization details, the client, the interaction and the page. The app can make the digest again.
    `sub`: the person. Nobody else may answer.
    `client_id`, `client_name`: who asks. `details`: what is approved, as in `text` (RFC 9396).
    `number`: four digits that the page shows. The app shows them too, so that the person sees that both belong together.
    `expires_at`: from then on no answer counts; epoch seconds.
    """

    reference: str
    text: str
    sub: str
    client_id: str
    client_name: str
    details: Sequence[Detail]
    number: str
    expires_at: int


@dataclass(frozen=True)
class AppAnswer:
    """The state of a request.

    `reference`, `sub`: the request that the person answered, and the person who did, as the app signed them.
    `evidence`: of an approval, what the app signed and its signature, which the adapter verified. It is kept with the consent,
    and has a few KB at most.
    """

    reference: str
    sub: str
    state: Literal["open", "refused", "approved"]
    evidence: JsonObject | None = None


class ApprovalApp(Protocol):
    """The bank's approval app."""

    def push(self, request: ApprovalRequest) -> None:
        """Show the request in the person's app. A repeated request of the same reference changes nothing.

        Raises AppUnavailable.
        """

    def find(self, reference: str) -> AppAnswer | None:
        """The state of a request; None if the app knows none of this reference, or it has expired without an answer.

        The adapter verifies the app's signature first. Raises AppUnavailable.
        """
