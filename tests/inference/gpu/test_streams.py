"""The order of work on streams, and copies to the device."""

import numpy as np
import pytest
import torch

from darknet_torch.inference.gpu.streams import Moment, WorkStream, upload


def test_what_one_stream_computed_is_there_on_another(device):
    with WorkStream(device).current():
        values = torch.full((1000,), 2.0, device=device)
        for _ in range(20):
            values = values * 1.5 - 1.0
        ready = Moment.now(device)
    ready.before_reading(values)
    assert float(values.max()) == 2.0


def test_arrays_are_copied_to_the_device(device):
    arrays = [np.arange(6, dtype=np.uint8).reshape(2, 3), np.full((2, 6), 9, np.uint8)[:, ::-2]]
    found = upload(arrays, device)
    assert (found.dtype, found.device.type) == (torch.uint8, device.type)
    assert found.tolist() == [[[0, 1, 2], [3, 4, 5]], [[9, 9, 9], [9, 9, 9]]]
    assert upload([np.array([0.1, 0.2])], device).tolist() == [[0.1, 0.2]]  # float64


def test_only_cuda_has_streams():
    stream = WorkStream(torch.device("cpu"))
    with stream.current():
        assert Moment.now(torch.device("cpu")) == Moment()
    with pytest.raises(ZeroDivisionError), stream.current():
        _ = 1 / 0
