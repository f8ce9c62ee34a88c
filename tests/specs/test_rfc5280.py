"""RFC 5280: certificate revocation lists, and the status of a client certificate by them."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from chalicelib.clients import crl, distinguished_name
from chalicelib.clients.crl import CrlError
from tests.actors import AUTHORITY, NOW, ec_key
from tests.actors.authority import DAY, PEM, Authority
from tests.revocation_world import GRACE_HOURS, MINUTES, SERIAL, URL, allowed

HOUR = 3600
NAME = distinguished_name.read(AUTHORITY)


def verified(content, *authorities, now=NOW):
    trusted = [x509.load_pem_x509_certificate(one.pem) for one in authorities or (Authority(),)]
    return crl.verify(content, NAME, trusted, now=now)


def point(**flags):
    names = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    given = {"full_name": None, "relative_name": None, "only_some_reasons": None, **dict.fromkeys(names, False)} | flags
    return [(x509.IssuingDistributionPoint(**given), True)]


@pytest.mark.clause("RFC5280-5.1.1.3")
def test_5_1_1_3_the_signature_is_of_a_key_of_the_truststore():
    """The signature is verified; DER and PEM are read."""
    found = verified(Authority().crl(SERIAL, number=5))
    assert (found.number, found.this_update, found.next_update) == (5, NOW, NOW + DAY)
    der = Authority().crl(SERIAL, number=5)
    assert verified(x509.load_der_x509_crl(der).public_bytes(PEM)) == found
    with pytest.raises(CrlError, match="no authority of the truststore signed it"):
        verified(Authority(key=ec_key("another")).crl(SERIAL))
    broken = bytearray(der)
    broken[-1] ^= 1
    with pytest.raises(CrlError, match="signed it"):
        verified(bytes(broken))
    with pytest.raises(CrlError, match="can't be read"):
        verified(b"<html>")


@pytest.mark.clause("RFC5280-5.1.2.3")
def test_5_1_2_3_the_issuer_is_the_authority():
    """A CRL of another name is not this authority's, whoever signed it."""
    with pytest.raises(CrlError, match="another authority"):
        verified(Authority(dn="CN=Other,C=DE").crl(SERIAL))


@pytest.mark.clause("RFC5280-5.1.2.4")
@pytest.mark.clause("RFC5280-5.1.2.5")
def test_5_1_2_5_a_crl_is_used_between_this_update_and_next_update():
    """A clock may be five minutes off."""
    assert verified(Authority().crl(at=NOW + 300))
    with pytest.raises(CrlError, match="in the future"):
        verified(Authority().crl(at=NOW + 301))
    assert verified(Authority().crl(), now=NOW + DAY - 1)
    with pytest.raises(CrlError, match="expired"):
        verified(Authority().crl(), now=NOW + DAY)


@pytest.mark.clause("RFC5280-5.2.3")
def test_5_2_3_every_crl_has_a_number():
    """Without it an older one could not be told."""
    with pytest.raises(CrlError, match="no CRL number"):
        verified(Authority().crl(number=None))


@pytest.mark.clause("RFC5280-5.2.4")
def test_5_2_4_a_delta_crl_is_refused():
    """It lists changes alone."""
    with pytest.raises(CrlError, match="delta"):
        verified(Authority().crl(extensions=[(x509.DeltaCRLIndicator(1), True)]))


@pytest.mark.clause("RFC5280-5.2.5")
def test_5_2_5_a_crl_that_is_not_of_all_client_certificates_is_refused():
    """Indirect, for some reasons, for authorities or attributes; one for users, or of some distribution point, is used."""
    reasons = frozenset({x509.ReasonFlags.key_compromise})
    for flags, words in (
        ({"indirect_crl": True}, "indirect"),
        ({"only_some_reasons": reasons}, "some reasons"),
        ({"only_contains_ca_certs": True}, "no client certificates"),
        ({"only_contains_attribute_certs": True}, "no client certificates"),
    ):
        with pytest.raises(CrlError, match=words):
            verified(Authority().crl(extensions=point(**flags)))
    assert verified(Authority().crl(extensions=point(only_contains_user_certs=True)))
    assert verified(Authority().crl(extensions=point(full_name=[x509.UniformResourceIdentifier(URL)])))


