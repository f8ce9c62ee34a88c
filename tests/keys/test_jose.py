"""What may be trusted of a JWS. The forger here makes every part by hand, since libraries refuse to."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from chalicelib.keys.jose import JoseError
from chalicelib.keys.kms import to_jwk

ALGS = ("PS256", "ES256", "EdDSA")
CLAIMS = {"iss": "fintech", "sub": "fintech"}

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def b64(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def public(key, **changes):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw()), "use": "sig"}
    else:
        jwk = to_jwk(spki(key), "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "PS256")
    return {name: value for name, value in (jwk | changes).items() if value is not None}


def pss(key, data, salt_length=32):
    return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), salt_length), hashes.SHA256())


def ecdsa(key, data):
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def forge(header, payload=CLAIMS, signature=b""):
    """A JWS of any parts. `header`, `payload`: members or raw text. `signature`: bytes, or made of the signing input."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, payload)]
    signed = ".".join(b64(part.encode()) for part in parts)
    made = signature(signed.encode()) if callable(signature) else signature
    return f"{signed}.{b64(made)}"


def by(key, payload=CLAIMS, **header):
    """A JWS that is right, but for what `header` changes."""
    if isinstance(key, rsa.RSAPrivateKey):
        return forge({"alg": "PS256", **header}, payload, lambda data: pss(key, data))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return forge({"alg": "ES256", **header}, payload, lambda data: ecdsa(key, data))
    return forge({"alg": "EdDSA", **header}, payload, key.sign)


def verify(token, *keys, algs=ALGS, rsa_key_bits=2048):
    return jose.verify(jose.parse(token), {"keys": list(keys)}, algs=algs, sizes=KeySizes(rsa=rsa_key_bits, ec=224))


def refused(token, *keys, **more):
    with pytest.raises(JoseError) as refusal:
        verify(token, *keys, **more)
    assert token not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("key", [RSA, EC, ED], ids=["PS256", "ES256", "EdDSA"])
def test_what_a_registered_key_signed_is_trusted(key):
    header, claims = verify(by(key, typ="JWT"), public(key))
    assert (header["typ"], claims) == ("JWT", CLAIMS)


@pytest.mark.clause("RFC7515-A.3")
def test_a_3_the_published_es256_example_is_trusted():
    """The JWS of RFC 7515 appendix A.3 verifies with its key."""
    token = (
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    assert verify(token, key)[1]["iss"] == "joe"


# The algorithm.


@pytest.mark.clause("RFC8725-3.2")
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, 256, ["PS256"]])
def test_3_2_no_algorithm_is_no_signature(alg):
    """`none` must not be accepted."""
    assert "its alg is not allowed" in refused(forge({"alg": alg}), public(RSA)) or not isinstance(alg, str)


def test_3_2_a_header_without_algorithm_is_refused():
    refused(forge({"typ": "JWT"}), public(RSA))


@pytest.mark.clause("RFC8725-3.1")
@pytest.mark.parametrize("alg", ["HS256", "hs256", "PS256", "ES256"])
@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
def test_3_1_a_public_key_is_no_shared_secret(key, alg):
    """An HMAC under the bytes of the public key, in whatever form, is no signature."""
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, pem.strip(), spki(key), json.dumps(public(key)).encode()):
        refused(forge({"alg": alg}, signature=lambda data, s=secret: hmac.digest(s, data, sha256)), public(key))


@pytest.mark.clause("RFC8725-3.1")
@pytest.mark.parametrize("alg", ["RS256", "PS256", "PS384"])
def test_3_1_rs256_is_never_accepted_under_any_name(alg):
    """Only the algorithms that the caller names."""
    refused(
        forge({"alg": alg}, signature=lambda data: RSA.sign(data, padding.PKCS1v15(), hashes.SHA256())), public(RSA)
    )


def test_an_algorithm_that_the_profile_does_not_name_is_refused():
    assert "not allowed" in refused(by(EC), public(EC), algs=("PS256",))


def test_a_key_that_names_its_algorithm_verifies_no_other():
    refused(by(RSA), public(RSA, alg="RS256"))


def test_a_key_for_encryption_verifies_nothing():
    refused(by(RSA), public(RSA, use="enc"))


def test_a_salt_longer_than_the_digest_is_refused():
    """RFC 7518 3.5: the salt is as long as the hash."""
    refused(forge({"alg": "PS256"}, signature=lambda data: pss(RSA, data, padding.PSS.MAX_LENGTH)), public(RSA))


# The signature.


