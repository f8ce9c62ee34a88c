"""HTTP message signatures (RFC 9421) and Content-Digest (RFC 9530), as FAPI 2.0 HTTP Signatures (draft) profiles them.

Signatures are made here by hand, and those of the bank verified by hand: the base is written out, and signed or verified by
cryptography alone.
"""

import inspect
import json
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from chalicelib.assembly import Aws
from chalicelib.endpoints import authorizer
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import http_signatures
from chalicelib.keys.http_signatures import SignatureError
from chalicelib.messages import Request, Response
from chalicelib.profiles import PROFILES
from chalicelib.resource_server.request_signature import NotSigned, require_signed
from chalicelib.resource_server.response_signature import NotTheBody, require_digest, sign_response
from chalicelib.resource_server.target_uri import spellings
from chalicelib.storage.records import Client
from tests.actors import NOW, ec_key, jwk, rsa_key
from tests.conftest import STANDARD
from tests.each import each

PROFILE = PROFILES["fapi2-message-signing"]
ADDRESS = "https://api.bank.example/payments"
BODY = b'{"amount":"10.00"}'
DIGEST = f"sha-256=:{b64encode(sha256(BODY).digest()).decode()}:"
TOKEN = ("authorization", "Bearer a-token")
PROOF = ("dpop", "a-proof")
RSA, EC, OKP = rsa_key("signs"), ec_key("signs"), ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def okp_jwk(key, **more):
    x = b64encode(key.public_key().public_bytes_raw(), b"-_").rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", **more}


KEYS = {"rsa": jwk(RSA, kid="rsa"), "ec": jwk(EC, kid="ec"), "okp": okp_jwk(OKP, kid="okp")}
CLIENT = Client(
    "fintech",
    "Fintech",
    PROFILE.name,
    "private_key_jwt",
    ("client_credentials",),
    ("payments",),
    jwks={"keys": [*KEYS.values()]},
)


