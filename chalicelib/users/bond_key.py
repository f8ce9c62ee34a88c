"""The key of a bond between user and client: a keyed hash, so that a client can't test guesses of the bank's sub."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from chalicelib.keys.key_ring import KeyManagement


def key_of(sub: str, client_id: str, kms: KeyManagement) -> str:
    """The bond's key, 43 characters. `sub`: the bank's own sub, not the client's."""
    made = kms.bond_mac(json.dumps([client_id, sub]).encode())
    return urlsafe_b64encode(made).rstrip(b"=").decode()
