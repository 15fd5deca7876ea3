"""Weight files are cut, averaged, and described by statistics, as Darknet does."""

import struct
import warnings

import numpy as np
import pytest
import torch

from darknet_torch.conversion.convert import convert
from darknet_torch.conversion.weight_files import average, partial, statistics
from darknet_torch.errors import CfgError, CfgWarning, UsageError, WeightsError
from darknet_torch.model import bounds
from darknet_torch.model.loading import load_with_report
from darknet_torch.model.network import WeightsHeader
from darknet_torch.model.weights import write_weights
from tests.conversion.small_models import DETECTOR, NET, trained_network, write_model

HEADER = 20
FIRST = 8 * (3 * 9 + 4)  # values of the detector's first layer
NORMALISED = f"{NET}[convolutional]\nfilters=3\nbatch_normalize=1\n[batchnorm]\n"


def values(path):
    return np.frombuffer(path.read_bytes()[HEADER:], "<f4")


def header(path):
    return struct.unpack("<3iQ", path.read_bytes()[:HEADER])


class TestPartial:
    def test_the_first_layers_are_kept_under_a_new_header(self, tmp_path):
        cfg, weights = write_model(tmp_path, version=(0, 2, 0), seen=77)
        out = tmp_path / "small.conv.1"
        read = partial(cfg, weights, out, 1)
        assert read.layers == 1
        assert header(out) == (0, 2, 5, 0)
        assert out.read_bytes()[HEADER:] == weights.read_bytes()[HEADER : HEADER + 4 * FIRST]
        _, again = load_with_report(cfg, out)
        assert (again.layers, again.missing) == (1, (1,))

    def test_later_layers_need_not_fit_the_cfg(self, tmp_path):
        """The cfg may have other classes. Source: darknet.c partial, load_weights_upto."""
        _, weights = write_model(tmp_path)
        other = tmp_path / "other.cfg"
        text = DETECTOR.replace("filters=14", "filters=28").replace("classes=2", "classes=9")
        assert text != DETECTOR
        other.write_text(text)
        partial(other, weights, tmp_path / "out", 1)
        assert values(tmp_path / "out").tolist() == values(weights)[:FIRST].tolist()

    def test_a_file_is_not_written_over_itself(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        before = weights.read_bytes()
        with pytest.raises(UsageError, match=r"cannot be written over an input"):
            partial(cfg, weights, weights, 1)
        assert weights.read_bytes() == before

    def test_the_header_is_that_of_the_dialect(self, tmp_path):
        cfg, weights = write_model(tmp_path, dialect="pjreddie", seen=77)
        partial(cfg, weights, tmp_path / "out", 1, dialect="pjreddie")
        assert header(tmp_path / "out") == (0, 2, 0, 0)

    def test_a_transposed_file_is_written_untransposed(self, tmp_path):
        text = "[net]\ninputs=3\n[connected]\noutput=2\n[connected]\noutput=2\n"
        cfg, weights = write_model(tmp_path, text, version=(0, 1001, 5))
        partial(cfg, weights, tmp_path / "out", 1)
        biases, matrix = values(weights)[:2], values(weights)[2:8].reshape(3, 2)
        np.testing.assert_array_equal(values(tmp_path / "out"), [*biases, *matrix.T.flatten()])

    @pytest.mark.parametrize("layers", [3, 1000])
    @pytest.mark.filterwarnings("ignore:.*the network has fewer layers")
    def test_more_layers_than_the_network_has_give_the_whole_file(self, layers, tmp_path):
        cfg, weights = write_model(tmp_path, seen=0)
        partial(cfg, weights, tmp_path / "out", layers)
        assert (tmp_path / "out").read_bytes() == weights.read_bytes()

    def test_layers_that_the_file_lacks_get_random_values_with_a_warning(self, tmp_path):
        cfg, weights = write_model(tmp_path, cutoff=1)
        expected = (
            r"small\.weights: has no arrays for layer 1, which gets random values: "
            "expected 2 layers, got 1"
        )
        with pytest.warns(CfgWarning, match=expected):
            partial(cfg, weights, tmp_path / "out", 2)
        _, read = load_with_report(cfg, tmp_path / "out")
        assert read.complete
        np.testing.assert_array_equal(values(tmp_path / "out")[:FIRST], values(weights))

    def test_exactly_the_layers_of_the_file_give_no_warning(self, tmp_path):
        cfg, weights = write_model(tmp_path, cutoff=1, seen=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            partial(cfg, weights, tmp_path / "out", 1)
        assert (tmp_path / "out").read_bytes() == weights.read_bytes()

    @pytest.mark.parametrize("layers", [0, -1])
    def test_zero_layers_are_refused(self, layers, tmp_path):
        cfg, weights = write_model(tmp_path)
        with pytest.raises(UsageError, match="no layers to keep: expected 1 or more"):
            partial(cfg, weights, tmp_path / "out", layers)

    def test_a_file_that_is_not_a_weight_file_is_refused(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        weights.write_bytes(b"<html>not found</html>")
        with pytest.raises(WeightsError, match=r"small\.weights: "):
            partial(cfg, weights, tmp_path / "out", 1)
        assert not (tmp_path / "out").exists()


class TestAverage:
    @pytest.fixture
    def several(self, tmp_path):
        """A cfg and three weight files for it, with values and `seen` of their own."""
        cfg = tmp_path / "small.cfg"
        cfg.write_text(NORMALISED)
        paths = []
        for seed in range(3):
            network = trained_network(NORMALISED, seed=seed)
            network.header = WeightsHeader(0, 2, 9, 1000 + seed)
            paths.append(tmp_path / f"{seed}.weights")
            write_weights(network, paths[-1])
        return cfg, paths

    @pytest.mark.parametrize("count", [2, 3])
    def test_the_mean_is_the_float32_sum_times_one_over_n(self, count, several, tmp_path):
        cfg, paths = several
        average(cfg, tmp_path / "out.weights", paths[:count])
        total = values(paths[0]).copy()
        for path in paths[1:count]:
            total += values(path)
        expected = total * np.float32(1 / count)
        assert expected.dtype == np.float32
        np.testing.assert_array_equal(values(tmp_path / "out.weights"), expected)

    def test_seen_is_that_of_the_first_file_and_the_version_is_the_current_one(
        self, several, tmp_path
    ):
        cfg, paths = several
        average(cfg, tmp_path / "out.weights", [paths[1], paths[0]])
        assert header(tmp_path / "out.weights") == (0, 2, 5, 1001)

    def test_the_mean_of_a_file_with_itself_is_the_file(self, several, tmp_path):
        cfg, paths = several
        average(cfg, tmp_path / "out.weights", [paths[0], paths[0]])
        np.testing.assert_array_equal(values(tmp_path / "out.weights"), values(paths[0]))

    def test_transposed_and_plain_files_may_be_mixed(self, tmp_path):
        text = "[net]\ninputs=3\n[connected]\noutput=2\n"
        plain = write_model(tmp_path, text)[1].rename(tmp_path / "plain.weights")
        cfg, marked = write_model(tmp_path, text, version=(0, 1001, 5))
        average(cfg, tmp_path / "out.weights", [marked, plain])
        np.testing.assert_array_equal(values(tmp_path / "out.weights"), values(plain))

    def test_one_file_is_refused(self, several, tmp_path):
        cfg, paths = several
        with pytest.raises(UsageError, match="nothing to average: expected two weight files"):
            average(cfg, tmp_path / "out.weights", paths[:1])

    @pytest.mark.parametrize("place", [0, 1])
    def test_a_partial_file_is_refused_by_name(self, place, several, tmp_path):
        cfg, paths = several
        partial(cfg, paths[place], tmp_path / "part.weights", 1)
        paths[place] = tmp_path / "part.weights"
        expected = r"part\.weights: is a partial file: expected every layer, got 1 layers"
        with pytest.raises(UsageError, match=expected):
            average(cfg, tmp_path / "out.weights", paths)
        assert not (tmp_path / "out.weights").exists()

    def test_a_file_of_another_cfg_is_refused_by_name(self, several, tmp_path):
        cfg, paths = several
        write_weights(trained_network(DETECTOR), tmp_path / "other.weights")
        with pytest.raises(WeightsError, match=r"other\.weights: "):
            average(cfg, tmp_path / "out.weights", [paths[0], tmp_path / "other.weights"])


class TestStatistics:
    def test_every_array_in_the_order_of_the_file(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        found = statistics(cfg, weights)
        assert [(one.layer, one.section, one.name) for one in found] == [
            *((0, "convolutional", name) for name in ARRAYS),
            (1, "convolutional", "biases"),
            (1, "convolutional", "weights"),
        ]
        start, raw = 0, values(weights).astype(np.float64)
        for one in found:
            part = raw[start : start + one.count]
            start += one.count
            expected = [np.sqrt((part**2).mean()), part.mean(), part.var(), part.min(), part.max()]
            got = [one.rms, one.mean, one.variance, one.minimum, one.maximum]
            assert got == pytest.approx(expected, rel=1e-12, abs=1e-15)  # sums in float64
            assert one.not_finite == 0
        assert start == len(raw)

    def test_values_that_are_not_finite_are_counted_and_ignored(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        network, _ = load_with_report(cfg, weights)
        with torch.no_grad():
            network.layers[1].weight_slots()[0].tensor[:5] = torch.tensor(
                [float("nan"), float("inf"), -float("inf"), 3, 4]
            )
            network.layers[1].weight_slots()[0].tensor[5:] = 3.5
        write_weights(network, weights)
        found = statistics(cfg, weights)[len(ARRAYS)]
        assert (found.count, found.not_finite) == (14, 3)
        assert (found.minimum, found.maximum, found.mean) == (3, 4, 3.5)
        assert found.line().endswith("Count: 14, NOT FINITE: 3")

    def test_an_array_without_finite_values_has_statistics_of_zero(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        data = bytearray(weights.read_bytes())
        data[HEADER : HEADER + 32] = np.full(8, np.nan, "<f4").tobytes()
        weights.write_bytes(data)
        found = statistics(cfg, weights)[0]
        assert (found.not_finite, found.rms, found.mean, found.maximum) == (8, 0, 0, 0)

    def test_a_single_value_has_no_variance(self, tmp_path):
        cfg, weights = write_model(tmp_path, f"{NET}[convolutional]\nfilters=1\n")
        assert statistics(cfg, weights)[0].variance == 0

    def test_a_partial_file_gives_the_statistics_of_its_layers(self, tmp_path):
        cfg, weights = write_model(tmp_path, cutoff=1)
        assert {one.layer for one in statistics(cfg, weights)} == {0}

    def test_bytes_left_over_are_an_error_unless_allowed(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        weights.write_bytes(weights.read_bytes() + bytes(4))
        with pytest.raises(WeightsError, match="4 bytes left over"):
            statistics(cfg, weights)
        assert len(statistics(cfg, weights, strict=False)) == len(ARRAYS) + 2

    def test_the_line_is_that_of_darknet_with_more_numbers(self, tmp_path):
        cfg, weights = write_model(tmp_path)
        line = statistics(cfg, weights)[0].line()
        assert line.startswith("biases MSE: ")
        assert ", Mean: " in line
        assert line.endswith("Count: 8")


ARRAYS = ("biases", "scales", "rolling_mean", "rolling_variance", "weights")


@pytest.mark.parametrize(
    "use",
    [
        lambda cfg, weights, out, **more: partial(cfg, weights, out, 1, **more),
        lambda cfg, weights, out, **more: average(cfg, out, [weights, weights], **more),
        lambda cfg, weights, out, **more: statistics(cfg, weights, **more),
        lambda cfg, weights, out, **more: convert(weights, out, cfg=cfg, **more),
    ],
    ids=["partial", "average", "statistics", "convert"],
)
def test_a_large_network_is_read_if_that_is_allowed(tmp_path, monkeypatch, use):
    cfg, weights = write_model(tmp_path, DETECTOR)
    monkeypatch.setattr(bounds, "available_memory", lambda: 100)
    with pytest.raises(CfgError, match="allow_large=True"):
        use(cfg, weights, tmp_path / "out.conv.1")
    use(cfg, weights, tmp_path / "out.conv.1", allow_large=True)
