"""The synthesized templates, made once a session as an infrastructure team makes them: by the command, offline."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from ducat_cdk.alarms import ALARMS
from tests.aws_calls import judging, recording
from tests.house.source import ROOT, blocks
from tests.infra import policies
from tests.infra.template import Template, write_truststore

ROUTES = [
    f"{method} /open-banking/v4.0/aisp/resource-{n}/{{AccountId}}" for n in range(32) for method in ("GET", "POST")
]
"""As many, and as long, as those of UK Open Banking's accounts and payments together."""

BACKUP_COPIES = "arn:aws:backup:eu-west-1:111122223333:backup-vault:ducat-copies"
EVERYTHING = {
    "issuer_host": f"login.{'very-long-name.' * 3}bank.example",
    "mtls_host": f"mtls.{'very-long-name.' * 3}bank.example",
    "resource_host": f"api.{'very-long-name.' * 14}bank.example",
    "bank_name": "Ö" * 100,
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
    "truststore": "everything.pem",
    "api_gateway_log_role": "make",
    "throttles": {"*": {"rate": 500, "burst": 1000}, "GET /jwks": {"rate": 50, "burst": 100}},
    "reserved_concurrency": {"token": 300, "authorizer": 600},
    "client_authorities": [f"CN=Issuing CA {n},O=Example Trust of a Long Name,C=DE" for n in range(60)],
    "crls": {
        f"CN=Issuing CA {n},O=Example Trust of a Long Name,C=DE": [f"http://crl.trust.example/issuing-{n}.crl"]
        for n in range(60)
    },
    "resource_rules": {route: {"scope": "accounts", "acr": "urn:ducat:loa:3", "max_age": 300} for route in ROUTES},
    "bank_api_id": "a1b2c3d4e5",
    "eddsa": True,
    "otp_level": 3,
    "backup": {"days": 365, "lock": "compliance", "lock_after_days": 3, "copy_to": BACKUP_COPIES},
    "audit_years": 10,
    "audit_lock": "compliance",
    "audit_bus": f"arn:aws:events:eu-central-1:444455556666:event-bus/{'long-name-' * 6}",
    "notices": "email bus",
    "notices_from": f"no-reply@{'very-long-name.' * 6}bank.example",
    "notices_identity": "arn:aws:ses:eu-central-1:111122223333:identity/bank.example",
    "log_days": 3653,
    "alarm_topic": "arn:aws:sns:eu-central-1:444455556666:on-call",
    "alarms": {"slow": {"threshold": 5000}, "slow-login": {"periods": 2}, "lockouts": False, "failures": False},
    "tracing": True,
    "traffic_shift": "Canary10Percent5Minutes",
    "runbooks": "https://wiki.bank.example/ducat/alarms",
    "log_encryption": "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001",
}
"""All that can be made by the stack is made by it, and each text is as long as it may be."""

NOTHING = {
    "mtls_certificate": "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-00000000000a",
    "ownership_certificate": "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-0000-0000-00000000000b",
    "api_gateway_log_role": "exists",
    "web_acl": "none",
    "throttles": {},
    "reserved_concurrency": {},
    "alarm_topic": "none",
    "audit_bucket": "bank.example-audit",
    "audit_encryption": "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000003",
    "alarms": {row.name: False for row in ALARMS if row.name not in ("replays", "kms_quota")},
}
"""All that can be left to the bank is."""

OWN: dict[str, Any] = {
    "issuer_host": "login.mybank.example",
    "mtls_host": "mtls.mybank.example",
    "bank_name": "My Bank",
    "truststore": "truststore.pem",
    "resource_host": "api.mybank.example",
    "api_gateway_log_role": "exists",
    "client_authorities": ["CN=Issuing CA,O=Example Trust,C=DE"],
    "snap_start": ["login", "authorizer"],
    "provisioned_concurrency": {"token": 2},
}
"""What the bank of docs/operate/construct.md has in its ducat.json."""

SETTINGS = {
    "issuer_host": "login.real.bank",
    "resource_rules": '{"GET /accounts":{"scope":"accounts"}}',
}
"""What the bank of the template "weekly" has in its file."""


CONSTRUCT = Path("docs/operate/construct.md")
LOOKED_UP = """
vpc = {
    "vpcId": "vpc-0123456789abcdef0", "vpcCidrBlock": "10.0.0.0/16", "availabilityZones": [], "ownerAccountId": "111122223333",
    "subnetGroups": [{"name": "Private", "type": "Private", "subnets": [
        {"subnetId": f"subnet-{zone}", "cidr": "10.0.0.0/24", "availabilityZone": f"eu-central-1{zone}", "routeTableId": "rtb-1"}
        for zone in "ab"
    ]}],
}
name = "vpc-provider:account=111122223333:filter.vpc-id=vpc-0123456789abcdef0:region=eu-central-1:returnAsymmetricSubnets=true"
context = {name: vpc}
"""
"""What the CDK's command line hands to an app whose VPC it has looked up."""

