"""A certificate that was revoked or denied, and whoever would have it pass: a false CRL, an old one, another name for it."""

import json
from base64 import b64encode, urlsafe_b64decode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from chalicelib.clients import denylist
from chalicelib.clients.denylist import CertificateNameError
from chalicelib.clients.sent_certificate import CertificateRefused, key_id
from chalicelib.fetch.documents import FetchError
from chalicelib.jobs.fetch_crls import CrlsIncomplete
from chalicelib.storage.revocation_records import IssuerCrls, shard_of
from chalicelib.storage.revocation_stores import CrlsChanged
from tests.actors import AUTHORITY, NOW, Fintech, certificate, ec_key, rsa_key, x5t_s256
from tests.actors.authority import DAY, Authority
from tests.aws_in_process.errors import AwsError
from tests.revocation_drill import drill
from tests.revocation_world import SERIAL, URL, allowed

OTHER_URL = "http://crl.other.example/other.crl"
HEX = f"{SERIAL:x}"


def colons(text):
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2))


# What is not the authority's word.


def test_a_crl_that_another_authority_signed_changes_nothing(revocation):
    """One of the truststore, under the name of the first; and one of nobody."""
    other = Authority(dn="CN=Other CA,C=DE", key=ec_key("other-ca"))
    revocation.trust(revocation.authority, other)
    revocation.publish(revocation.authority.crl(SERIAL))
    revocation.job()
    for forger in (other, Authority(key=other.key), Authority(key=ec_key("nobody"))):
        revocation.publish(forger.crl(number=99))
        assert revocation.job()["refused"] == [URL]
        revocation.later()
        assert not revocation.works()


def test_an_older_crl_is_not_taken_again(revocation):
    """By its number, and by its date where the number was kept."""
    old = revocation.authority.crl(number=4, at=NOW - DAY)
    revocation.publish(old)
    revocation.job()
    revocation.publish(revocation.authority.crl(SERIAL, number=5))
    revocation.job()
    for older in (old, revocation.authority.crl(number=6, at=NOW - 1), revocation.authority.crl(number=4)):
        revocation.publish(older)
        revocation.restart()
        assert revocation.job() == {"fetched": [], "refused": [URL], "stale": []}
        assert not revocation.works()


def test_an_expired_crl_is_not_taken(revocation):
    revocation.publish(revocation.authority.crl(SERIAL))
    revocation.job()
    revocation.publish(revocation.authority.crl(number=2, at=NOW - 2 * DAY, until=NOW))
    assert revocation.job()["refused"] == [URL]
    assert not revocation.works()


def test_the_same_serial_number_of_another_authority_is_another_certificate(revocation):
    """Each authority counts for itself."""
    other = Authority(dn="CN=Other CA,C=DE", key=ec_key("other-ca"))
    revocation.trust(revocation.authority, other)
    revocation.configure({AUTHORITY: [URL], "CN=Other CA,C=DE": [OTHER_URL]})
    revocation.publish(revocation.authority.crl())
    revocation.publish(other.crl(SERIAL), OTHER_URL)
    revocation.job()
    assert revocation.works()


def test_authorities_of_one_name_revoke_their_own_certificates_alone(revocation):
    """A key that was replaced under the same name, or an authority that took the name of another one."""
    namesake = Authority(key=ec_key("namesake"), serial=8)
    revocation.trust(revocation.authority, namesake)
    revocation.configure({AUTHORITY: [URL, OTHER_URL]})
    revocation.publish(revocation.authority.crl(1))
    revocation.publish(namesake.crl(SERIAL), OTHER_URL)
    revocation.job()
    assert revocation.works()
    own = namesake.issue("tls-client-auth", SERIAL)
    assert not revocation.works(revocation.client.with_(certificate=own))


def test_a_certificate_of_a_namesake_outside_the_truststore_has_no_status(revocation):
    """Its name is listed, its key is not: no CRL speaks of it."""
    revocation.publish(revocation.authority.crl())
    revocation.job()
    namesake = Authority(key=ec_key("namesake")).issue("tls-client-auth", 5)
    assert not revocation.works(revocation.client.with_(certificate=namesake))


def test_a_certificate_does_not_say_where_its_crl_is(revocation):
    """Only the setting does."""
    revocation.publish(revocation.authority.crl())
    revocation.job()
    revocation.works()
    assert revocation.web.fetched_urls == [URL]


