"""A signature that would hold if we let it say how it is to be checked: none, a shared secret, a key of its own."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256, sha384, sha512

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose
from tests.actors import ISSUER, NOW, SERIAL, Fintech, certificate, der, ec_key, jwk, rsa_key, secret_of
from tests.conftest import BASELINE, STANDARD
from tests.each import each

HASHES = {"HS256": sha256, "HS384": sha384, "HS512": sha512}


def unpadded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def jws(header, claims, sign):
    """A JWS that no library would make: `sign` gives the signature over the signing input."""
    data = f"{unpadded(json.dumps(header).encode())}.{unpadded(json.dumps(claims).encode())}"
    return f"{data}.{unpadded(sign(data.encode()))}"


def by(key, alg):
    """What signs with a private key, by an algorithm that it is of."""
    return lambda data: jwt.get_algorithm_by_name(alg).sign(data, key)


def by_secret(secret, alg="HS256"):
    return lambda data: hmac.digest(secret, data, HASHES[alg])


def nothing(data):
    return b""


class Carrier:
    """A place where a client's signature counts. `send` gives whether the JWS was taken; a refusal is checked here."""

    def __init__(self, client, where):
        self.client, self.where = client, where

    def claims(self):
        base = {
            "iss": self.client.client_id,
            "aud": ISSUER,
            "nbf": NOW,
            "exp": NOW + 60,
            "jti": f"confused {next(SERIAL)}",
        }
        if self.where == "assertion":
            return base | {"sub": self.client.client_id}
        return base | self.client.request_arguments(client_id=self.client.client_id)

    def send(self, sent):
        if self.where == "assertion":
            typed = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
            answer = self.client.push(client_assertion=sent, **typed)
            expected = (401, "invalid_client")
        else:
            answer = self.client.post("/par", request=sent)
            expected = (400, "invalid_request_object")
        if answer.status == 201:
            return True
        assert (answer.status, answer.error) == expected, answer.text
        return False


@pytest.fixture(params=["assertion", "request object"])
def rsa_carrier(bank, request):
    """A client with an RSA key, that signs its requests too."""
    return carrier(bank, "confused-rsa", rsa_key("confused"), "PS256", request.param)


@pytest.fixture(params=["assertion", "request object"])
def ec_carrier(bank, request):
    """A client with an elliptic curve key."""
    return carrier(bank, "confused-ec", ec_key("confused"), "ES256", request.param)


@pytest.fixture(params=[(kind, where) for kind in ("rsa", "ec") for where in ("assertion", "request object")])
def either_carrier(bank, request):
    """A client with a key of either kind."""
    kind, where = request.param
    key, alg = (rsa_key("confused"), "PS256") if kind == "rsa" else (ec_key("confused"), "ES256")
    return carrier(bank, f"confused-{kind}", key, alg, where)


def carrier(bank, client_id, key, alg, where):
    bank.register(
        **STANDARD | {"profile": "fapi2-message-signing"},
        client_id=client_id,
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [jwk(key)]},
    )
    return Carrier(Fintech(bank, client_id, "private_key_jwt", key, alg, certificate(client_id)), where)


def header_of(carrier, **more):
    return {"alg": carrier.client.alg, "kid": "k1"} | more


def test_the_right_signature_is_taken(either_carrier):
    """What the following tests change is what makes them fail."""
    client = either_carrier.client
    assert either_carrier.send(jws(header_of(either_carrier), either_carrier.claims(), by(client.key, client.alg)))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("alg", ["none", "None", "NONE", "nOnE", "", " none", "none ", None, 0, [], {}, True])
