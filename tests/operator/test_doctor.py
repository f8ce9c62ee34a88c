"""`ducat doctor`, on a laptop and on AWS."""

import json
import os
import ssl
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from moto import mock_aws

from chalicelib.jobs import publish_keys
from ducat_admin import doctor_outside
from tests.operator.on_aws import deployed_on_aws


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """A host of each of two server certificates: one that is good, and one that ends in some days."""
    with ExitStack() as running:
        yield [running.enter_context(shown(tmp_path_factory.mktemp("host"), days)) for days in (300, 12)]


@contextmanager
def shown(folder, days):
    """The URL of a server that shows a certificate of so many days."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=days, minutes=1))
    file = folder / "server.pem"
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(key.private_bytes(*form) + made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def ducat(deployed, hosts):
    """A deployment at the first of the hosts, with keys and one client that its profile takes."""
    deployed.aws.signing_keys.forget()
    publish_keys.run(deployed.aws)
    name = ("--id", "good", "--make-key", "good.json", "--redirect-uri", "https://good.example/back")
    if deployed.aws.dynamo.operated_clients.find("good") is None:
        deployed.run("client", "add", *name)
    with at(deployed, hosts[0]):
        yield deployed


@contextmanager
def at(deployed, url, **more):
    """The deployment has both of its hosts there. `more`: further settings."""
    file = deployed.folder / ".local" / "run.json"
    before = file.read_text()
    said = json.loads(before)
    said["environment"] |= {"DUCAT_ISSUER": url, "DUCAT_MTLS_URL": url, **more}
    file.write_text(json.dumps(said))
    yield
    file.write_text(before)


def test_it_warns_of_a_recovery_by_the_password(ducat, hosts):
    with at(ducat, hosts[0], DUCAT_RECOVERY_HOURS="48"):
        (found,) = [one for one in ducat.json("doctor") if one["area"] == "recovery_hours"]
    assert found["level"] == "warning"
    assert found["finding"] == "after 48 hours the password alone sets up another app"
    assert not [one for one in ducat.json("doctor") if one["area"] == "recovery_hours"]


def test_on_a_laptop_it_has_notes_and_no_problem(ducat):
    found = ducat.json("doctor")
    assert {one["level"] for one in found} == {"note"}
    assert ("log", "a laptop keeps no log; make run prints each line") in {(f["area"], f["finding"]) for f in found}


def test_a_client_that_its_profile_refuses_and_a_late_key_are_problems(ducat):
    good = ducat.aws.dynamo.operated_clients.find("good").client
    ducat.aws.clients.put(replace(good, client_id="bad", redirect_uris=("http://bad.example/",)))
    ducat.json("key", "rotate")
    registry, now = ducat.aws.signing_keys, ducat.aws.now()
    registry.forget()
    late = next(key for key in registry.all(now=now) if key.uses)
    registry.change(late, replace(late, signs_from=now - 300 * 86_400))
    try:
        found = json.loads(ducat.run("--json", "doctor", status=1))
    finally:
        ducat.aws.dynamo.operated_clients.end(ducat.aws.dynamo.operated_clients.find("bad"), now=now)
        registry.forget()
        registry.change(replace(late, signs_from=now - 300 * 86_400), late)
    problems = {(one["area"], one["clause"]) for one in found if one["level"] == "problem"}
    assert problems == {("client bad", "FAPI2-SP-FINAL-5.3.2.2-8"), (f"key {late.kid}", "")}
    assert found[0]["level"] == "problem"  # the worst at the top


def test_a_server_certificate_that_ends_soon_or_is_not_shown_is_a_warning(ducat, hosts):
    with at(ducat, hosts[1]):
        said = {one["area"]: one for one in ducat.json("doctor") if one["level"] == "warning"}
    (one,) = said.values()
    assert one["area"] == f"certificate {hosts[1].removeprefix('https://')}"
    assert one["finding"].startswith("it ends in 12 days, on 20")
    with at(ducat, "https://localhost:9"):
        assert "shows none from here" in ducat.run("doctor")


def test_on_aws_it_says_what_weakens_and_what_the_log_counted(ducat):
    ducat.json("key", "rotate")
    with deployed_on_aws(ducat) as aws:
        aws.events = {"replay": [2, 3], "certificate_revoked": [1], "crl_refused": [1]}
        aws.events |= {"sign_in_refused": [4], "invalid_client": [7]}
        found = aws.json("doctor")
        said = {one["area"]: one for one in found}
        assert {area for area, one in said.items() if one["level"] == "warning"} == {
            "crls",
            "web_acl",
            "log replay",
            "log certificate_revoked",
            "log crl_refused",
        }
        assert {one["area"] for one in found if one["level"] == "note"} >= {"log sign_in_refused", "log invalid_client"}
        assert said["log replay"]["finding"].startswith("5 in the last day")
        aws.status = 403
        said = {one["area"]: one for one in aws.json("doctor")}
        assert "it could not be read" in said["log"]["finding"]
        assert "it could not be read" in said["dead_letters"]["finding"]


def test_on_aws_it_looks_at_what_stands_beside_the_stack(ducat):
    ducat.json("key", "rotate")
    with deployed_on_aws(ducat) as aws:
        aws.stage, aws.dead_letters = {"stageName": "live", "webAclArn": "arn:of:the:banks:own"}, 3
        arn = "arn:aws:acm:eu-central-1:111122223333:certificate/c"
        aws.domains = {"localhost": {"regionalCertificateArn": arn, "domainNameStatus": "PENDING"}}
        aws.certificate = {"CertificateArn": arn, "NotAfter": time.time() + 9.5 * 86_400, "Type": "IMPORTED"}
        said = {one["area"]: one["finding"] for one in aws.json("doctor") if one["level"] == "warning"}
        assert said.keys() == {
            "crls",
            "dead_letters",
            "audit_dead_letters",
            "certificate localhost",
            "domain localhost",
        }
        assert said["dead_letters"].startswith("3 events")
        assert said["audit_dead_letters"].endswith("docs/operate/alarms.md#audit_dead_letters")
        assert said["certificate localhost"].startswith("it ends in 9 days")
        assert said["certificate localhost"].endswith("nobody renews it but you")
        aws.certificate |= {"NotAfter": time.time() - 9, "RenewalEligibility": "ELIGIBLE"}
        found = json.loads(aws.run("--json", "doctor", status=1))
        assert [one["finding"].partition(": ")[2] for one in found if one["level"] == "problem"] == [
            "ACM could not renew it: look at its validation"
        ]


def test_the_records_bucket_keeps_what_is_in_it(monkeypatch):
    """A bucket of the bank's own may have no lock, and then whoever may write the record may delete it."""
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:  # Of another test's stand-in.
        monkeypatch.delenv(name)

    def rule(**kept):
        return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE"} | kept}}

    with mock_aws():
        s3 = boto3.client("s3", region_name="eu-central-1")
        here = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
        s3.create_bucket(Bucket="unlocked", **here)
        for name, lock in {
            "bare": {"ObjectLockEnabled": "Enabled"},
            "short": rule(Days=365 * 5 - 1),
            "of-five-years": rule(Years=5),
            "of-days": rule(Days=365 * 5),
        }.items():
            s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True, **here)
            s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)

        def found(bucket, setting=None):
            outputs = {"AuditBucketName": bucket} if bucket else {}
            operator = SimpleNamespace(
                deployment=SimpleNamespace(outputs=outputs, region="eu-central-1"),
                provider=SimpleNamespace(settings=SimpleNamespace(audit_bucket=setting)),
            )
            return [(one.level, one.finding) for one in doctor_outside.record(operator)]

        assert found(None) == found("of-five-years") == found("of-days") == []
        for bucket in ({"bucket": "unlocked"}, {"bucket": None, "setting": "unlocked"}):
            ((level, said),) = found(**bucket)
            assert (level, "unlocked has no Object Lock" in said) == ("problem", True)
        ((level, said),) = found("bare")
        assert (level, "bare has no default retention" in said) == ("problem", True)
        ((level, said),) = found("short")
        assert (level, "for 1824 days" in said) == ("warning", True)
        with pytest.raises(ClientError, match="NoSuchBucket"):
            found("nobodys")


@pytest.mark.parametrize(
    ("mutual", "level", "said"),
    [
        (None, "problem", "requests no client certificates"),
        (
            {"truststoreUri": "s3://t/t", "truststoreWarnings": ["one ended"]},
            "warning",
            "warns of the truststore: one ended",
        ),
        ({"truststoreUri": "s3://t/t"}, None, ""),
    ],
)
def test_the_domain_for_certificates_must_request_them(mutual, level, said):
    found = list(doctor_outside._mutual_tls("mtls.bank.example", {"mutualTlsAuthentication": mutual}))
    assert [one.level for one in found] == ([level] if level else [])
    assert all(said in one.finding for one in found)
