"""Files are checked before they take their place, and companions are kept."""

from pathlib import Path

import pytest

from darknet_torch.conversion.comparison import Difference
from darknet_torch.conversion.formats import DARKNET, GraphFormat, find_format
from darknet_torch.conversion.writers import (
    restores,
    write_companions,
    write_graph,
    write_state,
)
from darknet_torch.errors import CfgError, WeightsError
from darknet_torch.export.graphs import GraphOptions
from darknet_torch.loading.model import Model, encode_cfg
from darknet_torch.loading.readers import ModelSource, read_weight_file
from tests.conversion.small_models import DETECTOR, small_model, trained_network, write_model


def model_of_detector(**details):
    return Model(trained_network(DETECTOR), DETECTOR, **details)


class FakeFormat:
    """A format whose file holds "graph", and whose checks find the given differences in turn.

    Attributes:
        sizes: the second size of each check.
    """

    def __init__(self, *differences):
        self.differences, self.sizes = list(differences), []

    def export(self, graph, metadata):
        return b"graph"

    def check(self, graph, path, second_size):
        assert path.read_bytes() == b"graph"
        self.sizes.append(second_size)
        return [Difference(self.differences.pop(0), "outputs", 1)]


@pytest.mark.parametrize("name", ["a.weights", "a.pt", "a.safetensors"])
def test_every_array_is_read_back_equal(name, tmp_path):
    (difference,) = write_state(model_of_detector(), tmp_path / name, find_format(Path(name)))
    assert difference.worst == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_differs_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "a.weights"
    path.write_bytes(b"old")
    worse = [Difference(0.0, "biases", 1), Difference(0.5, "weights", 1)]
    monkeypatch.setattr(type(DARKNET), "check", lambda *arguments: worse)
    with pytest.raises(WeightsError) as caught:
        write_state(model_of_detector(), path, DARKNET)
    assert str(caught.value) == (
        f"{path}: was not written: it would differ from its source (weights): expected a "
        "difference of 0 at most, got 0.5"
    )
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_graph_keeps_dynamic_sizes_if_they_compute_the_same(tmp_path):
    kind = FakeFormat(0.0)
    path = tmp_path / "a.fake"
    differences, fixed = write_graph(model_of_detector(), path, kind, GraphOptions(), 0.1)
    assert ([difference.worst for difference in differences], fixed) == ([0.0], False)
    assert len(kind.sizes) == 1 and kind.sizes[0] is not None
    assert path.read_bytes() == b"graph"


def test_a_graph_that_differs_at_the_second_size_gets_fixed_sizes(tmp_path):
    kind = FakeFormat(0.5, 0.0)
    path = tmp_path / "a.fake"
    _, fixed = write_graph(model_of_detector(), path, kind, GraphOptions(), 0.1)
    assert fixed
    assert kind.sizes[0] is not None and kind.sizes[1] is None
    assert path.read_bytes() == b"graph"


def test_a_graph_beyond_the_tolerance_is_not_written(tmp_path):
    kind = FakeFormat(0.5, 0.5)
    with pytest.raises(WeightsError, match=r"expected a difference of 0\.1 at most, got 0\.5; "):
        write_graph(model_of_detector(), tmp_path / "a.fake", kind, GraphOptions(), 0.1)
    assert list(tmp_path.iterdir()) == []


def test_a_partial_model_gives_no_graph(tmp_path):
    kind = FakeFormat()
    with pytest.raises(WeightsError, match=r"^small\.weights: is a partial file"):
        partial = model_of_detector(layers=1, origin="small.weights")
        write_graph(partial, tmp_path / "a.fake", kind, GraphOptions(), 0.1)
    assert kind.sizes == [] and list(tmp_path.iterdir()) == []


def test_the_error_of_an_export_is_raised_at_fixed_sizes(tmp_path):
    calls = []

    def export(graph, metadata):
        calls.append(graph.second_size)
        raise CfgError("cannot be exported", where="layer 1")

    kind = GraphFormat("ONNX", export, None)
    with pytest.raises(CfgError, match="cannot be exported"):
        write_graph(model_of_detector(), tmp_path / "a.fake", kind, GraphOptions(), 0.1)
    assert len(calls) == 2 and calls[1] is None


def test_companions_are_written_next_to_the_weights(tmp_path):
    model = small_model()
    notes = write_companions(model, tmp_path / "a.weights")
    assert notes == [f"also wrote {tmp_path / 'a.cfg'}", f"also wrote {tmp_path / 'a.names'}"]
    assert (tmp_path / "a.cfg").read_bytes() == encode_cfg(model.cfg)
    assert (tmp_path / "a.names").read_text() == "cat\nbig döner\n"
    assert write_companions(model, tmp_path / "a.weights") == []


def test_existing_companions_are_kept(tmp_path):
    (tmp_path / "a.cfg").write_text("old")
    (tmp_path / "a.names").mkdir()
    notes = write_companions(small_model(), tmp_path / "a.weights")
    assert notes == [
        f"kept {tmp_path / name}, which is not the one of the model"
        for name in ("a.cfg", "a.names")
    ]
    assert (tmp_path / "a.cfg").read_text() == "old"


def test_a_model_restores_the_weight_file_it_was_read_from(tmp_path):
    _, weights = write_model(tmp_path)
    model = read_weight_file(ModelSource(weights))
    assert restores(model) is True
    model.network.layers[0].arrays.biases.data.add_(1)
    assert restores(model) is False
    assert restores(small_model()) is None
