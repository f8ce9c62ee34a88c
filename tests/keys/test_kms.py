"""KMS's keys, as JOSE wants them. Everything is checked by another library or by hand."""

from types import SimpleNamespace

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from chalicelib.keys.key_ring import CantSign
from chalicelib.keys.kms import ALGORITHMS, UNUSABLE, Kms, KmsSigner, MessageTooLong, to_jwk
from chalicelib.keys.thumbprint import thumbprint
from chalicelib.storage.signing_keys import SigningKey
from local import aws_stand_in as moto
from tests.aws_in_process import aws as standin

CONTEXT = {"user": "alice"}
KINDS = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
MEMBERS = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}}


@pytest.fixture(scope="module", params=[moto.in_process, standin.in_process], ids=["moto", "standin"])
def keys(request):
    """Settings of the keys of either stand-in, by DUCAT_<NAME>_KEY."""
    with request.param("eu-west-1") as settings:
        yield settings


@pytest.fixture(scope="module")
def kms(keys):
    names = ("secrets", "nonces", "subjects")
    return Kms(get_session(), **{f"{name}_key": keys[f"DUCAT_{name.upper()}_KEY"] for name in names})


@pytest.fixture(params=["PS256", "ES256", "EdDSA"])
def signing_key(request, keys, kms):
    key_id = keys[f"DUCAT_{request.param.upper()}_KEY"]
    jwk = to_jwk(kms.public_key(key_id), request.param)
    return SigningKey(jwk["kid"], request.param, key_id, jwk, 0)


# Signing.


def test_what_kms_signed_another_library_verifies(kms, signing_key):
    token = jose.sign({"sub": "alice"}, kms.signer(signing_key))
    key = KINDS[signing_key.public_jwk["kty"]].import_key(signing_key.public_jwk)
    decoded = jwt.decode(token, key, algorithms=[signing_key.alg])
    assert decoded.claims == {"sub": "alice"}
    assert (
        decoded.header == {"alg": signing_key.alg, "kid": signing_key.kid, "typ": "JWT"} or "typ" not in decoded.header
    )


def test_what_kms_signed_we_verify(kms, signing_key):
    token = jose.sign({"sub": "alice"}, kms.signer(signing_key), typ="at+jwt")
    jwks = {"keys": [signing_key.public_jwk]}
    header, claims = jose.verify(jose.parse(token), jwks, algs=[signing_key.alg], sizes=KeySizes(rsa=2048, ec=224))
    assert (header["typ"], header["kid"], claims) == ("at+jwt", signing_key.kid, {"sub": "alice"})


@pytest.mark.parametrize("signing_key", ["PS256", "ES256"], indirect=True)
def test_a_message_longer_than_kms_takes_is_signed_by_its_digest_all_the_same(kms, signing_key):
    claims = {"pad": "x" * 9000}
    token = jose.sign(claims, kms.signer(signing_key))
    jwks = {"keys": [signing_key.public_jwk]}
    assert jose.verify(jose.parse(token), jwks, algs=[signing_key.alg], sizes=KeySizes(rsa=2048, ec=224))[1] == claims


@pytest.mark.parametrize("signing_key", ["EdDSA"], indirect=True)
def test_a_message_longer_than_kms_takes_is_not_signed_where_only_the_message_will_do(kms, signing_key):
    assert len(kms.signer(signing_key).sign(b"x" * 4096)) == 64
    with pytest.raises(MessageTooLong, match="at most 4096 bytes as EdDSA, and these are 4097"):
        kms.signer(signing_key).sign(b"x" * 4097)


@pytest.mark.clause("RFC7518-3.4")
@pytest.mark.parametrize(("r", "s"), [(1, 1), (1, 2**255 + 7), (2**247, 3), (2**256 - 1, 2**256 - 1)])
def test_3_4_an_ecdsa_signature_is_r_and_s_of_32_bytes_each_however_small(r, s):
    """The octet sequence representations include leading zero octets."""
    client = SimpleNamespace(sign=lambda **request_parameters: {"Signature": encode_dss_signature(r, s)})
    raw = KmsSigner(client, SigningKey("k", "ES256", "key", {}, 0)).sign(b"data")
    assert (len(raw), int.from_bytes(raw[:32]), int.from_bytes(raw[32:])) == (64, r, s)


