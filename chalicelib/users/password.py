"""Passwords: argon2id hashes (RFC 9106). Only this file imports argon2-cffi."""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import suppress
from unicodedata import normalize

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

ARGON2 = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=46 * 1024, parallelism=1
)
"""OWASP's Password Storage Cheat Sheet, argon2id: of its equivalent settings the one with the most memory, 46 MiB and one pass.

Salt and tag have the lengths that RFC 9106 4 recommends. RFC 9106's own second option (64 MiB, three passes, four lanes) takes
four times the CPU, which a login function pays for each attempt. One lane, because that function has one CPU. All hashes must
have these parameters; otherwise the time of a hash reveals whether a user exists.
"""

MAX_LENGTH = 256
"""Maximum characters of a password. NIST SP 800-63B-4 3.1.1.2 requires 64 or more."""

_HASHER = PasswordHasher.from_parameters(ARGON2)


def _encoded(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode()


DUMMY_HASH = (
    f"$argon2id$v={ARGON2.version}$m={ARGON2.memory_cost},t={ARGON2.time_cost},p={ARGON2.parallelism}"
    f"${_encoded(bytes(ARGON2.salt_len))}${_encoded(bytes(ARGON2.hash_len))}"
)
"""A hash without a known password. Its check takes as long as that of a user's hash."""


def hashed(password: str, *, salt: bytes) -> str:
    """The hash to store. `salt`: 16 random bytes."""
    return _HASHER.hash(_same(password), salt=salt)


def is_hash(stored: str) -> bool:
    """Whether it is an argon2id hash with the parameters of all hashes."""
    *start, salt, tag = ("", *stored.split("$"))
    ours = ["", *DUMMY_HASH.split("$")[:-2]]
    return start == ours and _is_encoded(salt, ARGON2.salt_len) and _is_encoded(tag, ARGON2.hash_len)


def _is_encoded(text: str, octets: int) -> bool:
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    return len(data) == octets and _encoded(data) == text


def matches(password: str, stored: str) -> bool:
    """Whether `stored` is the hash of `password`. A malformed hash is of no password, and takes as long."""
    typed = _same(password)
    try:
        return _HASHER.verify(stored, typed)
    except VerifyMismatchError:
        return False
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        with suppress(VerifyMismatchError):
            _HASHER.verify(DUMMY_HASH, typed)
        return False


def _same(password: str) -> bytes:
    """The same bytes for every Unicode composition of a password (NIST SP 800-63B-4 3.1.1.2)."""
    return normalize("NFKC", password).encode()
