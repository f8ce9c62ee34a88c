"""Compact JWE (RFC 7516). The caller always gives the accepted algorithms. Only this file imports joserfc.

Responses are encrypted to a key of the client's JWK Set. Requests are encrypted to our key, which KMS holds. Compression is not
supported, `crit` is refused, and the headers `jwk`, `jku`, `x5u` and `x5c` are ignored.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping

from chalicelib.key_sizes import KeySizes
from chalicelib.keys.jose import JoseError, media_type, reject_duplicate_members, require_size
from chalicelib.keys.key_ring import CantUnwrap, Unwrapper
from chalicelib.protocol_types import Claims, EncryptionAlg, EncryptionEnc, Jwk, JwkSet, Untyped

CURVES = (("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"), ("OKP", "X25519"))
KINDS: Mapping[EncryptionAlg, tuple[tuple[str, str | None], ...]] = {
    "RSA-OAEP-256": (("RSA", None),),
    "RSA-OAEP": (("RSA", None),),
    "ECDH-ES": CURVES,
    "ECDH-ES+A256KW": CURVES,
}
"""Our algorithms for encryption and their key types (RFC 7518 4.3, 4.6; RFC 8037 3.2)."""
UNWRAPPED: tuple[EncryptionAlg, ...] = ("RSA-OAEP-256", "RSA-OAEP")
"""Algorithms that KMS unwraps."""
ENCS: tuple[EncryptionEnc, ...] = ("A256GCM",)

MAX_BYTES = 32 * 1024
"""Maximum characters of a JWE."""
COMPACT = re.compile(
    r"[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}"
)
"""Five parts, with the IV and the tag of AES-GCM (RFC 7518 5.3)."""
CONTENTS = frozenset({"jwt", "oauth-authz-req+jwt"})
"""Values of the header's cty, as media types without "application/" (RFC 7519 5.2, RFC 9101 10.8.1)."""
HEADERS = frozenset({"alg", "enc", "kid", "cty", "typ"})
KEY_MEMBERS = ("kty", "crv", "n", "e", "x", "y")


def encrypt(
    content: str,
    jwks: JwkSet,
    *,
    alg: EncryptionAlg,
    enc: EncryptionEnc,
    sizes: KeySizes,
    cty: str | None = "JWT",
) -> str:
    """The content, encrypted to an encryption key of `jwks`, whose `kid` is in the header. `cty`: None if the content is not a
    JWT.

    Raises JoseError if no key matches or the matching key is unusable.
    """
    from joserfc import jwe
    from joserfc.errors import JoseError as Problem

    if alg not in KINDS or enc not in ENCS:
        raise JoseError("its algorithm is not allowed")
    jwk = _choose(jwks, alg)
    require_size(public_key(jwk), sizes)
    members = {"alg": alg, "enc": enc, "kid": jwk.get("kid"), "cty": cty}
    header = {name: value for name, value in members.items() if value is not None}
    try:
        return jwe.encrypt_compact(header, content.encode(), _imported(jwk), algorithms=[alg, enc])
    except (Problem, ValueError) as problem:  # For example, a point of small order.
        raise JoseError(f"the key can't be used ({type(problem).__name__})") from None


