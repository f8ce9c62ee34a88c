"""Ways round a revocation: the same key again, an authority further up, another encoding, the other method, a list that ends."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.clients import denylist
from tests.actors import AUTHORITY, NOW, certificate, ec_key, rsa_key, x5t_s256
from tests.actors.authority import DAY, Authority
from tests.revocation_world import GRACE_HOURS, SERIAL, URL, allowed

ROOT, MIDDLE = "CN=Root,C=DE", "CN=Middle,C=DE"
ROOT_URL, MIDDLE_URL = "http://crl.trust.example/root.crl", "http://crl.trust.example/middle.crl"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def re_signed(pem):
    """The certificate with the other of the two ECDSA signatures that its authority's one signature makes known."""
    whole = x509.load_pem_x509_certificate(pem.encode())
    r, s = decode_dss_signature(whole.signature)
    old, new = (_bit_string(one) for one in (whole.signature, encode_dss_signature(r, P256_ORDER - s)))
    body = whole.public_bytes(Encoding.DER)[4:].removesuffix(old) + new
    made = x509.load_der_x509_certificate(b"\x30\x82" + len(body).to_bytes(2, "big") + body)
    return made.public_bytes(Encoding.PEM).decode()


def _bit_string(content):
    return b"\x03" + bytes([len(content) + 1]) + b"\x00" + content


@pytest.fixture
def hierarchy(revocation):
    """The root, which signed the middle one, which signed the authority; a function: the root's CRL with serials."""
    root = Authority(dn=ROOT, key=ec_key("root"))
    middle = Authority(dn=MIDDLE, key=ec_key("middle"), above=root, serial=55)
    revocation.trust(Authority(above=middle, serial=77), middle, root)
    revocation.configure({AUTHORITY: [URL], MIDDLE: [MIDDLE_URL], ROOT: [ROOT_URL]})
    revocation.publish(revocation.authority.crl())
    revocation.publish(middle.crl(), MIDDLE_URL)
    numbers = iter(range(1, 99))

    def publish(*serials):
        revocation.publish(root.crl(*serials, number=next(numbers)), ROOT_URL)
        revocation.job()
        revocation.later()

    publish()
    assert revocation.works()
    return publish


@pytest.mark.clause("RFC5280-6.1.3")
def test_an_authority_below_a_revoked_one_is_as_good_as_revoked(revocation, hierarchy):
    """RFC 5280 6.1.3 (a)(3), for each certificate of the path: two steps above the client's."""
    hierarchy(55)
    assert not revocation.works()
    hierarchy()
    assert revocation.works()


def test_an_authority_with_another_way_up_survives_a_revoked_one(revocation, hierarchy):
    """Cross-certified: there is a path without the revoked one."""
    root = Authority(dn=ROOT, key=ec_key("root"))
    middle = Authority(dn=MIDDLE, key=ec_key("middle"), above=root, serial=55)
    revocation.trust(Authority(above=middle, serial=77), Authority(above=root, serial=78), middle, root)
    hierarchy(55)
    assert revocation.works()


def test_an_authority_that_publishes_no_crl_can_be_revoked(revocation, hierarchy):
    """By the one above it, which publishes one."""
    revocation.configure({AUTHORITY: [], MIDDLE: [MIDDLE_URL], ROOT: [ROOT_URL]})
    hierarchy()
    assert revocation.works()
    hierarchy(55)
    assert not revocation.works()


def test_the_same_key_in_a_new_certificate_opens_nothing_of_the_old_one(revocation):
    """A renewal keeps the consent. A token is bound to the certificate, and not to its key."""
    revocation.publish(revocation.authority.crl())
    revocation.job()
    tokens = revocation.client.tokens()
    revocation.publish(revocation.authority.crl(SERIAL, number=2))
    revocation.job()
    revocation.restart()
    renewed = revocation.client.with_(certificate=revocation.authority.issue("tls-client-auth", 2))
    assert not allowed(renewed.accounts(tokens["access_token"]))
    assert not allowed(revocation.client.accounts(tokens["access_token"]))
    assert renewed.refresh(tokens["refresh_token"]).status == 200
    assert revocation.client.refresh(tokens["refresh_token"]).error == "invalid_client"


