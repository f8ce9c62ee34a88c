"""What a bank's infrastructure team installs: the wheel, of which every template of these tests is synthesized."""

import json
import subprocess
import sys
import tomllib

import pytest

from tests.house.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("chalicelib", "ducat_admin", "ducat_cdk")
SHIPPED = (".py", ".css", ".html", ".js", ".typed")


def test_a_wheel_holds_what_a_user_needs_and_no_tests(wheel):
    names = {str(path.relative_to(wheel)) for path in wheel.rglob("*") if path.is_file()}
    tops = {name.partition("/")[0] for name in names}
    assert tops == {*PACKAGES, f"ducat-{PROJECT['version']}.dist-info"}
    ours = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in SHIPPED
    }
    assert ours <= names
    assert f"ducat-{PROJECT['version']}.dist-info/licenses/LICENSE" in names


@pytest.mark.parametrize("name", ["app.py", "requirements.txt"])
def test_what_functions_are_packaged_of_is_in_it_as_in_the_clone(wheel, name):
    assert (wheel / "ducat_cdk" / "shipped" / name).read_bytes() == (ROOT / name).read_bytes()


def test_each_template_was_synthesized_out_of_the_wheel(synthesized, wheel):
    """No folder of the clone was on the path."""
    path, files = json.loads((synthesized / "loaded.json").read_text())
    assert str(ROOT) not in path
    assert {file.startswith(str(wheel)) for file in files} == {True}


def test_an_import_starts_no_node(wheel):
    """The CDK does, at its import, and takes seconds: not for settings that can't be used."""
    script = "import ducat_cdk, ducat_cdk.app, sys; print('aws_cdk' in sys.modules, 'Ducat' in ducat_cdk.__all__)"
    run = subprocess.run([sys.executable, "-c", script], cwd=wheel, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
