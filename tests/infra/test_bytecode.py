"""The bytecode that ships: of the runtime's version, the same each time, and all that a cold start needs."""

import ctypes
import json
import marshal
import os
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest
from jinja2 import ModuleLoader

from benchmarks import shipped
from chalicelib.pages.render import FOLDER, TEMPLATES
from ducat_cdk import bytecode, package
from tests.house.test_imports import SOMEWHERE

OWN = bytecode.own_version()
TAG = sys.implementation.cache_tag

CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24

COLD = """
import json, os, sys
drawn = []
own = os.urandom
os.urandom = lambda size: drawn.append(size) or own(size)
from importlib.machinery import SourceFileLoader
compiled = []
SourceFileLoader.source_to_code = lambda self, data, path: compiled.append(path) or compile(data, path, "exec")
sys.path.insert(0, os.getcwd())
import app
if render := sys.modules.get("chalicelib.pages.render"):
    render.Environment.compile = lambda *_, **known: compiled.append(known)
    for name in json.loads(os.environ["TEMPLATES"]):
        render.TEMPLATES.get_template(name)
try:
    open("written", "w")
except OSError as problem:
    refused = type(problem).__name__
else:
    refused = None
ours = [module for module in sys.modules.values() if (getattr(module, "__file__", None) or "").startswith(os.getcwd())]
print(json.dumps({
    "drawn": drawn, "compiled": compiled, "refused": refused, "dont_write": sys.dont_write_bytecode,
    "loaded": [module.__cached__ for module in ours if module.__file__.endswith(".py")],
}))
"""


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    """The package for this Python."""
    folder = tmp_path_factory.mktemp("packaged") / "task"
    shipped.installed(folder, compare=False)
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def templates():
    """The pages' templates, which are sources in a clone."""
    return {path.name for path in (FOLDER / "templates").iterdir()}


def without_writing():
    """In a child of root: what its folder's mode forbids it, as to anyone else."""
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0


def test_bytecode_begins_with_the_number_of_its_version():
    assert bytecode.MAGIC[OWN].to_bytes(2, "little") + b"\r\n" == MAGIC_NUMBER
    assert len(set(bytecode.MAGIC.values())) == len(bytecode.MAGIC)
    assert set(bytecode.RUNTIMES) < set(bytecode.MAGIC)
    assert package.PYTHON in bytecode.RUNTIMES


def test_each_packaged_module_has_its_bytecode_for_the_runtime_and_no_other(packaged):
    assert not bytecode.unfit(packaged, OWN)
    caches = {path.name.split(".", 1)[1] for path in packaged.rglob("*.pyc")}
    assert caches == {f"{TAG}.pyc"}


def test_each_template_is_a_module_of_the_package_and_no_source(packaged):
    pages = packaged / "chalicelib" / "pages"
    assert {path.name for path in (pages / "compiled").glob("*.py")} == set(
        map(ModuleLoader.get_module_filename, templates())
    )
    assert not (pages / "templates").exists()
    for name in templates():  # Each is what a clone compiles of its source: with the same text, and escaped alike.
        module = (pages / "compiled" / ModuleLoader.get_module_filename(name)).read_text(encoding="utf-8")
        source = (FOLDER / "templates" / name).read_text(encoding="utf-8")
        assert module == TEMPLATES.compile(source, name, raw=True, defer_init=True), name


@pytest.mark.parametrize("change", ["none", "of another version", "checked"])
def test_bytecode_that_would_not_be_loaded_is_noticed(tmp_path, change):
    (tmp_path / "one.py").write_text("x = 1\n")
    bytecode.compile_all(Path(sys.executable), tmp_path)
    assert not bytecode.unfit(tmp_path, OWN)
    (made,) = tmp_path.rglob("*.pyc")
    data = bytearray(made.read_bytes())
    if change == "none":
        made.unlink()
    else:
        data[0 if change == "of another version" else 4] ^= 0b11
        made.write_bytes(data)
    (problem,) = bytecode.unfit(tmp_path, OWN)
    assert problem.startswith("one.py: ")


def test_the_package_is_the_same_wherever_and_whenever_it_is_made(packaged, tmp_path):
    again = tmp_path / "made" / "elsewhere"
    again.parent.mkdir()
    shipped.installed(again, compare=False)
    first, second = contents(packaged), contents(again)
    assert sum(name.endswith(".pyc") for name in first) > 500
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_bytecode_names_the_files_as_lambda_has_them(packaged):
    made = packaged / f"chalicelib/endpoints/__pycache__/token.{TAG}.pyc"
    assert marshal.loads(made.read_bytes()[16:]).co_filename == f"{bytecode.TASK}/chalicelib/endpoints/token.py"


@pytest.mark.parametrize("handler", ["token", "login"])
def test_a_cold_start_on_a_read_only_folder_compiles_nothing_and_writes_nothing(packaged, handler):
    """Nor does it draw a random number, which all that start from one snapshot would share."""
    before = contents(packaged)
    for folder in (packaged, *(path for path in packaged.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    environment = {**SOMEWHERE, "_HANDLER": f"app.{handler}", "TEMPLATES": json.dumps(sorted(templates()))}
    command = [sys.executable, "-S", "-s", "-c", COLD]
    run = subprocess.run(
        command, cwd=packaged, env=environment, capture_output=True, text=True, timeout=60, preexec_fn=without_writing
    )
    for folder in (packaged, *(path for path in packaged.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["refused"] == "PermissionError"
    assert not seen["dont_write"]
    assert seen["compiled"] == []
    assert seen["drawn"] == []
    assert len(seen["loaded"]) > 200
    assert all(Path(cached).is_file() for cached in seen["loaded"])
    assert contents(packaged) == before


def test_an_interpreter_of_the_version_is_found_where_this_process_is_none(monkeypatch, tmp_path):
    other = next(version for version in bytecode.RUNTIMES if version != OWN)
    wrong, right = tmp_path / "wrong", tmp_path / "right"
    for folder, number in ((wrong, 9), (right, bytecode.MAGIC[other])):
        folder.mkdir()
        program = folder / f"python{other}"
        program.write_text(f"#!/bin/sh\necho True {number.to_bytes(2, 'little').hex()}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", f"{wrong}:{right}")
    assert bytecode.interpreter(other) == right / f"python{other}"
    monkeypatch.setenv("PATH", str(wrong))
    with pytest.raises(bytecode.NoInterpreter, match=other):
        bytecode.interpreter(other)


def test_without_an_interpreter_of_the_wanted_version_the_runtime_follows_the_packaging_one(monkeypatch):
    def none_but_own(version):
        if version != "3.12":
            raise bytecode.NoInterpreter(version)

    monkeypatch.setattr(bytecode, "interpreter", none_but_own)
    monkeypatch.setattr(bytecode, "own_version", lambda: "3.12")
    assert package.runtime("3.13") == "3.12"
    monkeypatch.setattr(bytecode, "own_version", lambda: "3.11")  # Lambda has it on older libraries
    with pytest.raises(bytecode.NoInterpreter):
        package.runtime("3.13")


def test_an_interpreter_that_is_known_is_taken_and_none_is_installed(monkeypatch):
    def never(version):
        raise AssertionError("looked for another one")
        yield

    monkeypatch.setattr(bytecode, "_candidates", never)
    assert bytecode.interpreter(bytecode.own_version(), known=Path(sys.executable)) == Path(sys.executable)
