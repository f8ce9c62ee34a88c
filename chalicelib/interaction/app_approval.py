"""A payment is approved in the bank's own app: pushed there, and polled for here.

The reference of the request is what a passkey would sign: the digest of the granted details, the interaction, and the page of
this browser (linked_approval.py). Nothing of it is stored here. Each poll makes the reference again from the posted choices, so
that another choice, page or browser is another request, which nobody approved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from chalicelib.approval_app import AppAnswer, ApprovalApp, ApprovalRequest, AppUnavailable
from chalicelib.interaction import linked_approval
from chalicelib.language import message
from chalicelib.protocol_types import Detail
from chalicelib.storage.grant_records import Grant

UNREACHABLE = message("The app can't be reached at the moment, so nothing was approved. Try again in a few minutes.")
REFUSED = message("This was refused in the app, so nothing was approved. You can try again, or cancel.")
ENDED = message(
    "The request in the app has ended without an answer, so nothing was approved. You can try again, or cancel."
)
NUMBERS = 10_000
MAX_EVIDENCE = 32 * 1024
"""Characters of the evidence with its text. A grant is one item, of at most 400 KB."""

A = TypeVar("A")


class NotApproved(Exception):
    """The app approved nothing. `words`: for the page; the message is for the log."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(reason)
        self.words = words


@dataclass(frozen=True)
class Waiting:
    """The request is open. `number`: as in ApprovalRequest."""

    number: str


def push(
    app: ApprovalApp, grant: Grant, granted: Sequence[Detail], page: str, *, client_name: str, expires_at: int
) -> Waiting:
    """Push the request of a page. `page`: its challenge. A repeated push is of the same reference. Raises NotApproved."""
    text = linked_approval.text(grant, granted, page)
    reference = linked_approval.challenge(text)
    request = ApprovalRequest(
        reference=reference,
        text=text,
        sub=grant.person.sub,
        client_id=grant.client_id,
        client_name=client_name,
        details=granted,
        number=_number(reference),
        expires_at=expires_at,
    )
    _reached(lambda: app.push(request))
    return Waiting(request.number)


def outcome(app: ApprovalApp, grant: Grant, granted: Sequence[Detail], page: str) -> str | Waiting:
    """The evidence of the person's approval of exactly this, or that it is still open. Raises NotApproved."""
    text = linked_approval.text(grant, granted, page)
    reference = linked_approval.challenge(text)
    answer = _reached(lambda: app.find(reference))
    if answer is None:
        raise NotApproved(ENDED, "the app knows no such request")
    if answer.reference != reference:
        raise NotApproved(ENDED, "the app answered another request")
    if answer.state == "open":
        return Waiting(_number(reference))
    if answer.state != "approved":
        raise NotApproved(REFUSED, "refused in the app")
    return _evidence(answer, grant, text)


def _evidence(answer: AppAnswer, grant: Grant, text: str) -> str:
    if answer.sub != grant.person.sub:
        raise NotApproved(ENDED, "another person answered in the app")
    if not answer.evidence:
        raise NotApproved(ENDED, "the app gave no evidence")
    evidence = linked_approval.as_json({"text": text, "app": answer.evidence})
    if len(evidence) > MAX_EVIDENCE:
        raise NotApproved(ENDED, "the app's evidence is too long")
    return evidence


def _reached(call: Callable[[], A]) -> A:
    """The result of a call of the bank's adapter. Whatever it raises, nothing is approved. Raises NotApproved."""
    try:
        return call()
    except AppUnavailable as problem:
        raise NotApproved(UNREACHABLE, f"the app is unavailable: {problem}") from None
    except Exception as problem:  # Its message may quote the request.
        raise NotApproved(UNREACHABLE, f"the app's adapter failed: {type(problem).__name__}") from problem


def _number(reference: str) -> str:
    """Four digits, for the eye alone. Whoever can choose the reference could choose them too, and nobody can."""
    return f"{int.from_bytes(sha256(reference.encode()).digest()) % NUMBERS:04}"