def test_none_is_no_signature(either_carrier, alg):
    """In no spelling, with an empty signature, an old one, or any."""
    client = either_carrier.client
    for sign in (nothing, by(client.key, client.alg), lambda data: b"x" * 256):
        assert not either_carrier.send(jws(header_of(either_carrier, alg=alg), either_carrier.claims(), sign))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_a_signature_that_was_cut_off_is_none(either_carrier):
    """Nor does it help to keep the algorithm and leave the signature out."""
    client = either_carrier.client
    whole = jws(header_of(either_carrier), either_carrier.claims(), by(client.key, client.alg))
    head, _, signature = whole.rpartition(".")
    for sent in (f"{head}.", head, f"{head}..", f"{head}.{signature[:-4]}", f"{head}.{'A' * len(signature)}"):
        assert not either_carrier.send(sent)


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("alg", HASHES)
def test_a_public_key_is_no_secret(either_carrier, alg):
    """HMAC with what everybody knows of the client's key: PEM, DER, JWK, modulus, kid, nothing."""
    public = either_carrier.client.key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    members = jwk(either_carrier.client.key)
    secrets = [
        pem,
        pem.strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(members).encode(),
        json.dumps(members, separators=(",", ":"), sort_keys=True).encode(),
        members.get("n", members.get("x")).encode(),
        b"k1",
        either_carrier.client.client_id.encode(),
        b"",
    ]
    for secret in secrets:
        assert not either_carrier.send(
            jws(header_of(either_carrier, alg=alg), either_carrier.claims(), by_secret(secret, alg))
        )
        assert not either_carrier.send(jws(header_of(either_carrier), either_carrier.claims(), by_secret(secret, alg)))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("alg", ["RS256", "RS384", "RS512", "PS384", "PS512"])
