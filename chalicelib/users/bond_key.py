"""The key of what a person and a client have with each other: a keyed hash, so that no client can guess at the bank's own sub."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from chalicelib.keys.key_ring import KeyManagement


def key_of(sub: str, client_id: str, kms: KeyManagement) -> str:
    """The bond's key, 43 characters. `sub`: the bank's own, whatever the client is told."""
    made = kms.bond_mac(json.dumps([client_id, sub]).encode())
    return urlsafe_b64encode(made).rstrip(b"=").decode()
