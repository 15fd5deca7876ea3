"""A detector that an engine runs never imports PyTorch, which takes seconds."""

import dataclasses
import json
import subprocess
import sys

from darknet_torch.inference.description import describe_network
from tests.conversion.small_models import DETECTOR, trained_network
from tests.toy.files import PICTURE

PROGRAM = """
import json, sys
import numpy as np
import darknet_torch.cli.detection_run
from darknet_torch.engines.description import ModelDescription
from darknet_torch.engines.model import EngineModel
from darknet_torch.inference.classifier import Classifier
from darknet_torch.inference.detector import Detector

class Session:
    def run(self, images):
        return [np.full((len(images), *shape), 5, np.float32) for shape in json.loads(sys.argv[2])]

model = EngineModel(ModelDescription.from_json(json.loads(sys.argv[1])), Session(), "none 1")
found = Detector(model)(sys.argv[3])
print(len(found), "torch" in sys.modules)
"""


def test_detections_of_an_engine_need_no_torch():
    network = trained_network(DETECTOR).eval()
    shapes = [dataclasses.astuple(head.output_shape) for head in network.heads]
    words = [json.dumps(describe_network(network).to_json()), json.dumps(shapes), str(PICTURE)]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    count, imported = run.stdout.split()
    assert int(count) > 0
    assert imported == "False"