@pytest.mark.parametrize(("key", "other"), [(RSA, OTHER_RSA), (EC, OTHER_EC)], ids=["RSA", "EC"])
def test_another_keys_signature_is_refused(key, other):
    refused(by(other), public(key))
    refused(by(other, kid=public(key)["kid"]), public(key))


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(256), b"\xff" * 64])
@pytest.mark.parametrize(("alg", "key"), [("PS256", RSA), ("ES256", EC), ("EdDSA", ED)])
def test_a_signature_of_nothing_is_refused(alg, key, signature):
    refused(forge({"alg": alg}, signature=signature), public(key))


def test_a_der_signature_is_refused():
    """RFC 7518 3.4: r and s, 32 bytes each."""
    refused(forge({"alg": "ES256"}, signature=lambda data: EC.sign(data, ec.ECDSA(hashes.SHA256()))), public(EC))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_part_is_refused(part):
    parts = by(RSA).split(".")
    parts[part] = ("A" if parts[part][5] != "A" else "B").join((parts[part][:5], parts[part][6:]))
    refused(".".join(parts), public(RSA))


def test_the_payload_of_another_token_is_refused():
    one, other = by(RSA).split("."), by(RSA, {"sub": "rival"}).split(".")
    refused(".".join((one[0], other[1], one[2])), public(RSA))


# The key.


def test_of_several_keys_the_one_that_is_named_verifies():
    assert verify(by(RSA, kid="b"), public(OTHER_RSA, kid="a"), public(RSA, kid="b"))[1] == CLAIMS


@pytest.mark.fault("3a")
def test_of_keys_that_fit_alike_each_is_tried_and_no_more_than_a_few():
    """RFC 7517 4.5: they should have names of their own; a client whose keys have not was locked out."""
    assert verify(by(RSA), public(OTHER_RSA), public(RSA))[1] == CLAIMS
    assert verify(by(RSA, kid="a"), public(OTHER_RSA, kid="a"), public(RSA, kid="a"))[1] == CLAIMS
    assert "made with another key" in refused(by(RSA), public(OTHER_RSA), public(OTHER_RSA))
    assert "made with another key" in refused(by(RSA), *[public(OTHER_RSA)] * 4, public(RSA))


def test_a_key_of_another_kind_beside_it_does_not_matter():
    assert verify(by(RSA), public(EC), public(ED), public(OTHER_RSA, use="enc"), public(RSA))[1] == CLAIMS


@pytest.mark.parametrize("kid", ["unknown", "", "../../dev/null", "' OR 1=1"])
def test_an_unknown_kid_is_refused_though_a_key_would_fit(kid):
    assert "no key" in refused(by(RSA, kid=kid), public(RSA))


@pytest.mark.parametrize("kid", [1, None, ["a"], {"a": 1}])
def test_a_kid_that_is_no_text_is_refused(kid):
    refused(by(RSA, kid=kid) if kid is not None else by(RSA, kid="null"), public(RSA))


def test_no_keys_verify_nothing():
    assert "no key" in refused(by(RSA))
    with pytest.raises(JoseError):
        jose.verify(jose.parse(by(RSA)), {}, algs=ALGS, sizes=KeySizes(rsa=2048, ec=224))


@pytest.mark.clause("RFC8725-3.10")
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_3_10_a_key_that_the_token_brings_is_not_looked_at(name):
    """Do not trust received claims, nor what a header points at."""
    brought = {
        "jwk": public(OTHER_RSA),
        "jku": "https://rival.example/jwks",
        "x5u": "https://rival.example/chain.pem",
        "x5c": [b64(spki(OTHER_RSA))],
    }
    refused(by(OTHER_RSA, **{name: brought[name]}), public(RSA))
    assert verify(by(RSA, **{name: brought[name]}), public(RSA))[1] == CLAIMS


def test_a_key_that_is_too_short_is_refused():
    short = rsa.generate_private_key(65537, 1024)
    assert "shorter than 2048" in refused(by(short), public(short))


def test_a_key_on_another_curve_is_refused():
    p384 = ec.generate_private_key(ec.SECP384R1())
    numbers = p384.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-384", "x": b64(numbers.x.to_bytes(48)), "y": b64(numbers.y.to_bytes(48))}
    signed = forge({"alg": "ES256"}, signature=lambda data: p384.sign(data, ec.ECDSA(hashes.SHA256())))
    refused(signed, jwk)
    refused(signed, jwk | {"crv": "P-256"})


@pytest.mark.parametrize(
    "changes",
    [{"x": b64(bytes(32))}, {"y": None}, {"x": "!"}, {"x": 5}],
    ids=["off-the-curve", "no-y", "no-base64", "no-text"],
)
def test_a_key_that_cant_be_read_is_refused(changes):
    refused(by(EC), public(EC, **changes))


