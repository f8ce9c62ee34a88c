"""Each response type and mode, each way to authenticate, by a certified client library that is not ours.

It verifies every signature, hash and issuer of what it gets, and decrypts it.
"""

import json
import os
from functools import cache

import pytest
from jwskate import Jwk

from chalicelib import client_registration
from local import sandbox_users
from local.browser import Browser
from local.stack import Stack
from tests.local.openid_client import program

CALLBACK = "https://localhost:18846/callback"
"""Nothing answers there."""

SCOPE = "openid profile email accounts"
WRITES = f"{SCOPE} payments"
ENC = "A256GCM"
TYPED = {"username": "alice", "password": sandbox_users.ALICE.password, "one_time_code": sandbox_users.ONE_TIME_CODE}
MOST_PAGES = 4


@pytest.fixture(scope="module")
def peer():
    """The library, in one process for all logins."""
    try:
        with program.running() as peer:
            yield peer
    except program.Absent as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def stack(certificates):
    """One deployment for every profile, whose password and one-time code are strong enough for the strictest."""
    with Stack(
        browsers_port=0, certificates_port=0, certificates=certificates, region="eu-west-1", otp_level=3
    ) as running:
        yield running


@cache
def signing_key():
    """The peers' own, by which they authenticate and sign."""
    return Jwk.generate(alg="PS256", key_size=2048).with_kid_thumbprint()


@cache
def decryption_key(alg):
    """The peers' own, for what is encrypted to them by this algorithm."""
    kind = {"crv": "P-256"} if alg.startswith("ECDH") else {"key_size": 2048}
    return Jwk.generate(alg=alg, **kind).with_kid_thumbprint()


@pytest.fixture
def request_arguments(stack):
    """A function: registers a client of a profile, and gives what openid-client needs to know to log in by it.

    `by`: what is encrypted to it is encrypted so, to a key of its own.
    """

    def of(
        profile,
        method="private_key_jwt",
        response="code",
        mode=None,
        *,
        bound="mtls",
        sent="by value",
        scope=SCOPE,
        by=None,
        **metadata,
    ):
        client_id = f"peer-{os.urandom(8).hex()}"
        key = signing_key()
        certificate = stack.certificates.client("peer") if bound == "mtls" or method == "tls_client_auth" else None
        signed = sent.endswith("signed")
        keys = [dict(key.public_jwk(), use="sig")]
        opener = decryption_key(by) if by else None
        if opener:
            keys.append(dict(opener.public_jwk(), use="enc"))
        client = {
            "client_id": client_id,
            "client_name": "Peer",
            "profile": profile,
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"] + ["implicit"] * ("token" in response),
            "response_types": [response],
            "scope": scope,
            "token_endpoint_auth_method": method,
            **({"tls_client_auth_subject_dn": certificate.subject_dn} if method == "tls_client_auth" else {}),
            **({"tls_client_certificate_bound_access_tokens": True} if bound == "mtls" else {}),
            **({"dpop_bound_access_tokens": True} if bound == "dpop" else {}),
            **({"jwks": {"keys": keys}} if signed or by or method == "private_key_jwt" else {}),
            **metadata,
        }
        _, secret = client_registration.register(client, stack.provider, os.urandom)
        return {
            "issuer": stack.issuer,
            "trusted": str(stack.certificates.trusted),
            "certificate": None if certificate is None else str(certificate.file),
            "client": client,
            "key": dict(key),
            "secret": secret,
            "decryption": [dict(opener)] if opener else [],
            "response_type": response,
            "response_mode": mode,
            "scope": scope,
            "signed": signed,
            "pushed": sent.startswith("pushed"),
            "dpop": bound == "dpop",
        }

    return of


@pytest.fixture
def log_in(peer, stack):
    """A function: what the library was told in a login of alice's that ends where it should.

    `on_the_way`: what becomes of the address that the browser comes back at.
    """

    def through(request_parameters, on_the_way=lambda url: url):
        browser = Browser(stack.certificates.trusted, elsewhere=CALLBACK)
        with peer.begun(request_parameters) as login:
            page = browser.open(login.url)
            for _ in range(MOST_PAGES):
                if page.status is None:
                    return login.finish(on_the_way(page.url), page.posted)
                page = onward(browser, page)
        raise AssertionError(page.html)

    return through