@pytest.mark.clause("RFC5280-5.2")
@pytest.mark.clause("RFC5280-5.3")
def test_5_2_what_is_critical_and_unknown_is_refused():
    """Of the CRL and of an entry; what is not critical is left aside."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    for where in ("extensions", "of_entries"):
        with pytest.raises(CrlError, match="critical extension"):
            verified(Authority().crl(SERIAL, **{where: [(unknown, True)]}))
        assert verified(Authority().crl(SERIAL, **{where: [(unknown, False)]}))
    other = x509.CertificateIssuer([x509.DirectoryName(Authority(dn="CN=Other").name)])
    with pytest.raises(CrlError, match="indirect"):
        verified(Authority().crl(SERIAL, of_entries=[(other, True)]))


@pytest.mark.clause("RFC5280-4.2.1.3")
def test_4_2_1_3_an_authority_that_may_not_sign_crls_signs_none():
    """Its certificate says so by its key usage."""
    with pytest.raises(CrlError, match="may not sign CRLs"):
        verified(Authority().crl(), Authority(signs_crls=False))


@pytest.mark.clause("RFC5280-4.1.1.2")
def test_4_1_1_2_a_digest_that_is_not_safe_signs_none():
    """Shorter than SHA-256."""
    with pytest.raises(CrlError, match="not safe"):
        verified(Authority().crl(digest=hashes.SHA224()))
    assert verified(Authority().crl(digest=hashes.SHA384()))


@pytest.mark.clause("RFC5280-6.3.3")
def test_6_3_3_a_revoked_certificate_authenticates_nowhere_and_opens_nothing(revocation):
    """Token, refresh, PAR, introspection, revocation, the authorizer and userinfo, within the stated time."""
    client = revocation.client
    revocation.publish(revocation.authority.crl(99))
    assert revocation.job() == {"fetched": [URL], "refused": [], "stale": []}
    tokens = client.tokens()
    assert allowed(client.accounts(tokens["access_token"]))
    revocation.publish(revocation.authority.crl(99, SERIAL, number=2))
    assert revocation.job()["fetched"] == [URL]
    revocation.restart()
    for answer in (
        client.post("/token", grant_type="client_credentials"),
        client.refresh(tokens["refresh_token"]),
        client.push(),
        client.introspect(tokens["access_token"]),
        client.revoke(tokens["access_token"]),
    ):
        assert (answer.status, answer.error) == (401, "invalid_client")
    refused = client.accounts(tokens["access_token"])
    assert not allowed(refused)
    assert refused["context"]["error"] == "invalid_token"
    assert client.userinfo(tokens["access_token"]).error == "invalid_token"


@pytest.mark.clause("RFC5280-6.3.3")
def test_6_3_3_a_revocation_is_seen_within_the_stated_time(revocation):
    """A warm function uses what it read for a quarter of an hour, and no longer."""
    revocation.publish(revocation.authority.crl())
    revocation.job()
    assert revocation.works()
    revocation.publish(revocation.authority.crl(SERIAL, number=2))
    revocation.job()
    revocation.bank.now += 60 * MINUTES - 1
    assert revocation.works()
    revocation.bank.now += 1
    assert not revocation.works()


@pytest.mark.clause("RFC5280-5.3.1")
def test_5_3_1_a_certificate_on_hold_is_revoked_until_it_is_released(revocation):
    """A later CRL that does not list it ends the hold."""
    hold = [(x509.CRLReason(x509.ReasonFlags.certificate_hold), False)]
    revocation.publish(revocation.authority.crl(SERIAL, of_entries=hold))
    revocation.job()
    assert not revocation.works()
    revocation.publish(revocation.authority.crl(number=2))
    revocation.job()
    revocation.later()
    assert revocation.works()


@pytest.mark.clause("RFC5280-6.3.3")
def test_6_3_3_without_a_crl_nobody_is_let_in_after_the_grace(revocation):
    """Before the first one too; a deployment may choose otherwise."""
    assert not revocation.works()
    revocation.job()  # It was tried: the grace begins.
    assert revocation.works()
    revocation.publish(revocation.authority.crl())
    revocation.job()
    revocation.bank.now += DAY + GRACE_HOURS * HOUR - 1
    revocation.restart()
    assert revocation.job()["stale"] == ["CN=Issuing CA,O=Example Trust,C=DE"]
    assert revocation.works()
    revocation.bank.now += 1
    assert not revocation.works()
    revocation.configure({AUTHORITY: [URL]}, crl_stale="accept")
    assert revocation.works()


@pytest.mark.clause("RFC5280-6.3.3")
def test_6_3_3_an_authority_that_publishes_none_or_is_not_listed_is_not_checked(revocation):
    """The setting says which ones are."""
    for crls in ({AUTHORITY: []}, {}, {"CN=Other": [URL]}):
        revocation.configure(crls)
        assert revocation.works()


@pytest.mark.clause("RFC5280-5.2.5")
def test_5_2_5_every_distribution_point_of_an_authority_counts(revocation):
    """Parts of one CRL at two addresses: a certificate is looked for in all, and is unknown while one is missing."""
    other = "https://crl.trust.example/part-2.crl"
    revocation.configure({AUTHORITY: [URL, other]})
    revocation.publish(revocation.authority.crl(1))
    revocation.publish(revocation.authority.crl(SERIAL, number=9), other)
    assert revocation.job()["fetched"] == [URL, other]
    assert not revocation.works()
    # One that is missing takes none of its entries along.
    revocation.web.pages.pop(other)
    revocation.publish(revocation.authority.crl(number=2))
    assert revocation.job()["refused"] == [other]
    revocation.later()
    assert not revocation.works()


@pytest.mark.clause("RFC5280-6.1.3")
def test_6_1_3_the_clients_of_a_revoked_authority_are_refused(revocation):
    """An authority in the truststore, which the one above it revoked."""
    root = Authority(dn="CN=Root,C=DE", key=ec_key("root"))
    revocation.trust(Authority(above=root, serial=77), root)
    revocation.configure({AUTHORITY: [URL], "CN=Root,C=DE": ["http://crl.trust.example/root.crl"]})
    revocation.publish(revocation.authority.crl())
    revocation.publish(root.crl(1), "http://crl.trust.example/root.crl")
    revocation.job()
    assert revocation.works()
    revocation.publish(root.crl(1, 77, number=2), "http://crl.trust.example/root.crl")
    revocation.job()
    revocation.later()
    assert not revocation.works()


def test_what_was_fetched_is_kept_in_s3(revocation):
    content = revocation.authority.crl(SERIAL)
    revocation.publish(content)
    revocation.job()
    (kept,) = [found for name, found in revocation.files.objects.items() if name.startswith("crls/")]
    assert kept == content


def test_the_job_reports_what_will_stop_clients(revocation, caplog):
    """A certificate of the truststore that ends soon, a CRL that can't be had, and one that has become too old."""
    caplog.set_level("INFO", logger="ducat")
    revocation.trust(revocation.authority, Authority(dn="CN=Old,C=DE", days=45))
    revocation.publish(revocation.authority.crl(until=NOW + 60))
    revocation.job()
    revocation.bank.now += 60
    revocation.web.pages.clear()
    revocation.job()
    lines = [json.loads(record.message) for record in caplog.records if record.message.startswith("{")]
    found = {line["event"]: line for line in lines if "event" in line}
    assert found.keys() == {"truststore_expiry", "crl_refused", "crl_stale"}
    assert found["truststore_expiry"]["authority"] == "CN=Old,C=DE"
