"""Decoding with libstb, and with OpenCV where libstb cannot be used."""

import sys
import types
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.errors import CfgWarning, ImageError
from darknet_torch.media import stb
from darknet_torch.media.decoding import decode_picture, read_picture
from tests.media.picture_files import JPEG, encoded, png, resized_jpeg, turned_jpeg

PATTERN = np.arange(24 * 40 * 3, dtype=np.uint8).reshape(24, 40, 3)


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


class TestImport:
    def test_the_installed_version_is_used(self):
        assert stb.unusable() is None
        assert stb._import_libstb() == (sys.modules["libstb"], None)

    def test_a_missing_package_is_named(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "libstb", None)
        assert stb._import_libstb() == (None, "the package libstb is not installed")

    @pytest.mark.parametrize("version", ["0.9.0", "0.80.0", "1.0.0", None])
    def test_an_untested_version_is_not_used(self, monkeypatch, version):
        other = types.ModuleType("libstb")
        if version:
            other.__version__ = version
        monkeypatch.setitem(sys.modules, "libstb", other)
        reason = f"the package libstb {version or 'unknown'} is not tested (0.8 is)"
        assert stb._import_libstb() == (None, reason)

    def test_a_package_that_breaks_on_import_is_not_used(self, monkeypatch, tmp_path):
        (tmp_path / "libstb.py").write_text("import zlib\nzlib.no_such_function\n")
        monkeypatch.delitem(sys.modules, "libstb")
        monkeypatch.syspath_prepend(tmp_path)
        library, reason = stb._import_libstb()
        assert library is None
        assert reason.startswith("the package libstb cannot be imported (module 'zlib' has no")


class TestFallback:
    def test_the_first_jpeg_warns_and_no_other(self, without_libstb):
        with pytest.warns(CfgWarning, match="libstb is not installed; OpenCV decodes") as caught:
            for _ in range(3):
                decode_picture(JPEG, where="a.jpg")
        assert len(caught) == 1
        assert caught[0].message.fix == "pip install 'libstb~=0.8.0'"

    def test_threads_warn_once(self, without_libstb):
        with pytest.warns(CfgWarning) as caught, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: decode_picture(JPEG, where="a.jpg"), range(32)))
        assert len(caught) == 1

    @pytest.mark.filterwarnings("error::darknet_torch.errors.CfgWarning")
    def test_what_libstb_would_not_decode_warns_of_nothing(self, without_libstb, tmp_path):
        decode_picture(encoded(PATTERN, ".png"), where="a.png")
        decode_picture(JPEG, where="a.jpg", decoder="opencv")
        (tmp_path / "a.jpg").write_bytes(JPEG)
        assert picture_size(tmp_path / "a.jpg") == (32, 48)

    @pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgWarning")
    def test_pixels_are_opencvs_and_near_darknets(self, without_libstb, monkeypatch):
        data = encoded(PATTERN, ".jpg")
        found = decode_picture(data, where="a.jpg").image
        np.testing.assert_array_equal(found, by_opencv(data))
        monkeypatch.undo()
        darknets = decode_picture(data, where="a.jpg").image
        # What the warning says: at most 3 grey levels.
        assert np.abs(found.astype(int) - darknets).max() <= 3

    @pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgWarning")
    @pytest.mark.parametrize(("exif", "size"), [(True, (120, 60)), (False, (60, 120))])
    def test_the_orientation_counts(self, without_libstb, tmp_path, exif, size):
        path = tmp_path / "a.jpg"
        path.write_bytes(turned_jpeg(60, 120))
        assert read_picture(path, exif=exif).image.shape[:2] == size
        assert picture_size(path, exif=exif) == size

    @pytest.mark.parametrize(
        ("image", "suffix"),
        [
            (PATTERN, ".png"),
            (PATTERN[:, :, 0], ".png"),
            (PATTERN.astype(np.uint16) * 257, ".png"),
            (np.dstack((PATTERN, PATTERN[:, :, :1])), ".png"),
            (PATTERN, ".bmp"),
            (PATTERN, ".ppm"),
            (PATTERN, ".gif"),
            (PATTERN.astype(np.float32), ".hdr"),
        ],
    )
    def test_other_formats_are_read_as_with_libstb(
        self, without_libstb, monkeypatch, tmp_path, image, suffix
    ):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(encoded(image, suffix))
        found, size = read_picture(path).image, picture_size(path)
        assert found.shape == (24, 40, 3)
        assert size == (24, 40)
        monkeypatch.undo()
        np.testing.assert_array_equal(found, read_picture(path).image)
        assert size == picture_size(path)

    @pytest.mark.parametrize(
        "data",
        [
            png(30000, 30000),
            resized_jpeg(30000, 30000),
            b"P6 30000 30000 255\n",
            b"GIF89a" + b"\x30\x75" * 2,
        ],
    )
    def test_a_picture_of_too_many_pixels_is_refused(self, without_libstb, tmp_path, data):
        (tmp_path / "a").write_bytes(data)
        for read in (read_picture, picture_size):
            with pytest.raises(ImageError, match="too large"):
                read(tmp_path / "a")


@pytest.mark.parametrize("rows", [1, 5, 7, 24, 100])
def test_colours_change_places_in_all_rows(monkeypatch, rows):
    monkeypatch.setattr(stb, "_ROWS", rows)
    data = encoded(PATTERN, ".jpg")
    rgb = sys.modules["libstb"].Image.open(data, channels=3).numpy()
    found = stb.decode_jpeg(data, exif=True, max_pixels=10_000)
    np.testing.assert_array_equal(found, rgb[:, :, ::-1])
