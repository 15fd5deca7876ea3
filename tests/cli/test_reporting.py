"""Warnings are printed, or raised under --strict."""

import warnings

import pytest

from darknet_torch.cli.options import ReportingOptions
from darknet_torch.cli.reporting import report_warnings, report_warnings_at_once
from darknet_torch.errors import CfgError, CfgNote, UsageError, warn
from tests.cli.command import dtorch
from tests.media.picture_files import JPEG
from tests.toy.files import CFG, WEIGHTS

BOTH = pytest.mark.parametrize("report", [report_warnings, report_warnings_at_once])


@BOTH
def test_warnings_and_notes_go_to_standard_error(report, capsys):
    with report(ReportingOptions()):
        warn("odd", where="a.cfg")
        warn("fine", category=CfgNote)
    assert capsys.readouterr() == ("", "warning: a.cfg: odd\nnote: fine\n")


@BOTH
def test_quiet_prints_nothing(report, capsys):
    with report(ReportingOptions(quiet=True)):
        warn("odd")
    assert capsys.readouterr() == ("", "")


def test_strict_raises_all_warnings_at_the_end(capsys):
    done = False
    with pytest.raises(CfgError) as caught, report_warnings(ReportingOptions(strict=True)):
        warn("odd")
        warn("worse")
        warn("fine", category=CfgNote)
        done = True
    assert done
    assert str(caught.value) == "refused under --strict (2):\n  odd\n  worse"
    assert capsys.readouterr().err == "note: fine\n"


def test_strict_at_once_ends_the_block_at_the_first_warning():
    done = []
    options = ReportingOptions(strict=True)
    with pytest.raises(CfgError) as caught, report_warnings_at_once(options):
        warn("fine", category=CfgNote)
        done.append("before")
        warn("odd")
        done.append("after")
    assert str(caught.value) == "refused under --strict: odd"
    assert done == ["before"]


def test_warnings_before_an_error_are_printed(capsys):
    with pytest.raises(UsageError, match="broken"), report_warnings(ReportingOptions()):
        warn("odd")
        raise UsageError("broken")
    assert capsys.readouterr().err == "warning: odd\n"


@pytest.mark.parametrize(("words", "lines"), [((), 1), (("--quiet",), 0)])
def test_quiet_silences_the_threads_that_read_pictures(
    without_libstb, tmp_path, monkeypatch, words, lines
):
    monkeypatch.chdir(tmp_path)  # where the drawn picture goes
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(JPEG)
    result = dtorch("detect", CFG, WEIGHTS, tmp_path, "--workers", "2", *words)
    assert result.exit_code == 0
    warnings = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == lines
    assert all("OpenCV decodes JPEGs instead" in line for line in warnings)


def test_other_warnings_pass_through():
    with pytest.warns(DeprecationWarning, match="old"), warnings.catch_warnings():
        warnings.simplefilter("always")
        with report_warnings_at_once(ReportingOptions(strict=True)):
            warnings.warn("old", DeprecationWarning, stacklevel=1)
