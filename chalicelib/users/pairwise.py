"""Pairwise subjects (OpenID Connect Core 8.1): each sector of clients gets another subject of a user."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

from chalicelib.keys.key_ring import KeyManagement
from chalicelib.storage.records import Authentication, Client


def with_pairwise_subject(client: Client, login: Authentication, kms: KeyManagement) -> Authentication:
    """The authentication with the client's subject. It is always the same, and useless to others.

    It is a keyed hash with a key that never leaves KMS, over values that never change. So it need not be stored and can't be
    guessed.
    Raises ValueError if the client has no sector, which registration prevents.
    """
    if client.subject_type != "pairwise":
        return login
    if not client.sector_identifier:
        raise ValueError("a client with pairwise subjects is of no sector")
    made = kms.subject_mac(json.dumps([client.sector_identifier, login.sub]).encode())  # OIDCC-8.1
    return replace(login, pairwise=urlsafe_b64encode(made).rstrip(b"=").decode())
