"""JWTs: faults that JOSE libraries and what is built on them published in 2025 and 2026, tried on ours."""

import base64
import hmac
import json
import zlib
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from tests.actors import ISSUER, b64url, ec_key, jwk, public, rsa_key
from tests.attacks.published.conftest import refused, unauthenticated
from tests.conftest import FAPI1
from tests.encryption import sealed

pytestmark = pytest.mark.fault("7")


def claims(client, **more):
    now = client.bank.now
    own = {"iss": client.client_id, "sub": client.client_id, "aud": ISSUER, "jti": f"published-{now}", "exp": now + 60}
    return own | more


def compact(header, body, signature=b""):
    return b".".join(b64url(json.dumps(part).encode()) for part in (header, body)).decode() + "." + signature.decode()


def with_mac(header, body, secret):
    head = compact(header, body).rpartition(".")[0]
    return f"{head}.{b64url(hmac.digest(secret, head.encode(), 'sha256')).decode()}"


def pushes(client, assertion):
    return client.push(
        client_assertion=assertion, client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )


@pytest.mark.published("Authlib", "CVE-2026-27962")
def test_a_key_in_the_header_signs_for_nobody(fintech):
    """A JWT's own header brought the key that verified it."""
    thief = rsa_key("thief")
    for header in ({"jwk": public(thief)}, {"jwk": jwk(thief)}, {"jku": "https://evil.example/jwks"}):
        assert unauthenticated(pushes(fintech, fintech.assertion(key=thief, headers=header)))


@pytest.mark.published("Authlib", "CVE-2025-59420")
@pytest.mark.published("PyJWT", "CVE-2026-32597")
def test_a_critical_header_that_nobody_understands_refuses_the_jwt(fintech, dpop_client, fapi1_advanced_client):
    """A header that had to be understood was passed over."""
    critical = {"crit": ["exp2"], "exp2": 1}
    assert unauthenticated(pushes(fintech, fintech.assertion(headers=critical)))
    proof = dpop_client.proof("POST", "/token", headers=critical)
    assert refused(dpop_client.post("/token", grant_type="client_credentials", proof=proof), "invalid_dpop_proof")
    request_object = fapi1_advanced_client.request_object(headers=critical, response_mode="jwt")
    assert refused(fapi1_advanced_client.post("/par", request=request_object), "invalid_request_object")


@pytest.mark.published("Authlib", "CVE-2026-28802")
def test_no_algorithm_and_no_signature_is_nothing(fintech):
    """alg none with an empty signature was verified."""
    for alg in ("none", "None", "NONE", "", None):
        assert unauthenticated(pushes(fintech, compact({"alg": alg, "kid": "k1"}, claims(fintech))))


@pytest.mark.published("Keycloak", "CVE-2026-11800")
@pytest.mark.published("Authlib", "CVE-2026-114615")
def test_a_public_key_is_no_secret_however_it_is_spelt(fintech):
    """An assertion was a MAC by the public key, also with something before its PEM."""
    key = rsa_key("fintech").public_key()
    pem, der = (
        key.public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
        for form in (serialization.Encoding.PEM, serialization.Encoding.DER)
    )
    for secret in (pem, b"\n" + pem, b"x" + pem, pem.strip(), der, json.dumps(public(rsa_key("fintech"))).encode()):
        for alg in ("HS256", "PS256"):
            assert unauthenticated(pushes(fintech, with_mac({"alg": alg, "kid": "k1"}, claims(fintech), secret)))


@pytest.mark.published("joserfc", "CVE-2026-49852")
@pytest.mark.published("PyJWT", "CVE-2026-102266")
@pytest.mark.published("ruby-jwt", "CVE-2026-45363")
@pytest.mark.published("python-jose", "CVE-2026-120459")
@pytest.mark.published("Authlib", "CVE-2026-114616")
def test_an_empty_secret_makes_no_mac(bank, client_secret_jwt_client):
    """A MAC by an empty key was verified, as where a secret was never set."""
    client = client_secret_jwt_client
    assert unauthenticated(pushes(client, with_mac({"alg": "HS256"}, claims(client), b"")))
    bank.aws.clients.put(replace(bank.aws.clients.find(client.client_id, now=bank.now), client_secret=None))
    bank.now += 61
    assert unauthenticated(pushes(client, with_mac({"alg": "HS256"}, claims(client), b"")))
    assert unauthenticated(pushes(client, client.assertion()))


@pytest.mark.published("LibJWT", "CVE-2026-44699")
def test_a_key_of_another_kind_makes_no_empty_mac(fintech, fapi1_bearer_client):
    """A JWK without alg was taken for a MAC's key, of no octets."""
    for client in (fintech, fapi1_bearer_client):
        for alg in ("HS256", "HS384", "HS512"):
            assert unauthenticated(pushes(client, with_mac({"alg": alg, "kid": "k1"}, claims(client), b"")))


