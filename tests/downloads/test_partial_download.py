"""A partial download knows where its bytes came from until it is finished or discarded."""

from darknet_torch.downloads.partial_download import PartialDownload

URL = "https://example.org/a"


def test_a_new_one_is_empty(tmp_path):
    part = PartialDownload.for_target(tmp_path / "a.weights")
    assert part.path == tmp_path / ".a.weights.part"
    assert part.length == 0
    assert part.validator(URL) == ""


def test_the_validator_is_kept_for_its_url_alone(tmp_path):
    part = PartialDownload.for_target(tmp_path / "a.weights")
    part.start(URL, '"tag"')
    part.path.write_bytes(b"abc")
    assert part.length == 3
    assert part.validator(URL) == '"tag"'
    assert part.validator("https://example.org/b") == ""


def test_starting_again_discards_the_bytes(tmp_path):
    part = PartialDownload.for_target(tmp_path / "a.weights")
    part.start(URL, "")
    part.path.write_bytes(b"abc")
    part.start(URL, "")
    assert part.length == 0


def test_a_symbolic_link_is_neither_read_nor_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"kept")
    part = PartialDownload.for_target(tmp_path / "a.weights")
    part.path.symlink_to(victim)
    assert part.length == 0
    part.start(URL, "")
    assert not part.path.is_symlink()
    assert victim.read_bytes() == b"kept"


def test_a_finished_one_leaves_only_the_target(tmp_path):
    part = PartialDownload.for_target(tmp_path / "a.weights")
    part.start(URL, "")
    part.path.write_bytes(b"abc")
    part.finish(tmp_path / "a.weights")
    assert [path.name for path in tmp_path.iterdir()] == ["a.weights"]
    assert (tmp_path / "a.weights").read_bytes() == b"abc"
