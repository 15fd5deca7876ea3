import pytest

from darknet_torch.datasets.opening import open_splits
from darknet_torch.datasets.plots import plot_statistics
from darknet_torch.datasets.statistics import compute_statistics
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import darknet


def statistics(tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .1 .1\n0 .5 .5 .5 .5", "1 .5 .5 1 1", "", None])
    return compute_statistics(open_splits([data]))


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_a_plot_is_written_in_the_format_of_its_suffix(tmp_path, suffix, start):
    out = tmp_path / f"plot{suffix}"
    plot_statistics(statistics(tmp_path), out)
    assert out.read_bytes().startswith(start)


def test_a_plot_that_cannot_be_written_is_an_error(tmp_path):
    found = statistics(tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        plot_statistics(found, tmp_path / "gone" / "plot.png")
    with pytest.raises(UsageError, match=r"unknown plot format: expected \.png"):
        plot_statistics(found, tmp_path / "plot.txt")
