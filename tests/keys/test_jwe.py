"""What is encrypted, to whom, and what of what comes is decrypted."""

import json
from base64 import urlsafe_b64encode

import pytest

from chalicelib.clients.jwk_set import KeysError, usable
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose, jwe
from chalicelib.keys.key_ring import CantUnwrap
from chalicelib.profiles import PROFILES
from tests.encryption import ALGS, ENC, opened, private, public

PROFILE = PROFILES["fapi2-security"]
SIZES = {"sizes": KeySizes(rsa=2048, ec=224)}
KINDS = {alg: ("RSA",) if alg.startswith("RSA") else ("P-256", "P-384", "P-521", "X25519") for alg in ALGS}


def encrypt(*keys, alg="RSA-OAEP-256", enc=ENC, **more):
    return jwe.encrypt("inside", {"keys": list(keys)}, alg=alg, enc=enc, **(SIZES | more))


@pytest.mark.parametrize(("alg", "kind"), [(alg, kind) for alg, kinds in KINDS.items() for kind in kinds])
def test_another_library_decrypts_what_is_encrypted(alg, kind):
    key = private("client", kind)
    header, content = opened(encrypt(public(key), alg=alg), key, alg=alg)
    assert content == "inside"
    assert {name: header[name] for name in ("alg", "enc", "kid", "cty")} == {
        "alg": alg,
        "enc": ENC,
        "kid": "e1",
        "cty": "JWT",
    }
    assert "zip" not in header


@pytest.mark.parametrize(
    ("alg", "enc"),
    [
        ("RSA1_5", ENC),
        ("dir", ENC),
        ("A256KW", ENC),
        ("none", ENC),
        ("RSA-OAEP", "A128CBC-HS256"),
        ("RSA-OAEP", "A128GCM"),
    ],
)
def test_nothing_is_encrypted_by_what_is_not_named_here(alg, enc):
    with pytest.raises(jose.JoseError, match="not allowed"):
        encrypt(public(private("client")), alg=alg, enc=enc)


@pytest.mark.parametrize(
    "unfit",
    [
        {"use": "sig"},
        {"alg": "PS256"},
        {"alg": "RSA-OAEP"},
        {"kty": "EC"},
    ],
)
def test_a_key_for_something_else_is_not_encrypted_to(unfit):
    with pytest.raises(jose.JoseError, match="no key of the client matches it"):
        encrypt(public(private("client")) | unfit)


def test_a_key_that_says_it_is_for_encryption_goes_before_one_that_says_nothing():
    silent = public(private("silent"), kid="silent")
    del silent["use"]
    disclosed, _ = opened(encrypt(silent, public(private("client"))), private("client"), alg="RSA-OAEP-256")
    assert disclosed["kid"] == "e1"
    disclosed, _ = opened(encrypt(silent), private("silent"), alg="RSA-OAEP-256")
    assert disclosed["kid"] == "silent"


def test_a_key_that_is_too_small_is_not_encrypted_to():
    with pytest.raises(jose.JoseError, match="shorter than 3072 bits"):
        encrypt(public(private("client")), sizes=KeySizes(rsa=3072, ec=224))
    with pytest.raises(jose.JoseError, match="shorter than 384 bits"):
        encrypt(public(private("client", "P-256")), alg="ECDH-ES", sizes=KeySizes(rsa=2048, ec=384))


@pytest.mark.parametrize("kind", ["P-384", "P-521", "X25519"])
def test_a_key_that_only_encrypts_may_be_registered_and_never_verifies(kind):
    key = public(private("client", kind))
    assert usable([key], PROFILE).keys == [key]
    with pytest.raises(KeysError, match="its key type or curve is not supported"):
        usable([key | {"use": "sig"}], PROFILE)
    token = jose.sign({"a": 1}, Es256())
    with pytest.raises(jose.JoseError, match="no key of the client matches it"):
        jose.verify(jose.parse(token), {"keys": [key | {"kid": "k"}]}, algs=("ES256", "EdDSA"), **SIZES)


