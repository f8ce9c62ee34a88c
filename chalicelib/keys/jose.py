"""JWS. The caller always gives the accepted algorithms. Only this file imports PyJWT.

A key comes from a JWK Set that we hold. The headers `jwk`, `jku`, `x5u` and `x5c` are ignored (FAPI1-ADV-8.9-2), and `crit` is
refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeVar, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.algorithms import Algorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError
from jwt.utils import base64url_decode

from chalicelib.key_sizes import KeySizes
from chalicelib.keys import algorithm
from chalicelib.keys.ed25519 import is_weak
from chalicelib.keys.key_ring import Signer
from chalicelib.protocol_types import Claims, Json, JsonObject, Jwk, JwkSet, Untyped

Key = TypeVar("Key")

PART = r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"
COMPACT = re.compile(rf"{PART}\.{PART}\.{PART}", re.ASCII)
"""A JWS in its canonical encoding: no padding, and no unused bits that are set (RFC 4648 3.5)."""
MAX_BYTES = 16 * 1024
"""Maximum characters of a JWS."""

KEY_TYPES = {"PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP", "PS512": "RSA"}
CURVES = {"ES256": "P-256", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
ONLY_ENCRYPT = frozenset({("EC", "P-384"), ("EC", "P-521"), ("OKP", "X25519")})
MACS = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Minimum octets of a secret: the length of the hash (RFC7518-3.2)."""

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC7518-6.2.2, 6.3.2, 6.4.1


class JoseError(Exception):
    """The JWS is invalid. The message gives the reason and quotes no content."""


class _KmsSignedAlgorithm(Algorithm):
    """PyJWT's view of a key in KMS. It can only sign."""

    def prepare_key(self, key: Signer) -> Signer:
        return key

    def sign(self, msg: bytes, key: Signer) -> bytes:
        return key.sign(msg)

    def verify(self, msg: bytes, key: Untyped, sig: bytes) -> bool:
        raise NotImplementedError("verification takes a public key")

    @staticmethod
    def to_jwk(key_obj: Untyped, as_dict: bool = False) -> Untyped:
        raise NotImplementedError("the registry has the public key")

    @staticmethod
    def from_jwk(jwk: Untyped) -> Untyped:
        raise NotImplementedError("the registry has the public key")


MAX_TRIED = 4
"""Maximum number of keys that are tried for one signature."""


def sign(claims: Claims, signer: Signer, *, typ: str | None = None) -> str:
    """A compact JWT with the signer's `kid` and `alg` in its header, and `typ` if given."""
    jws = PyJWS(algorithms=[])
    jws.register_algorithm(signer.alg, _KmsSignedAlgorithm())
    payload = json.dumps(claims, separators=(",", ":")).encode()
    key = cast(Untyped, signer)
    return jws.encode(payload, key, algorithm=signer.alg, headers={"kid": signer.kid, "typ": typ})


