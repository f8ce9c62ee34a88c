"""What client certificates are checked with: the bucket, the job's rights on files, the domain's own certificate."""

import json

from ducat_cdk.deployment import DeploymentError
from ducat_cdk.settings import deployment_of
from local.certificates import Certificates
from tests.infra.template import Template

ACM = "arn:aws:acm:eu-central-1:111122223333:certificate/"
IMPORTED, OWNED = f"{ACM}00000000-0000-0000-0000-00000000000a", f"{ACM}00000000-0000-0000-0000-00000000000b"
CA = "CN=Issuing CA,O=Example Trust,C=DE"


def problems(**settings):
    try:
        deployment_of(settings)
    except DeploymentError as problem:
        return str(problem)
    return ""


def test_the_bucket_of_crls_is_private_encrypted_versioned_and_by_tls_alone(template):
    (name,) = [name for name in template.of("S3::Bucket") if name.startswith("Crls")]
    bucket = template.of("S3::Bucket")[name]
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (policy,) = [one for one in template.of("S3::BucketPolicy").values() if one["Bucket"] == {"Ref": name}]
    statements = policy["PolicyDocument"]["Statement"]
    conditions = [(one["Effect"], one["Principal"], one["Condition"]) for one in statements]
    everyone = {"AWS": "*"}
    assert ("Deny", everyone, {"Bool": {"aws:SecureTransport": "false"}}) in conditions
    assert ("Deny", everyone, {"NumericLessThan": {"s3:TlsVersion": 1.2}}) in conditions
    assert template.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert template.environment()["DUCAT_CRL_BUCKET"] == {"Ref": name}


def test_the_job_reads_the_truststore_and_writes_crls_and_no_other_function_does(template):
    found = {one["Sid"]: one for one in template.statements("app.fetch_crls")}
    (bucket,) = [name for name in template.of("S3::Bucket") if name.startswith("Crls")]
    assert found["ReadTheTruststore"]["Action"] == "s3:GetObjectVersion"
    assert json.dumps(found["ReadTheTruststore"]["Resource"]).endswith(
        ':s3:::bank.example-truststore/truststore.pem"]]}'
    )
    assert found["KeepTheCrls"]["Action"] == "s3:PutObject"
    assert found["KeepTheCrls"]["Resource"]["Fn::Join"][1] == [{"Fn::GetAtt": [bucket, "Arn"]}, "/*"]
    for handler in template.functions():
        resources = json.dumps([one["Resource"] for one in template.statements(handler) if "s3:" in str(one["Action"])])
        assert (bucket in resources or "truststore" in resources) == (handler == "app.fetch_crls")
        assert resources == "[]" or handler in ("app.fetch_crls", "app.audit")


def test_only_the_job_writes_what_is_revoked_and_it_denies_nothing(template):
    """A role that was taken over can revoke, and can't take an operator's denial back."""
    table = template.environment()["DUCAT_REVOCATIONS_TABLE"]["Ref"]
    writes = ("PutItem", "UpdateItem", "DeleteItem")
    for handler in template.functions():
        for one in template.statements(handler):
            if one["Resource"] == {"Fn::GetAtt": [table, "Arn"]} and any(verb in str(one["Action"]) for verb in writes):
                assert handler == "app.fetch_crls"
                assert one["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["crl.*"]}}
                assert "DeleteItem" not in str(one["Action"])


def test_an_imported_certificate_has_one_of_acm_beside_it(synthesized):
    nothing = Template(synthesized / "nothing")
    domains = [one for one in nothing.of("ApiGateway::DomainName").values() if "MutualTlsAuthentication" in one]
    assert [one["OwnershipVerificationCertificateArn"] for one in domains] == [OWNED]


def test_without_it_none_is_named(template):
    assert "OwnershipVerificationCertificateArn" not in json.dumps(template.body)


def test_settings_that_contradict_each_other_are_said_at_once():
    said = problems(
        ownership_certificate=OWNED,
        crl_minutes="0",
        crl_grace_hours="721",
        crl_stale="maybe",
        client_authorities=[CA],
        crls={"CN=X": ["http://x.example/"]},
    )
    for words in (
        "crl_minutes must be a number of minutes, from 1 to 60",
        "crl_grace_hours must be a number of hours, from 0 to 720",
        "crl_stale must be refuse or accept",
        "ownership_certificate is for an imported or private mtls_certificate, which is not given",
        "crls: 1 of client_authorities have no entry",
    ):
        assert words in said
    assert "must be another than mtls_certificate" in problems(
        ownership_certificate=IMPORTED, mtls_certificate=IMPORTED
    )
    for crls in (
        ["x"],
        {"X": []},
        {CA: "http://x.example/"},
        {CA: ["ftp://x.example/"]},
        {CA: ["http://10.0.0.1/"]},
        '{"CN=A": [], "CN=a": []}',
    ):
        assert "crls must be such as" in problems(crls=crls)
    assert (
        problems(crls={CA: ["http://crl.example/ca.crl", "https://crl.example/2.crl"]}, client_authorities=[CA]) == ""
    )
    assert problems(crls={CA: []}, client_authorities=[CA]) == ""


def test_the_crls_are_of_authorities_of_the_truststore(tmp_path):
    authority = Certificates(tmp_path / "made").clients_authority
    file = tmp_path / "truststore.pem"
    file.write_text(authority.pem)
    assert problems(truststore=str(file), crls={authority.subject_dn: []}) == ""
    assert "crls: 1 of them are no certificate's subject" in problems(truststore=str(file), crls={CA: []})