def made(key, base, hashed=hashes.SHA256):
    """The signature's bytes, by the key's own algorithm of JOSE (RFC 7518 3.4, 3.5; RFC 8037 3.1)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(base, padding.PSS(padding.MGF1(hashed()), hashed.digest_size), hashed())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return b"".join(
            number.to_bytes(32, "big") for number in decode_dss_signature(key.sign(base, ec.ECDSA(hashed())))
        )
    return key.sign(base)


def a_request(*more, method="GET", body="", headers=(TOKEN,), **changes):
    return Request(method, "/payments", headers=(*headers, *more), body=body, **changes)


def changed(request, **parts):
    """The request with other parts."""
    same = {name: value for name, value in vars(request).items() if name in inspect.signature(Request).parameters}
    return Request(**same | parts)


def covered(request):
    """What a request must have signed, and its values."""
    own = [(name, value) for name, value in request.headers if name in ("authorization", "dpop", "content-digest")]
    return [("@method", request.method), ("@target-uri", ADDRESS), *own]


def signed(
    request,
    cover=None,
    *,
    key=RSA,
    keyid="rsa",
    created=NOW,
    tag="fapi-2-request",
    label="sig1",
    more="",
    hashed=hashes.SHA256,
):
    """The request with a signature of it. `cover`: component to value, as signed. `more`: further parameters, as text."""
    cover = covered(request) if cover is None else cover
    names = " ".join(f'"{name}"' for name, _ in cover)
    at = "" if created is None else f";created={created}"
    parameters = f'({names}){at};keyid="{keyid}"{more};tag="{tag}"'
    base = "\n".join([*(f'"{name}": {value}' for name, value in cover), f'"@signature-params": {parameters}'])
    value = b64encode(made(key, base.encode(), hashed)).decode()
    headers = (("signature-input", f"{label}={parameters}"), ("signature", f"{label}=:{value}:"))
    return changed(request, headers=(*request.headers, *headers))


def check(request, *, client=CLIENT, profile=PROFILE, urls=(ADDRESS,), now=NOW):
    return require_signed(request, client, profile, urls=urls, now=now)


def refused(request, **given):
    with pytest.raises(NotSigned) as refusal:
        check(request, **given)
    return refusal.value


def of_payment(**changes):
    """A payment's request: with a proof and a body's digest."""
    return a_request(PROOF, ("content-digest", DIGEST), ("content-length", "18"), method="POST", **changes)


# The profile's own: FAPI 2.0 HTTP Signatures 5.3.1, resource requests.


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-2")
@each(("key", "keyid", "alg"), [(RSA, "rsa", "PS256"), (EC, "ec", "ES256"), (OKP, "okp", "EdDSA")])
def test_5_3_1_2_a_request_signed_by_a_registered_key_is_accepted(key, keyid, alg):
    """The verifier verifies the signature received from the client."""
    found = check(signed(of_payment(), key=key, keyid=keyid))
    assert (found.keyid, found.alg, found.created, found.target_uri) == (keyid, alg, NOW, ADDRESS)


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-1")
def test_5_3_1_2_another_clients_key_is_refused_though_it_has_the_same_kid():
    """The key is one of the client's."""
    rival = replace(CLIENT, client_id="rival", jwks={"keys": [jwk(rsa_key("rivals"), kid="rsa")]})
    assert "signature is not of that key" in refused(signed(of_payment()), client=rival).detail


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-1")
@each("jwks", [None, {"keys": []}, {"keys": [KEYS["ec"]]}])
def test_5_3_1_2_a_client_that_registered_no_such_key_is_refused(jwks):
    """Without a registered key there is nobody to hold to it."""
    refused(signed(of_payment()), client=replace(CLIENT, jwks=jwks))


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-3")
def test_5_3_1_2_a_request_without_signature_is_refused_with_401():
    """Missing signatures are answered with 401, and with what to sign (RFC 9421 5.1)."""
    refusal = refused(of_payment())
    headers = dict(refusal.headers)
    assert (refusal.status, refusal.error) == (401, "invalid_request")
    assert headers["WWW-Authenticate"].startswith('Bearer error="invalid_request", error_description="')
    assert headers["Accept-Signature"] == (
        'sig=("@method" "@target-uri" "authorization" "dpop" "content-digest");created;tag="fapi-2-request"'
    )


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-3")
def test_5_3_1_2_the_challenge_is_of_the_scheme_that_was_used():
    """RFC 9449 7.1: a DPoP-bound token is answered in its own scheme."""
    refusal = refused(a_request(PROOF, headers=(("authorization", "dpop a-token"),)))
    assert dict(refusal.headers)["WWW-Authenticate"].startswith("DPoP error=")


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-4")
@each("tag", ["fapi-2-response", "FAPI-2-REQUEST", "", "other"])
def test_5_3_1_2_another_tag_is_refused(tag):
    """A request without a signature of the tag fapi-2-request is rejected."""
    assert refused(signed(of_payment(), tag=tag)).detail == "signature: no signature has the tag"


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-4")
def test_5_3_1_2_a_tag_that_is_a_token_and_no_string_is_refused():
    """RFC 9421 2.3: tag is a string."""
    request = signed(of_payment())
    bare = [(n, v.replace('tag="fapi-2-request"', "tag=fapi-2-request")) for n, v in request.headers]
    refused(changed(request, headers=tuple(bare)))


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-5")
@each("left_out", ["@method", "@target-uri", "authorization"])
def test_5_3_1_2_what_must_be_covered_is_requested(left_out):
    """A signature without @method, @target-uri or Authorization is rejected."""
    request = a_request()
    cover = [(name, value) for name, value in covered(request) if name != left_out]
    assert refused(signed(request, cover)).detail == f"signature: it does not cover {left_out}"


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-5")
def test_5_3_1_2_an_authorization_that_is_covered_in_part_is_not_covered():
    """Only the header itself is the header: of one with parameters, something else is signed."""
    request = a_request()
    wrapped = ('authorization";bs', f":{b64encode(TOKEN[1].encode()).decode()}:")
    base = [(n, v) for n, v in covered(request) if n != "authorization"]
    names = '("@method" "@target-uri" "authorization";bs)'
    parameters = f'{names};created={NOW};keyid="rsa";tag="fapi-2-request"'
    lines = [f'"{name}": {value}' for name, value in base]
    text = "\n".join([*lines, f'"{wrapped[0]}: {wrapped[1]}', f'"@signature-params": {parameters}'])
    value = b64encode(made(RSA, text.encode())).decode()
    sent = a_request(("signature-input", f"s={parameters}"), ("signature", f"s=:{value}:"))
    assert refused(sent).detail == "signature: it does not cover authorization"


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-5")
def test_5_3_1_2_an_authorization_other_than_the_signed_one_is_refused():
    """The token is the one that was signed with the request."""
    request = signed(a_request())
    swapped = [(n, "Bearer another-token" if n == "authorization" else v) for n, v in request.headers]
    refused(changed(request, headers=tuple(swapped)))


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-6")
@each(("created", "fits"), [(NOW - 71, False), (NOW - 70, True), (NOW + 10, True), (NOW + 11, False), (None, False)])
def test_5_3_1_2_created_is_there_and_of_the_last_minute(created, fits):
    """A signature without created, or with one outside an acceptable range (1 minute), is rejected."""
    request = signed(a_request(), created=created)
    if fits:
        assert check(request).created == created
    else:
        detail = (
            "signature: created is missing" if created is None else "signature: created is too old or in the future"
        )
        assert refused(request).detail == detail


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-6")
@each("created", [f'"{NOW}"', f"{NOW}.0", "?1", f"@{NOW}", "now"])
def test_5_3_1_2_a_created_that_is_no_integer_is_refused(created):
    """RFC 9421 2.3: created is an Integer."""
    refused(signed(a_request(), created=created))


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-7")
def test_5_3_1_2_a_proof_that_is_sent_must_be_covered():
    """When a DPoP header is present, a signature without it is rejected."""
    request = a_request(PROOF)
    cover = [(name, value) for name, value in covered(request) if name != "dpop"]
    assert refused(signed(request, cover)).detail == "signature: it does not cover dpop"


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-8")
def test_5_3_1_2_a_digest_that_is_sent_must_be_covered():
    """When there is a body, a signature without content-digest is rejected."""
    request = of_payment()
    cover = [(name, value) for name, value in covered(request) if name != "content-digest"]
    assert refused(signed(request, cover)).detail == "signature: it does not cover content-digest"


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-8")
@pytest.mark.parametrize("disclosed", [("content-length", "18"), ("transfer-encoding", "chunked")])
def test_5_3_1_2_a_body_that_the_headers_tell_of_needs_a_digest(disclosed):
    """The authorizer sees no body: what there is to see of it is enough to refuse."""
    refusal = refused(signed(a_request(disclosed, method="POST")))
    assert refusal.detail == "signature: Content-Digest is missing"
    assert '"content-digest"' in dict(refusal.headers)["Accept-Signature"]
    assert check(signed(a_request(("content-length", "0"), method="POST")))


