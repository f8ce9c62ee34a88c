"""RSA keys for the tests, of primes that were found once: to look for two takes longer than most tests do.

Each key of a process is another. rsa_primes.txt has twelve primes of 1024 bits and six of 512; every pair of one size is a key,
and when they are used up, keys are made as ever. Anybody knows these keys: nothing keeps one beyond the tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537
_make = rsa.generate_private_key


def _keys(bits: int) -> Iterator[rsa.RSAPrivateKey]:
    """The keys of that size, each once."""
    primes = [int(line, 16) for line in Path(__file__).with_name("rsa_primes.txt").read_text().split()]
    for p, q in combinations([prime for prime in primes if prime.bit_length() == bits // 2], 2):
        d = pow(EXPONENT, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(EXPONENT, p * q)
        numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
        yield numbers.private_key(unsafe_skip_rsa_key_validation=True)


_left: dict[int, Iterator[rsa.RSAPrivateKey]] = {}


def _known_key(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
    if public_exponent != EXPONENT:
        return _make(public_exponent, key_size, backend)
    key = next(_left.setdefault(key_size, _keys(key_size)), None)
    return key or _make(public_exponent, key_size, backend)


rsa.generate_private_key = _known_key
