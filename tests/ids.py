"""The ids of parametrized tests: short words that `pytest -k` can select, made of the values themselves.

A value gets here unless its `parametrize` has explicit ids. Equal ids get a number from pytest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

MAX_LENGTH = 40
"""Characters of a value's id."""

ODD = re.compile(r"[^A-Za-z0-9_./:+-]+")
"""What `pytest -k` does not take in a word."""


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """pytest's hook. `val`: a parameter; `argname`: its name. Gives None where pytest's own id will do."""
    if isinstance(val, bool):
        return f"{argname}-{val}".lower()
    if getattr(val, "__name__", None) == "<lambda>" or (isinstance(val, bytes) and len(val) > MAX_LENGTH):
        return argname
    words = readable(val)
    return None if words is None else shortened(words)


def readable(value: Any) -> str | None:
    """The words of a value: a text without odd characters, the members of a mapping or a sequence, a name."""
    if value is None or isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, bytes):  # long ones are keys and certificates, of random numbers as a JWK
        value = value.decode("latin-1") if len(value) <= MAX_LENGTH else "bytes"
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, Mapping):
        if "kty" in value:  # a JWK is of random numbers; each worker of a run needs the same ids
            return f"jwk-{readable(value['kty'])}"
        members = [f"{readable(name)}-{readable(member) or 'object'}" for name, member in value.items()]
        return "-".join(members) or "no-members"
    if isinstance(value, list | tuple):
        return "-".join(readable(member) or "object" for member in value) or "no-items"
    if isinstance(value, Exception):
        return of_text(f"{type(value).__name__} {value}")
    if isinstance(value, x509.Name | x509.GeneralName):
        return of_text(value.rfc4514_string() if isinstance(value, x509.Name) else str(value.value))
    return of_key(value)


def of_key(value: Any) -> str | None:
    """The kind and size of a private key; None of anything else."""
    if isinstance(value, rsa.RSAPrivateKey):
        return f"RSA-{value.key_size}"
    if isinstance(value, ec.EllipticCurvePrivateKey):
        return value.curve.name
    return "Ed25519" if isinstance(value, ed25519.Ed25519PrivateKey) else None


def of_text(text: str) -> str:
    """A text as words. One of odd characters alone is told by its first ones' numbers."""
    if not text:
        return "empty"
    return ODD.sub("-", text).strip("-") or "-".join(f"U+{ord(one):04X}" for one in text[:4])


def shortened(words: str) -> str:
    """Words of a bearable length, with the length of what was cut."""
    return words if len(words) <= MAX_LENGTH else f"{words[: MAX_LENGTH - 8]}-{len(words)}"