# RFC 9421: what a signature is of.


@pytest.mark.clause("RFC9421-2.2.1")
def test_2_2_1_the_method_is_the_requests():
    """@method is the method of the request."""
    refused(changed(signed(a_request()), method="DELETE"))


@pytest.mark.clause("RFC9421-2.2.2")
@each(
    "uri",
    [
        "https://api.evil.example/payments",
        "http://api.bank.example/payments",
        "https://api.bank.example/accounts",
        "https://api.bank.example:8443/payments",
        "https://api.bank.example/payments?amount=1",
        "https://api.bank.example",
        "/payments",
    ],
)
def test_2_2_2_a_target_uri_other_than_ours_is_refused(uri):
    """@target-uri is the whole address; which is ours the settings say, whatever Host says."""
    request = a_request(("host", "api.evil.example"))
    cover = [("@method", "GET"), ("@target-uri", uri), TOKEN]
    refused(signed(request, cover))


@pytest.mark.clause("RFC9421-2.2.2")
@each(
    ("written", "query"),
    [
        ("from=2027-01-15T08:00:00Z&to=x", [("from", "2027-01-15T08:00:00Z"), ("to", "x")]),
        ("from=2027-01-15T08%3A00%3A00Z&to=x", [("from", "2027-01-15T08:00:00Z"), ("to", "x")]),
        ("name=J%C3%BCrgen%20K", [("name", "Jürgen K")]),
        ("name=J%C3%BCrgen+K", [("name", "Jürgen K")]),
        ("q=(a)!%3A", [("q", "(a)!:")]),
        ("q=*%7E", [("q", "*~")]),
        ("b=2&a=1&b=3", [("b", "2"), ("a", "1"), ("b", "3")]),
        ("c=3&a=1&b=2", [("a", "1"), ("b", "2"), ("c", "3")]),
    ],
)
def test_2_2_2_a_query_is_found_however_it_was_written(written, query):
    """The gateway hands a query over decoded, and by names; the client signed it as it wrote it."""
    request = a_request(query=tuple(query))
    cover = [("@method", "GET"), ("@target-uri", f"{ADDRESS}?{written}"), TOKEN]
    assert check(signed(request, cover)).target_uri == f"{ADDRESS}?{written}"


@pytest.mark.clause("RFC9421-2.2.2")
@each("query", [(), (("a", "2"),), (("a", "1"), ("a", "1")), (("a", "1"), ("b", "")), (("a", "1&b=2"),)])
def test_2_2_2_another_query_than_the_signed_one_is_refused(query):
    """However it may be written, it is the same names and values, as often."""
    cover = [("@method", "GET"), ("@target-uri", f"{ADDRESS}?a=1"), TOKEN]
    refused(signed(a_request(query=query), cover))


@pytest.mark.clause("RFC9421-2.2.2")
def test_2_2_2_any_of_the_resources_addresses_may_be_signed():
    """One resource on several hosts of the bank; which one was called, the signature says."""
    other = "https://mtls.bank.example/payments"
    request = signed(a_request(), [("@method", "GET"), ("@target-uri", other), TOKEN])
    assert check(request, urls=(ADDRESS, other)).target_uri == other
    refused(request)


