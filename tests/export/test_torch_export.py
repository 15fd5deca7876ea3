"""Programs of torch.export compute what the network computes, at every batch and size."""

import pytest
import torch

from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.torch_export import export_program, load_program
from tests.conversion.small_models import DETECTOR, pictures, trained_network
from tests.export.cases import EXPECTED, HEADS, assert_close, sizes_of


@pytest.mark.parametrize(
    ("name", "outputs", "fold"),
    [("region", "boxes", True), ("detection", "raw", False)],
)
def test_outputs_equal_the_networks(name, outputs, fold, tmp_path):
    network = trained_network(HEADS[name])
    path = tmp_path / "model.pt2"
    path.write_bytes(export_program(Graph(network, GraphOptions(outputs, fold=fold)), {}))
    run = load_program(path)
    for batch, height, width in sizes_of(name):
        images = pictures(batch, 3, height, width)
        assert_close(run(images), EXPECTED[outputs](network, images))


def test_the_file_holds_the_metadata(tmp_path):
    path = tmp_path / "model.pt2"
    path.write_bytes(
        export_program(Graph(trained_network(DETECTOR), GraphOptions()), {"note": "dög\r\n"})
    )
    files = {"note": ""}
    with path.open("rb") as file:
        torch.export.load(file, extra_files=files)
    assert files == {"note": "dög\r\n"}
