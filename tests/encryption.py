"""Keys to encrypt to, and an outside library that encrypts to us and decrypts what we send."""

from __future__ import annotations

from functools import cache
from typing import Any, TypedDict, Unpack

from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from tests.actors import known
from tests.actors.material import JwkMembers

ALGS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW")
ENC = "A256GCM"


class JweHeader(TypedDict, total=False):
    """RFC 7516 4.1. None leaves a member out."""

    alg: str | None
    enc: str | None
    kid: str | None
    cty: str | None
    zip: str | None


@cache
def private(name: str, kind: str = "RSA") -> Any:
    """A key of that name that decrypts. `kind`: RSA, or a curve."""
    if kind == "RSA":
        return RSAKey.generate_key(2048)
    return OKPKey.generate_key("X25519") if kind == "X25519" else ECKey.generate_key(kind)


def public(key: Any, **more: Unpack[JwkMembers]) -> dict[str, Any]:
    """What its owner registers."""
    return {**key.as_dict(private=False), "kid": "e1", "use": "enc", **known(more, JwkMembers)}


def opened(token: str, key: Any, *, alg: str) -> tuple[dict[str, Any], str]:
    """Header and content of a JWE."""
    found = jwe.decrypt_compact(token, key, algorithms=[alg, ENC])
    return found.protected, (found.plaintext or b"").decode()


def bank_key(bank: Any) -> dict[str, Any]:
    """The one key that the bank publishes to encrypt to."""
    (found,) = [key for key in bank.jwks()["keys"] if key["use"] == "enc"]
    return dict(found)


def sealed(bank: Any, content: str, *, key: Any = None, **header: Unpack[JweHeader]) -> str:
    """Content encrypted to the bank, or to another key; a header given as None is left out."""
    disclosed = bank_key(bank)
    standard = {"alg": "RSA-OAEP-256", "enc": ENC, "kid": disclosed["kid"], "cty": "JWT"}
    headers = {name: value for name, value in (standard | known(header, JweHeader)).items() if value is not None}
    registry = jwe.JWERegistry(algorithms=[headers["alg"], headers["enc"], "DEF"], strict_check_header=False)
    members = {name: disclosed[name] for name in ("kty", "n", "e")}
    return jwe.encrypt_compact(headers, content, key or import_key(members), registry=registry)