# The form.


@pytest.mark.clause("RFC7515-4.1.11")
@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp", None])
def test_4_1_11_critical_headers_are_not_understood(crit):
    """A JWS with an extension that is not understood is invalid."""
    refused(by(RSA, crit=crit, b64=True, exp=1), public(RSA))


@pytest.mark.clause("RFC7515-5.2")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("part", ["header", "payload"])
def test_5_2_what_is_no_utf_8_is_refused(part, encoding):
    """Others read something else there, or nothing: RFC 7515 5.2, steps 3 and 4; RFC 8259 8.1."""
    parts = {"header": b'{"alg":"ES256"}', "payload": b'{"iss":"fintech"}'}
    parts[part] = parts[part].decode().encode(encoding)
    signed = ".".join(map(b64, parts.values()))
    assert refused(f"{signed}.{b64(ecdsa(EC, signed.encode()))}", public(EC))


@pytest.mark.clause("RFC7515-4")
def test_4_a_header_that_stands_twice_is_refused():
    """Of two readers one could take the first and the other the last."""
    assert refused(forge('{"alg":"none","alg":"ES256"}', signature=lambda data: ecdsa(EC, data)), public(EC))


@pytest.mark.clause("RFC7519-4")
def test_4_a_member_that_stands_twice_is_refused():
    """Claim names must be unique."""
    refused(by(RSA, '{"sub":"rival","iss":"fintech","sub":"fintech"}'), public(RSA))
    refused(by(RSA, '{"sub":"fintech","cnf":{"jkt":"a","jkt":"b"}}'), public(RSA))


@pytest.mark.parametrize(
    "payload", ["", "null", "5", '"text"', "[]", '[{"sub":"fintech"}]', '{"sub":', "\u0000", '{"sub":"x"} {}', "NaN"]
)
def test_a_payload_that_is_no_json_object_is_refused(payload):
    refused(by(RSA, payload), public(RSA))


def test_a_token_within_a_token_is_refused():
    refused(by(RSA, by(RSA), cty="JWT"), public(RSA))


@pytest.mark.parametrize("open_", ["[", '{"a":'])
def test_what_is_nested_without_end_is_refused(open_):
    deep = open_ * (jose.MAX_BYTES // len(open_) // 2)
    refused(by(RSA, deep), public(RSA))
    refused(forge(deep), public(RSA))


def test_what_is_too_large_is_refused_before_it_is_read():
    assert "too large" in refused(by(RSA, {"pad": "x" * jose.MAX_BYTES}), public(RSA))
    with pytest.raises(JoseError, match="too large"):
        jose.parse("." * (jose.MAX_BYTES + 1))


def test_the_largest_is_still_read():
    claims = CLAIMS | {"pad": "x" * 11_500}
    token = by(RSA, claims)
    assert jose.MAX_BYTES * 0.95 < len(token) <= jose.MAX_BYTES
    assert verify(token, public(RSA))[1] == claims


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", "ü.ü.ü", "\ud800.a.b", "{}", " . . "])
def test_what_is_no_jws_is_refused(token):
    with pytest.raises(JoseError):
        verify(token, public(RSA))
    with pytest.raises(JoseError):
        jose.parse(token)


def test_a_signature_in_padded_or_plain_base64_is_refused():
    refused(by(RSA).replace(".", "=.", 1), public(RSA))


def test_an_unsecured_payload_is_peeked_at_but_never_verified():
    token = forge({"alg": "none"})
    assert jose.parse(token).claims == CLAIMS
    refused(token, public(RSA))


# A key in the token's own header.


def own(token):
    return jose.verify_by_own_key(jose.parse(token), algs=ALGS, sizes=KeySizes(rsa=2048, ec=224))


@pytest.mark.parametrize("key", [RSA, EC, ED], ids=["PS256", "ES256", "EdDSA"])
def test_a_proof_is_verified_by_the_key_that_it_brings(key):
    assert own(by(key, jwk=public(key)))[1] == CLAIMS


@pytest.mark.parametrize(
    "jwk",
    [None, "text", [], {}, {"kty": "oct", "k": "c2VjcmV0"}, public(RSA), public(OTHER_EC), public(EC, d="AQ")],
    ids=["none", "text", "list", "empty", "symmetric", "of-another-kind", "anothers", "private"],
)
def test_a_proof_by_any_other_key_is_refused(jwk):
    with pytest.raises(JoseError):
        own(by(EC, jwk=jwk))