def test_no_more_spellings_are_tried_than_a_request_is_worth():
    query = [(f"n {i}", "(*~)/ü +") for i in range(3)]
    assert len(set(spellings([ADDRESS], query))) == len(list(spellings([ADDRESS], query))) <= 35
    assert len(list(spellings([ADDRESS], [*query, ("d", "4")]))) <= 5


@pytest.mark.clause("RFC9421-2.1")
def test_2_1_lines_of_one_field_are_signed_together():
    """Values of a field with several lines are joined by a comma and a space."""
    request = a_request(("x-consent", "one"), ("x-consent", "two"))
    assert check(signed(request, [*covered(request), ("x-consent", "one, two")]))
    refused(signed(request, [*covered(request), ("x-consent", "two, one")]))


@pytest.mark.clause("RFC9421-2.1")
@each("name", ["authorization", "dpop", "content-digest"])
def test_2_1_what_decides_is_sent_once(name):
    """A second line can't hide behind a signature of both, nor be the one that somebody else reads."""
    request = of_payment()
    double = changed(request, headers=(*request.headers, (name, "another")))
    values = [value for key, value in double.headers if key == name]
    cover = [(n, ", ".join(values) if n == name else v) for n, v in covered(request)]
    assert "more than once" in refused(signed(double, cover)).detail


@pytest.mark.clause("RFC9421-2.1")
@each("value", ["Bearer a\r\n -token", "Bearer a-token\r\nx: y", "Bearer a\n-token", "Bearer a\0-token"])
def test_2_1_a_folded_or_broken_header_is_refused(value):
    """Obsolete line folding, and whatever could write a line of its own into the base."""
    unfolded = value.replace("\r\n ", " ")
    request = a_request(headers=(("authorization", value),))
    refusal = refused(signed(request, [("@method", "GET"), ("@target-uri", ADDRESS), ("authorization", unfolded)]))
    assert refusal.detail == "signature: a header has a line break in it"


@pytest.mark.clause("RFC9421-2.5")
@each(
    ("component", "value"),
    [
        ('"x-absent"', ""),
        ('"authorization"', "Bearer a-token"),
        ('"authorization";req', "Bearer a-token"),
        ('"authorization";tr', "Bearer a-token"),
        ('"authorization";new', "Bearer a-token"),
        ('"Authorization"', "Bearer a-token"),
        ("authorization", "Bearer a-token"),
        ('"@status"', "200"),
        ('"@nonsense"', ""),
        ('"@signature-params"', ""),
    ],
)
def test_2_5_a_base_that_can_not_be_written_is_refused(component, value):
    """A component that is not there, stands twice, or is of something else than a request, as a lenient signer writes it."""
    lines = [*((f'"{name}"', value) for name, value in covered(a_request())), (component, value)]
    parameters = f'({" ".join(name for name, _ in lines)});created={NOW};keyid="rsa";tag="fapi-2-request"'
    base = "\n".join([*(f"{name}: {value}" for name, value in lines), f'"@signature-params": {parameters}'])
    value = b64encode(made(RSA, base.encode())).decode()
    refused(a_request(("signature-input", f"s={parameters}"), ("signature", f"s=:{value}:")))


@pytest.mark.clause("RFC9421-2.3")
@each(("expires", "fits"), [(NOW, False), (NOW - 1, False), (NOW + 1, True)])
def test_2_3_a_signature_that_says_it_has_expired_has(expires, fits):
    """After `expires` the verifier refuses the signature."""
    request = signed(a_request(), more=f";expires={expires}")
    if fits:
        assert check(request)
    else:
        assert refused(request).detail == "signature: it has expired"


@pytest.mark.clause("RFC9421-3.2")
def test_3_2_a_parameter_that_was_changed_afterwards_is_noticed():
    """The parameters are part of what is signed."""
    request = signed(a_request(), created=NOW - 3600)
    fresh = [(n, v.replace(f"created={NOW - 3600}", f"created={NOW}")) for n, v in request.headers]
    refused(changed(request, headers=tuple(fresh)))


@pytest.mark.clause("RFC9421-3.2")
@each("keyid", ["ec", "okp", "unknown", ""])
def test_3_2_the_key_is_the_one_of_keyid(keyid):
    """A signature that another of the client's keys made is refused."""
    refused(signed(a_request(), keyid=keyid))


@pytest.mark.clause("RFC9421-3.2")
def test_3_2_a_signature_without_keyid_is_refused():
    """The key must be known beforehand or named."""
    request = signed(a_request())
    refused(changed(request, headers=tuple((n, v.replace(';keyid="rsa"', "")) for n, v in request.headers)))


