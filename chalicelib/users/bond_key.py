"""The key of a bond between user and client: a keyed hash, so that a client can't test guesses of the bank's sub."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from chalicelib.keys.key_ring import KeyManagement


def key_of(sub: str, client_id: str, kms: KeyManagement) -> str:
    """The bond's key, 43 characters. `sub`: the bank's own sub, not the client's."""
    made = kms.bond_mac(json.dumps([client_id, sub]).encode())
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def of_person(sub: str, kms: KeyManagement) -> str:
    """The key of the bond between a user and this provider. Its epoch ends sessions and known browsers. No client_id is empty."""
    return key_of(sub, "", kms)