GIVEN = """
from pathlib import Path
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from ducat_cdk import Ducat, Existing
from ducat_cdk.deployment import DeploymentError

app = App(outdir=out, analytics_reporting=False)
env = Environment(account="111122223333", region="eu-central-1")
bank = Stack(app, "Bank", env=env)
key = kms.Key(bank, "Key")
certificate = acm.Certificate(bank, "Certificate", domain_name="login.mybank.example")
domain = apigateway.DomainName.from_domain_name_attributes(
    bank, "Domain", domain_name="mtls.mybank.example",
    domain_name_alias_hosted_zone_id="Z0", domain_name_alias_target="d-1.execute-api.eu-central-1.amazonaws.com",
)
clients = dynamodb.Table.from_table_attributes(
    bank, "Clients", table_arn=CLIENTS, table_stream_arn=f"{CLIENTS}/stream/1", encryption_key=key
)
record = s3.Bucket(bank, "Record", encryption_key=key, object_lock_enabled=True)
vpc = ec2.Vpc(bank, "Vpc", max_azs=2, nat_gateways=1)
topic = sns.Topic(bank, "Topic")
given = dict(
    alarm_topic=topic, audit_bucket=record, tables={"clients": clients}, issuer_certificate=certificate,
    mtls_domain=domain, log_key=key,
)
acl = "arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/bank/0f5d2b3c"
stack = Ducat(
    app,
    "Given",
    settings={
        "issuer_host": "login.mybank.example",
        "mtls_host": "mtls.mybank.example",
        "tables": {"grants": "Ducat-grants-restored", "bonds": RESTORED_BONDS},
        "table_streams": {"grants": GRANTS_STREAM, "bonds": f"{RESTORED_BONDS}/stream/2"},
        "keys": {"secrets": SECRETS},
    },
    existing=Existing(
        vpc=vpc, security_groups=[ec2.SecurityGroup(bank, "Group", vpc=vpc)], web_acl_arn=acl, **given
    ),
    env=env,
)
Path(out, "attributes.txt").write_text(repr(sorted(name for name in vars(stack) if not name.startswith("_"))))
app.synth()
try:
    Ducat(
        app,
        "Wrong",
        settings={
            "issuer_host": "login.other.example", "mtls_certificate": MTLS_CERTIFICATE, "web_acl": "none", "alarm_topic": "none",
            "truststore_uri": "s3://abc/x",
            "tables": {"clients": "bank-clients"}, "audit_bucket": "bank-audit",
        },
        existing=Existing(
            **given | {"tables": {"clients": clients, "grants": clients, "user": clients}, "keys": {"table": key}},
            web_acl_arn=acl, issuer_domain=domain, security_groups=[ec2.SecurityGroup(bank, "Other", vpc=vpc)],
        ),
    )
except DeploymentError as problem:
    Path(out, "problem.txt").write_text(str(problem))
for file, elsewhere in (("account.txt", SECRETS.replace("1111", "2222")), ("region.txt", SECRETS.replace("central", "west"))):
    try:
        Ducat(app, file.partition(".")[0], settings={"keys": {"secrets": elsewhere}}, env=env)
    except DeploymentError as problem:
        Path(out, file).write_text(str(problem))
"""
CLIENTS = "arn:aws:dynamodb:eu-central-1:111122223333:table/bank-clients"
GRANTS_STREAM = "arn:aws:dynamodb:eu-central-1:111122223333:table/Ducat-grants-restored/stream/2026-11-30T07:00:00.000"
RESTORED_BONDS = "arn:aws:dynamodb:eu-central-1:111122223333:table/Ducat-bonds-restored"
SECRETS = "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000002"
MTLS_CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/0f5d2b3c-0000-4000-8000-000000000002"
for name, value in (
    ("CLIENTS", CLIENTS), ("GRANTS_STREAM", GRANTS_STREAM), ("RESTORED_BONDS", RESTORED_BONDS), ("SECRETS", SECRETS),
    ("MTLS_CERTIFICATE", MTLS_CERTIFICATE),
):  # fmt: skip
    GIVEN = GIVEN.replace(name, repr(value))
"""A stack to which a bank hands what it has, and one that is given too much, and wrongly."""

PAGE = Path("docs/integrate/protect-your-api.md")
SYNTHESIZE = Path(__file__).with_name("synthesize.py")

MADE = """
from aws_cdk import App
app = App(outdir=out)
AccountsApi(app, "Accounts", "arn:aws:lambda:eu-central-1:111122223333:function:accounts")
app.synth()
"""
"""What a page's stack is made by, in a folder `out`."""

