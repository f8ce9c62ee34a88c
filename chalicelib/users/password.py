"""Passwords: argon2id hashes (RFC 9106). The only file that knows argon2-cffi."""

from __future__ import annotations

from base64 import b64encode
from unicodedata import normalize

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

ARGON2 = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=46 * 1024, parallelism=1
)
"""OWASP's Password Storage Cheat Sheet, argon2id: of its equal choices the one with the most memory, 46 MiB and one pass.

Salt and tag are as long as RFC 9106 4 recommends. Its own second option (64 MiB, three passes, four lanes) takes four times
the CPU, which a login function pays for at each attempt; one lane, since that function has one CPU. All hashes must
have these parameters, or a person who is known is told from one who is not by the time that a hash takes.
"""

MAX_LENGTH = 256
"""Characters of the longest password that is hashed. NIST SP 800-63B-4 3.1.1.2 asks for 64 or more."""

_HASHER = PasswordHasher.from_parameters(ARGON2)


def _encoded(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode()


DUMMY_HASH = (
    f"$argon2id$v={ARGON2.version}$m={ARGON2.memory_cost},t={ARGON2.time_cost},p={ARGON2.parallelism}"
    f"${_encoded(bytes(ARGON2.salt_len))}${_encoded(bytes(ARGON2.hash_len))}"
)
"""The hash of no password that anyone knows: checking one against it takes as long as against a person's."""


def hashed(password: str, *, salt: bytes) -> str:
    """The hash to remember. `salt`: 16 random bytes."""
    return _HASHER.hash(_same(password), salt=salt)


def matches(password: str, stored: str) -> bool:
    """Whether `stored` is the hash of `password`."""
    try:
        return _HASHER.verify(stored, _same(password))
    except VerifyMismatchError:
        return False


def _same(password: str) -> bytes:
    """One byte string, however a keyboard composes its characters (NIST SP 800-63B-4 3.1.1.2)."""
    return normalize("NFKC", password).encode()