def test_other_algorithms_of_the_right_key_are_refused(rsa_carrier, alg):
    """RSASSA-PKCS1-v1_5 is not allowed, and no algorithm is that the profile does not name, however right the key."""
    sign = by(rsa_carrier.client.key, alg)
    assert not rsa_carrier.send(jws(header_of(rsa_carrier, alg=alg), rsa_carrier.claims(), sign))
    assert not rsa_carrier.send(jws(header_of(rsa_carrier), rsa_carrier.claims(), sign))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("alg", ["ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "PS256", "RS256"])
def test_an_algorithm_of_another_kind_of_key_finds_none(ec_carrier, alg):
    """The algorithm chooses among keys of its own kind and curve; a signature by the right key under its name is nothing."""
    assert not ec_carrier.send(
        jws(header_of(ec_carrier, alg=alg), ec_carrier.claims(), by(ec_carrier.client.key, "ES256"))
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_a_key_of_another_kind_does_not_sign_for_it(rsa_carrier):
    """ES256 by a stranger's elliptic curve key, for a client that has none."""
    assert not rsa_carrier.send(
        jws(header_of(rsa_carrier, alg="ES256"), rsa_carrier.claims(), by(ec_key("stranger"), "ES256"))
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("raw", [b"\x00" * 64, b"\x00" * 63 + b"\x01", b"\xff" * 64, b"", b"\x30\x06\x02\x01\x00\x02\x01\x00"])
def test_no_constant_is_a_signature(ec_carrier, raw):
    """r = s = 0 and its kin, which libraries have taken for every message of every key."""
    assert not ec_carrier.send(jws(header_of(ec_carrier), ec_carrier.claims(), lambda data: raw))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_a_key_that_comes_with_the_signature_counts_for_nothing(either_carrier):
    """jwk, jku, x5u and x5c lead to the signer's own key: none of them is looked at, and nothing is fetched."""
    alg = either_carrier.client.alg
    outsider = rsa_key("stranger") if alg == "PS256" else ec_key("stranger")
    shown = unpadded(der(certificate("stranger", key=outsider)))
    for own in (
        {"jwk": jwk(outsider)},
        {"jku": "https://evil.example/jwks"},
        {"jku": "http://169.254.169.254/latest/meta-data"},
        {"jku": f"{ISSUER}/jwks"},
        {"x5u": "https://evil.example/certificate.pem"},
        {"x5c": [shown]},
        {"x5t#S256": unpadded(sha256(der(certificate("stranger", key=outsider))).digest())},
    ):
        assert not either_carrier.send(
            jws(header_of(either_carrier, **own), either_carrier.claims(), by(outsider, alg))
        )
        without_kid = {"alg": alg, **own}
        assert not either_carrier.send(jws(without_kid, either_carrier.claims(), by(outsider, alg)))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_such_headers_do_no_harm_beside_the_right_key(either_carrier):
    """They are not looked at, so a client may well send them."""
    client = either_carrier.client
    header = header_of(either_carrier, jku="https://evil.example/jwks", x5c=["AAAA"], jwk=jwk(ec_key("stranger")))
    assert either_carrier.send(jws(header, either_carrier.claims(), by(client.key, client.alg)))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each("kid", ["", "k2", "../../k1", "k1\x00", "K1", "' OR '1'='1", 1, True, ["k1"], {"kid": "k1"}, "/dev/null"])
def test_a_kid_names_a_key_of_the_client_or_nothing(either_carrier, kid):
    """A kid is compared, not looked up anywhere."""
    client = either_carrier.client
    assert not either_carrier.send(
        jws(header_of(either_carrier, kid=kid), either_carrier.claims(), by(client.key, client.alg))
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
@each(
    "more",
    [
        {"crit": ["exp"], "exp": NOW},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": "b64"},
        {"crit": None},
        {"crit": ["of nothing"]},
    ],
)
def test_what_must_be_understood_and_is_not_is_refused(either_carrier, more):
    """RFC 7515 4.1.11: whoever does not understand a critical header takes nothing of it."""
    client = either_carrier.client
    assert not either_carrier.send(
        jws(header_of(either_carrier, **more), either_carrier.claims(), by(client.key, client.alg))
    )


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_a_header_that_says_two_things_is_not_chosen_from(either_carrier):
    """A header with alg twice: whichever counts, the right key must have signed by it."""
    client = either_carrier.client
    claims = unpadded(json.dumps(either_carrier.claims()).encode())
    for text in (
        f'{{"alg":"none","kid":"k1","alg":"{client.alg}"}}',
        f'{{"alg":"{client.alg}","kid":"k1","alg":"none"}}',
    ):
        data = f"{unpadded(text.encode())}.{claims}"
        assert not either_carrier.send(f"{data}.")
        outsider = rsa_key("stranger") if client.alg == "PS256" else ec_key("stranger")
        assert not either_carrier.send(f"{data}.{unpadded(by(outsider, client.alg)(data.encode()))}")


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_claims_that_say_two_things_are_refused(either_carrier):
    """Two values of one claim, which two readers would take differently, are no claims."""
    client = either_carrier.client
    text = json.dumps(either_carrier.claims())
    doubled = text.replace("{", f'{{"iss":"{client.client_id}",', 1)
    data = f"{unpadded(json.dumps(header_of(either_carrier)).encode())}.{unpadded(doubled.encode())}"
    assert not either_carrier.send(f"{data}.{unpadded(by(client.key, client.alg)(data.encode()))}")


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-1")
def test_other_serializations_are_none(either_carrier):
    """JSON serialization, an encrypted JWT and a nested one are not compact JWSs."""
    client = either_carrier.client
    good = jws(header_of(either_carrier), either_carrier.claims(), by(client.key, client.alg))
    head, claims, signature = good.split(".")
    flattened = json.dumps({"protected": head, "payload": claims, "signature": signature})
    encrypted = ".".join([unpadded(b'{"alg":"dir","enc":"A256GCM"}'), "", "AAAA", "AAAA", "AAAA"])
    data = f"{unpadded(json.dumps(header_of(either_carrier, cty='JWT')).encode())}.{unpadded(good.encode())}"
    nested = f"{data}.{unpadded(by(client.key, client.alg)(data.encode()))}"
    for sent in (flattened, encrypted, nested, f"{good}.", f".{good}", f"{head}.{claims}.{signature}.{signature}"):
        assert not either_carrier.send(sent)


@pytest.mark.clause("JAR-10.8")
def test_what_was_signed_for_one_purpose_is_not_taken_for_another(bank, rsa_carrier, fintech):
    """Cross-JWT confusion: an assertion is no request object, a request object no assertion, an ID token neither."""
    other = Carrier(
        rsa_carrier.client, {"request object": "assertion", "assertion": "request object"}[rsa_carrier.where]
    )
    sign = by(rsa_carrier.client.key, "PS256")
    assert not rsa_carrier.send(jws(header_of(rsa_carrier), other.claims(), sign))
    assert not rsa_carrier.send(fintech.tokens()["id_token"])


# A client with a secret, and clients with none.


@pytest.fixture
def by_secret_client(client_secret_jwt_client):
    return Carrier(client_secret_jwt_client, "assertion")


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
def test_a_secret_makes_a_mac_and_nothing_else(by_secret_client):
    """Who registered a secret is not known by a signature, nor by none, nor by a MAC with anything but the secret."""
    carrier = by_secret_client
    secret = carrier.client.key.encode()
    assert carrier.send(jws({"alg": "HS256"}, carrier.claims(), by_secret(secret)))
    assert not carrier.send(jws({"alg": "none"}, carrier.claims(), nothing))
    assert not carrier.send(jws({"alg": "HS256"}, carrier.claims(), nothing))
    for alg, key in (("PS256", rsa_key("confused")), ("ES256", ec_key("confused")), ("RS256", rsa_key("confused"))):
        own = {"alg": alg, "jwk": jwk(key), "kid": "k1"}
        assert not carrier.send(jws(own, carrier.claims(), by(key, alg)))
        assert not carrier.send(jws(own, carrier.claims(), by_secret(secret)))
    for wrong in (b"", b"client-secret-jwt", secret[:-1], secret + b"=", secret.lower(), b"\x00" * 64):
        assert not carrier.send(jws({"alg": "HS256"}, carrier.claims(), by_secret(wrong)))
    for alg in ("HS384", "HS512"):
        assert not carrier.send(jws({"alg": alg}, carrier.claims(), by_secret(secret)))
        assert carrier.send(jws({"alg": alg}, carrier.claims(), by_secret(secret, alg)))


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
def test_a_public_key_is_no_secret_of_a_client_that_has_both(bank, client_secret_jwt_client):
    """A client with a secret may register keys as well, for its requests: they are no way in."""
    key = rsa_key("confused")
    given = {**BASELINE, "client_id": "both-kinds", "token_endpoint_auth_method": "client_secret_jwt"}
    bank.register(**given, jwks={"keys": [jwk(key)]})
    carrier = Carrier(client_secret_jwt_client.with_(client_id="both-kinds", key=secret_of("both-kinds")), "assertion")
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert carrier.send(jws({"alg": "HS256"}, carrier.claims(), by_secret(carrier.client.key.encode())))
    assert not carrier.send(jws({"alg": "PS256", "kid": "k1"}, carrier.claims(), by(key, "PS256")))
    for known in (pem, json.dumps(jwk(key)).encode(), jwk(key)["n"].encode()):
        assert not carrier.send(jws({"alg": "HS256", "kid": "k1"}, carrier.claims(), by_secret(known)))


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
@each("alg", HASHES)
def test_a_client_with_a_key_is_not_known_by_a_mac(fapi1_bearer_client, alg):
    """In a profile that knows both, the registered method decides and not the header."""
    carrier = Carrier(fapi1_bearer_client, "assertion")
    pem = fapi1_bearer_client.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (
        pem,
        pem.strip(),
        jwk(fapi1_bearer_client.key)["n"].encode(),
        secret_of("fapi1-bearer").encode(),
        b"",
        b"fapi1-bearer",
    ):
        assert not carrier.send(jws({"alg": alg, "kid": "k1"}, carrier.claims(), by_secret(secret, alg)))
    assert carrier.send(jws({"alg": "PS256", "kid": "k1"}, carrier.claims(), by(fapi1_bearer_client.key, "PS256")))


def test_neither_function_takes_what_is_the_others():
    """Should a caller mix the algorithms up: no MAC is verified with a public key, no signature with a secret."""
    key, sizes = rsa_key("confused"), {"sizes": KeySizes(rsa=2048, ec=224)}
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = jws({"alg": "HS256", "kid": "k1"}, {"a": 1}, by_secret(pem))
    signed = jws({"alg": "PS256", "kid": "k1"}, {"a": 1}, by(key, "PS256"))
    algs = ("PS256", "HS256")
    assert jose.verify(jose.parse(signed), {"keys": [jwk(key)]}, algs=algs, **sizes)[1] == {"a": 1}
    assert jose.verify_mac(jose.parse(jws({"alg": "HS256"}, {"a": 1}, by_secret(b"s" * 32))), b"s" * 32, algs=algs)[
        1
    ] == {"a": 1}
    with pytest.raises(jose.JoseError):
        jose.verify_mac(jose.parse(mac), pem, algs=algs)
    with pytest.raises(jose.JoseError):
        jose.verify(jose.parse(mac), {"keys": [jwk(key)]}, algs=algs, **sizes)
    with pytest.raises(jose.JoseError):
        jose.verify(jose.parse(mac), {"keys": [{"kty": "oct", "k": unpadded(pem), "kid": "k1"}]}, algs=algs, **sizes)
    with pytest.raises(jose.JoseError):
        jose.verify_mac(jose.parse(signed), pem, algs=algs)
    with pytest.raises(jose.JoseError):
        jose.verify_by_own_key(
            jose.parse(jws({"alg": "HS256", "jwk": jwk(key)}, {"a": 1}, by_secret(pem))), algs=algs, **sizes
        )