@dataclass(frozen=True)
class UnverifiedJwt:
    """A parsed JWT. Its content is not verified. Only `parse` makes it, once per incoming JWT.

    `header`, `claims`: JSON objects.
    `signing_input`, `signature`: of RFC 7515 5.2.
    """

    header: JsonObject
    claims: JsonObject
    signing_input: bytes
    signature: bytes

    @property
    def kid(self) -> str | None:
        """The header's kid, which may help to find the key. None if there is none."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None


def parse(token: str) -> UnverifiedJwt:
    """The parsed JWT, for a lookup of the client's keys and for `verify`. Raises JoseError if it is not a JWT.

    All checks of PyJWT that need no key are made here, for example of critical headers and of an unencoded payload.
    """
    if len(token) > MAX_BYTES:
        raise JoseError("it is too large")
    if not COMPACT.fullmatch(token):
        raise JoseError("it is not a valid compact JWS")  # RFC7515-7.1: PyJWT accepts padding and line breaks.
    try:
        whole = PyJWS().decode_complete(token, options={"verify_signature": False})
        # RFC7515-5.2: UTF-8 only. PyJWT reads a header in UTF-16 too, and the last one of a header that is there twice.
        parts = base64url_decode(token.partition(".")[0]), whole["payload"]
        header, claims = (json.loads(part.decode(), object_pairs_hook=reject_duplicate_members) for part in parts)
    except (PyJWTError, ValueError, RecursionError) as problem:
        raise JoseError(f"it can't be verified ({type(problem).__name__})") from problem
    if not isinstance(claims, dict):
        raise JoseError("its payload is not a JSON object")
    return UnverifiedJwt(header, claims, token.rpartition(".")[0].encode(), whole["signature"])


def media_type(typ: object) -> str:
    """A media type of a header in lower case, without application/ (RFC 7515 4.1.9); empty if it is not a string."""
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else ""


def verify(
    jwt: UnverifiedJwt, jwks: JwkSet, *, algs: Collection[str], sizes: KeySizes
) -> tuple[JsonObject, JsonObject]:
    """Header and claims of a JWT that one key of `jwks` signed by one of `algs`.

    The key matches the header's `kid` and alg. If several keys match, each is tried. Raises JoseError.
    """
    alg = _require_alg(jwt, algs, of=KEY_TYPES)
    problem = JoseError("no key of the client matches it")
    for jwk in _fitting_keys(jwks, alg, jwt.header.get("kid")):
        try:
            key = _sized(jwk, alg, sizes)
            return _require_signature(jwt, key.key, alg)
        except JoseError as unfit:
            problem = unfit
    raise problem


def verify_mac(jwt: UnverifiedJwt, secret: bytes, *, algs: Collection[str]) -> tuple[JsonObject, JsonObject]:
    """Header and claims of a JWT with a MAC by one of `algs`, with a secret of us and the client.

    It is a separate function, so that a public key is never used as a secret. Raises JoseError.
    """
    alg = _require_alg(jwt, algs, of=MACS)
    if len(secret) < MACS[alg]:
        raise JoseError("the secret is shorter than the hash of its algorithm")
    return _require_signature(jwt, secret, alg)


def verify_by_own_key(jwt: UnverifiedJwt, *, algs: Collection[str], sizes: KeySizes) -> tuple[JsonObject, JsonObject]:
    """Header and claims of a JWT that the key in its own header signed. This proves possession of that key only.

    For DPoP proofs only (RFC 9449 4.2). Raises JoseError.
    """
    alg = _require_alg(jwt, algs, of=KEY_TYPES)
    jwk = jwt.header.get("jwk")
    if not isinstance(jwk, dict) or PRIVATE_MEMBERS & jwk.keys():
        raise JoseError("its jwk is missing or not a public key")
    if jwk.get("kty") != KEY_TYPES[alg] or jwk.get("crv") != CURVES.get(alg):
        raise JoseError("its jwk does not match its alg")
    return _require_signature(jwt, _sized(jwk, alg, sizes).key, alg)


def verify_bytes(
    data: bytes,
    signature: bytes,
    jwks: JwkSet,
    *,
    kid: str,
    algs: Collection[str],
    sizes: KeySizes,
) -> str:
    """The one of `algs` by which the key of `kid` signed the bytes (RFC 9421 3.3.7). They are not a JWS, so the key gives the
    algorithm.

    Raises JoseError.
    """
    problem = JoseError("no key of the client matches it")
    for alg, jwk in [(one, jwk) for one in algs for jwk in _fitting_keys(jwks, one, kid)]:
        try:
            key = _sized(jwk, alg, sizes)
        except JoseError as unfit:
            problem = unfit
            continue
        if _signs(data, signature, key.key, alg):
            return alg
        problem = JoseError("its signature is not of that key")
    raise problem


def _require_alg(jwt: UnverifiedJwt, algs: Collection[str], *, of: Collection[str]) -> str:
    """The header's alg, if it is in `algs` and in `of`, so that a MAC is never verified with a public key."""
    alg = jwt.header.get("alg")
    if not isinstance(alg, str) or not algorithm.is_one_of(alg, algs) or alg not in of:
        raise JoseError("its alg is not allowed")
    if "crit" in jwt.header:
        raise JoseError("its crit is not supported")
    return alg