def onward(browser, page):
    """The page after this one: signed in, agreed, or sent on by the form that a script would post."""
    shown = {button for form in page.forms for button in form.buttons}
    for button, typed in (("login", TYPED), ("approve", {}), ("continue", {})):
        if button in shown:
            return browser.press(page, button, typed)
    raise AssertionError(f"{page.status} {page.html}")


def whole(disclosed, token_type="bearer", scope=SCOPE):
    """What every login tells, whatever the way."""
    assert disclosed["token_type"] == token_type
    assert (disclosed["claims"]["sub"], disclosed["person"]["sub"], disclosed["again"]) == (
        sandbox_users.ALICE.sub,
    ) * 3
    assert disclosed["person"]["email"] == "alice@example.com"
    assert set(disclosed["scope"].split()) == set(scope.split())
    assert disclosed["fresh"]


@pytest.mark.parametrize(
    ("method", "sent", "mode"),
    [
        ("private_key_jwt", "by value, signed", None),
        ("private_key_jwt", "by value, signed", "form_post"),
        ("private_key_jwt", "pushed, signed", None),
        ("tls_client_auth", "by value, signed", None),
        ("tls_client_auth", "pushed, signed", "form_post"),
    ],
)
def test_advanced_signs_its_answer_by_an_id_token(request_arguments, log_in, method, sent, mode):
    """FAPI 1.0 Advanced with response_type code id_token: the ID token is the detached signature of the response."""
    disclosed = log_in(request_arguments("fapi1-advanced", method, "code id_token", mode, sent=sent))
    whole(disclosed)
    assert {"code", "id_token", "state"} <= set(disclosed["front"])
    assert disclosed["front_token"] is None


@pytest.mark.parametrize(
    ("method", "sent", "mode"),
    [
        ("private_key_jwt", "by value, signed", "jwt"),
        ("private_key_jwt", "pushed, signed", "query.jwt"),
        ("private_key_jwt", "by value, signed", "fragment.jwt"),
        ("private_key_jwt", "pushed, signed", "form_post.jwt"),
        ("tls_client_auth", "pushed, signed", "jwt"),
        ("tls_client_auth", "by value, signed", "form_post.jwt"),
    ],
)
def test_advanced_signs_its_answer_as_a_whole(request_arguments, log_in, method, sent, mode):
    """FAPI 1.0 Advanced with response_type code: the response is a JWT (JARM) in each of its modes."""
    disclosed = log_in(request_arguments("fapi1-advanced", method, "code", mode, sent=sent))
    whole(disclosed)
    assert disclosed["front"] == ["response"]


@pytest.mark.parametrize(
    ("method", "mode"),
    [("private_key_jwt", None), ("tls_client_auth", "form_post"), ("client_secret_jwt", "query")],
)
def test_baseline_answers_in_the_query_or_by_a_form(request_arguments, log_in, method, mode):
    """FAPI 1.0 Baseline, by clients with something to authenticate with, whose tokens need not be bound."""
    disclosed = log_in(request_arguments("fapi1-baseline", method, "code", mode, bound=None))
    whole(disclosed)
    assert set(disclosed["front"]) == {"code", "state", "iss"}


@pytest.mark.parametrize("mode", [None, "form_post"])
def test_baseline_takes_a_public_client(request_arguments, log_in, mode):
    """FAPI 1.0 Baseline with a client that has nothing to authenticate with."""
    disclosed = log_in(request_arguments("fapi1-baseline", "none", "code", mode, bound=None))
    whole(disclosed)
    assert disclosed["lifetime"] <= 300
    assert disclosed["rotated"]


@pytest.mark.parametrize("mode", [None, "form_post"])
@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_jwt"])
def test_read_and_write_signs_its_answer_by_an_id_token(request_arguments, log_in, method, mode):
    """The draft's Read and Write with response_type code id_token, by a person at level 3."""
    disclosed = log_in(
        request_arguments("fapi1-read-write", method, "code id_token", mode, sent="by value, signed", scope=WRITES)
    )
    whole(disclosed, scope=WRITES)
    assert disclosed["claims"]["acr"] == "urn:ducat:loa:3"
    assert disclosed["front_token"] is None


