"""HTTP message signatures (RFC 9421) and Content-Digest (RFC 9530). Only this file imports http-message-signatures.

Keys are JWKs with JOSE algorithms (RFC 9421 3.3.7). A signature does not name such an algorithm: the key gives it. If a
signature has a name of the HTTP registry, only the names in REGISTERED are accepted.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import http_sf
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from chalicelib.keys.key_ring import Signer
from chalicelib.protocol_types import Claims, JwkSet, Untyped

REGISTERED: Mapping[str, tuple[str, ...]] = {
    "ecdsa-p256-sha256": ("ES256",),
    "ed25519": ("EdDSA", "Ed25519"),
    "rsa-pss-sha512": ("PS512",),
}
"""Names of the HTTP Signature Algorithms registry (RFC 9421 6.2.2) and the JOSE names of the same algorithms."""

Pairs = Iterable[tuple[str, str]]


class SignatureError(Exception):
    """The signature or the digest is invalid. The message gives the reason and quotes no content."""


@dataclass(frozen=True)
class Announced:
    """A signature as the message describes it, before any check.

    `components`: each with its parameters.
    """

    label: str
    components: tuple[tuple[str, Claims], ...]
    parameters: Claims


@dataclass(frozen=True)
class Verified:
    """A verified signature.

    `target_uri`: the signed one of the given URIs.
    `alg`: JWS name.
    `covered`: component identifiers in the form of the signature.
    `parameters`: created, keyid and others.
    """

    label: str
    alg: str
    target_uri: str
    covered: frozenset[str]
    parameters: Claims


class _Fields:
    """Header fields for the library: pairs, with repeats. Raises SignatureError for a folded or cut field."""

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = tuple(pairs)
        if any(mark in value for _, value in self._pairs for mark in "\r\n\0"):
            raise SignatureError("a header has a line break in it")

    def items(self) -> tuple[tuple[str, str], ...]:
        return self._pairs

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    headers: _Fields


@dataclass(frozen=True)
class _Response:
    status_code: int
    headers: _Fields
    request: _Request


class _ByKeyid(HTTPSignatureKeyResolver):
    """The key id. The algorithm's verify function finds the key."""

    def resolve_public_key(self, key_id: str) -> str:
        return key_id


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: Untyped, max_age: Untyped = None) -> None:
        """Accept any time. The caller checks the times."""


def announced(headers: Pairs, tag: str) -> Announced | None:
    """The message's only signature with the tag, None if there is none. Raises SignatureError if there are several."""
    value = ", ".join(line for name, line in _Fields(headers).items() if name.lower() == "signature-input")
    if not value:
        return None
    try:
        parsed = cast(Untyped, http_sf.parse(value.encode("ascii"), tltype="dictionary", on_duplicate_key=_refuse))
        found = [
            Announced(label, tuple((name, dict(more)) for name, more in member), dict(parameters))
            for label, (member, parameters) in parsed.items()
            if parameters.get("tag") == tag
        ]
    except (ValueError, TypeError):
        raise SignatureError("Signature-Input can't be read") from None
    if len(found) > 1:
        raise SignatureError("several signatures have the tag")
    return found[0] if found else None


def verify(
    method: str,
    target_uris: Iterable[str],
    headers: Pairs,
    *,
    tag: str,
    jwks: JwkSet,
    algs: Collection[str],
    sizes: KeySizes,
) -> Verified:
    """The request's signature with the tag, if a key of `jwks` made it by one of `algs` over one of the target URIs.

    It does not check the times. Raises SignatureError.
    """
    fields = _Fields(headers)
    said = announced(fields.items(), tag)
    if said is None:
        raise SignatureError("no signature has the tag")
    named = said.parameters.get("alg")
    name = named if isinstance(named, str) else ""
    allowed = [alg for alg in algs if named is None or alg in REGISTERED.get(name, ())]  # RFC9421-3.3.7
    used: list[str] = []

    class _JwkSetAlgorithm(HTTPSignatureAlgorithm):
        algorithm_id = name

        def __init__(self, public_key: Untyped = None, private_key: Untyped = None) -> None:
            self.kid = public_key

        def verify(self, signature: bytes, message: bytes) -> None:
            used.append(jose.verify_bytes(message, signature, jwks, kid=self.kid, algs=allowed, sizes=sizes))

    verifier = _Verifier(signature_algorithm=_JwkSetAlgorithm, key_resolver=_ByKeyid())
    problem: Exception | None = None
    for target_uri in target_uris:
        try:
            (result,) = verifier.verify(_Request(method, target_uri, fields), max_age=None, expect_tag=tag)
        except (HTTPMessageSignaturesException, UnicodeError) as refused:
            problem = refused
            continue
        covered = frozenset(result.covered_components) - {'"@signature-params"'}
        return Verified(result.label, used[0], target_uri, covered, result.parameters)
    raise SignatureError(f"it does not verify ({_reason(problem)})")


def sign_response(
    status: int,
    headers: Pairs,
    request: tuple[str, str, Pairs],
    signer: Signer,
    *,
    label: str,
    tag: str,
    components: Sequence[str],
    created: int,
) -> tuple[tuple[str, str], ...]:
    """Signature-Input and Signature of a response. `request`: method, target URI and headers of its request.

    `components`: identifiers in the form of a signature. Raises SignatureError if a component does not exist.
    """
    method, target_uri, sent = request
    fields = _Fields(headers)
    message = _Response(status, fields, _Request(method, target_uri, _Fields(sent)))
    has_digest = any(name.lower() == "content-digest" for name in fields)
    try:
        prepared = HTTPMessageSigner(signature_algorithm=_PrepareOnlyAlgorithm).prepare(
            message,
            key_id=signer.kid,
            created=datetime.fromtimestamp(created, UTC),
            label=label,
            tag=tag,
            include_alg=False,  # RFC9421-3.3.7
            covered_component_ids=components,
            use_existing_digest=has_digest,
        )
    except HTTPMessageSignaturesException as problem:
        raise SignatureError(f"it can't be signed ({_reason(problem)})") from None
    signature = b64encode(signer.sign(prepared.signature_base)).decode()
    return (
        ("Signature-Input", f"{label}={prepared.signature_params}"),
        ("Signature", f"{label}=:{signature}:"),
    )


def content_digest(body: bytes) -> str:
    """The value of Content-Digest with sha-256 (RFC 9530 2)."""
    return ContentDigest.create(body)


def require_digest(value: str, body: bytes) -> bytes:
    """The body, if every sha-256 and sha-512 digest of Content-Digest matches it. Raises SignatureError."""
    try:
        ContentDigest.verify(value, body)
    except (HTTPMessageSignaturesException, UnicodeError):
        raise SignatureError("Content-Digest does not match the body") from None
    return body


def identifier(name: str, parameters: Claims) -> str:
    """A component's identifier in the form of a signature (RFC 9421 2)."""
    written: Untyped = dict(parameters)
    return http_sf.ser((name, written))


class _PrepareOnlyAlgorithm(HTTPSignatureAlgorithm):
    """An algorithm that never signs: the library builds the signature base, and the Signer signs it."""

    algorithm_id = ""


def _refuse(key: str, context: str) -> None:
    if context == "dictionary":
        raise ValueError("a label stands twice")


def _reason(problem: Exception | None) -> str:
    """The class name of the innermost exception, or our own text."""
    inner = problem.args[0] if problem is not None and problem.args else problem
    return str(inner) if isinstance(inner, jose.JoseError) else type(inner or problem).__name__
