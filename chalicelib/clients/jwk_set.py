"""The rules for a client's public keys (RFC 7517), registered or published."""

from __future__ import annotations

import logging
from base64 import b64decode
from dataclasses import dataclass
from typing import cast

from cryptography import x509

from chalicelib import log_lines
from chalicelib.keys import jose
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Json, Jwk

MAX_KEYS = 50
MAX_NAME_LENGTH = 100
PRIVATE = "it is a private key; replace it, and register the public key of the new one"

log = logging.getLogger("ducat")


class KeysError(Exception):
    """The JWK Set, or one of its keys, can't be used. The message gives the reason and quotes no content."""


@dataclass(frozen=True)
class Usable:
    """The result of checking a JWK Set.

    `keys`: the usable keys.
    `left`: for each unusable key its name and the reason.
    """

    keys: list[Jwk]
    left: tuple[str, ...] = ()


def members_of(jwks: Json) -> list[Json]:
    """The members of a JWK Set, of any type. Raises KeysError if it is not a JWK Set or is too large."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        raise KeysError("it is not a JWK Set")
    if len(keys) > MAX_KEYS:
        raise KeysError("too many keys")
    return keys


def usable(members: list[Json], profile: Profile) -> Usable:
    """The members that are public keys of a supported type and of the profile's size, with certificates likewise (R3, R4).

    RFC7517-5: other members are ignored, so that one bad key does not disable the client. Raises KeysError if all are unusable.
    """
    keys: list[Jwk] = []
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
        raise KeysError(f"no usable key; {left[0]}")
    return Usable(keys, tuple(left))


def require_public(members: list[Json]) -> list[Json]:
    """The members, if none is a private key. A private key must not be stored. Raises KeysError."""
    if any(jose.PRIVATE_MEMBERS & member.keys() for member in members if isinstance(member, dict)):
        raise KeysError(PRIVATE)
    return members


def report(client_id: str, left: tuple[str, ...]) -> None:
    """Log which keys of a client are ignored, and why."""
    for one in left:
        line = {"endpoint": "keys", "outcome": "key ignored", "client_id": client_id, "reason": one}
        log_lines.write(log, line, logging.WARNING)


def _name(member: Json, index: int) -> str:
    """The position of a key, and its kid if the kid is short and printable."""
    kid = member.get("kid") if isinstance(member, dict) else None
    named = f", kid {kid}" if isinstance(kid, str) and kid.isprintable() and len(kid) <= MAX_NAME_LENGTH else ""
    return f"key {index + 1}{named}"


def _require_usable(member: Json, profile: Profile) -> Jwk:
    """The key, if it can be used. Raises KeysError."""
    if not isinstance(member, dict):
        raise KeysError("it is not a JSON object")
    if jose.PRIVATE_MEMBERS & member.keys():
        raise KeysError(PRIVATE)
    try:
        jwk = _typed(member)
        own = jose.require_size(_public_key(jwk), profile.key_sizes)
        for n, der in enumerate(certificates(jwk)):
            shown = x509.load_der_x509_certificate(b64decode(der, validate=True)).public_key()
            jose.require_size(shown, profile.key_sizes)
            if n == 0 and shown != own:
                raise KeysError("the first certificate of its x5c has another key")  # RFC7517-4.7
    except jose.JoseError as problem:
        raise KeysError(str(problem)) from None
    except (ValueError, TypeError):
        raise KeysError("it can't be read") from None
    return jwk


def certificates(jwk: Jwk) -> list[str]:
    """The certificates of a key, its own first: DER in base64 (RFC 7517 4.7); empty if it has none."""
    return jwk.get("x5c") or []


def _typed(member: dict[str, Json]) -> Jwk:
    """The JWK, if its members have the right types. Raises TypeError. A null member counts as absent."""
    texts = ("kty", "crv", "n", "e", "x", "y", "kid", "alg", "use")
    x5c = member.get("x5c") or []
    if not all(isinstance(member.get(name, ""), str | None) for name in texts) or not isinstance(x5c, list):
        raise TypeError("a member is of another type")
    if not all(isinstance(one, str) for one in x5c):
        raise TypeError("a certificate is no text")
    return cast(Jwk, member)


def _public_key(jwk: Jwk) -> Json:
    """The public key of a JWK for verification or encryption. Raises JoseError."""
    if jose.is_encryption_only(jwk):
        from chalicelib.keys import jwe  # Few clients register such a key.

        return jwe.public_key(jwk)
    return jose.public_key(jwk)
