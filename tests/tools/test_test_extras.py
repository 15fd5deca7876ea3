"""Trying extras: the table and the exit status."""

import subprocess

import pytest
from click.testing import CliRunner

from tools import test_extras as module


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Nothing is built or installed; a list of the extras whose trial fails."""
    failing = []

    def install_and_check(extra, wheel, trial, folder):
        if extra in failing:
            lines = "\n".join(f"line {number}" for number in range(40))
            raise subprocess.CalledProcessError(1, ["python"], output=lines)
        return ["package==1.0"], 2.5

    monkeypatch.setattr(module, "_install_and_check", install_and_check)
    monkeypatch.setattr(module, "build_wheel", lambda folder: tmp_path / "a.whl")
    monkeypatch.setattr(module.shutil, "which", lambda program: None)
    return failing


def test_all_extras_are_tried_and_skipped_ones_are_no_failure(installed):
    result = CliRunner().invoke(module.main)
    assert result.exit_code == 0
    table = result.stdout.rpartition("\n\n")[2].splitlines()
    assert [row.split()[0] for row in table] == [module.NO_EXTRA, *module.declared_extras()]
    rows = {row.split()[0]: row for row in table}
    assert "skipped" in rows["onnxruntime-gpu"]
    assert "needs an NVIDIA GPU" in rows["onnxruntime-gpu"]
    assert rows["plot"].split()[1:4] == ["ok", "2.5", "MB"]


def test_a_failure_is_shown_and_the_others_are_tried(installed):
    installed.append("plot")
    result = CliRunner().invoke(module.main, ["plot", "report"])
    assert result.exit_code == 1
    rows = result.stdout.rpartition("\n\n")[2]
    assert "plot             FAILED" in rows
    assert "line 39" in rows
    assert "line 3\n" not in rows
    assert "report           ok" in rows


def test_an_extra_that_is_not_declared_is_refused(installed):
    assert CliRunner().invoke(module.main, ["plots"]).exit_code == 2
