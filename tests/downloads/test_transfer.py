"""One transfer from one URL: what it requests, and what it reports when it fails."""

import pytest

from darknet_torch.downloads.partial_download import PartialDownload
from darknet_torch.downloads.transfer import transfer
from darknet_torch.http_client import TransferError
from tests.downloads.server import good, interrupting, status


@pytest.fixture
def part(tmp_path):
    return PartialDownload.for_target(tmp_path / "toy.weights")


def run(server, part, *behaviours):
    url = f"{server.mirrors(a=list(behaviours))}toy.weights"
    sizes = {len(server.data)}
    transfer(url, part, sizes=sizes, timeout=30, on_progress=lambda count: None)


def test_the_part_is_complete_afterwards(server, part):
    run(server, part, good)
    assert part.path.read_bytes() == server.data


def test_an_interrupted_transfer_can_be_resumed(server, part):
    with pytest.raises(TransferError, match="interrupted: expected") as caught:
        run(server, part, interrupting(100))
    assert caught.value.interrupted
    assert part.length == 100
    run(server, part, good)
    assert part.path.read_bytes() == server.data
    assert server.requests[-1] == ("a", "bytes=100-")


def test_a_refused_request_is_not_an_interruption(server, part):
    with pytest.raises(TransferError, match=r"^404 Not Found$") as caught:
        run(server, part, status(404))
    assert not caught.value.interrupted
    assert part.length == 0
