"""A software authenticator, with the browser around it: what navigator.credentials gives, made by hand.

Whatever it says can be changed: it also plays the thief's.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from itertools import count
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ORIGIN = "https://login.bank.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
SERIAL = count(1)


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: Any) -> bytes:
    """As much of CBOR (RFC 8949) as authenticators write."""

    def head(major: int, n: int) -> bytes:
        if n < 24:
            return bytes([major << 5 | n])
        size = next(size for size in (1, 2, 4) if n < 1 << 8 * size)
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26}[size]]) + n.to_bytes(size, "big")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    assert isinstance(value, dict)
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def cose(key: Any, **changed: Any) -> bytes:
    """The public key as COSE. `changed`: members by kty, alg, crv."""
    public = key.public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = public.public_numbers(), (public.curve.key_size + 7) // 8
        parts = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(size, "big"), -3: numbers.y.to_bytes(size, "big")}
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        parts = {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
    else:
        n, e = public.public_numbers().n, public.public_numbers().e
        parts = {1: 3, 3: -257, -1: n.to_bytes((n.bit_length() + 7) // 8, "big"), -2: e.to_bytes(3, "big")}
    names = {"kty": 1, "alg": 3, "crv": -1}
    return cbor(parts | {names[name]: value for name, value in changed.items()})


@dataclass
class Authenticator:
    """One passkey on one device. `counts`: whether it has a signature counter, at `sign_count`."""

    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = b""
    user_handle: str | None = None
    counts: bool = False
    sign_count: int = 0

    def __post_init__(self) -> None:
        self.credential_id = self.credential_id or sha256(f"credential {next(SERIAL)}".encode()).digest()

    def create(self, options: dict[str, Any], *, fmt: str = "none", statement: Any = None, **said: Any) -> str:
        """The answer to navigator.credentials.create(). `said`: as `_answer` takes it, and `public`, the COSE key."""
        self.user_handle = options["user"]["id"]
        public = said.pop("public", None) or cose(self.key)
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + public
        data = self._data(options["rp"]["id"], said, ATTESTED, attested)
        client_data = self._client_data("webauthn.create", options["challenge"], said)
        assert not said, said
        attestation = cbor({"fmt": fmt, "attStmt": statement or {}, "authData": data})
        return self._answer({"clientDataJSON": b64(client_data), "attestationObject": b64(attestation)})

    def get(
        self, options: dict[str, Any], *, key: Any = None, answer: dict[str, Any] | None = None, **said: Any
    ) -> str:
        """The answer to navigator.credentials.get(). `key`: another that signs. `answer`: members of the answer itself."""
        data = self._data(options["rpId"], said)
        client_data = self._client_data("webauthn.get", options["challenge"], said)
        token_value = said.pop("user_handle", self.user_handle)
        assert not said, said
        signature = self._sign(key or self.key, data + sha256(client_data).digest())
        response = {"clientDataJSON": b64(client_data), "authenticatorData": b64(data), "signature": b64(signature)}
        return self._answer(response | ({} if token_value is None else {"userHandle": token_value}), **answer or {})

    def _data(self, rp_id: str, said: dict[str, Any], flags: int = 0, attested: bytes = b"") -> bytes:
        if self.counts:
            self.sign_count += 1
        number: int = said.pop("sign_count", self.sign_count)
        flags |= said.pop("flags", PRESENT | VERIFIED)
        relying_party: str = said.pop("rp_id", rp_id)
        return sha256(relying_party.encode()).digest() + bytes([flags]) + number.to_bytes(4, "big") + attested

    def _client_data(self, kind: str, challenge: str, said: dict[str, Any]) -> bytes:
        members = {
            "type": said.pop("type", kind),
            "challenge": said.pop("challenge", challenge),
            "origin": said.pop("origin", ORIGIN),
            "crossOrigin": False,
        }
        return json.dumps(members | said.pop("client_data", {})).encode()

    def _answer(self, made: dict[str, Any], **changed: Any) -> str:
        own = b64(self.credential_id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": made} | changed)

    def _sign(self, key: Any, data: bytes) -> bytes:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(hashes.SHA256()))
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return bytes(key.sign(data))


def put(bank: Any, person: Any, authenticator: Authenticator) -> Authenticator:
    """The authenticator, as enrolment leaves it."""
    authenticator.user_handle = b64(sha256(person.sub.encode()).digest())
    passkey = {
        "id": b64(authenticator.credential_id),
        "key": b64(cose(authenticator.key)),
        "handle": authenticator.user_handle,
        "created_at": bank.now,
    }
    users = bank.aws.users
    users.put(person)
    users.invite(person.username, invitation="ticket", until=bank.now + 60)
    bank.aws.passkeys.add(
        person, passkey, limit=10, enrolment_token="ticket", sign_count=authenticator.sign_count, now=bank.now
    )
    return authenticator


def passkey_options(page: str) -> dict[str, Any]:
    """What a page's script would ask the browser for."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            attributes = dict(attrs)
            if attributes.get("id") == "passkey":
                found.append(attributes["data-options"])

    Reader().feed(page)
    (options,) = found
    return dict(json.loads(options))
