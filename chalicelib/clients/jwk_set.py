"""A client's public keys (RFC 7517), whether it registered them or publishes them: what makes a JWK Set usable."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from chalicelib.keys import jose
from chalicelib.profiles import Profile

MAX_KEYS = 50
MAX_NAME_LENGTH = 100
PRIVATE = "it is a private key; it is to be thrown away"

log = logging.getLogger("ducat")

Keys = list[dict[str, Any]]


class KeysError(Exception):
    """The JWK Set, or a key of it, can't be used. The message says why and quotes nothing of it."""


@dataclass(frozen=True)
class Usable:
    """What a JWK Set is good for. `keys`: those that can be used. `left`: of each other one which it is, and why."""

    keys: Keys
    left: tuple[str, ...] = ()


def members_of(jwks: Any) -> list[Any]:
    """The members of a JWK Set, whatever they are. Raises KeysError where it is none, or too large."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        raise KeysError("it is no JWK Set")
    if len(keys) > MAX_KEYS:
        raise KeysError("there are too many keys")
    return keys


def usable(members: list[Any], profile: Profile) -> Usable:
    """Those that are public, of a kind that is used here and of the profile's size, their certificates too (R3, R4).

    RFC7517-5: the others are left alone, so that one bad key locks nobody out. Raises KeysError where none is left of some.
    """
    keys: Keys = []
    left = []
    for index, member in enumerate(members):
        try:
            key = _require_usable(member, profile)
        except KeysError as problem:
            left.append(f"{_name(member, index)}: {problem}")
            continue
        if key not in keys:
            keys.append(key)
    if left and not keys:
        raise KeysError(f"no key of it can be used; {left[0]}")
    return Usable(keys, tuple(left))


def require_public(members: list[Any]) -> list[Any]:
    """The members, if none is a private key, which nobody may store. Raises KeysError."""
    if any(jose.PRIVATE_MEMBERS & member.keys() for member in members if isinstance(member, dict)):
        raise KeysError(PRIVATE)
    return members


def report(client_id: str, left: tuple[str, ...]) -> None:
    """Say in the log which keys of a client are left alone, and why."""
    for one in left:
        log.warning(json.dumps({"endpoint": "keys", "outcome": "left alone", "client_id": client_id, "reason": one}))


def _name(member: Any, index: int) -> str:
    """Which one it is: its place, and its kid where it has one that is fit to be read."""
    kid = member.get("kid") if isinstance(member, dict) else None
    disclosed = f", kid {kid}" if isinstance(kid, str) and kid.isprintable() and len(kid) <= MAX_NAME_LENGTH else ""
    return f"key {index + 1}{disclosed}"


def _require_usable(member: Any, profile: Profile) -> dict[str, Any]:
    """The key, if it can be used. Raises KeysError."""
    if not isinstance(member, dict):
        raise KeysError("it is no JSON object")
    if jose.PRIVATE_MEMBERS & member.keys():
        raise KeysError(PRIVATE)
    try:
        own = jose.require_size(_public_key(member), profile.key_sizes)
        for n, der in enumerate(member.get("x5c") or ()):
            shown = x509.load_der_x509_certificate(b64decode(der, validate=True)).public_key()
            jose.require_size(shown, profile.key_sizes)
            if n == 0 and shown != own:
                raise KeysError("the first certificate of its x5c is of another key")  # RFC7517-4.7
    except jose.JoseError as problem:
        raise KeysError(str(problem)) from None
    except (ValueError, TypeError):
        raise KeysError("it can't be read") from None
    return member


def _public_key(member: dict[str, Any]) -> Any:
    """The public key of a JWK that can verify or be encrypted to. Raises JoseError."""
    if jose.is_encryption_only(member):
        from chalicelib.keys import jwe  # a client that registers such a key is rare

        return jwe.public_key(member)
    return jose.public_key(member)
