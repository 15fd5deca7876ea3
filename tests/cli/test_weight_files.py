"""`dtorch partial`, `dtorch average` and `dtorch statistics`, to their exit status."""

import json

import numpy as np
import pytest

from darknet_torch import convert
from tests.cli.command import dtorch
from tests.conversion.small_models import write_model

DONE, SOME_BAD, UNUSABLE = 0, 1, 2
BIASES = slice(20, 20 + 8 * 4)  # bytes of the first array of the small detector


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path)


def refused(*arguments):
    result = dtorch(*arguments)
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("dtorch: ")
    return line


def break_biases(weights):
    data = bytearray(weights.read_bytes())
    data[BIASES] = np.full(8, np.nan, "<f4").tobytes()
    weights.write_bytes(data)


def test_partial_prints_what_it_wrote(model, tmp_path):
    cfg, weights = model
    out = tmp_path / "small.conv.1"
    result = dtorch("partial", cfg, weights, out, 1)
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert result.stdout == f"{out}: layers 0 to 0 of {weights}\n"
    assert weights.read_bytes()[20:].startswith(out.read_bytes()[20:])


def test_partial_of_too_many_layers_prints_how_many_there_are(model, tmp_path):
    cfg, weights = model
    result = dtorch("partial", cfg, weights, tmp_path / "all", 99)
    assert result.stdout.endswith(f"layers 0 to 2 of {weights}\n")
    expected = f"{cfg}: the network has fewer layers, all of which are written: expected 1 to 3"
    assert f"{expected} layers, got 99" in result.stderr
    refused = dtorch("partial", cfg, weights, tmp_path / "none", 99, "--strict")
    assert (refused.exit_code, (tmp_path / "none").exists()) == (UNUSABLE, False)


def test_partial_warns_about_missing_layers_unless_quiet(tmp_path):
    cfg, weights = write_model(tmp_path, cutoff=1)
    loud = dtorch("partial", cfg, weights, tmp_path / "out", 2)
    assert (loud.exit_code, loud.stderr.count("\n")) == (DONE, 1)
    assert "has no arrays for layer 1, which gets random values" in loud.stderr
    quiet = dtorch("partial", cfg, weights, tmp_path / "out", 2, "--quiet")
    assert (quiet.exit_code, quiet.stderr) == (DONE, "")


def test_average_prints_what_it_wrote(model, tmp_path):
    cfg, weights = model
    out = tmp_path / "mean.weights"
    result = dtorch("average", cfg, out, weights, weights)
    assert (result.exit_code, result.stderr) == (DONE, "")
    assert result.stdout == f"{out}: the mean of 2 files\n"
    assert out.read_bytes()[20:] == weights.read_bytes()[20:]


def test_average_of_one_file_is_refused(model, tmp_path):
    cfg, weights = model
    assert "nothing to average" in refused("average", cfg, tmp_path / "out", weights)


def test_statistics_name_every_layer_and_array(model):
    result = dtorch("statistics", *model)
    assert (result.exit_code, result.stderr) == (DONE, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "Layer 0 [convolutional]"
    assert lines[6] == "Layer 1 [convolutional]"
    arrays = [line.split()[0] for line in lines if line.startswith("  ")]
    normalised = ["biases", "scales", "rolling_mean", "rolling_variance", "weights"]
    assert arrays == [*normalised, "biases", "weights"]


def test_statistics_as_json_have_the_same_numbers(model):
    result = dtorch("statistics", *model, "--json")
    assert dtorch("statistics", *model, "--format", "json").stdout == result.stdout
    found = json.loads(result.stdout)
    raw = np.frombuffer(model[1].read_bytes()[BIASES], "<f4").astype(float)
    assert [one["count"] for one in found] == [8, 8, 8, 8, 216, 14, 112]
    assert found[0]["mean"] == pytest.approx(raw.mean(), rel=1e-12)  # float64
    assert {one["not_finite"] for one in found} == {0}


def test_one_file_is_enough_for_statistics(model, tmp_path):
    cfg, weights = model
    expected = dtorch("statistics", cfg, weights).stdout
    converted = tmp_path / "y.pt"
    convert(weights, converted, cfg=cfg)
    assert dtorch("statistics", converted).stdout == expected
    best = weights.rename(cfg.with_name(f"{cfg.stem}_best.weights"))
    for given in (cfg, best):
        assert dtorch("statistics", given).stdout == expected


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_infinite_values_and_nan_exit_with_1(options, model):
    break_biases(model[1])
    result = dtorch("statistics", *model, *options)
    assert result.exit_code == SOME_BAD
    assert ("NOT FINITE: 8" in result.stdout) is (not options)


def test_json_has_no_nan(model):
    break_biases(model[1])

    def refuse(name):
        pytest.fail(f"{name} is not JSON")

    found = json.loads(dtorch("statistics", *model, "--json").stdout, parse_constant=refuse)
    assert found[0]["not_finite"] == 8


@pytest.mark.parametrize("command", ["partial", "average", "statistics"])
def test_a_missing_file_is_reported(command, model, tmp_path):
    cfg, gone = model[0], tmp_path / "gone.weights"
    words = {
        "partial": [cfg, gone, tmp_path / "out", 1],
        "average": [cfg, tmp_path / "out", gone, gone],
        "statistics": [cfg, gone],
    }
    assert "gone.weights: no such weight file" in refused(command, *words[command])


def test_statistics_allow_leftover_bytes_on_request(model):
    cfg, weights = model
    weights.write_bytes(weights.read_bytes() + bytes(4))
    assert "4 bytes left over" in refused("statistics", cfg, weights)
    assert dtorch("statistics", cfg, weights, "--allow-leftover").exit_code == DONE
