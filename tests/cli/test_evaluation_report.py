"""--report and --plots of `dtorch eval` with the toy model."""

import json
import re
import sys

import numpy as np
import pytest

from darknet_torch.report import evaluation_plots
from tests.cli.colour_classifier import write_model, write_pictures
from tests.cli.command import dtorch
from tests.cli.labelled_sample import COUNT, make_data
from tests.report.page_reader import read_page_data
from tests.toy.files import CFG

UNUSABLE, SOME_FAILED = 2, 1
HOSTILE = "<script>alert(1)</script>"
# Labels of the JSON's errors on the page.
LABELS = {
    "missed": "missed",
    "class": "wrong class",
    "place": "wrong place",
    "duplicate": "duplicate",
    "false": "false",
}
PLOT = evaluation_plots.EVALUATION_PLOTS[0]  # tests of all of them are elsewhere
COLUMNS = ("objects", "detections", "correct", *LABELS.values())


@pytest.fixture(scope="module", autouse=True)
def one_plot():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation_plots, "EVALUATION_PLOTS", (PLOT,))
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data set with a class of a hostile name, and a picture that cannot be read."""
    folder = tmp_path_factory.mktemp("shapes")
    file = make_data(folder)
    (folder / "hostile.names").write_text(f"circle\n{HOSTILE}\ntriangle\n")
    file.write_text(re.sub("names=.*", f"names={folder / 'hostile.names'}", file.read_text()))
    (folder / f"view_{COUNT - 1}.png").write_bytes(b"no picture")
    return file


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A run with all outputs: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("run")
    outputs = ["--report", folder / "report", "--plots", folder / "plots", "--export", folder]
    written = ["--format", "json", "--out", folder / "numbers.json"]
    result = dtorch("eval", "--cfg", CFG, "--data", data, *outputs, *written)
    assert result.exit_code == SOME_FAILED, result.stderr
    return folder, result


def test_the_run_says_where_page_and_plots_are(run):
    folder, result = run
    lines = result.stderr.splitlines()
    assert f"report: {folder / 'report' / 'index.html'}" in lines
    assert f"plots: {folder / 'plots'}" in lines


def test_a_plot_is_a_png_and_an_svg_and_on_the_page(run):
    names = {path.name for path in (run[0] / "plots").iterdir()}
    assert names == {f"{PLOT.name}.png", f"{PLOT.name}.svg"}
    assert PLOT.title in (run[0] / "report" / "index.html").read_text()


def test_the_counts_of_the_page_are_those_of_the_json(run):
    analysis = json.loads((run[0] / "numbers.json").read_text())["analysis"]
    page = read_page_data(run[0] / "report")
    all_counts = [dict(zip(COLUMNS, rows, strict=True)) for rows in page["counts"]]
    for counts, curve in zip(all_counts, analysis["curves"], strict=True):
        assert counts["detections"] == curve["detections"]
        assert counts["correct"] == curve["correct"]
        assert np.add(counts["missed"], curve["correct"]).tolist() == [curve["truths"]] * 101
    at = analysis["thresholds"].index(analysis["confidence"])
    shown = {kind: all_counts[-1][label][at] for kind, label in LABELS.items()}
    assert shown == analysis["errors"]
    assert shown["missed"] or shown["false"]


def test_the_pictures_have_the_errors_of_the_json_the_worst_first(run):
    analysis = json.loads((run[0] / "numbers.json").read_text())["analysis"]
    page = read_page_data(run[0] / "report")
    limit, kinds = np.float32(analysis["confidence"]), [kind["label"] for kind in page["kinds"]]
    shown = {}
    for picture in page["pictures"]:
        errors = dict.fromkeys(LABELS, 0)
        for *_, kind, score, found_at in picture["boxes"]:
            found = score if found_at is None else found_at
            is_above = found is not None and np.float32(found) > limit
            if is_above == (score is not None):  # of an object its correct detection is not
                for name, label in LABELS.items():
                    errors[name] += kinds[kind] == label
        shown[picture["name"]] = errors
    assert shown == {one.pop("file"): one for one in analysis["pictures"]}
    totals = [sum(errors.values()) for errors in shown.values()]
    assert totals == sorted(totals, reverse=True)
    assert len(totals) == COUNT - 1


def test_names_do_no_harm_and_failed_pictures_are_listed(run):
    text = (run[0] / "report" / "index.html").read_text()
    assert HOSTILE not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert read_page_data(run[0] / "report")["classes"][1] == HOSTILE
    assert re.search(rf'<th scope="row">[^<]*view_{COUNT - 1}\.png', text)


def test_a_results_file_gives_the_same_counts_without_times(run, data, tmp_path):
    # The picture that cannot be read is not among the results, and has no size.
    lines = (data.parent / "valid.txt").read_text().splitlines()[:-1]
    (tmp_path / "valid.txt").write_text("\n".join(lines))
    file = tmp_path / "some.data"
    file.write_text(re.sub("valid=.*", f"valid={tmp_path / 'valid.txt'}", data.read_text()))
    results = run[0] / "coco" / "coco_results.json"
    words = ["--data", file, "--results", results, "--report", tmp_path]
    result = dtorch("eval", *words, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert read_page_data(tmp_path)["counts"] == read_page_data(run[0] / "report")["counts"]
    assert "milliseconds" in (run[0] / "report" / "index.html").read_text()
    assert "milliseconds" not in (tmp_path / "index.html").read_text()


class TestRefusals:
    """Each before the network runs."""

    def refused(self, data, *words):
        result = dtorch("eval", "--cfg", CFG, "--data", data, *words)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        return result.stderr

    @pytest.mark.parametrize(
        ("option", "module"),
        [("--report", "jinja2"), ("--report", "matplotlib"), ("--plots", "matplotlib")],
    )
    def test_a_missing_package(self, data, tmp_path, monkeypatch, option, module):
        for name in [name for name in sys.modules if name.partition(".")[0] == module]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, module, None)
        message = self.refused(data, option, tmp_path / "new")
        assert f"needs the package {module}" in message
        assert "pip install " in message
        assert not (tmp_path / "new").exists()

    def test_a_page_of_another_program(self, data, tmp_path):
        (tmp_path / "index.html").write_text("<h1>Mine</h1>")
        message = self.refused(data, "--report", tmp_path)
        assert "cannot be written over a file of another program" in message
        assert (tmp_path / "index.html").read_text() == "<h1>Mine</h1>"

    def test_the_name_of_a_page(self, data, tmp_path):
        message = self.refused(data, "--report", tmp_path / "report.html")
        assert f"such as --report {tmp_path / 'report'}" in message

    def test_a_folder_that_is_a_file(self, data):
        for option in ("--report", "--plots"):
            assert "expected the path of a folder" in self.refused(data, option, data)

    @pytest.mark.parametrize("option", ["--report", "--plots"])
    def test_a_classifier(self, tmp_path, option):
        words = ["--cfg", write_model(tmp_path), "--data", write_pictures(tmp_path)]
        result = dtorch("eval", *words, option, tmp_path / "new")
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert f"{option} is for detectors" in result.stderr
