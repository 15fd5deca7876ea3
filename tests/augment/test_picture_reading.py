"""Pictures that are decoded once."""

import cv2
import numpy as np
import pytest

from darknet_torch.augment import picture_reading
from darknet_torch.augment.picture_reading import DiskReader, FileReader, MemoryReader
from darknet_torch.errors import ImageError


@pytest.fixture
def paths(tmp_path):
    found = (tmp_path / "a.png", tmp_path / "b.jpg")
    for number, path in enumerate(found):
        picture = np.random.default_rng(number).integers(0, 255, (9, 7, 3), np.uint8)
        cv2.imwrite(str(path), picture)
    return found


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_picture_is_decoded_once(paths, kind, tmp_path):
    reader = MemoryReader() if kind == "memory" else DiskReader(tmp_path / "kept")
    expected = [FileReader().read(path, exif=True).image for path in paths]
    lines = []
    with reader.keeping(paths, lines.append, exif=True):
        for path in paths:
            reader.read(path, exif=True)
            path.unlink()
        for path, image in zip(paths, expected, strict=True):
            found = reader.read(path, exif=True).image
            assert np.array_equal(found, image)
            with pytest.raises(ValueError, match="read-only"):
                found[0] = 0
    assert len(lines) == 1
    assert not (tmp_path / "kept").exists()
    with pytest.raises(ImageError, match="no such picture"):
        reader.read(paths[0], exif=True)


def test_nothing_is_written_before_the_training_runs(paths, tmp_path):
    reader = DiskReader(tmp_path / "kept")
    assert reader.read(paths[0], exif=True).image.shape == (9, 7, 3)
    assert not (tmp_path / "kept").exists()


def test_copies_of_a_run_that_was_killed_are_removed(paths, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / f"{'0' * 64}.npy").write_bytes(b"?")
    (tmp_path / "kept" / f".{'0' * 40}.{'a' * 16}.part.npy").write_bytes(b"?")
    with DiskReader(tmp_path / "kept").keeping(paths, print, exif=True):
        assert list((tmp_path / "kept").iterdir()) == []


def test_what_else_is_in_the_folder_stays(paths, tmp_path):
    own = [tmp_path / "kept" / name for name in ("1.jpg", "features.npy")]
    own[0].parent.mkdir()
    for path in own:
        path.write_bytes(b"?")
    reader = DiskReader(tmp_path / "kept")
    with reader.keeping(paths, lambda line: None, exif=True):
        reader.read(paths[0], exif=True)
        assert len(list(own[0].parent.iterdir())) == 3
    assert sorted(own[0].parent.iterdir()) == own


def test_a_full_disk_costs_time_alone(paths, tmp_path, monkeypatch):
    def full(*_, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(picture_reading.np, "save", full)
    reader = DiskReader(tmp_path / "kept")
    with reader.keeping(paths, lambda line: None, exif=True):
        assert reader.read(paths[0], exif=True).image.shape == (9, 7, 3)
        assert list((tmp_path / "kept").iterdir()) == []


def test_a_fifth_of_the_memory_is_left_free(paths, monkeypatch):
    answers = iter([1000, 1000, 100])
    monkeypatch.setattr(picture_reading, "available_memory", lambda: next(answers))
    monkeypatch.setattr(picture_reading, "_ASKED_EVERY", 1)
    reader, lines = MemoryReader(), []
    with reader.keeping(paths, lines.append, exif=True):
        assert list(reader.pictures) == [paths[0]]
    assert lines == ["kept in memory: 1 of 2 pictures, 189 bytes"]
