"""Processes that run commands with faults."""

import shutil
import subprocess

import pytest

from tests.faults.runs import started_runs

# What the commands import, so that a run need not.
_LIGHT = "cv2 darknet_torch.cli.dataset darknet_torch.cli.kmeans darknet_torch.datasets.formats"
_HEAVY = (
    "torch torch._dynamo safetensors.torch matplotlib.backends.backend_agg jinja2"
    " faster_coco_eval darknet_torch.cli.convert darknet_torch.cli.detect darknet_torch.cli.eval"
    " darknet_torch.cli.new darknet_torch.cli.train darknet_torch.loading.load"
    " darknet_torch.report.detection_page darknet_torch.report.evaluation_page"
    " darknet_torch.training.setup"
)


@pytest.fixture(scope="module")
def light_runs():
    """Runs of commands that need no torch."""
    with started_runs(*_LIGHT.split()) as runs:
        yield runs


@pytest.fixture(scope="module")
def heavy_runs():
    """Runs of any command."""
    with started_runs(*_LIGHT.split(), *_HEAVY.split()) as runs:
        yield runs


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, of 64 MiB in memory."""
    disk, mount = tmp_path / "disk", shutil.which("mount")
    disk.mkdir()
    words = [mount, "-t", "tmpfs", "-o", "size=64m", "dtorch-faults", disk]
    if not mount or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system in memory")
    yield disk
    subprocess.run(["umount", disk], check=True)
