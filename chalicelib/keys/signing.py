"""JWTs signed by the key ring: by the current key, or by the next one if it can't sign."""

from __future__ import annotations

import logging

from chalicelib import log_lines
from chalicelib.keys import jose
from chalicelib.keys.key_ring import CantSign, KeyRing
from chalicelib.protocol_types import Claims, KeyUse, SigningAlg

log = logging.getLogger("ducat")


def sign(claims: Claims, ring: KeyRing, alg: SigningAlg, use: KeyUse, *, typ: str | None = None, now: int) -> str:
    """A JWT in compact form, by a key of `alg` for `use`. Raises NoSigningKey where none can sign.

    A key that can't (its role lacks it, it was disabled or is to be deleted) leaves a line in the log, each time.
    """
    for signer in ring.signers_for(alg, use, now=now):
        try:
            return jose.sign(claims, signer, typ=typ)
        except CantSign as problem:
            line = {"endpoint": "keys", "outcome": "unusable", "kid": signer.kid, "use": use, "reason": str(problem)}
            log_lines.write(log, line, logging.ERROR)
    raise AssertionError("unreachable")
