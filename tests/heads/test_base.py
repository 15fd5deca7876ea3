"""What all detection heads share."""

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.heads.base import Predictions, cell_positions
from darknet_torch.model.network import build_network


def test_the_predictions_of_several_heads_join_in_their_order():
    parts = [
        Predictions(torch.full((2, n, 4), n), torch.full((2, n), n), torch.full((2, n, 3), n))
        for n in (1, 2)
    ]
    joined = Predictions.join(parts)
    assert joined.objectness.tolist() == [[1, 2, 2]] * 2
    assert joined.boxes[0, :, 0].tolist() == joined.class_scores[0, :, 0].tolist() == [1, 2, 2]


def test_cell_positions_count_columns_and_rows():
    columns, rows = cell_positions(2, 3, torch.zeros(1, dtype=torch.float64))
    assert columns.tolist() == [[0, 1, 2]]
    assert rows.tolist() == [[0], [1]]
    assert columns.dtype == torch.float64


@pytest.mark.parametrize(
    ("cfg", "classes", "channels"),
    [
        ("[convolutional]\nfilters=14\n[yolo]\nclasses=2\nnum=2\nanchors=1,2,3,4", 7, 24),
        ("[convolutional]\nfilters=11\n[Gaussian_yolo]\nclasses=2\nanchors=1,2", 7, 32),
        ("[convolutional]\nfilters=7\n[region]\nclasses=2\nanchors=1,2", 7, 24),
    ],
)
def test_channels_for_other_classes_and_boxes(cfg, classes, channels):
    network = build_network(parse_cfg(f"[net]\nwidth=32\nheight=32\nchannels=3\n{cfg}"))
    assert network.heads[0].channels_for(classes, 2) == channels