@pytest.mark.clause("RFC9421-3.2")
@each(
    ("key", "keyid", "named", "hashed", "alg"),
    [
        (EC, "ec", "ecdsa-p256-sha256", hashes.SHA256, "ES256"),
        (OKP, "okp", "ed25519", hashes.SHA256, "EdDSA"),
        (RSA, "rsa", "rsa-pss-sha512", hashes.SHA512, "PS512"),
    ],
)
def test_3_2_an_algorithm_of_the_registry_may_be_named(key, keyid, named, hashed, alg):
    """`alg` is a name of the HTTP Signature Algorithms registry."""
    assert check(signed(a_request(), key=key, keyid=keyid, more=f';alg="{named}"', hashed=hashed)).alg == alg


@pytest.mark.clause("RFC9421-3.2")
@each(
    ("key", "keyid", "named", "hashed"),
    [
        (RSA, "rsa", "ecdsa-p256-sha256", hashes.SHA256),
        (RSA, "rsa", "rsa-pss-sha512", hashes.SHA256),
        (RSA, "rsa", "rsa-v1_5-sha256", hashes.SHA256),
        (RSA, "rsa", "hmac-sha256", hashes.SHA256),
        (EC, "ec", "ecdsa-p384-sha384", hashes.SHA256),
        (RSA, "rsa", "none", hashes.SHA256),
        (RSA, "rsa", "", hashes.SHA256),
    ],
)
def test_3_2_an_algorithm_that_is_not_the_keys_or_not_ours_is_refused(key, keyid, named, hashed):
    """The algorithm that is named fits the key, and is one of those allowed."""
    refused(signed(a_request(), key=key, keyid=keyid, more=f';alg="{named}"', hashed=hashed))


@pytest.mark.clause("RFC9421-3.2")
def test_3_2_a_key_registered_for_one_algorithm_signs_with_no_other():
    """Where the key says its algorithm and the signature another, the signature is refused."""
    client = replace(CLIENT, jwks={"keys": [{**KEYS["rsa"], "alg": "PS256"}]})
    assert check(signed(a_request()), client=client).alg == "PS256"
    refused(signed(a_request(), more=';alg="rsa-pss-sha512"', hashed=hashes.SHA512), client=client)


@pytest.mark.clause("RFC9421-3.2")
@pytest.mark.parametrize("key", [rsa_key("short", 1024), ec.generate_private_key(ec.SECP256R1())])
def test_3_2_a_key_that_the_profile_finds_too_small_is_refused(key):
    """Keys are of the profile's sizes, whatever was registered."""
    client = replace(CLIENT, jwks={"keys": [jwk(key, kid="k")]})
    strict = PROFILE._replace(ec_key_bits=384)
    refused(signed(a_request(), key=key, keyid="k"), client=client, profile=strict)


@pytest.mark.clause("RFC9421-3.2")
def test_3_2_a_profile_without_rsa_takes_no_rsa():
    """RSA-PSS with SHA-512 stands beside PS256 alone: whoever takes the one away takes both."""
    strict = PROFILE._replace(client_signing_algs=("ES256",))
    refused(signed(a_request()), profile=strict)
    refused(signed(a_request(), more=';alg="rsa-pss-sha512"', hashed=hashes.SHA512), profile=strict)


@pytest.mark.clause("RFC9421-3.3.7")
@each("named", ["PS256", "ES256", "EdDSA"])
def test_3_3_7_a_name_of_jose_is_no_name_here(named):
    """JOSE's algorithms are not named in a signature at all."""
    key, keyid = {"PS256": (RSA, "rsa"), "ES256": (EC, "ec"), "EdDSA": (OKP, "okp")}[named]
    refused(signed(a_request(), key=key, keyid=keyid, more=f';alg="{named}"'))


@pytest.mark.clause("RFC9421-4.1")
def test_4_1_a_label_that_stands_twice_is_refused():
    """Labels are unique in a message: of two, another reader might take the other."""
    request = signed(signed(a_request()), label="sig1", tag="other")
    refused(request)
    inputs, signatures = (dict(signed(a_request()).headers)[n] for n in ("signature-input", "signature"))
    refused(a_request(("signature-input", inputs), ("signature", f"{signatures}, sig1=:AAAA:")))


