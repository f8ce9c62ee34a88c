"""The key ring: the key that signs now, and the published public keys.

A key is published before it signs: `signs_from` is later than its publication by more than any cache of the JWKS. It stays
published until the last token that it signed has expired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from chalicelib.keys.algorithm import has_two_names, is_same
from chalicelib.protocol_types import Jwk, JwkSet, KeyUse, SigningAlg
from chalicelib.storage.signing_keys import SigningKey, SigningKeys


class Signer(Protocol):
    """A private key that never leaves its store.

    `alg`: JWS name.
    `sign`: gives the JWS signature bytes (RFC 7518).
    """

    @property
    def kid(self) -> str: ...
    @property
    def alg(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """The signature. Raises CantSign."""
        ...


class CantSign(Exception):
    """The key is disabled or deleted, or this function may not sign with it. The message is KMS's code."""


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
    """The registry has no key of this algorithm that can sign now."""


STILL_PUBLISHED = 900
"""Seconds that a key that signs must still be published. What it signs lasts for less."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of a deployment.

    `registry`: the published keys.
    `signer`, `unwrapper`: make the Signer or the Unwrapper of a key.
    """

    registry: SigningKeys
    signer: Callable[[SigningKey], Signer]
    unwrapper: Callable[[SigningKey], Unwrapper]

    def signers_for(self, alg: SigningAlg, use: KeyUse, *, now: int) -> Iterator[Signer]:
        """The signers for `alg`, with exactly that name: the newest key that may sign, then those to try if it can't.

        After the last one the registry is read again, for keys that were published since. Raises NoSigningKey.
        """
        tried: set[str] = set()
        for again in (False, True):
            if again and tried:
                self.registry.forget()
            for key in self._fitting(alg, use, now=now):
                if key.kid not in tried:
                    tried.add(key.kid)
                    yield self.signer(key if key.alg == alg else replace(key, alg=alg))
        raise NoSigningKey(alg)

    def _fitting(self, alg: SigningAlg, use: KeyUse, *, now: int) -> list[SigningKey]:
        """The keys that may sign: those of this use before those of all uses, the newest first. Then the keys that will sign.

        Empty if no key may sign, because clients may not know a key that is not due.
        """
        published = self.published_keys(now=now, use=use)
        fit = [key for key in published if _signs(key) and is_same(key.alg, alg) and _stays(key, now)]
        may_sign = [key for key in fit if key.signs_from <= now]
        newest_first = sorted(may_sign, key=lambda key: (bool(key.uses), key.signs_from, key.kid), reverse=True)
        ahead = [key for key in fit if key.signs_from > now] if may_sign else []
        return newest_first + sorted(ahead, key=lambda key: (key.signs_from, key.kid))

    def unwrapper_for(self, kid: str | None, *, now: int) -> Unwrapper:
        """The Unwrapper of the published key of that `kid`, or of the only one. Raises CantUnwrap."""
        fit = [key for key in self.published_keys(now=now) if not _signs(key) and kid in (None, key.kid)]
        if len(fit) != 1:
            raise CantUnwrap("no key, or no one key, is meant")
        return self.unwrapper(fit[0])

    def published_keys(self, *, now: int, use: KeyUse | None = None) -> list[SigningKey]:
        """All keys that may still verify a signature or be encrypted to. `use`: without the keys of other uses."""
        known = self.registry.all(now=now)
        published = [key for key in known if key.published_until is None or key.published_until > now]
        return [key for key in published if use is None or not key.uses or use in key.uses]

    def jwks(self, *, now: int, use: KeyUse | None = None) -> JwkSet:
        """The JWK Set (RFC 7517 5), with public members only. `use`: as in `published_keys`."""
        return {"keys": [_as_published(key) for key in self.published_keys(now=now, use=use)]}


def _as_published(key: SigningKey) -> Jwk:
    """The public JWK. It has no `alg` if the key has several, because clients compare it with the registered one."""
    several = has_two_names(key.alg) or not _signs(key)
    shown = key.public_jwk.copy()
    if several:
        shown.pop("alg", None)
    return shown


def _stays(key: SigningKey, now: int) -> bool:
    return key.published_until is None or key.published_until > now + STILL_PUBLISHED


def _signs(key: SigningKey) -> bool:
    return key.public_jwk.get("use", "sig") == "sig"
