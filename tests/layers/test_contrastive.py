"""[contrastive] at inference."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from tests.layers.single import build, check_output, picture


def test_its_output_is_zero_at_inference():
    check_output(build("contrastive classes=3"), picture(), np.zeros((2, 3, 4, 5)), rtol=0)


YOLO = "[convolutional]\nfilters=6\n[yolo]\nclasses=1\nanchors=1,1\n"


def test_yolo_layer_must_name_an_earlier_yolo():
    text = f"[net]\nchannels=3\nheight=32\nwidth=32\n{YOLO}[contrastive]\nyolo_layer="
    network = build_network(parse_cfg(f"{text}-1"))
    assert len(network(torch.zeros(1, 3, 32, 32))) == 1
    with pytest.raises(
        CfgError, match=r"yolo_layer=-2 does not mean a \[yolo\].*got \[conv.*layer 0"
    ):
        build_network(parse_cfg(f"{text}-2"))
    with pytest.raises(CfgError, match=r"yolo_layer=2 means layer 2, which is not before it"):
        build_network(parse_cfg(f"{text}2"))
