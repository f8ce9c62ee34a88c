"""The sandbox's approval app: what waits for alice and bob, and their answers, signed. Not deployed: the package has no local/.

It is the smallest adapter to copy from. A bank's own app is on the person's phone, with a key that the phone keeps.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Any, Literal, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from chalicelib.approval_app import AppAnswer, ApprovalRequest
from chalicelib.provider import Provider


@dataclass
class Held:
    """A request, and the person's answer to it: a JWS, or empty."""

    request: ApprovalRequest
    answer: str = ""


class SandboxApp:
    """approval_app.ApprovalApp in memory. `keys`: of the phones, by sub."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._lock = Lock()
        self._held: dict[str, Held] = {}
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}

    def push(self, request: ApprovalRequest) -> None:
        made = urlsafe_b64encode(sha256(request.text.encode()).digest()).rstrip(b"=").decode()
        if made != request.reference:  # Or the phone would sign something else than it shows.
            raise ValueError("the reference is not the digest of the text")
        with self._lock:
            self._held.setdefault(request.reference, Held(request))

    def find(self, reference: str) -> AppAnswer | None:
        held = self._held.get(reference)
        if held is None:
            return None
        if not held.answer:
            late = self._provider.now() >= held.request.expires_at
            return None if late else AppAnswer(reference, held.request.sub, "open")
        key = self._key(held.request.sub).public_key()
        said = jwt.decode(held.answer, key, algorithms=["ES256"], options={"verify_iat": False})
        evidence: dict[str, Any] = {"jws": held.answer, "jwk": ECAlgorithm.to_jwk(key, as_dict=True)}
        return AppAnswer(said["reference"], said["sub"], said["state"], evidence)

    def waiting(self, sub: str) -> list[ApprovalRequest]:
        """What the person has not answered yet."""
        now = self._provider.now()
        return [
            held.request
            for held in list(self._held.values())
            if held.request.sub == sub and not held.answer and now < held.request.expires_at
        ]

    def answer(self, reference: str, sub: str, state: Literal["approved", "refused"]) -> None:
        """The person's answer, signed on their phone. The first one counts. Raises KeyError where nothing waits for them."""
        with self._lock:
            if reference not in {request.reference for request in self.waiting(sub)}:
                raise KeyError(reference)
            said = {"reference": reference, "sub": sub, "state": state, "iat": self._provider.now()}
            self._held[reference].answer = jwt.encode(said, self._key(sub), algorithm="ES256")

    def _key(self, sub: str) -> ec.EllipticCurvePrivateKey:
        return self._keys.setdefault(sub, ec.generate_private_key(ec.SECP256R1()))


def build(provider: object) -> SandboxApp:
    """What DUCAT_APPROVAL_APP names on a laptop."""
    return SandboxApp(cast(Provider, provider))
