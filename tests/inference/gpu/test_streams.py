"""The order of work on streams, and copies to the device."""

import numpy as np
import pytest
import torch

from darknet_torch.inference.gpu.streams import (
    Moment,
    WorkStream,
    host_array,
    upload,
    upload_numbers,
)


def test_what_one_stream_computed_is_there_on_another(device):
    with WorkStream(device).current():
        values = torch.full((1000,), 2.0, device=device)
        for _ in range(20):
            values = values * 1.5 - 1.0
        ready = Moment.now(device)
    ready.before_reading(values)
    assert float(values.max()) == 2.0


def test_arrays_are_copied_to_the_device(device):
    host = host_array((2, 3), torch.uint8, device)
    assert host.is_pinned() == (device.type == "cuda")
    host.numpy()[:] = np.arange(6).reshape(2, 3)
    assert upload(host, device).tolist() == [[0, 1, 2], [3, 4, 5]]
    numbers = upload_numbers(np.array([0.1, 0.2]), device)
    assert (numbers.dtype, numbers.tolist()) == (torch.float64, [0.1, 0.2])


def test_only_cuda_has_streams():
    stream = WorkStream(torch.device("cpu"))
    with stream.current():
        assert Moment.now(torch.device("cpu")) == Moment()
    with pytest.raises(ZeroDivisionError), stream.current():
        _ = 1 / 0
