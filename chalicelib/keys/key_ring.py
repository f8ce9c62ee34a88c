"""The key ring: the key that signs now, and the published public keys.

A key is published before it signs: `signs_from` is later than its publication by more than any cache of the JWKS. It stays
published until the last token that it signed has expired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from chalicelib.keys.algorithm import has_two_names, is_same
from chalicelib.protocol_types import Jwk, JwkSet, SigningAlg
from chalicelib.storage.records import SigningKey
from chalicelib.storage.stores import SigningKeys


class Signer(Protocol):
    """A private key that never leaves its store.

    `alg`: JWS name.
    `sign`: gives the JWS signature bytes (RFC 7518).
    """

    @property
    def kid(self) -> str: ...
    @property
    def alg(self) -> str: ...

    def sign(self, data: bytes) -> bytes: ...


class Unwrapper(Protocol):
    """A private key that decrypts other keys, and never leaves its store. `public_jwk`: its public key."""

    public_jwk: Jwk

    def unwrap(self, wrapped: bytes, alg: str) -> bytes:
        """The key that was encrypted by `alg`, RSA-OAEP-256 or RSA-OAEP (RFC 7518 4.3). Raises CantUnwrap."""
        ...


class CantUnwrap(Exception):
    """The key was not encrypted to our key, or was changed."""


class KeyManagement(Protocol):
    """The store of private keys. `context` is authenticated with a sealed secret, and must be the same for `unseal`."""

    def public_key(self, key_id: str) -> bytes:
        """DER, SubjectPublicKeyInfo."""

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 with the key for nonces."""

    def subject_mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 with the key for pairwise subjects."""

    def bond_mac(self, data: bytes) -> bytes:
        """HMAC-SHA-256 with the key for keys of bonds. A process derives it once from a key of KMS."""

    def seal(self, secret: bytes, context: dict[str, str]) -> str: ...

    def unseal(self, sealed: str, context: dict[str, str]) -> bytes: ...

    def new_data_key(self, context: dict[str, str]) -> str:
        """A new sealed AES-256 key. `unseal` opens it."""


class NoSigningKey(Exception):
    """The registry has no key of this algorithm that may sign now."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of a deployment.

    `registry`: the published keys.
    `signer`, `unwrapper`: make the Signer or the Unwrapper of a key.
    """

    registry: SigningKeys
    signer: Callable[[SigningKey], Signer]
    unwrapper: Callable[[SigningKey], Unwrapper]

    def signer_for(self, alg: SigningAlg, *, now: int) -> Signer:
        """The signer for `alg`, with exactly that name: the newest key that may sign. Raises NoSigningKey."""
        may_sign = [key for key in self.published_keys(now=now) if _signs(key) and key.signs_from <= now]
        fit = [key for key in may_sign if is_same(key.alg, alg)]
        if not fit:
            raise NoSigningKey(alg)
        newest = max(fit, key=lambda key: (key.signs_from, key.kid))
        return self.signer(newest if newest.alg == alg else replace(newest, alg=alg))

    def unwrapper_for(self, kid: str | None, *, now: int) -> Unwrapper:
        """The Unwrapper of the published key of that `kid`, or of the only one. Raises CantUnwrap."""
        fit = [key for key in self.published_keys(now=now) if not _signs(key) and kid in (None, key.kid)]
        if len(fit) != 1:
            raise CantUnwrap("no key, or no one key, is meant")
        return self.unwrapper(fit[0])

    def published_keys(self, *, now: int) -> list[SigningKey]:
        """All keys that may still verify a signature or be encrypted to."""
        return [key for key in self.registry.all(now=now) if key.published_until is None or key.published_until > now]

    def jwks(self, *, now: int) -> JwkSet:
        """The JWK Set (RFC 7517 5), with public members only."""
        return {"keys": [_as_published(key) for key in self.published_keys(now=now)]}


def _as_published(key: SigningKey) -> Jwk:
    """The public JWK. It has no `alg` if the key has several, because clients compare it with the registered one."""
    several = has_two_names(key.alg) or not _signs(key)
    shown = key.public_jwk.copy()
    if several:
        shown.pop("alg", None)
    return shown


def _signs(key: SigningKey) -> bool:
    return key.public_jwk.get("use", "sig") == "sig"