@pytest.mark.clause("RFC9421-4.2")
@each(
    ("given", "value"),
    [
        ("signature", None),
        ("signature-input", None),
        ("signature", "other=:AAAA:"),
        ("signature", "sig1=AAAA"),
        ("signature", "sig1=:AAAA:"),
        ("signature", "sig1=::"),
        ("signature", "sig1"),
        ("signature-input", "sig1"),
        ("signature-input", 'sig1="fapi";tag="fapi-2-request"'),
        ("signature-input", 'sig1=5;tag="fapi-2-request"'),
        ("signature-input", '(("'),
        ("signature-input", "sig1=(\xfc)"),
    ],
)
def test_4_2_a_field_that_is_missing_or_can_not_be_read_is_refused(given, value):
    """Signature and Signature-Input are dictionaries with the same labels: byte sequences and inner lists."""
    request = signed(a_request())
    others = tuple((n, v) for n, v in request.headers if n != given)
    refused(changed(request, headers=others if value is None else (*others, (given, value))))


@pytest.mark.clause("RFC9421-4.3")
def test_4_3_signatures_of_others_are_not_looked_at():
    """A proxy may add a signature of its own; the one that matters is known by its tag."""
    request = signed(a_request(), label="client")
    more = (("signature-input", 'proxy=("x-gone");keyid="p";tag="proxy"'), ("signature", "proxy=:AAAA:"))
    assert check(changed(request, headers=(*more, *request.headers))).keyid == "rsa"


@pytest.mark.clause("RFC9421-4.3")
def test_4_3_two_signatures_of_the_tag_are_refused():
    """Which of them the client stands by can't be told."""
    request = a_request()
    one, two = signed(request, label="one"), signed(request, label="two", key=EC, keyid="ec")
    both = (*one.headers, *(pair for pair in two.headers if pair not in request.headers))
    assert refused(changed(request, headers=both)).detail == "signature: several signatures have the tag"


# RFC 9421 appendix B.2: facts that others wrote down.

EXAMPLE = (
    ("host", "example.com"),
    ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("content-type", "application/json"),
    (
        "content-digest",
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    ),
    ("content-length", "18"),
)
EXAMPLE_KEYS = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "kid": "test-key-ed25519",
            "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
        },
        {
            "kty": "RSA",
            "kid": "test-key-rsa-pss",
            "e": "AQAB",
            "n": "r4tmm3r20Wd_PbqvP1s2-QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct-Lh1GH45x28Rw3Ry53mm-oAXjyQ86OnDkZ5N8lYb"
            "ggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL-Wokqltd11nqqzi-bJ9cvSKADYd"
            "UAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d-nb4bnNkQVklLQ3fVAvJm-xdDO"
            "p9LCNCN48V2pnDOkFV6-U9nV5oyc6XI2w",
        },
    ]
}
B22 = (
    'sig-b22=("@authority" "content-digest" "@query-param";name="Pet")'
    ';created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
    "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+EC"
    "xCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBS"
    "pqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:",
)
B26 = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"',
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
)


@pytest.mark.clause("RFC9421-B.2")
@pytest.mark.parametrize(
    ("fields", "tag", "algs"), [(B22, "header-example", ("PS512",)), (B26, None, ("EdDSA",))], ids=["B.2.2", "B.2.6"]
)
def test_b_2_the_examples_of_the_specification_verify(fields, tag, algs):
    """RFC 9421 B.2.2 (RSA-PSS with SHA-512) and B.2.6 (Ed25519)."""
    uri = "https://example.com/foo?param=Value&Pet=dog"
    sent = (*EXAMPLE, ("signature-input", fields[0]), ("signature", fields[1]))
    given = {"tag": tag, "jwks": EXAMPLE_KEYS, "algs": algs, "sizes": KeySizes(rsa=2048, ec=224)}
    assert http_signatures.verify("POST", [uri], sent, **given).alg == algs[0]
    with pytest.raises(SignatureError):
        http_signatures.verify("POST", ["https://example.org/foo?param=Value&Pet=dog"], sent, **given)


# RFC 9530: what the body is.


@pytest.mark.clause("RFC9530-2")
@each(
    "value",
    [
        DIGEST,
        f"sha-512=:{b64encode(sha512(BODY).digest()).decode()}:",
        f"{DIGEST}, sha-512=:{b64encode(sha512(BODY).digest()).decode()}:",
    ],
)
def test_2_a_digest_of_the_body_lets_it_through(value):
    """Content-Digest holds digests of the content, by sha-256 or sha-512."""
    assert require_digest([("Content-Digest", value)], BODY) == BODY


@pytest.mark.clause("RFC9530-2")
@each(
    "value",
    [
        f"sha-256=:{b64encode(sha256(b'other').digest()).decode()}:",
        f"{DIGEST}, sha-512=:{b64encode(sha512(b'other').digest()).decode()}:",
        f"{DIGEST}, {DIGEST}",
        f"sha-512=:{b64encode(sha256(BODY).digest()).decode()}:",
        f"md5=:{b64encode(bytes(16)).decode()}:",
        DIGEST.replace(":", '"'),
        "",
        "sha-256",
        "sha-256=:\xfc:",
    ],
)
def test_2_a_digest_of_something_else_does_not(value):
    """The body was changed, or the digest can't be compared with it."""
    with pytest.raises(NotTheBody) as refusal:
        require_digest([("Content-Digest", value)], BODY)
    assert refusal.value.status == 401


