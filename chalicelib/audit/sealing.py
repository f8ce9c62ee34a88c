"""The pseudonym of a person, and the sealed part of an event. Both are made by the person's key and worth nothing without it."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from chalicelib.protocol_types import JsonObject

NONCE = 12
"""Bytes of AES-GCM's nonce (NIST SP 800-38D 8.2)."""

PSEUDONYM = 22
"""Characters of a pseudonym: 132 bits."""


class Unsealable(Exception):
    """The sealed part was not made by this key for this event."""


def pseudonym(key: str) -> str:
    """The pseudonym of the person with this key."""
    return _text(hmac.digest(_derived(key, "pseudonym"), b"pseudonym", sha256))[:PSEUDONYM]


def seal(key: str, event_id: str, personal: JsonObject) -> str:
    """The personal members of an event, for who has the key. The same ones give the same text, so that a retry changes nothing.

    The nonce is derived from event and content: two contents never have one nonce.
    """
    content = json.dumps(personal, separators=(",", ":"), sort_keys=True).encode()  # In ASCII: half a character too.
    nonce = hmac.digest(_derived(key, "nonce"), event_id.encode() + b"\0" + content, sha256)[:NONCE]
    return _text(nonce + AESGCM(_derived(key, "seal")).encrypt(nonce, content, event_id.encode()))


def unseal(key: str, event_id: str, sealed: str) -> JsonObject:
    """The personal members of an event. Raises Unsealable."""
    try:
        whole = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        content = AESGCM(_derived(key, "seal")).decrypt(whole[:NONCE], whole[NONCE:], event_id.encode())
    except (InvalidTag, ValueError):
        raise Unsealable from None
    personal: JsonObject = json.loads(content)
    return personal


def _derived(key: str, use: str) -> bytes:
    """RFC 5869 2.3. The key is random, so that nothing is to be extracted."""
    return HKDFExpand(SHA256(), 32, f"ducat audit {use}".encode()).derive(urlsafe_b64decode(key + "="))


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
