"""Pairwise subjects (OpenID Connect Core 8.1): by each sector of clients a person is known under another name."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

from chalicelib.keys.key_ring import KeyManagement
from chalicelib.storage.records import Authentication, Client


def with_pairwise_subject(client: Client, login: Authentication, kms: KeyManagement) -> Authentication:
    """The login with the subject that the client is told: always the same one, which tells nobody else who it is.

    Made with a key that never leaves KMS, and out of nothing that changes: so nothing need be kept, and none can be guessed.
    Raises ValueError where the client is of no sector; registration lets none in.
    """
    if client.subject_type != "pairwise":
        return login
    if not client.sector_identifier:
        raise ValueError("a client with pairwise subjects is of no sector")
    made = kms.subject_mac(json.dumps([client.sector_identifier, login.sub]).encode())  # OIDCC-8.1
    return replace(login, pairwise=urlsafe_b64encode(made).rstrip(b"=").decode())
