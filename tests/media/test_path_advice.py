"""What is said of a folder, a glob, a video or a misspelt path in the place of a picture."""

import pytest

from darknet_torch.errors import ImageError
from darknet_torch.media.picture_input import open_picture


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("photos", r"Path\('photos'\)\.glob\('\*\.jpg'\).* dtorch detect takes folders"),
        ("photos/*.png", r"no such picture; .*Path\('photos'\)\.glob\('\*\.png'\)"),
        ("clip.mp4", "the frames of a video as arrays; dtorch detect takes"),
        ("dogg.jpg", "no such picture; did you mean 'dog.jpg'"),
    ],
)
def test_what_to_do_is_said(given, advice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    (tmp_path / "dog.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=advice):
        open_picture(given)


def test_other_errors_stay_as_they_are(tmp_path):
    (tmp_path / "dog.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError) as caught:
        open_picture(tmp_path / "dog.jpg")
    assert "dtorch detect" not in str(caught.value)