@pytest.mark.parametrize("named", ["thumbprint", "file"])
def test_a_denied_certificate_is_denied_in_its_other_encoding(revocation, named):
    """Of an ECDSA signature (r, s) anybody makes (r, n - s): another digest, the same certificate."""
    revocation.configure({})
    other = re_signed(revocation.certificate)
    assert x5t_s256(other) != x5t_s256(revocation.certificate)
    thief = revocation.client.with_(certificate=other)
    assert revocation.works(thief)
    by = {
        "thumbprint": lambda: denylist.by_thumbprint(x5t_s256(revocation.certificate)),
        "file": lambda: denylist.by_certificate(revocation.certificate.encode()),
    }
    by[named]().deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    assert not revocation.works(thief)
    assert not revocation.works()


def test_a_revoked_certificate_is_revoked_in_its_other_encoding(revocation):
    revocation.publish(revocation.authority.crl(SERIAL))
    revocation.job()
    assert not revocation.works(revocation.client.with_(certificate=re_signed(revocation.certificate)))


def test_who_fails_open_lets_in_no_certificate_that_was_revoked(revocation):
    """`accept` speaks of what is unknown. What an expired CRL listed stays revoked, and an older CRL takes nothing back."""
    revocation.configure({AUTHORITY: [URL]}, crl_stale="accept")
    old = revocation.authority.crl(number=1)
    revocation.publish(revocation.authority.crl(SERIAL, number=2))
    revocation.job()
    for publish in (lambda: revocation.publish(old), revocation.web.pages.clear):
        publish()
        revocation.job()
        revocation.later()
        assert not revocation.works()
    revocation.bank.now += DAY + GRACE_HOURS * 3600 + 1
    revocation.job()
    revocation.restart()
    assert not revocation.works()
    other = revocation.client.with_(certificate=revocation.authority.issue("tls-client-auth", 2))
    assert revocation.works(other)


def test_a_clock_that_goes_back_brings_no_old_word_back(revocation):
    """What a function read is used for its minutes, and not before it was read."""
    revocation.publish(revocation.authority.crl())
    revocation.job()
    assert revocation.works()
    revocation.publish(revocation.authority.crl(SERIAL, number=2))
    revocation.job()
    revocation.bank.now -= 1
    assert not revocation.works()


def test_a_proof_lends_nothing_to_a_denied_certificate(bank, dpop_client, fintech):
    """A token of the certificate is not sent as DPoP, and at the token endpoint the certificate counts beside a proof."""
    tokens = fintech.tokens()
    denylist.by_thumbprint(x5t_s256(fintech.certificate)).deny(bank.aws.revocations, why="stolen", now=NOW)
    thief = fintech.with_(proof_key=ec_key("proofs"))
    assert not allowed(thief.accounts(tokens["access_token"]))
    assert thief.refresh(tokens["refresh_token"]).error == "invalid_client"
    beside = dpop_client.with_(certificate=fintech.certificate)
    assert beside.post("/token", grant_type="client_credentials").error == "invalid_client"


def test_a_refresh_by_another_certificate_of_the_client_needs_that_it_authenticates_by_it(bank, fintech):
    """By an assertion a newer certificate is not enough: whoever has the refresh token and the key might have any."""
    tokens = fintech.tokens()
    denylist.by_thumbprint(x5t_s256(fintech.certificate)).deny(bank.aws.revocations, why="stolen", now=NOW)
    renewed = fintech.with_(certificate=certificate("fintech", key=rsa_key("renewed")))
    assert renewed.refresh(tokens["refresh_token"]).error == "invalid_grant"


def test_what_was_pushed_with_a_good_certificate_gives_a_denied_one_no_token(revocation):
    """The code, and the request of a push, are of the client; the token endpoint looks again."""
    revocation.configure({})
    code = revocation.client.code()
    denylist.by_serial(AUTHORITY, f"{SERIAL:x}").deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    assert revocation.client.redeem(code).error == "invalid_client"
    without = revocation.client.with_(certificate=None)
    assert without.redeem(code).error == "invalid_client"


@pytest.mark.parametrize(
    "header",
    ["X-Amzn-Mtls-Clientcert", "CloudFront-Viewer-Cert-Pem", "X-Client-Cert", "Client-Cert", "SSL-Client-Cert"],
)
def test_a_header_is_not_a_certificate(revocation, header):
    """Neither instead of one, nor in place of a denied one."""
    revocation.configure({})
    renewed = revocation.authority.issue("tls-client-auth", 2)
    denylist.by_serial(AUTHORITY, f"{SERIAL:x}").deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    for sent in (revocation.certificate, None):
        client = revocation.client.with_(certificate=sent)
        answer = revocation.bank.send(
            "POST",
            "/token",
            form=client.authenticated({"grant_type": "client_credentials"}),
            headers=((header, renewed.replace("\n", "%0A")),),
            certificate=sent,
        )
        assert answer.error == "invalid_client"
