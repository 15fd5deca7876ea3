"""`dtorch completion`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import dtorch


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("yolov3-own.cfg", "own.weights", "notes.txt"):
        (tmp_path / name).touch()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell):
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("click asks bash for its version")
    script = dtorch("completion", shell).stdout
    assert f"_DTORCH_COMPLETE={shell}_complete" in script
    assert "dtorch" in script


def test_another_shell_is_wrong_usage():
    assert dtorch("completion", "tcsh").exit_code == 2


def test_the_script_works_in_bash(tmp_path):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    program = tmp_path / "bin" / "dtorch"
    program.parent.mkdir()
    run = "from darknet_torch.cli.main import main; main(prog_name='dtorch')"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{run}" "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(dtorch completion bash)"; COMP_WORDS=(dtorch detect --cfg yolov7-) COMP_CWORD=3; '
        '_dtorch_completion dtorch; echo "${COMPREPLY[@]}"'
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        env={**environment, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "yolov7-tiny\n", done.stderr
