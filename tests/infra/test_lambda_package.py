"""What goes into the functions' package."""

import hashlib

import pytest

from infra import package


@pytest.fixture
def dependencies(tmp_path):
    """A small tree such as pip leaves."""
    folder = tmp_path / "dependencies"
    for name in (
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "botocore/data/dynamodb/2012-08-10/endpoint-rule-set-1.json.gz",
        "botocore/data/dynamodb/2012-08-10/examples-1.json",
        "botocore/data/dynamodb/2012-08-10/paginators-1.json",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/endpoints.json",
        "botocore/data/partitions.json",
        "cffi/api.py",
        "cffi/tests/test_api.py",
        "bin/jp.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_pruning_leaves_what_a_client_of_our_services_reads(dependencies):
    package.prune(dependencies)
    assert files(dependencies) == {
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "botocore/data/dynamodb/2012-08-10/endpoint-rule-set-1.json.gz",
        "botocore/data/endpoints.json",
        "botocore/data/partitions.json",
        "cffi/api.py",
    }


def test_chalice_is_vendored_without_its_command_line(tmp_path):
    package.vendor_chalice(tmp_path)
    assert files(tmp_path) == {"chalice/__init__.py", "chalice/app.py"}


@pytest.mark.parametrize("stamp", [None, "of other requirements"])
def test_missing_or_stale_dependencies_are_refused_and_nothing_is_staged(tmp_path, dependencies, stamp):
    if stamp is not None:
        (dependencies / package.STAMP).write_text(stamp)
    with pytest.raises(package.Unpackaged, match=r"infra\.package"):
        package.stage(tmp_path / "code", dependencies)
    assert not (tmp_path / "code").exists()


def test_dependencies_and_our_own_files_are_staged_together(tmp_path, dependencies, monkeypatch):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pyjwt==2.15.1")
    monkeypatch.setattr(package, "REQUIREMENTS", requirements)
    (dependencies / package.STAMP).write_text(hashlib.sha256(b"pyjwt==2.15.1").hexdigest())
    package.stage(tmp_path / "code", dependencies)
    assert {"app.py", "chalicelib/settings.py", "cffi/api.py"} <= files(tmp_path / "code")
    assert package.STAMP not in files(tmp_path / "code")


def test_sources_alone_are_staged_without_dependencies(tmp_path):
    package.stage(tmp_path / "code", None)
    assert {path.name for path in (tmp_path / "code").iterdir()} == {"app.py", "chalicelib"}
    assert package.zipped_size(tmp_path / "code") < 1024 * 1024