@pytest.mark.clause("RFC9530-2")
@pytest.mark.parametrize("headers", [[], [("content-digest", DIGEST), ("Content-Digest", DIGEST)]])
def test_2_a_body_needs_one_digest(headers):
    """Without it, the signature is of no body; of two, another reader might take the other."""
    with pytest.raises(NotTheBody):
        require_digest(headers, BODY)


@pytest.mark.clause("RFC9530-2")
def test_2_no_body_needs_no_digest_but_a_digest_needs_its_body():
    """A body that was taken away is noticed too."""
    assert require_digest([], b"") == b""
    assert require_digest([("Content-Digest", f"sha-256=:{b64encode(sha256(b'').digest()).decode()}:")], b"") == b""
    with pytest.raises(NotTheBody):
        require_digest([("Content-Digest", DIGEST)], b"")


# The profile's own: FAPI 2.0 HTTP Signatures 5.3.2, resource responses.


class Banks:
    """A Signer with its key at hand."""

    def __init__(self, alg):
        self.kid, self.alg, self.key = "bank-1", alg, {"PS256": RSA, "ES256": EC}[alg]

    def sign(self, data):
        return made(self.key, data)


ANSWER = Response(201, (("Content-Type", "application/json"),), '{"id":"ü"}')


def answered(response, request, *, alg="PS256", target_uri=ADDRESS):
    answer = sign_response(response, request, Banks(alg), target_uri=target_uri, now=NOW)
    return {name.lower(): value for name, value in answer.headers}


