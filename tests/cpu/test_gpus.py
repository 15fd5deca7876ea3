"""Whether there may be a GPU, as the system's files say it."""

import sys

import pytest

from darknet_torch.cpu.gpus import may_have_gpu

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no device files")


@pytest.fixture(autouse=True)
def all_are_visible(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("device", "expected"),
    [("nvidia0", True), ("dxg", True), ("kfd", True), ("nvidiactl", False), ("null", False)],
)
def test_a_device_file_of_a_driver_is_a_gpu(tmp_path, device, expected):
    assert not may_have_gpu(tmp_path)
    (tmp_path / device).touch()
    assert may_have_gpu(tmp_path) is expected


@pytest.mark.parametrize(("visible", "expected"), [("", False), ("-1", False), ("0,1", True)])
def test_a_hidden_gpu_is_none(tmp_path, monkeypatch, visible, expected):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert may_have_gpu(tmp_path) is expected