@pytest.mark.parametrize("mode", [None, "form_post"])
def test_read_and_write_hands_out_a_token_that_only_reads_in_the_front_channel(request_arguments, log_in, mode):
    """The draft's Read and Write with response_type code id_token token: at_hash is of the token that stands beside it."""
    disclosed = log_in(
        request_arguments(
            "fapi1-read-write", "private_key_jwt", "code id_token token", mode, sent="by value, signed", scope=WRITES
        )
    )
    whole(disclosed, scope=WRITES)
    assert disclosed["front_token"]["type"].lower() == "bearer"
    assert set(disclosed["front_token"]["scope"].split()) == set(SCOPE.split())
    assert disclosed["front_token"]["sub"] == sandbox_users.ALICE.sub


@pytest.mark.parametrize(("part", "claim"), [("code=", "c_hash"), ("state=", None)])
def test_an_answer_that_was_changed_on_the_way_is_refused(request_arguments, log_in, part, claim):
    """The library looks: the ID token beside a code or a state that was changed does not sign it."""
    request_parameters = request_arguments("fapi1-advanced", response="code id_token", sent="by value, signed")
    with pytest.raises(program.Refused) as refused:
        log_in(request_parameters, lambda url: url.replace(part, f"{part}x"))
    assert (claim or "state") in json.dumps(refused.value.said)


# Encrypted to the client


@pytest.mark.parametrize("by", ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"])
def test_an_encrypted_id_token_and_userinfo_are_opened(request_arguments, log_in, by):
    """Both ID tokens of a hybrid login, and userinfo: signed, and encrypted to the client's key."""
    disclosed = log_in(
        request_arguments(
            "fapi1-advanced",
            response="code id_token",
            sent="by value, signed",
            by=by,
            id_token_encrypted_response_alg=by,
            id_token_encrypted_response_enc=ENC,
            userinfo_signed_response_alg="PS256",
            userinfo_encrypted_response_alg=by,
            userinfo_encrypted_response_enc=ENC,
        )
    )
    whole(disclosed)
    for name in ("id_token", "front_id_token"):
        assert (disclosed["encrypted"][name]["alg"], disclosed["encrypted"][name]["enc"]) == (by, ENC)
    assert disclosed["encrypted"]["userinfo"]


@pytest.mark.parametrize(("by", "mode"), [("RSA-OAEP-256", "jwt"), ("ECDH-ES", "form_post.jwt")])
def test_an_encrypted_response_is_opened(request_arguments, log_in, by, mode):
    """JARM: signed, and encrypted to the client's key."""
    disclosed = log_in(
        request_arguments(
            "fapi1-advanced",
            mode=mode,
            sent="pushed, signed",
            by=by,
            authorization_signed_response_alg="PS256",
            authorization_encrypted_response_alg=by,
            authorization_encrypted_response_enc=ENC,
        )
    )
    whole(disclosed)
    assert (disclosed["encrypted"]["response"]["alg"], disclosed["encrypted"]["response"]["enc"]) == (by, ENC)


def test_what_is_encrypted_to_another_key_is_refused(request_arguments, log_in):
    """The library opens nothing by a key that it was not encrypted to, so what the tests above opened was the client's."""
    request_parameters = request_arguments(
        "fapi1-advanced",
        response="code id_token",
        sent="by value, signed",
        by="RSA-OAEP-256",
        id_token_encrypted_response_alg="RSA-OAEP-256",
        id_token_encrypted_response_enc=ENC,
    )
    other = Jwk.generate(alg="RSA-OAEP-256", key_size=2048)
    request_parameters["decryption"] = [{**other, "kid": request_parameters["decryption"][0]["kid"]}]
    with pytest.raises(program.Refused) as refused:
        log_in(request_parameters)
    assert refused.value.said["code"] == "OAUTH_DECRYPTION_FAILED"


# FAPI 2.0 beside it


def test_fapi_2_security_on_the_same_deployment(request_arguments, log_in):
    """FAPI 2.0 Security Profile: pushed, and bound to a DPoP key."""
    whole(log_in(request_arguments("fapi2-security", bound="dpop", sent="pushed")), "dpop")


def test_fapi_2_message_signing_on_the_same_deployment(request_arguments, log_in):
    """FAPI 2.0 Message Signing: the request object pushed, the response signed as a whole."""
    disclosed = log_in(request_arguments("fapi2-message-signing", mode="jwt", sent="pushed, signed"))
    whole(disclosed)
    assert disclosed["front"] == ["response"]
