"""`dtorch detect` and `dtorch classify` with URLs of pictures."""

import json
from functools import partial

import cv2
import pytest

from darknet_torch import load, write_weights
from tests.cli.colour_classifier import TWO_COLOURS
from tests.cli.command import dtorch
from tests.downloads.server import sending, status
from tests.media.sample_videos import camera, sample_frames
from tests.toy.files import CFG, PICTURE, WEIGHTS

PNG = PICTURE.read_bytes()
detect = partial(dtorch, "detect", "--cfg", CFG, "--format", "jsonl")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def base(server):
    """The URL of a folder of a server that has the picture under every name."""
    return server.mirrors(a=[sending(PNG, "image/png")])


def records(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_picture_is_detected_and_named_by_its_url(base, folder):
    urls = [f"{base}dog.png?size=big", f"{base}random"]
    result = detect(*urls, PICTURE, "--save", "out")
    assert (result.exit_code, result.stderr) == (0, "annotated: 3 pictures in out\n")
    found = records(result)
    assert [record["filename"] for record in found[:2]] == urls
    assert [record["frame_id"] for record in found] == [1, 2, 3]
    assert found[0]["objects"] == found[1]["objects"] == found[2]["objects"]
    saved = sorted(path.name for path in (folder / "out").iterdir())
    assert saved == ["dog.png", "random.png", "shapes.png"]
    assert cv2.imread("out/dog.png").shape == (480, 480, 3)


def test_urls_come_from_lists_and_from_standard_input(base, folder):
    (folder / "list.txt").write_text(f"{base}dog.png\n")
    for arguments, stdin in ((["list.txt"], None), (["-"], f"{base}dog.png\n{base}cat\n")):
        result = detect(*arguments, stdin=stdin)
        assert result.exit_code == 0
        assert all(len(record["objects"]) == 4 for record in records(result))


def test_label_files_are_named_after_the_url(base, folder):
    result = detect(f"{base}dog.png?a=b", "-save_labels")
    assert result.exit_code == 0
    assert len((folder / "dog.txt").read_text().splitlines()) == 4
    result = detect(f"{base}cat.png", "--format", "txt", "--out", "labels")
    assert result.exit_code == 0
    assert len((folder / "labels/cat.txt").read_text().splitlines()) == 4


@pytest.mark.parametrize("name", ["gone.png", "gone"])
def test_what_cannot_be_fetched_is_reported_and_skipped(server, base, name):
    server.mirrors(b=[status(404)])
    url = f"http://127.0.0.1:{server.server_port}/b/{name}"
    result = detect(url, f"{base}dog.png")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"dtorch: {url}: 404 Not Found: expected a picture file\n")
    assert [record["filename"] for record in records(result)] == [f"{base}dog.png"]


def test_a_web_page_is_reported(server):
    url = f"{server.mirrors(a=[sending(b'<html>', 'text/html')])}dog"
    result = detect(url)
    assert result.exit_code == 1
    assert f"dtorch: {url}: a web page, not a picture; give the URL" in result.stderr


def test_a_url_that_is_no_picture_is_a_stream():
    with camera([], sample_frames(2)) as url:
        result = detect(url, "--reconnects", "0")
    assert (result.exit_code, result.stderr) == (0, "")
    assert {record["filename"] for record in records(result)} == {url}


def test_a_picture_on_the_web_is_classified(base, folder):
    (folder / "colours.cfg").write_text(TWO_COLOURS)
    write_weights(load("colours.cfg"), "colours.weights")
    result = dtorch("classify", "--cfg", "colours.cfg", "--format", "json", f"{base}red")
    assert result.exit_code == 0
    (record,) = json.loads(result.stdout)
    assert record["filename"] == f"{base}red"
    assert len(record["classes"]) == 2


def test_darknets_prompt_takes_urls(base):
    result = dtorch("detect", CFG, WEIGHTS, stdin=f"{base}dog.png\n")
    assert f"{base}dog.png: Predicted in " in result.stdout