def test_one_bad_crl_takes_no_other_one_down(revocation):
    other = Authority(dn="CN=Other CA,C=DE", key=ec_key("other-ca"))
    revocation.trust(other, revocation.authority)
    revocation.configure({"CN=Other CA,C=DE": [OTHER_URL], AUTHORITY: [URL]})
    revocation.publish(revocation.authority.crl(SERIAL))
    for bad in (b"", b"<html>", b"-----BEGIN X509 CRL-----\n-----END X509 CRL-----", FetchError("it answered 302")):
        revocation.web.pages[OTHER_URL] = bad
        assert revocation.job()["refused"] == [OTHER_URL]
    assert not revocation.works()


@pytest.mark.parametrize(
    "broken",
    [{"v": {"N": "2"}, "entries": {"S": "x" * 16}}, {"entries": {"N": "5"}}, {"entries": {"S": "of another form"}}],
)
def test_an_unreadable_list_of_a_later_release_lets_nobody_in_and_stays(revocation, broken):
    """Its certificates were as good as any: no entry was found in it."""
    revocation.publish(revocation.authority.crl(SERIAL + 1, SERIAL))
    revocation.job()
    dynamo, table = revocation.bank.aws.dynamo._tables, revocation.bank.settings.revocations_table
    for item in list(dynamo._connection.scan(table)["Items"]):
        if "entries" in item:
            dynamo._connection.dispatch("PutItem", {"TableName": table, "Item": item | broken})
    revocation.restart()
    assert not revocation.works()
    names = revocation.bank.aws.client_certificates.sent(revocation.certificate, now=NOW)._names
    number, more = shard_of(names.serial), frozenset({"y" * 16})
    with pytest.raises(CrlsChanged):
        revocation.bank.aws.revocations.put_shard(names.issuer, number, frozenset(), more)


@pytest.mark.parametrize("broken", ["entries", "record"])
def test_who_an_authority_above_revoked_does_not_pass_by_a_list_that_cannot_be_read(revocation, broken):
    """Of an authority without a CRL of its own, all that is known was taken as nothing: its certificates were good."""
    revocation.configure({AUTHORITY: [], "CN=Root CA,C=DE": [OTHER_URL]})
    store, dynamo = revocation.bank.aws.revocations, revocation.bank.aws.dynamo._tables
    names = revocation.bank.aws.client_certificates.sent(revocation.certificate, now=NOW)._names
    authority = load_pem_x509_certificate(revocation.authority.pem)
    der = b64encode(authority.public_bytes(Encoding.DER)).decode()
    known = IssuerCrls((der,), (), (key_id(authority),))
    store.put_crls(names.issuer, None, known)
    assert not revocation.works()
    key = f"crl.{names.issuer}" + ("" if broken == "record" else f".{shard_of(names.serial):03x}")
    item = {"pk": {"S": key}, broken: {"N": "5"}}
    dynamo._connection.dispatch("PutItem", {"TableName": revocation.bank.settings.revocations_table, "Item": item})
    revocation.restart()
    assert not revocation.works()


def test_a_crl_without_end_is_not_read_to_its_end(revocation, monkeypatch):
    monkeypatch.setattr("chalicelib.clients.crl.MAX_BYTES", 300)
    revocation.publish(revocation.authority.crl(SERIAL))
    assert revocation.job()["fetched"] == [URL]
    revocation.publish(revocation.authority.crl(*range(1, 60), number=2))
    assert revocation.job()["refused"] == [URL]
    assert not revocation.works()


# Races, and what fails in between.


def test_a_run_that_was_overtaken_writes_nothing_old(revocation, begin_again):
    """Two runs at once: the one that began with the older CRL does not end the newer one's word."""
    revocation.publish(revocation.authority.crl(1))
    revocation.job()
    overtaken = False

    def overtake(call, work):
        nonlocal overtaken
        if call.operation == "PutItem" and not overtaken:
            overtaken = True
            revocation.publish(revocation.authority.crl(1, SERIAL, 3, number=3))
            revocation.job()
        return work()

    revocation.publish(revocation.authority.crl(1, SERIAL, 2, number=2))
    with begin_again.failing(overtake), pytest.raises(CrlsIncomplete, match="keep the CRLs"):
        revocation.job()
    revocation.job()
    revocation.later()
    assert not revocation.works()
    (source,) = revocation.bank.aws.revocations.crls(denylist.by_serial(AUTHORITY, "1").issuer).sources
    assert source["number"] == "3"


