"""Pictures on http servers: what is taken for a picture, and what is reported."""

import numpy as np
import pytest

from darknet_torch.errors import ImageError
from darknet_torch.media import web_picture
from darknet_torch.media.decoding import decode_picture
from darknet_torch.media.web_picture import fetch_if_picture, fetch_picture, is_picture
from tests.downloads.server import redirect, sending, silent, status
from tests.media.picture_files import encoded

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
PNG = encoded(IMAGE, ".png")
OCTETS = "application/octet-stream"


def failure(server, behaviour, **options):
    with pytest.raises(ImageError) as caught:
        fetch_picture(f"{server.mirrors(a=[behaviour])}dog.jpg", **options)
    assert str(caught.value.where).endswith("/dog.jpg")
    return caught.value


@pytest.mark.parametrize(
    "suffix", [".jpg", ".png", ".bmp", ".tif", ".webp", ".jp2", ".avif", ".ppm", ".pam", ".hdr"]
)
def test_files_of_every_format_are_recognised_by_their_first_bytes(suffix):
    data = encoded(IMAGE, suffix)
    assert is_picture(OCTETS, data[:32])
    assert not is_picture("multipart/x-mixed-replace", data[:32])


def test_a_gif_is_recognised_by_its_first_bytes():
    assert is_picture("text/plain", b"GIF89a\1\0\1\0")


@pytest.mark.parametrize(
    ("kind", "start", "expected"),
    [
        ("image/jpeg", b"", True),
        ("video/mp4", b"\0\0\0\x20ftypisom", False),
        (OCTETS, b"\0\0\0\x20ftypisom\0\0\2\0", False),
        (OCTETS, b"RIFF\0\0\0\0AVI LIST", False),
        ("application/vnd.apple.mpegurl", b"#EXTM3U\n", False),
        ("text/html", b"<!DOCTYPE html>", False),
        ("multipart/x-mixed-replace", b"\xff\xd8\xff\xe0", False),
        ("text/plain", b"", False),
    ],
)
def test_the_type_and_else_the_first_bytes_decide(kind, start, expected):
    assert is_picture(kind, start) is expected


@pytest.mark.parametrize("kind", ["image/png", OCTETS, "text/plain", "text/html"])
def test_the_whole_file_is_fetched(server, kind):
    data = fetch_picture(f"{server.mirrors(a=[sending(PNG, kind)])}dog?size=1")
    np.testing.assert_array_equal(decode_picture(data, where="x").image, IMAGE)


def test_a_redirect_is_followed(server):
    there = server.mirrors(b=[sending(PNG, "image/png")])
    url = server.mirrors(a=[redirect(f"{there}x")]).split()[-1]
    assert fetch_picture(f"{url}dog.jpg") == PNG


def test_what_is_no_picture_is_not_read(server):
    url = f"{server.mirrors(a=[sending(bytes(100), 'video/mp4')])}clip"
    assert fetch_if_picture(url).picture is None
    with pytest.raises(ImageError, match=r"/clip: not a picture: .*, got video/mp4$"):
        fetch_picture(url)


def test_a_missing_file_is_reported(server):
    assert failure(server, status(404)).what == "404 Not Found"


def test_a_web_page_is_reported(server):
    error = failure(server, sending(b"<html>login</html>", "text/html"))
    assert (error.what, error.fix) == (
        "a web page, not a picture",
        "give the URL of a picture",
    )


def test_a_server_that_does_not_answer_is_reported(server):
    assert failure(server, silent, timeout=0.1).what == "no answer within 0.1 s"


def test_a_picture_that_comes_too_slowly_as_a_whole_is_given_up(server, monkeypatch):
    monkeypatch.setattr(web_picture, "LONGEST", 0.1)

    def slow(answer):
        answer.head(Content_Type="image/png")
        answer.body(PNG[:100])
        while not answer.server.released.wait(0.02):
            answer.body(bytes(100))

    assert failure(server, slow).what == "not all of it within 0.1 s"


def test_a_server_that_is_not_there_is_reported():
    with pytest.raises(ImageError, match=r"^http://127.0.0.1:9/a.jpg: cannot be reached \("):
        fetch_picture("http://127.0.0.1:9/a.jpg")


def test_a_picture_that_is_too_large_is_refused_before_and_while_it_is_read(server, monkeypatch):
    monkeypatch.setattr(web_picture, "MAX_BYTES", len(PNG) - 1)
    announced = failure(server, sending(PNG, "image/png"))
    assert announced.what == "the picture is too large"
    assert (announced.expected, announced.got) == (
        f"at most {len(PNG) - 1} bytes",
        f"{len(PNG)} bytes",
    )

    def unannounced(answer):
        answer.head(Content_Type="image/png")
        answer.body(PNG)

    server.places["a"] = [unannounced]
    with pytest.raises(ImageError, match=r"too large: expected at most .* bytes, got more"):
        fetch_picture(f"http://127.0.0.1:{server.server_port}/a/dog.jpg")


def test_a_transfer_that_breaks_off_is_reported(server):
    error = failure(server, sending(PNG, "image/png", length=len(PNG) + 5))
    assert error.what == "the transfer was interrupted"
    assert (error.expected, error.got) == (f"{len(PNG) + 5} bytes", len(PNG))


def test_other_kinds_of_authentication_are_left_to_the_reader_of_videos(server):
    url = f"{server.mirrors(a=[status(401)])}cam"
    with pytest.raises(ImageError, match="401"):
        fetch_if_picture(url)
    assert fetch_if_picture(url.replace("://", "://ann:word@")).picture is None
