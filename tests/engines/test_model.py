"""A model that an engine has loaded."""

import numpy as np
import pytest

from darknet_torch.engines.model import EngineModel
from darknet_torch.errors import UsageError


class OtherGraph:
    """A session of a graph that does not fit its description."""

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        raise RuntimeError("Got invalid dimensions for input: images")


def test_what_an_engine_cannot_run_is_an_error_that_says_what_to_do() -> None:
    model = EngineModel(None, OtherGraph(), "ONNX Runtime 1")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"ONNX Runtime 1: .*invalid dimensions.*cache clear"):
        model.predict_for_decoding(np.zeros((1, 3, 8, 8), np.float32))