@pytest.mark.parametrize("alg", ["PS256", "ES256"])
def test_kms_gets_a_digest_and_one_algorithm(alg):
    request_parameters = []
    answer = {"Signature": encode_dss_signature(1, 1)}
    client = SimpleNamespace(sign=lambda **arguments: request_parameters.append(arguments) or answer)
    KmsSigner(client, SigningKey("k", alg, "key", {}, 0)).sign(b"abc")
    abc = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    expected = {"KeyId": "key", "Message": abc, "MessageType": "DIGEST", "SigningAlgorithm": ALGORITHMS[alg]}
    assert request_parameters == [expected]


def test_kms_gets_the_message_itself_for_eddsa():
    """KMS's other algorithm, of a digest, is Ed25519ph, which JOSE does not have."""
    request_parameters = []
    client = SimpleNamespace(
        sign=lambda **arguments: request_parameters.append(arguments) or {"Signature": b"as it comes"}
    )
    assert KmsSigner(client, SigningKey("k", "EdDSA", "key", {}, 0)).sign(b"abc") == b"as it comes"
    expected = {"KeyId": "key", "Message": b"abc", "MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}
    assert request_parameters == [expected]


@pytest.mark.parametrize("code", UNUSABLE)
def test_a_key_that_kms_refuses_to_sign_with_says_so(code):
    def refuse(**_):
        raise ClientError({"Error": {"Code": code}}, "Sign")

    with pytest.raises(CantSign, match=code):
        KmsSigner(SimpleNamespace(sign=refuse), SigningKey("k", "ES256", "key", {}, 0)).sign(b"abc")


def test_what_passes_is_no_word_about_the_key():
    def refuse(**_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Sign")

    with pytest.raises(ClientError):
        KmsSigner(SimpleNamespace(sign=refuse), SigningKey("k", "ES256", "key", {}, 0)).sign(b"abc")


# Public keys.


def test_a_public_key_as_jwk_is_the_key_that_kms_has(keys, kms, signing_key):
    jwk = signing_key.public_jwk
    again = (
        KINDS[jwk["kty"]]
        .import_key(jwk)
        .public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert again == kms.public_key(signing_key.key_id)


def test_a_jwk_has_its_thumbprint_for_kid_and_no_private_member(signing_key):
    jwk = signing_key.public_jwk
    assert (jwk["kid"], jwk["alg"], jwk["use"]) == (thumbprint(jwk), signing_key.alg, "sig")
    assert jwk.keys() == {"kty", "kid", "alg", "use"} | MEMBERS[jwk["kty"]]


@pytest.mark.clause("RFC7518-6.2.1.2")
def test_6_2_1_2_a_coordinate_that_begins_with_zeros_keeps_them():
    """The length of this octet string must be the full size of a coordinate."""
    for n in range(1, 5000):
        key = ec.derive_private_key(n, ec.SECP256R1()).public_key()
        if key.public_numbers().x < 2**248 or key.public_numbers().y < 2**248:
            break
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwk = to_jwk(der, "ES256")
    assert (len(jwk["x"]), len(jwk["y"])) == (43, 43)
    assert ECKey.import_key(jwk).public_key == key


# Sealed secrets.


def test_a_sealed_secret_is_opened_under_its_context(kms):
    sealed = kms.seal(b"secret", CONTEXT)
    assert b"secret" not in sealed.encode()
    assert kms.unseal(sealed, dict(CONTEXT)) == b"secret"


@pytest.mark.parametrize("context", [{"user": "bob"}, {}, {"USER": "alice"}, {**CONTEXT, "more": "x"}])
def test_under_another_context_it_stays_shut(kms, context):
    sealed = kms.seal(b"secret", CONTEXT)
    with pytest.raises(ClientError):
        kms.unseal(sealed, context)


def test_under_another_key_it_stays_shut(kms):
    other = botocore.session.get_session().create_client("kms").create_key()["KeyMetadata"]["Arn"]
    sealed = Kms(get_session(), secrets_key=other, nonces_key="", subjects_key="").seal(b"secret", CONTEXT)
    with pytest.raises(ClientError):
        kms.unseal(sealed, CONTEXT)


def test_what_was_never_sealed_is_not_opened(kms):
    with pytest.raises(ClientError):
        kms.unseal("bm90IHNlYWxlZA==" * 8, CONTEXT)


def test_hashes_are_of_the_size_that_the_names_say():
    assert {name[-3:] for name in ALGORITHMS if name != "EdDSA"} == {str(hashes.SHA256().digest_size * 8)}