@pytest.mark.published("web-token/jwt-framework", "GHSA-jc38-x7x8-2xc8")
def test_what_stands_outside_the_protected_header_counts_for_nothing(fintech):
    """The algorithm was read from a header that nobody signed."""
    protected, body, signature = fintech.assertion().split(".")
    flat = {"protected": protected, "payload": body, "signature": signature, "header": {"alg": "none"}}
    for sent in (flat, {"payload": body, "signatures": [flat]}):
        assert unauthenticated(pushes(fintech, json.dumps(sent)))


@pytest.mark.published("Authlib", "CVE-2025-61920")
def test_a_jwt_that_is_too_large_is_not_read(fintech):
    """Segments of any size were decoded, before anybody was authenticated."""
    huge = compact({"alg": "PS256", "kid": "k" * 20_000}, claims(fintech), b"AAAA")
    assert unauthenticated(pushes(fintech, huge))


@pytest.mark.published("jose2go", "CVE-2025-63811")
def test_nothing_is_unpacked(fapi1_advanced_client):
    """A small JWE grew to gigabytes."""
    bomb = base64.b85encode(zlib.compress(b"a" * 1_000_000)).decode()
    sent = sealed(fapi1_advanced_client.bank, bomb, zip="DEF")
    assert refused(fapi1_advanced_client.post("/par", request=sent), "invalid_request_object")


@pytest.mark.published("go-jose", "CVE-2026-34986")
def test_a_jwe_without_an_encrypted_key_is_refused_and_breaks_nothing(fapi1_advanced_client):
    """A JWE whose encrypted key was empty made the server panic."""
    header, key, *rest = sealed(fapi1_advanced_client.bank, fapi1_advanced_client.request_object()).split(".")
    for wrapped in ("", "AA", key[:-4], key + "AAAA"):
        sent = ".".join((header, wrapped, *rest))
        assert refused(fapi1_advanced_client.post("/par", request=sent), "invalid_request_object")


@pytest.mark.published("Keycloak", "CVE-2026-9793")
def test_what_is_encrypted_must_be_signed_inside(fapi1_advanced_client):
    """A request object of raw JSON was taken because it was encrypted."""
    request_object = fapi1_advanced_client.request_arguments(response_mode="jwt")
    now = fapi1_advanced_client.bank.now
    inside = request_object | {"client_id": "advanced", "iss": "advanced", "aud": ISSUER, "nbf": now, "exp": now + 60}
    for content in (json.dumps(inside), compact({"alg": "none"}, inside)):
        sent = sealed(fapi1_advanced_client.bank, content)
        assert refused(fapi1_advanced_client.post("/par", request=sent), "invalid_request_object")


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: use=enc")
def test_a_key_that_is_for_encryption_verifies_nothing(bank, fapi1_advanced_client):
    """A key of the client's set that said use: enc verified its signatures."""
    key = rsa_key("published-enc")
    keys = [jwk(rsa_key("advanced")), jwk(key, kid="e1", use="enc")]
    bank.register(**FAPI1 | {"client_id": "advanced", "profile": "fapi1-advanced", "jwks": {"keys": keys}})
    bank.now += 61
    request_object = fapi1_advanced_client.request_object(key=key, headers={"kid": "e1"}, response_mode="jwt")
    assert refused(fapi1_advanced_client.post("/par", request=request_object), "invalid_request_object")
    assert unauthenticated(
        pushes(fapi1_advanced_client, fapi1_advanced_client.assertion(key=key, headers={"kid": "e1"}))
    )


@pytest.mark.published("node-oidc-provider", "v9.11.4: strict compact decoders")
@pytest.mark.clause("RFC7515-7.1")
def test_a_jwt_has_one_spelling(fintech):
    """Padding, spaces, line breaks and other alphabets were decoded as if they were not there."""
    sent = fintech.assertion()
    header, body, signature = sent.split(".")
    odd = (f"{sent}\n", f" {sent}", f"{header}==.{body}.{signature}", f"{header}.{body}.{signature}==", f"{sent}.")
    odd += (f"{header}\n.{body}.{signature}", f"{header}.{body[:9]} {body[9:]}.{signature}", sent.replace("-", "+"))
    left_over = chr(ord(signature[-1]) + 1)  # decodes to the same octets, since its last bits are none of them
    for one in (*odd, sent[:-1] + left_over):
        if one != sent:
            assert unauthenticated(pushes(fintech, one)), one[:20]


@pytest.mark.published("node-oidc-provider", "v9.11.4: request object body")
def test_a_request_object_is_a_json_object(fapi1_advanced_client):
    """A payload that was no JSON object was read as one."""
    for body in (b"[]", b'"x"', b"null", b"[{}]", b"1"):
        head = b64url(json.dumps({"alg": "PS256", "kid": "k1"}).encode()) + b"." + b64url(body)
        signature = b64url(jwt.get_algorithm_by_name("PS256").sign(head, rsa_key("advanced")))
        sent = (head + b"." + signature).decode()
        assert refused(fapi1_advanced_client.post("/par", request=sent), "invalid_request_object")