BRANDS = """
from pathlib import Path
from aws_cdk import App, Environment, PermissionsBoundary
from ducat_cdk import Ducat
from ducat_cdk.deployment import DeploymentError

app = App(outdir=out, analytics_reporting=False)
env = Environment(account="111122223333", region="eu-central-1")
for brand, log_role in (("North", "make"), ("South", "exists")):
    Ducat(
        app,
        brand,
        settings={"issuer_host": f"login.{brand.lower()}.example", "api_gateway_log_role": log_role},
        env=env,
        stack_name=f"{brand}-login",
        description=brand,
        tags={"brand": brand},
        termination_protection=True,
        permissions_boundary=PermissionsBoundary.from_name("bank-boundary"),
    )
app.synth()
try:
    Ducat(app, "Third", settings={"issuer_host": "login.north.example", "api_gateway_log_role": "make"}, env=env)
except DeploymentError as problem:
    Path(out, "problem.txt").write_text(str(problem))
topic = "arn:aws:sns:eu-west-1:111122223333:on-call"
try:
    Ducat(app, "Fourth", settings={"alarm_topic": topic}, env=env)
except DeploymentError as problem:
    Path(out, "region.txt").write_text(str(problem))
"""
"""Two brands of a bank in one app, and a third that takes what is the first one's."""


UNCHECKED = {"CDK_VALIDATION": "false"}
"""Without the CDK's own look at each template, which warns, and fails nothing. cfn-lint's look does, in a test."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel is installed, built as `pip wheel .` builds it. No clone is near."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "build", "node_modules", "tests", "__pycache__")
    shutil.copytree(ROOT, folder / "source", symlinks=True, ignore=left_out)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder, folder / "source"], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with ZipFile(built) as held:
        held.extractall(folder / "installed")
    return folder / "installed"


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A folder with a cloud assembly each, by the command and its arguments: synthesize.py, in one process, out of the wheel."""
    folder = tmp_path_factory.mktemp("cdk")
    settings = folder / "bank.json"
    settings.write_text(json.dumps(SETTINGS))
    (page,) = blocks(Path("docs/operate/deploy.md"), "json")
    files = {"page": json.loads(page), "everything": EVERYTHING, "nothing": NOTHING}
    for name, chosen in files.items():
        if "truststore" in chosen:
            chosen = {**chosen, "truststore": str(folder / f"{name}.pem")}
            write_truststore(Path(chosen["truststore"]), *chosen["client_authorities"])
        (folder / f"{name}.json").write_text(json.dumps(chosen))
    (shown,) = [code for code in blocks(PAGE, "python") if "AccountsApi" in code]
    (own,) = blocks(CONSTRUCT, "python")
    own = LOOKED_UP + own.replace("App()", "with_packs(App, outdir=out, context=context)")
    scripts = {
        "shown": shown + MADE,
        "brands": BRANDS,
        "own": own,
        "given": GIVEN,
    }
    (folder / "ducat.json").write_text(json.dumps(OWN))
    write_truststore(folder / OWN["truststore"], *OWN["client_authorities"])
    arguments: dict[str, list[str]] = {
        **{name: [str(folder / f"{name}.json")] for name in files},
        "without-EdDSA": [],
        "with-EdDSA": ["-c", "eddsa=true", "-c", "audit_bus=default"],
        "rotated": ["-c", "template_signing_keys=false", "-c", "eddsa=true", "-c", "multi_region_keys=true"],
        "weekly": [
            *("-c", "weekly_tables=true", "-c", "bank_name=Real Bank", "-c", "bank_api_id=a1b2c3d4e5", str(settings)),
        ],
    }
    script = str(shutil.copy(SYNTHESIZE, folder))
    command = [script, str(folder), json.dumps(arguments), json.dumps(scripts)]
    run = _run(command, folder, at=folder, path=str(wheel), **UNCHECKED)
    assert run.returncode == 0, run.stderr
    for name in (judging.WHOLE, judging.WEEKLY, judging.ROTATED):
        recording.policies[name] = policies.plain(Template(folder / name))
    return folder


@pytest.fixture(scope="session", params=["without-EdDSA", "with-EdDSA"])
def template(request: pytest.FixtureRequest, synthesized: Path) -> Template:
    return Template(synthesized / request.param, eddsa=request.param == "with-EdDSA")


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function: the command's arguments to how it ended. It writes to `tmp_path`/out."""
    return lambda *arguments: _run(["-m", "ducat_cdk.app", *arguments], tmp_path, at=ROOT)


def _run(
    arguments: list[str], home: Path, *, at: Path, path: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run it with neither credentials nor a Node of the machine's own. What jsii unpacked before is not unpacked anew."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        "CDK_OUTDIR": str(home / "out"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache/aws/jsii/package-cache"),
    }
    environment |= {"PYTHONPATH": path, **variables}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=at, env=environment, capture_output=True, text=True, timeout=110)


@pytest.fixture(scope="session")
def everything(synthesized: Path) -> Template:
    """All that can be made by the stack is."""
    return Template(synthesized / "everything", eddsa=True)


@pytest.fixture(scope="session")
def nothing(synthesized: Path) -> Template:
    """All that can be left to the bank is."""
    return Template(synthesized / "nothing")


@pytest.fixture(scope="session")
def page(synthesized: Path) -> Template:
    """By the settings of docs/operate/deploy.md."""
    return Template(synthesized / "page")
