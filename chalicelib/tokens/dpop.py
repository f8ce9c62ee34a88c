"""DPoP proofs (RFC 9449): the sender of a request proves that it holds a private key."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import cast
from urllib.parse import quote, unquote, urlsplit

from chalicelib.errors import InvalidDpopProof, UseDpopNonce
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose, jwt_time
from chalicelib.keys.thumbprint import thumbprint
from chalicelib.messages import Request
from chalicelib.profiles import PROFILES
from chalicelib.protocol_types import Claims, Json
from chalicelib.storage.records import SingleUse
from chalicelib.storage.token_values import digest
from chalicelib.tokens.dpop_nonce import Nonces
from chalicelib.tokens.sender_constraint import PROOF_ALGS, Proof

KEY_SIZES = KeySizes(
    rsa=max(profile.rsa_key_bits for profile in PROFILES.values()),
    ec=max(profile.ec_key_bits for profile in PROFILES.values()),
)
"""The largest minimum of all profiles. A resource checks the proof before it knows the client's profile."""

LIFETIME = 60
"""Seconds after its iat that a proof is accepted (RFC 9449 11.1)."""
MAX_JTI_LENGTH = 512

Address = tuple[str, str | None, int | None, str]
DEFAULT_PORT = {"https": 443, "http": 80}
URI = re.compile(r"[\x21-\x7e]+")
ENCODED_SLASH = re.compile("%2F", re.IGNORECASE)


def proof(
    request: Request, *, urls: Collection[str], nonces: Nonces, now: int, access_token: str | None = None
) -> Proof | None:
    """The request's DPoP proof, None if there is none.

    `urls`: accepted values of htu, all of them URLs of this resource.
    `access_token`: the token whose hash is in ath, at a resource.
    Raises InvalidDpopProof, or UseDpopNonce if its nonce is not ours or is too old (RFC 9449 4.3).
    """
    sent = request.header_values("dpop")
    if not sent:
        return None
    if len(sent) > 1:
        raise _refused("more than one DPoP header was sent")  # DPOP-4.3: check 1
    try:
        header, claims = jose.verify_by_own_key(jose.parse(sent[0]), algs=PROOF_ALGS, sizes=KEY_SIZES)
    except jose.JoseError as problem:
        raise _refused(str(problem)) from None
    if header.get("typ") != "dpop+jwt":
        raise _refused("its typ is not dpop+jwt")
    jkt = thumbprint(cast(Mapping[str, str], header["jwk"]))  # This key has verified the proof.
    if claims.get("htm") != request.method:
        raise _refused("its htm is not the request's method")
    _require_url(claims.get("htu"), urls)
    expires_at = _require_recent(claims, now=now)
    if access_token is not None:
        _require_hash(claims.get("ath"), access_token)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
        raise _refused(f"its jti must be a string of 1 to {MAX_JTI_LENGTH} characters")
    has_server_nonce = _is_current_nonce(claims.get("nonce"), nonces, now=now)
    return Proof(jkt, SingleUse(digest(f"proof {jkt} {jti}"), expires_at, "DPoP proof"), has_server_nonce)


def require_server_nonce(shown: Proof | None, nonces: Nonces, *, now: int) -> Proof | None:
    """The proof, if it has a nonce of ours. Raises UseDpopNonce with a new nonce (RFC 9449 8, 9)."""
    if shown is not None and not shown.has_server_nonce:
        raise use_nonce(nonces, now=now)
    return shown


def use_nonce(nonces: Nonces, *, now: int) -> UseDpopNonce:
    """The error with a new nonce."""
    return UseDpopNonce(
        "the DPoP proof must have the nonce of the DPoP-Nonce header", headers=(("DPoP-Nonce", nonces.issue(now=now)),)
    )


def _require_url(htu: Json, urls: Collection[str]) -> Address:
    """DPOP-4.3: without query and fragment, after syntax- and scheme-based normalization (RFC 3986 6.2.2, 6.2.3)."""
    if not isinstance(htu, str) or not URI.fullmatch(htu):
        raise _refused("its htu is missing or not a URL")
    try:
        named, ours = _normalised(htu), {_normalised(url) for url in urls}
    except ValueError:
        raise _refused("its htu is not a valid URL") from None
    if named not in ours:
        raise _refused("its htu is not the URL of the request")
    return named


def _normalised(url: str) -> Address:
    """The URL in parts. Raises ValueError if it can't be parsed."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if parts.username is not None or parts.password is not None:
        raise ValueError("user information")
    port = DEFAULT_PORT.get(scheme) if parts.port is None else parts.port
    pieces = ENCODED_SLASH.split(parts.path)  # An encoded slash does not separate segments.
    path = "%2F".join(quote(unquote(piece, errors="strict"), safe="/:@!$&'()*+,;=~-._") for piece in pieces)
    return scheme, parts.hostname, port, _without_dots(path)


def _without_dots(path: str) -> str:
    """RFC 3986 5.2.4."""
    segments = path.split("/")[1:] or [""]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join([*kept, ""] if segments[-1] in (".", "..") else kept)


def _require_recent(claims: Claims, *, now: int) -> int:
    """The time from which the proof is not accepted, and its jti may be forgotten."""
    try:
        iat = jwt_time.read(claims, "iat")
    except jwt_time.NotATime as problem:
        raise _refused(f"its {problem}") from None
    if iat is None:
        raise _refused("its iat is missing")
    if not jwt_time.is_within(now, LIFETIME, after=iat):
        raise _refused(f"its iat is more than {LIFETIME} seconds ago")
    if not jwt_time.has_come(iat, now=now):
        raise _refused("its iat is in the future")
    return jwt_time.last_use(iat, LIFETIME)


def _require_hash(ath: Json, access_token: str) -> str:
    made = urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()
    if not isinstance(ath, str) or not ath.isascii() or not hmac.compare_digest(ath, made):
        raise _refused("its ath is missing or not the hash of this access token")
    return made


def _is_current_nonce(nonce: Json, nonces: Nonces, *, now: int) -> bool:
    if nonce is None:
        return False
    if not isinstance(nonce, str) or not nonces.holds(nonce, now=now):
        raise use_nonce(nonces, now=now)
    return True


def _refused(why: str) -> InvalidDpopProof:
    """The caller made the proof, so the description may say what is wrong with it."""
    return InvalidDpopProof(f"the DPoP proof is invalid: {why}")
