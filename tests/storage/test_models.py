"""`make model` where Spin is absent: one plain line. What the models say is for `make model` itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "models"
RUN = (MODELS / "run.sh").read_text()


@pytest.mark.parametrize("absent", ["spin", "cc"])
def test_where_a_tool_is_absent_one_line_says_so(tmp_path, absent):
    for tool in {"dirname", "spin", "cc"} - {absent}:
        (tmp_path / tool).symlink_to(shutil.which(tool) or "/bin/true")
    done = subprocess.run(
        ["/bin/sh", MODELS / "run.sh"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"make model: {absent} is not installed; .*apt-get install spin gcc.*\n", done.stderr)


def test_each_rule_that_a_model_leaves_out_has_to_be_noticed():
    for section in re.split(r"^of ", RUN, flags=re.M)[1:]:
        model, *lines = section.splitlines()
        source = (MODELS / model).read_text()
        left_out = set(re.findall(r"MUT [=!]= ([1-9][0-9]*)", source))
        noticed = {n for line in lines if line.startswith("fails") for n in re.findall(r"-DMUT=([0-9]+)$", line)}
        assert noticed == left_out, model


def test_each_model_is_run_and_each_flag_is_one_that_it_reads():
    sections = {
        model: lines for section in re.split(r"^of ", RUN, flags=re.M)[1:] for model, *lines in [section.splitlines()]
    }
    assert sections.keys() == {path.name for path in MODELS.glob("*.pml")}
    assert os.access(MODELS / "run1.sh", os.X_OK)
    for model, lines in sections.items():
        source = (MODELS / model).read_text()
        for flag in {flag for line in lines for flag in re.findall(r" -D([A-Z0-9]+)", line)}:
            assert re.search(rf"\b{flag}\b", re.sub(r"/\*.*?\*/", "", source, flags=re.S)), (model, flag)
