"""Reading any kind of model file into a network that is there already."""

import pytest
import torch

from darknet_torch.errors import UsageError
from darknet_torch.loading.filling import fill_from_file
from darknet_torch.loading.model import Model
from darknet_torch.loading.state_files import StateMismatchError, write_pt
from tests.conversion.small_models import DETECTOR, trained_network

OTHER = DETECTOR.replace("classes=2", "classes=3").replace("filters=14", "filters=16")


@pytest.fixture
def state_file(tmp_path):
    """A network and a .pt file of it."""
    network = trained_network(DETECTOR)
    path = tmp_path / "a.pt"
    with path.open("wb") as file:
        write_pt(Model(network, DETECTOR), file)
    return network, path


def test_every_array_is_copied_and_reported(state_file):
    expected, path = state_file
    network = trained_network(DETECTOR, seed=1)
    report = fill_from_file(network, path, strict=True)
    assert all(map(torch.equal, network.state_dict().values(), expected.state_dict().values()))
    assert (report.complete, report.layers, report.last) == (True, 3, "layer 1 [convolutional]")


def test_the_first_layers_fit_a_cfg_for_other_classes(state_file):
    expected, path = state_file
    network = trained_network(OTHER, seed=1)
    with pytest.raises(StateMismatchError, match="do not fit the cfg"):
        fill_from_file(network, path, strict=True)
    report = fill_from_file(network, path, strict=True, cutoff=1)
    assert (report.layers, report.missing) == (1, (1,))
    first = (one.layers[0].weight_slots()[0].tensor for one in (network, expected))
    assert torch.equal(*first)


def test_a_file_of_another_dialect_is_refused(state_file):
    with pytest.raises(UsageError, match="contains a model of another dialect"):
        fill_from_file(trained_network(DETECTOR, "pjreddie"), state_file[1], strict=True)
