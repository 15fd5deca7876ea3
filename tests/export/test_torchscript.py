"""TorchScript modules compute what the network computes, at every batch and size."""

import pytest
import torch

from darknet_torch.errors import UsageError
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.torchscript import export_torchscript, load_torchscript
from tests.conversion.small_models import DETECTOR, pictures, trained_network
from tests.export.cases import (
    EXPECTED,
    HEADS,
    SPP_CELLS,
    WITH_SPP,
    assert_close,
    raw_outputs,
    sizes_of,
)


@pytest.mark.parametrize(("outputs", "fold"), [("raw", True), ("boxes", False)])
@pytest.mark.parametrize("name", HEADS)
def test_outputs_equal_the_networks(name, outputs, fold, tmp_path):
    network = trained_network(HEADS[name])
    path = tmp_path / "model.ts"
    path.write_bytes(export_torchscript(Graph(network, GraphOptions(outputs, fold=fold)), {}))
    run = load_torchscript(path)
    for batch, height, width in sizes_of(name):
        images = pictures(batch, 3, height, width)
        assert_close(run(images), EXPECTED[outputs](network, images))


@pytest.fixture(scope="module")
def spp(tmp_path_factory):
    """A network with spatial pyramid pooling, and what runs its module."""
    network = trained_network(WITH_SPP)
    path = tmp_path_factory.mktemp("spp") / "spp.ts"
    path.write_bytes(export_torchscript(Graph(network, GraphOptions()), {}))
    return network, load_torchscript(path)


class TestPyramidPooling:
    """Maps of 4 to 24 cells, some of which AlexeyAB's vectorised [maxpool] treats differently."""

    @pytest.mark.parametrize("cells", SPP_CELLS)
    def test_is_equal_at_every_width(self, cells, spp):
        network, run = spp
        for batch in (1, 2):
            images = pictures(batch, 3, 80, 8 * cells)
            assert_close(run(images), raw_outputs(network, images))

    def test_the_widths_include_maps_with_the_vectorised_border_and_without(self):
        cpu, cuda = (
            trained_network(WITH_SPP, dialect) for dialect in ("alexeyab", "alexeyab-cuda")
        )
        differing = set()
        for cells in SPP_CELLS:
            images = pictures(1, 3, 80, 8 * cells)
            mine, other = raw_outputs(cpu, images), raw_outputs(cuda, images)
            if not torch.allclose(mine[0], other[0], rtol=1e-3, atol=1e-3):
                differing.add(cells)
        assert 10 not in differing
        assert {14, 17, 19, 21, 24} <= differing


# PyTorch warns of the deprecation of TorchScript: with DeprecationWarning up to 2.13, with
# FutureWarning and the same text from 2.14 on. A filter without a category covers both.
@pytest.mark.filterwarnings("ignore:`torch.jit.load` is")
def test_the_file_holds_the_metadata(tmp_path):
    path = tmp_path / "model.ts"
    path.write_bytes(
        export_torchscript(Graph(trained_network(DETECTOR), GraphOptions()), {"note": "dög\r\n"})
    )
    files = {"note": ""}
    torch.jit.load(str(path), _extra_files=files)
    assert files["note"].decode() == "dög\r\n"


def test_suppression_is_refused():
    expected = "TorchScript cannot contain non-maximum suppression, which is a loop: expected"
    graph = Graph(trained_network(DETECTOR), GraphOptions("detections"))
    with pytest.raises(UsageError, match=expected):
        export_torchscript(graph, {})