def test_a_run_that_fails_anywhere_is_completed_by_the_next_one(revocation, begin_again):
    """Each of its writes fails once; so does S3."""
    revocation.publish(revocation.authority.crl(1))
    revocation.job()
    revocation.publish(revocation.authority.crl(1, 2, SERIAL, number=2))
    for failing in (0, 1, 1):  # two shards, and what says which CRLs are in force
        writes = iter(range(100))

        def fail(call, work, writes=writes, failing=failing):
            if call.operation == "PutItem" and next(writes) == failing:
                raise AwsError("AccessDeniedException", "no")
            return work()

        with begin_again.failing(fail), pytest.raises(CrlsIncomplete, match="AccessDenied"):
            revocation.job()
    revocation.files.broken = True
    with pytest.raises(Exception, match="AccessDenied"):
        revocation.job()
    revocation.files.broken = False
    revocation.job()
    revocation.later()
    assert not revocation.works()


# By another name.


@pytest.mark.parametrize(
    "written",
    [HEX, HEX.upper(), f"0x{HEX}", f"00{HEX}", f"0{HEX}", colons(f"0{HEX}"), f" {colons(f'000{HEX}')} "],
)
def test_a_serial_number_is_one_however_it_is_written(revocation, written):
    """OpenSSL, Java, Windows and API Gateway's log each write it in their way."""
    spelt = "/C=DE/O=EXAMPLE  trust/CN=issuing ca"
    revocation.configure({})
    denylist.by_serial(spelt, written).deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    assert not revocation.works()


