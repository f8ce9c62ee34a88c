"""What goes into the functions' package."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import botocore
import botocore.session
import jinja2
import markupsafe
import pytest
from botocore.config import Config
from botocore.loaders import Loader

from ducat_cdk import authorities, bytecode, package, trimmed
from ducat_cdk.functions import FUNCTIONS

DATA = Path(botocore.__file__).parent / "data"
CALLED = {"apigateway": "GetDomainName", "dynamodb": "PutItem", "kms": "Sign"}
REGIONS = ("eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1")


@pytest.fixture
def dependencies(tmp_path):
    """A small tree such as pip leaves, with botocore's own data of some services."""
    return copied(tmp_path / "dependencies")


def copied(folder):
    data = folder / "botocore" / "data"
    for service in ("apigateway", "dynamodb", "events", "kms", "s3", "sesv2", "sqs", "sts", "sns"):
        shutil.copytree(DATA / service, data / service)
    for file in DATA.glob("*.json"):
        shutil.copy(file, data)
    whole = Path(botocore.__file__).with_name("cacert.pem").read_text(encoding="utf-8")
    (folder / "botocore" / "cacert.pem").write_text(authorities.CERTIFICATE.search(whole)[0], encoding="utf-8")
    for name in ("cffi/api.py", "cffi/tests/test_api.py", "bin/jp.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    """The same tree, as it ships."""
    folder = copied(tmp_path_factory.mktemp("pruned") / "dependencies")
    package.prune(folder)
    return folder


@pytest.fixture(scope="module")
def clients(pruned):
    """A function: a service and a Region to the client of it by botocore's data, and the one by what is left of that."""
    loaders = [
        Loader([str(data)], include_default_search_paths=False) for data in (DATA, pruned / "botocore" / "data")
    ]  # They remember what they read.

    def make(service, region, **chosen):
        made = []
        for loader in loaders:
            session = botocore.session.Session()
            session.register_component("data_loader", loader)
            config = Config(parameter_validation=False, **chosen)
            given = {"region_name": region, "aws_access_key_id": "x", "aws_secret_access_key": "x", "config": config}
            made.append(session.create_client(service, **given))
        return made

    return make


def shape(of):
    """All that a serializer or a parser reads of a shape."""
    if of is None:
        return None
    seen = {}

    def read(one):
        if (one.type_name, one.name) in seen:
            return one.name
        seen[one.type_name, one.name] = None
        members = getattr(one, "members", {})
        parts = {name: read(member) for name, member in members.items()}
        parts |= {name: read(getattr(one, name)) for name in ("member", "key", "value") if hasattr(one, name)}
        return one.type_name, one.name, one.serialization, one.metadata, parts

    return read(of)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_pruning_leaves_what_a_client_of_our_services_reads(pruned):
    assert files(pruned) == {
        "botocore/data/dynamodb/2012-08-10/service-2.json",
        "botocore/data/apigateway/2015-07-09/service-2.json",
        "botocore/data/kms/2014-11-01/service-2.json",
        "botocore/data/s3/2006-03-01/service-2.json",
        "botocore/data/s3/2006-03-01/service-2.sdk-extras.json",
        "botocore/data/s3/2006-03-01/endpoint-rule-set-1.json.gz",
        *(
            f"botocore/data/{service}/{file}"
            for service in ("events/2014-02-03", "events/2015-10-07", "sesv2/2019-09-27", "sqs/2012-11-05")
            for file in ("service-2.json", "endpoint-rule-set-1.json.gz")
        ),
        "botocore/data/sts/2011-06-15/service-2.json.gz",
        "botocore/data/sts/2011-06-15/endpoint-rule-set-1.json.gz",
        *(f"botocore/data/{file.name}" for file in DATA.glob("*.json")),
        "cffi/api.py",
        "botocore/cacert.pem",
        *(f"botocore/authorities/{file.name}" for file in (pruned / "botocore" / "authorities").iterdir()),
    }
    of_the_record = {"events", "sesv2", "sqs"}  # No endpoint has a client of these.
    read = [path for path in (pruned / "botocore").rglob("*.json") if not of_the_record & set(path.parts)]
    assert sum(path.stat().st_size for path in read) < 150_000, "a cold start reads all of it"


@pytest.mark.parametrize("service", trimmed.USED)
def test_of_a_service_the_operations_that_roles_allow_are_left_and_whole(clients, service):
    full, left = (client.meta.service_model for client in clients(service, "eu-central-1"))
    verbs = {verb for row in FUNCTIONS for table in row.tables for verb in table.verbs}
    verbs |= {key.verb for row in FUNCTIONS for key in row.keys}
    verbs |= {verb for row in FUNCTIONS for made in row.made_keys for verb in made.verbs}
    verbs |= {operation for row in FUNCTIONS for file in row.files for operation in file.operations}
    verbs |= {"GetDomainName"}  # IAM has it as apigateway:GET
    verbs |= {"PutEvents", "SendEmail", "SendMessageBatch"}  # of the record's bus and of notices
    assert set(left.operation_names) == verbs & set(full.operation_names)
    some = {"apigateway": {"GetDomainName"}, "dynamodb": {"PutItem", "BatchGetItem"}, "kms": {"Sign", "Decrypt"}}
    some |= {
        "s3": {"GetObject", "PutObject"},
        "events": {"PutEvents"},
        "sesv2": {"SendEmail"},
        "sqs": {"SendMessageBatch"},
    }
    assert set(left.operation_names) >= some[service]
    for name in left.operation_names:
        before, after = full.operation_model(name), left.operation_model(name)
        for part in ("input_shape", "output_shape"):
            assert shape(getattr(before, part)) == shape(getattr(after, part)), name
        assert [shape(one) for one in before.error_shapes] == [shape(one) for one in after.error_shapes], name
        assert (before.http, before.metadata) == (after.http, after.metadata)


@pytest.mark.parametrize(
    "chosen", [{}, {"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}], ids=["plain", "fips", "dual-stack"]
)
@pytest.mark.parametrize("service", [name for name in trimmed.USED if name not in trimmed.RULED])
def test_a_call_goes_to_the_same_address_in_every_kind_of_region(clients, service, chosen):
    found = {}
    for region in REGIONS:
        for which, client in zip(("before", "after"), clients(service, region, **chosen), strict=True):
            operation = client.meta.service_model.operation_model(CALLED[service])
            url, headers, _ = client._resolve_endpoint_ruleset(operation, {"TableName": "grants"}, {})
            signer = client._request_signer
            signed = signer.region_name, signer.signing_name, signer.signature_version
            found.setdefault(which, {})[region] = url, headers, signed
    if service == "dynamodb" and "use_fips_endpoint" in chosen:  # AWS's two files name two hosts of that one
        gov = [found[which].pop("us-gov-west-1")[0] for which in ("before", "after")]
        assert gov == [f"https://{host}.us-gov-west-1.amazonaws.com" for host in ("dynamodb", "dynamodb-fips")]
    assert found["before"] == found["after"]


def test_s3_keeps_its_rules_whole(clients, pruned):
    """Botocore finds a bucket's address by them, and by no other file."""
    before, after = clients("s3", "eu-central-1")
    operation = after.meta.service_model.operation_model("PutObject")
    found = [client._resolve_endpoint_ruleset(operation, {"Bucket": "crls"}, {})[0] for client in (before, after)]
    assert found == ["https://crls.s3.eu-central-1.amazonaws.com"] * 2
    (kept,) = (pruned / "botocore" / "data" / "s3").glob("*/endpoint-rule-set-1.json.gz")
    assert kept.read_bytes() == (DATA / kept.relative_to(pruned / "botocore" / "data")).read_bytes()


@pytest.mark.parametrize(
    ("service", "operation", "host"),
    [
        ("events", "PutEvents", "events.eu-central-1"),
        ("sesv2", "SendEmail", "email.eu-central-1"),
        ("sqs", "SendMessageBatch", "sqs.eu-central-1"),
    ],
)
def test_what_the_record_calls_ships_too(clients, service, operation, host):
    """No data of EventBridge shipped, so that `audit_bus` stopped the record."""
    _, after = clients(service, "eu-central-1")
    model = after.meta.service_model.operation_model(operation)
    assert after._resolve_endpoint_ruleset(model, {}, {})[0] == f"https://{host}.amazonaws.com"


def test_chalice_is_vendored_without_its_command_line(tmp_path):
    package.vendor_chalice(tmp_path)
    assert files(tmp_path) == {"chalice/__init__.py", "chalice/app.py"}


@pytest.mark.parametrize("stamp", [None, '{"requirements": "other", "python": "3.13"}'])
def test_missing_or_stale_dependencies_are_refused_and_nothing_is_staged(tmp_path, dependencies, stamp):
    if stamp is not None:
        (dependencies / package.STAMP).write_text(stamp)
    with pytest.raises(package.Unpackaged, match=r"ducat_cdk\.package"):
        package.stage(tmp_path / "code", dependencies)
    assert not (tmp_path / "code").exists()


def test_dependencies_and_our_own_files_are_staged_together(tmp_path, dependencies, monkeypatch):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pyjwt==2.15.1")
    monkeypatch.setattr(package, "REQUIREMENTS", requirements)
    own = bytecode.own_version()
    made = {"requirements": hashlib.sha256(b"pyjwt==2.15.1").hexdigest(), "python": own, "interpreter": sys.executable}
    (dependencies / package.STAMP).write_text(json.dumps(made))
    with pytest.raises(package.Unpackaged, match=r"would compile.*bin/jp\.py: no bytecode, and 2 more"):
        package.stage(tmp_path / "code", dependencies)
    assert not (tmp_path / "code").exists()
    for library in (jinja2, markupsafe):  # What compiles the pages' templates.
        shutil.copytree(Path(library.__file__).parent, dependencies / library.__name__)
    bytecode.compile_all(Path(sys.executable), dependencies)
    assert package.stage(tmp_path / "code", dependencies) == own
    assert {"app.py", "chalicelib/settings.py", "cffi/api.py"} <= files(tmp_path / "code")
    assert package.STAMP not in files(tmp_path / "code")
    assert not {path for path in files(tmp_path / "code") if path.startswith("chalicelib/pages/templates/")}


def test_sources_alone_are_staged_without_dependencies(tmp_path):
    package.stage(tmp_path / "code", None)
    assert {path.name for path in (tmp_path / "code").iterdir()} == {"app.py", "chalicelib"}
    assert package.zipped_size(tmp_path / "code") < 1024 * 1024