def verified(headers, lines, *, alg="PS256"):
    """Whether the signature is of these lines and its own parameters, looked at by hand."""
    parameters = headers["signature-input"].removeprefix("sig=")
    base = "\n".join([*lines, f'"@signature-params": {parameters}']).encode()
    value = b64decode(headers["signature"].removeprefix("sig=:").removesuffix(":"))
    try:
        if alg == "PS256":
            RSA.public_key().verify(value, base, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        else:
            der = encode_dss_signature(*(int.from_bytes(half, "big") for half in (value[:32], value[32:])))
            EC.public_key().verify(der, base, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-1")
@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-2")
@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-3")
@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-4")
@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-7")
@pytest.mark.parametrize("alg", ["PS256", "ES256"])
def test_5_3_2_1_an_answer_is_signed_with_what_it_answers(alg):
    """Status and digest, the request's method, address, digest and signature, and what else the client signed."""
    request = signed(of_payment(), label="mine")
    headers = answered(ANSWER, request, alg=alg)
    sent = dict(request.headers)
    digest = f"sha-256=:{b64encode(sha256(ANSWER.body.encode()).digest()).decode()}:"
    assert headers["content-digest"] == digest
    lines = [
        '"@status": 201',
        f'"content-digest": {digest}',
        '"@method";req: POST',
        f'"@target-uri";req: {ADDRESS}',
        f'"content-digest";req: {DIGEST}',
        '"authorization";req: Bearer a-token',
        '"dpop";req: a-proof',
        f'"signature";req;key="mine": {sent["signature"].removeprefix("mine=")}',
        f'"signature-input";req;key="mine": {sent["signature-input"].removeprefix("mine=")}',
    ]
    assert verified(headers, lines, alg=alg)
    assert not verified(headers, ['"@status": 200', *lines[1:]], alg=alg)


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-5")
@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-6")
@pytest.mark.clause("RFC9421-3.3.7")
def test_5_3_2_1_an_answer_says_when_and_what_for_and_by_which_key_it_was_signed():
    """created, the tag fapi-2-response and keyid; no alg, since the key's is one of JOSE."""
    stated = answered(ANSWER, a_request())["signature-input"].rpartition(")")[2]
    assert sorted(stated.split(";")[1:]) == [f"created={NOW}", 'keyid="bank-1"', 'tag="fapi-2-response"']


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-2")
def test_5_3_2_1_the_answer_to_an_unsigned_request_names_what_it_answers():
    """Without a request's signature there is none to cover; without a body there is no digest."""
    headers = answered(Response(204), a_request())
    assert "content-digest" not in headers
    assert verified(headers, ['"@status": 204', '"@method";req: GET', f'"@target-uri";req: {ADDRESS}'])


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-3")
@each(
    "field",
    [
        "((",
        'a=();tag="other"',
        'a=();tag="fapi-2-request", b=();tag="fapi-2-request"',
        'a=();tag="fapi-2-request", a=();tag="fapi-2-request"',
    ],
)
def test_5_3_2_1_what_is_no_signature_of_the_request_is_not_signed_as_one(field):
    """A header that merely looks like it, at a resource that asks for no signature."""
    headers = answered(Response(204), a_request(("signature-input", field), ("signature", "a=:AAAA:, b=:AAAA:")))
    assert verified(headers, ['"@status": 204', '"@method";req: GET', f'"@target-uri";req: {ADDRESS}'])


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-2")
def test_5_3_2_1_the_address_that_is_signed_is_the_clients_own_spelling():
    """The client compares it with what it called: so it is handed on as the client signed it."""
    request = a_request(query=(("from", "a:b"),))
    uri = f"{ADDRESS}?from=a%3Ab"
    request = signed(request, [("@method", "GET"), ("@target-uri", uri), TOKEN])
    named = dict(request.headers)
    headers = answered(Response(204), request, target_uri=check(request).target_uri)
    lines = [
        '"@status": 204',
        '"@method";req: GET',
        f'"@target-uri";req: {uri}',
        '"authorization";req: Bearer a-token',
        f'"signature";req;key="sig1": {named["signature"].removeprefix("sig1=")}',
        f'"signature-input";req;key="sig1": {named["signature-input"].removeprefix("sig1=")}',
    ]
    assert verified(headers, lines)


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.2.1-3")
def test_5_3_2_1_what_the_client_signed_with_parameters_is_answered_with_them():
    """RFC 9421 2.4: ;req is added to a component's own parameters."""
    request = a_request(
        ("signature-input", 'a=("@query-param";name="a");tag="fapi-2-request"'), ("signature", "a=:AAAA:")
    )
    headers = answered(Response(204), request, target_uri=f"{ADDRESS}?a=1")
    lines = [
        '"@status": 204',
        '"@method";req: GET',
        f'"@target-uri";req: {ADDRESS}?a=1',
        '"@query-param";name="a";req: 1',
        '"signature";req;key="a": :AAAA:',
        '"signature-input";req;key="a": ("@query-param";name="a");tag="fapi-2-request"',
    ]
    assert verified(headers, lines)


def test_the_handler_that_the_documents_show_works():
    page = (Path(__file__).parents[2] / "docs/integrate/protect-your-api.md").read_text(encoding="utf-8")
    (code,) = [one for one in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S) if "sign_response" in one]
    shown = {}
    exec(compile(code, "protect-your-api.md", "exec"), shown)
    headers = signed(of_payment()).headers
    answer = shown["pay"](headers, BODY, ADDRESS, Banks("ES256"), NOW)
    assert {"Content-Digest", "Signature", "Signature-Input"} <= dict(answer.headers).keys()
    with pytest.raises(NotTheBody):
        shown["pay"](headers, BODY + b" ", ADDRESS, Banks("ES256"), NOW)


# At the authorizer


@pytest.fixture
def called(bank, fintech):
    """What the authorizer decides about a client's call of a route that asks for signed requests."""
    bank.register(
        **STANDARD
        | {
            "client_id": "signer",
            "profile": PROFILE.name,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [jwk(rsa_key("fintech")), *KEYS.values()]},
        }
    )
    client = fintech.with_(client_id="signer")
    token = client.tokens()["access_token"]
    rules = json.dumps({"POST /payments": {"scope": "accounts", "signed": True}})
    provider = Aws(bank.settings._replace(resource_rules=rules), clock=lambda: bank.now)

    def call(sign=lambda request: request, certificate=client.certificate):
        bearer = ("authorization", f"Bearer {token}")
        request = Request("POST", "/payments", headers=(bearer, ("content-digest", DIGEST)), target="/payments")
        sent = changed(sign(request), client_certificate=certificate)
        return authorizer.decide(sent, "arn:aws:execute-api:x:1:a/live/POST/payments", provider)

    return call


@pytest.mark.clause("FAPI2-HTTPSIG-5.3.1.2-3")
def test_a_route_may_ask_that_each_request_be_signed(called):
    """The authorizer lets a signed request through, with the address that its answer's signature needs; no other."""
    let_in = called(signed)
    assert let_in["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert let_in["context"]["target_uri"] == ADDRESS
    for decision in (called(), called(lambda request: signed(request, key=rsa_key("somebody")))):
        assert decision["policyDocument"]["Statement"][0]["Effect"] == "Deny"
        assert "fapi-2-request" in decision["context"]["accept_signature"]
        assert decision["context"]["www_authenticate"].startswith("Bearer ")


def test_a_signature_does_not_stand_for_what_the_token_is_bound_to(called):
    assert called(signed, certificate=None)["context"]["error"] == "invalid_token"