def test_a_name_of_no_certificate_is_refused():
    """Nothing is denied by mistake: an operator who mistypes hears of it."""
    for issuer, serial in (
        (AUTHORITY, "12g4"),
        (AUTHORITY, ""),
        (AUTHORITY, "1" * 43),
        ("Issuing CA", "12"),
        ("", "12"),
    ):
        with pytest.raises(CertificateNameError):
            denylist.by_serial(issuer, serial)
    for thumbprint in ("", "abc", "x" * 44, "zz" * 32):
        with pytest.raises(CertificateNameError):
            denylist.by_thumbprint(thumbprint)
    with pytest.raises(CertificateNameError):
        denylist.by_certificate(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----")


# The denylist.


def names_of(pem):
    thumbprint = x5t_s256(pem)
    return [
        denylist.by_thumbprint(thumbprint),
        denylist.by_thumbprint(colons(b64_to_hex(thumbprint)).upper()),
        denylist.by_serial(AUTHORITY, HEX),
        denylist.by_certificate(pem.encode()),
    ]


def b64_to_hex(text):
    return urlsafe_b64decode(text + "=").hex()


@pytest.mark.parametrize("named", range(4), ids=["thumbprint", "hexadecimal", "serial", "file"])
def test_a_denial_works_at_once_and_ends_at_once(revocation, named):
    """In functions that are warm, for tokens that are out, and without any CRL."""
    revocation.configure({})
    client, store = revocation.client, revocation.bank.aws.revocations
    tokens = client.tokens()
    denied = names_of(client.certificate)[named]
    denied.deny(store, why="reported stolen", now=NOW)
    denied.deny(store, why="reported stolen", now=NOW)
    assert not revocation.works()
    assert client.refresh(tokens["refresh_token"]).error == "invalid_client"
    assert client.push().error == "invalid_client"
    assert client.introspect(tokens["access_token"]).error == "invalid_client"
    assert not allowed(client.accounts(tokens["access_token"]))
    assert client.userinfo(tokens["access_token"]).error == "invalid_token"
    assert denied.allow(store)
    assert not denied.allow(store)
    assert revocation.works()
    assert allowed(client.accounts(tokens["access_token"]))


def test_a_status_is_read_where_nothing_else_is(revocation):
    """What is no token or code is looked up nowhere, so that no other read takes the certificate's status along."""
    client = revocation.client
    none = ("x", "x" * 43, ".".join(("x" * 43,) * 3), "y" * 44)

    def said():
        return {
            (post.__name__, answer.status, answer.json().get("error"), answer.json().get("active"))
            for post in (client.introspect, client.revoke, client.redeem, client.refresh)
            for answer in map(post, none)
        }

    revocation.configure({})
    assert said() == {
        ("introspect", 200, None, False),
        ("revoke", 200, None, None),
        ("redeem", 400, "invalid_grant", None),
        ("refresh", 400, "invalid_grant", None),
    }
    denylist.by_serial(AUTHORITY, HEX).deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    assert {(status, error, active) for _, status, error, active in said()} == {(401, "invalid_client", None)}


def test_a_certificate_that_only_binds_tokens_is_denied_too(bank, fintech):
    """private_key_jwt says who it is; the certificate binds the token, and is in other hands."""
    tokens = fintech.tokens()
    denylist.by_thumbprint(x5t_s256(fintech.certificate)).deny(bank.aws.revocations, why="stolen", now=NOW)
    assert fintech.refresh(tokens["refresh_token"]).error == "invalid_client"
    assert fintech.post("/token", grant_type="client_credentials").error == "invalid_client"
    assert not allowed(fintech.accounts(tokens["access_token"]))
    renewed = fintech.with_(certificate=certificate("fintech", key=rsa_key("renewed")))
    assert renewed.post("/token", grant_type="client_credentials").status == 200


def test_a_denied_certificate_makes_no_token_that_anybody_gets(revocation, caplog):
    """The write is beside the read of the denial; the answer is not."""
    caplog.set_level("INFO", logger="ducat")
    denylist.by_serial(AUTHORITY, HEX).deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    answer = revocation.client.post("/token", grant_type="client_credentials")
    assert (answer.status, answer.json()) == (
        401,
        {"error": "invalid_client", "error_description": "client authentication failed"},
    )
    line = json.loads([r.message for r in caplog.records if r.message.startswith("{")][-1])
    assert (line["event"], line["reason"]) == ("certificate_revoked", "an operator denied the certificate")


def test_a_code_is_not_spent_by_who_may_not_use_its_certificate(revocation):
    """Refused before the write: the client redeems it with its new certificate."""
    revocation.configure({})
    code = revocation.client.code()
    denylist.by_serial(AUTHORITY, HEX).deny(revocation.bank.aws.revocations, why="stolen", now=NOW)
    assert revocation.client.redeem(code).error == "invalid_client"
    renewed = revocation.client.with_(certificate=revocation.authority.issue("tls-client-auth", 2))
    assert renewed.redeem(code).status == 200


def test_without_its_read_no_certificate_is_good(revocation):
    """Whoever forgets the read gets no PresentedCertificate."""
    sent = revocation.bank.aws.client_certificates.sent(revocation.certificate, now=NOW)
    with pytest.raises(CertificateRefused, match="was not read"):
        sent.require_good()


def test_what_is_no_certificate_is_refused_and_no_fault(bank, fintech):
    for pem in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "x" * 5000):
        client = fintech.with_(certificate=pem or " ")
        assert client.post("/token", grant_type="client_credentials").error == "invalid_client"
        assert client.accounts("x" * 43)["context"]["error"] == "invalid_token"


def test_a_status_that_cant_be_read_lets_nobody_in(revocation, begin_again):
    revocation.configure({})

    def fail(call, work):
        if call.operation == "BatchGetItem" and "ducat-revocations" in call.body["RequestItems"]:
            raise AwsError("ProvisionedThroughputExceededException", "slow down")
        return work()

    with begin_again.failing(fail):
        assert revocation.client.post("/token", grant_type="client_credentials").status == 503


def test_a_client_whose_tokens_are_bound_to_its_proofs_needs_no_good_certificate_at_resources(bank, dpop_client):
    """The certificate of the connection is nothing to a DPoP token (RFC 9449 7.1)."""
    with_both = replace_certificate(dpop_client)
    tokens = dpop_client.tokens()
    denylist.by_thumbprint(x5t_s256(with_both.certificate)).deny(bank.aws.revocations, why="stolen", now=NOW)
    assert allowed(with_both.accounts(tokens["access_token"]))


def replace_certificate(client: Fintech) -> Fintech:
    return replace(client, certificate=certificate("dpop"))


def test_the_drill_goes_as_it_should():
    """`make revocations`, which prints each step."""
    said = []
    assert drill(said.append) == []
    assert len(said) > 8
