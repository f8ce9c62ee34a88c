"""Shell completion, as docs/operate/clients-and-users.md says."""

import re
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import get_completion_class

from ducat_admin.command import ducat
from tests.house.source import ROOT

PAGE = (ROOT / "docs/operate/clients-and-users.md").read_text(encoding="utf-8")
(IN_BASH,) = re.findall(r"^eval .*_DUCAT_COMPLETE=bash_source.*$", PAGE, re.MULTILINE)


@pytest.mark.skipif(shutil.which("bash") is None, reason="it is bash's")
def test_bash_completes_a_verb(tmp_path):
    """Where nothing is deployed too."""
    program = tmp_path / "ducat"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m ducat_admin "$@"\n')
    program.chmod(0o755)
    typed = "COMP_WORDS=(ducat consent end -N0-bwptQ --us); COMP_CWORD=4; _ducat_completion ducat ducat"
    done = subprocess.run(
        ["bash", "-c", f'{IN_BASH}; {typed}; echo "${{COMPREPLY[@]}}"'],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("--user\n", "")


@pytest.mark.parametrize(
    ("shell", "registers"), [("zsh", "compdef _ducat_completion ducat"), ("fish", "--command ducat")]
)
def test_other_shells_get_a_script_and_the_same_words(shell, registers):
    assert f"{shell}_source" in PAGE
    completion = get_completion_class(shell)(ducat, {}, "ducat", "_DUCAT_COMPLETE")
    assert registers in completion.source()
    assert [one.value for one in completion.get_completions(["client"], "su")] == ["suspend"]
    assert [one.value for one in completion.get_completions(["--json", "user", "add", "-x"], "--pass")] == [
        "--password-stdin"
    ]