def _require_signature(jwt: UnverifiedJwt, key: Untyped, alg: str) -> tuple[JsonObject, JsonObject]:
    """Header and claims, if the key signed them. Raises JoseError."""
    if not _signs(jwt.signing_input, jwt.signature, key, alg):
        raise JoseError("its signature is invalid, or made with another key")
    return jwt.header, jwt.claims


def _signs(data: bytes, signature: bytes, key: Untyped, alg: str) -> bool:
    """Whether the key made the signature or the MAC. Raises JoseError if the key is not one for the algorithm."""
    made = _algorithm(algorithm.canonical(alg))
    try:
        return made.verify(data, made.prepare_key(key), signature)
    except (PyJWTError, ValueError) as problem:
        raise JoseError(f"it can't be verified ({type(problem).__name__})") from problem


def _sized(jwk: Claims, alg: str, sizes: KeySizes) -> PyJWK:
    key = _load_key(json.dumps(jwk, sort_keys=True), alg)
    require_size(key.key, sizes)
    return key


def require_size(key: Key, sizes: KeySizes) -> Key:
    """The public key, if it is large enough. Raises JoseError."""
    if isinstance(key, RSAPublicKey) and key.key_size < sizes.rsa:
        raise JoseError(f"its RSA key is shorter than {sizes.rsa} bits")
    if isinstance(key, EllipticCurvePublicKey) and key.curve.key_size < sizes.ec:
        raise JoseError(f"its elliptic curve key is shorter than {sizes.ec} bits")
    return key


def public_key(jwk: Claims) -> object:
    """The public key of a JWK for verification. Raises JoseError."""
    fit = algorithms_for(jwk)
    if fit:
        key: object = _load_key(json.dumps(jwk, sort_keys=True), fit[0]).key
        return key
    raise JoseError("its key type or curve is not supported")


def algorithms_for(jwk: Claims) -> list[str]:
    """The algorithms that a JWK can verify; empty if its type is not supported."""
    return [alg for alg, kty in KEY_TYPES.items() if kty == jwk.get("kty") and CURVES.get(alg) == jwk.get("crv")]


def is_encryption_only(jwk: Claims) -> bool:
    """Whether a JWK has a type that is used for encryption only, and its `use` does not contradict it."""
    kind = jwk.get("kty"), jwk.get("crv")
    return any(kind == one for one in ONLY_ENCRYPT) and jwk.get("use", "enc") == "enc"


def reject_duplicate_members(pairs: list[tuple[str, Json]]) -> JsonObject:
    """For json.loads: an object without duplicate members. Raises JoseError."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JoseError("it has a duplicate member")
    return members


def _fitting_keys(jwks: JwkSet, alg: str, kid: object) -> list[Jwk]:
    """The keys that may have made a signature. Several with one kid are told apart by type (FAPI1-ADV-8.9-3), or all tried."""
    fit = [
        key
        for key in jwks.get("keys", [])
        if key.get("kty") == KEY_TYPES[alg]
        and key.get("crv") == CURVES.get(alg)
        and algorithm.is_same(key.get("alg", alg), alg)
        and key.get("use", "sig") == "sig"
        and (kid is None or key.get("kid") == kid)
    ]
    return fit[:MAX_TRIED]


@lru_cache(maxsize=256)
def _load_key(jwk: str, alg: str) -> PyJWK:
    members = {k: v for k, v in json.loads(jwk).items() if k in ("kty", "kid", "crv", "n", "e", "x", "y")}
    try:
        key = PyJWK(members, algorithm=algorithm.canonical(alg))
    except (PyJWTError, ValueError, TypeError) as problem:
        raise JoseError("the key can't be read") from problem
    if members.get("kty") == "OKP" and is_weak(key.key.public_bytes_raw()):
        raise JoseError("its key is a point of small order, which is not accepted")
    return key


@cache
def _algorithm(alg: str) -> Algorithm:
    """PyJWT's algorithm of that name."""
    return PyJWS().get_algorithm_by_name(alg)