class Es256:
    kid, alg = "k", "ES256"

    def sign(self, data):
        return b"x" * 64


# What comes.


class Ours:
    """Our key, in this process. `request_parameters`: whether anybody did."""

    def __init__(self):
        self.key = private("ours")
        self.public_jwk = public(self.key)
        self.calls = 0

    def unwrap(self, wrapped, alg):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        self.calls += 1
        try:
            return self.key.private_key.decrypt(
                wrapped, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
            )
        except ValueError:
            raise CantUnwrap("no") from None


@pytest.fixture
def ours():
    return Ours()


def decrypt(token, ours, *, algs=("RSA-OAEP-256",), encs=(ENC,)):
    def find(kid):
        if kid not in (None, "e1"):
            raise CantUnwrap("another")
        return ours

    return jwe.decrypt(token, find, algs=algs, encs=encs)


def test_what_is_encrypted_to_us_is_decrypted(ours):
    assert decrypt(encrypt(ours.public_jwk), ours) == "inside"


def b64(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def headed(token, **changes):
    """The JWE with another header."""
    header = {"alg": "RSA-OAEP-256", "enc": ENC, "kid": "e1", "cty": "JWT"} | changes
    header = {name: value for name, value in header.items() if value is not None}
    return b64(json.dumps(header).encode()) + token[token.index(".") :]


@pytest.mark.parametrize(
    "changes",
    [
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"jwk": {}},
        {"jku": "https://evil.example/"},
        {"x5u": "https://evil.example/"},
        {"x5c": ["AAAA"]},
        {"epk": {}},
        {"p2c": "1"},
        {"alg": "RSA1_5"},
        {"alg": "RSA-OAEP"},
        {"alg": "dir"},
        {"alg": None},
        {"enc": "A128CBC-HS256"},
        {"enc": None},
        {"cty": "text"},
        {"kid": 7},
        {"kid": "another"},
    ],
)
def test_another_header_is_refused_before_the_key_is_used(ours, changes):
    with pytest.raises(jose.JoseError):
        decrypt(headed(encrypt(ours.public_jwk), **changes), ours)
    assert not ours.calls


def test_a_member_that_stands_twice_is_refused(ours):
    token = encrypt(ours.public_jwk)
    twice = b64(b'{"alg":"RSA1_5","alg":"RSA-OAEP-256","enc":"A256GCM","kid":"e1"}') + token[token.index(".") :]
    with pytest.raises(jose.JoseError):
        decrypt(twice, ours)
    assert not ours.calls


@pytest.mark.parametrize(
    "shape",
    [
        lambda parts: parts[:4],
        lambda parts: [*parts, parts[4]],
        lambda parts: [parts[0], "", *parts[2:]],
        lambda parts: [parts[0], parts[1][:-4], *parts[2:]],
        lambda parts: [*parts[:2], parts[2][:8], *parts[3:]],
        lambda parts: [*parts[:4], parts[4][:16]],
        lambda parts: [*parts[:3], parts[3] * 5000, parts[4]],
        lambda parts: [part + "=" for part in parts],
    ],
)
def test_another_shape_is_refused_before_the_key_is_used(ours, shape):
    with pytest.raises(jose.JoseError):
        decrypt(".".join(shape(encrypt(ours.public_jwk).split("."))), ours)
    assert not ours.calls


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_whatever_was_changed_has_one_error(ours, part):
    parts = encrypt(ours.public_jwk).split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    with pytest.raises(jose.JoseError) as refused:
        decrypt(".".join(parts), ours)
    assert str(refused.value) == "it can't be decrypted"
    assert ours.calls == 1


def test_the_header_is_part_of_what_is_authenticated(ours):
    with pytest.raises(jose.JoseError, match="it can't be decrypted"):
        decrypt(headed(encrypt(ours.public_jwk), typ="x"), ours)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_gives_nothing_away(ours, length):
    ours.unwrap = lambda wrapped, alg: b"k" * length
    with pytest.raises(jose.JoseError, match="it can't be decrypted"):
        decrypt(encrypt(ours.public_jwk), ours)