@pytest.mark.published("node-oidc-provider", "v9.11.4: audience members")
def test_an_audience_of_odd_members_is_not_ours(fintech, fapi1_advanced_client):
    """aud was an array with members that are no texts, or an object."""
    for aud in ([ISSUER, 1], [[ISSUER]], {"0": ISSUER}, [None, ISSUER], True, [], ""):
        assert unauthenticated(pushes(fintech, fintech.assertion(aud=aud))), aud
    for aud in ([[ISSUER]], {"0": ISSUER}, [], "", 7):
        request_object = fapi1_advanced_client.request_object(aud=aud, response_mode="jwt")
        assert refused(fapi1_advanced_client.post("/par", request=request_object), "invalid_request_object"), aud


@pytest.mark.published("OpenID Foundation", "CVE-2025-27370")
def test_an_assertion_for_another_server_too_is_for_nobody(fintech, fapi1_baseline_client):
    """A server made clients sign assertions whose audience named another server beside it."""
    for client in (fintech, fapi1_baseline_client):
        for aud in (["https://evil.example", ISSUER], ["https://evil.example", f"{ISSUER}/token"], [f"{ISSUER}/token"]):
            assert unauthenticated(pushes(client, client.assertion(aud=aud))), aud


@pytest.mark.published("IETF OAuth working group", "CVE-2025-27371")
@pytest.mark.published("IETF", "RFC 10070")
def test_the_issuer_alone_is_the_audience_of_an_assertion(fintech, fapi1_baseline_client):
    """Specifications let an endpoint's address be the audience, which another server may choose."""
    for client in (fintech, fapi1_baseline_client):
        assert pushes(client, client.assertion()).status == 201
        for path in ("/token", "/par", "/introspect"):
            assert unauthenticated(pushes(client, client.assertion(aud=ISSUER + path))), path


@pytest.mark.published("Spring Security", "CVE-2026-22748")
def test_the_issuer_of_a_jwt_is_checked(fintech, fapi1_advanced_client):
    """A decoder left the issuer unchecked unless one more thing was configured."""
    for iss in ("rival", "https://evil.example", None, ""):
        assert unauthenticated(pushes(fintech, fintech.assertion(iss=iss)))
    for iss in ("rival", "https://evil.example"):
        request_object = fapi1_advanced_client.request_object(iss=iss, response_mode="jwt")
        assert refused(fapi1_advanced_client.post("/par", request=request_object), "invalid_request_object")


@pytest.mark.published("node-oidc-provider", "v9.11.4: string htu")
def test_the_address_in_a_proof_is_a_text(dpop_client):
    """A proof's htu was no text, and what it was compared with took it."""
    for htu in ([f"{ISSUER}/token"], {"href": f"{ISSUER}/token"}, 7, True, None, ""):
        proof = dpop_client.proof("POST", "/token", htu=htu)
        assert refused(dpop_client.post("/token", grant_type="client_credentials", proof=proof), "invalid_dpop_proof")


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: empty DPoP header")
def test_an_empty_header_before_a_proof_is_not_no_proof(bank, dpop_client, fapi1_bearer_client):
    """An empty first DPoP header made the server see no proof, and give an unbound token."""
    for client in (dpop_client, fapi1_bearer_client.with_(proof_key=ec_key("published-proofs"))):
        for proofs in (("", client.proof("POST", "/token")), (client.proof("POST", "/token"), ""), ("",)):
            answer = client.post("/token", grant_type="client_credentials", scope="accounts", proof=proofs)
            assert refused(answer, "invalid_dpop_proof")


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: jti retention")
def test_no_sender_says_how_long_we_remember(bank, fintech):
    """A jti was remembered for as long as the sender's own exp said."""
    for exp in (bank.now + 86_400, bank.now + 10**9, 1 << 52):
        assert unauthenticated(pushes(fintech, fintech.assertion(exp=exp)))


@pytest.mark.published("node-oidc-provider", "v9.11.4: empty parameters")
def test_an_empty_claim_of_a_request_object_is_none(fapi1_advanced_client):
    """An empty parameter in a request object was a parameter."""
    request_object = fapi1_advanced_client.request_object(nonce="", response_type="code id_token")
    answer = fapi1_advanced_client.post("/par", request=request_object)
    assert refused(answer, "invalid_request")  # as without a nonce


@pytest.mark.published("Keycloak", "CVE-2026-1529")
def test_a_hint_is_verified_before_it_is_believed(fapi1_baseline_client):
    """A token of the server's own was decoded, and its signature never checked."""
    header, body, signature = fapi1_baseline_client.tokens()["id_token"].split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = b64url(json.dumps({**said, "sub": "bob"}).encode()).decode()
    for hint in (f"{header}.{forged}.{signature}", f"{header}.{forged}.", compact({"alg": "none"}, said)):
        assert refused(fapi1_baseline_client.push(id_token_hint=hint), "invalid_request")