def decrypt(token: str, key: Callable[[str | None], Unwrapper], *, algs: Collection[str], encs: Collection[str]) -> str:
    """The decrypted content of a JWE to our key. `key`: gives the key of a `kid`, or the only key; raises CantUnwrap.

    Every problem after the choice of the key gives the same error in the same way (RFC 7516 11.5). Raises JoseError.
    """
    from joserfc import jwe
    from joserfc.errors import JoseError as Problem

    header = _header(token, algs, encs)
    try:
        unwrapper = key(header.get("kid"))
        ours = _imported(unwrapper.public_jwk)
        if len(token.split(".")[1]) != -(-ours.public_key.key_size // 6):  # Before the call to KMS.
            raise CantUnwrap("it is not as long as the key")
        registry = _registry(header["alg"], header["enc"], unwrapper)
        content = jwe.decrypt_compact(token, ours, registry=registry).plaintext
        return (content or b"").decode()
    except (Problem, CantUnwrap, ValueError):
        raise JoseError("it can't be decrypted") from None


def public_key(jwk: Claims) -> object:
    """The public key of a JWK for encryption. Raises JoseError, for example for a point that is not on the curve."""
    if (jwk.get("kty"), jwk.get("crv")) not in {kind for kinds in KINDS.values() for kind in kinds}:
        raise JoseError("its key type or curve is not supported")
    key: object = _imported(jwk).public_key
    return key


def _choose(jwks: JwkSet, alg: EncryptionAlg) -> Jwk:
    """OIDCC-10.2: an encryption key, preferably one with `use`."""
    fit = [
        key
        for key in jwks.get("keys", [])
        if (key.get("kty"), key.get("crv")) in KINDS[alg]
        and key.get("alg", alg) == alg
        and key.get("use", "enc") == "enc"
    ]
    if not fit:
        raise JoseError("no key of the client matches it")
    return min(fit, key=lambda key: "use" not in key)


def _imported(jwk: Claims) -> Untyped:
    """The key in joserfc's form, with public members only."""
    from joserfc.errors import JoseError as Problem
    from joserfc.jwk import import_key

    try:
        return import_key({name: str(jwk[name]) for name in KEY_MEMBERS if name in jwk})
    except (Problem, ValueError, TypeError, KeyError) as problem:
        raise JoseError(f"the key can't be read ({type(problem).__name__})") from None


def _header(token: str, algs: Collection[str], encs: Collection[str]) -> dict[str, str]:
    """The header, if all its members are supported. It is checked before a key is chosen and before KMS is called."""
    if len(token) > MAX_BYTES:
        raise JoseError("it is too large")
    if not COMPACT.fullmatch(token):
        raise JoseError("it is not a compact JWE")
    encoded = token.partition(".")[0]
    try:
        header = json.loads(
            urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), object_pairs_hook=reject_duplicate_members
        )
    except (ValueError, RecursionError):
        raise JoseError("its header can't be read") from None
    if not isinstance(header, dict) or not all(isinstance(value, str) for value in header.values()):
        raise JoseError("its header has a value that is not a string")
    if header.keys() - HEADERS:
        raise JoseError("its header has a member that is not supported")
    if header.get("alg") not in algs or header.get("alg") not in UNWRAPPED:
        raise JoseError("its algorithm is not allowed")
    if header.get("enc") not in encs or header.get("enc") not in ENCS:
        raise JoseError("its enc is not allowed")
    if media_type(header.get("cty", "JWT")) not in CONTENTS:  # RFC7515-4.1.10
        raise JoseError("its cty must be JWT")  # RFC7519-5.2
    return header


def _registry(alg: str, enc: str, unwrapper: Unwrapper) -> Untyped:
    """joserfc's registry with two algorithms: one that calls the unwrapper, and one that decrypts the content."""
    from joserfc.jwa import JWEKeyEncryption
    from joserfc.jwe import JWERegistry

    class _KmsUnwrapAlgorithm(JWEKeyEncryption):
        name = alg
        key_types = ["RSA"]

        def encrypt_cek(self, cek: bytes, recipient: Untyped) -> bytes:
            raise NotImplementedError("this key only decrypts")

        def decrypt_cek(self, recipient: Untyped) -> bytes:
            try:
                return unwrapper.unwrap(recipient.encrypted_key, alg)
            except CantUnwrap:
                return b""  # RFC7516-11.5: a wrong length makes joserfc continue with a random key.

    class _KeyRegistry(JWERegistry):
        algorithms = {
            "alg": {alg: _KmsUnwrapAlgorithm()},
            "enc": {enc: JWERegistry.algorithms["enc"][enc]},
            "zip": {},
        }

    return _KeyRegistry(algorithms=[alg, enc])
