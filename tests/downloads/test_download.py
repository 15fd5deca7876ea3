"""Published files arrive complete from servers that fail in every usual way."""

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from darknet_torch.downloads import download as module
from darknet_torch.downloads.download import download
from darknet_torch.downloads.published import Published
from darknet_torch.errors import DownloadError, UsageError
from tests.downloads.server import (
    announcing,
    dripping,
    good,
    ignoring_range,
    interrupting,
    page,
    publish,
    redirect,
    refusing_range,
    silent,
    stalling,
    status,
    too_long,
    without_length,
    wrong_bytes,
    wrong_range,
)
from tests.toy.files import WEIGHTS

DATA = WEIGHTS.read_bytes()
SIZE = len(DATA)
THIRD = SIZE // 3
SOON = 0.3  # seconds; a working server on this machine answers sooner


@pytest.fixture
def fetch(server, toy, monkeypatch):
    """A function that downloads the toy from servers with the given behaviours."""

    def fetch(timeout=30, messages=None, **places):
        monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(**places))
        on_message = [].append if messages is None else messages.append
        return download("toy", timeout=timeout, on_message=on_message)

    return fetch


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def partial_files(folder):
    return sorted(path.name for path in folder.iterdir() if ".part" in path.name)


@pytest.mark.parametrize("name", ["toy", "toy.weights"])
def test_a_file_is_downloaded_into_the_cache_once(name, server, toy, cache, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    path = download(name)
    assert path == cache / "toy.weights"
    assert path.read_bytes() == DATA
    assert partial_files(cache) == []
    assert download(name) == path
    assert len(server.requests) == 1
    assert download(name, force=True) == path
    assert len(server.requests) == 2


def test_a_file_is_downloaded_into_a_given_folder(server, toy, tmp_path, cache, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    path = download("toy", tmp_path / "models" / "here")
    assert path == tmp_path / "models" / "here" / "toy.weights"
    assert path.read_bytes() == DATA
    assert not cache.exists()


def test_progress_is_reported(server, toy, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[interrupting(THIRD)]))
    counts = []
    download("toy", on_progress=counts.append)
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, SIZE)


@pytest.mark.parametrize("tag", ['"one"', "Wed, 25 Nov 2020 10:00:00 GMT"])
def test_an_interrupted_transfer_resumes_where_it_ended(tag, server, fetch):
    assert fetch(a=[interrupting(THIRD, tag)]).read_bytes() == DATA
    ranges = [wanted for _, wanted in server.requests]
    assert ranges[:3] == [None, f"bytes={THIRD}-", f"bytes={2 * THIRD}-"]


def test_a_later_run_resumes_where_an_earlier_one_ended(server, fetch, cache):
    with pytest.raises(DownloadError, match="interrupted: expected"):
        fetch(a=[interrupting(THIRD), interrupting(0)])
    assert visible(cache) == []
    assert fetch(a=[good]).read_bytes() == DATA
    assert server.requests[-1] == ("a", f"bytes={THIRD}-")
    assert partial_files(cache) == []


@pytest.mark.parametrize(
    "behaviour",
    [ignoring_range, wrong_range, refusing_range, lambda answer: good(answer, tag='"two"')],
    ids=["ignores the range", "gives another part", "refuses the range", "has another file now"],
)
def test_without_support_for_resuming_the_transfer_restarts(behaviour, server, fetch):
    assert fetch(a=[interrupting(THIRD), behaviour]).read_bytes() == DATA
    assert server.requests[1] == ("a", f"bytes={THIRD}-")


def test_a_weak_etag_is_not_enough_to_resume(server, fetch):
    weak = 'W/"one"'
    assert fetch(a=[interrupting(THIRD, weak), good]).read_bytes() == DATA
    assert [wanted for _, wanted in server.requests] == [None, None]


def test_another_server_does_not_resume_the_bytes_of_the_first(server, fetch):
    assert fetch(a=[interrupting(THIRD), interrupting(0)], b=[good]).read_bytes() == DATA
    assert server.requests[-1] == ("b", None)


def test_a_response_without_a_length_is_accepted(fetch):
    assert fetch(a=[without_length]).read_bytes() == DATA


def test_a_redirect_is_followed(server, fetch):
    assert fetch(a=[redirect("/b/toy.weights")], b=[good]).read_bytes() == DATA
    assert [place for place, _ in server.requests] == ["a", "b"]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (status(404), "404 Not Found"),
        (status(503), "503 Service Unavailable"),
        (status(204), "204 No Content"),
        (page("text/html; charset=utf-8"), r"a web page \(text/html\), not the file"),
        (page("application/octet-stream"), "a web page, not the file"),
        (redirect("/a/toy.weights"), "302 .*redirect.*loop.*"),
        (redirect("nowhere://else"), "302 .*nowhere.*"),
        (announcing(SIZE - 8), f"expected {SIZE} or {SIZE - 4} bytes, announced {SIZE - 8}"),
        (announcing(SIZE + 8), f"expected {SIZE} or {SIZE - 4} bytes, announced {SIZE + 8}"),
        (too_long, f"wrong length: more than {SIZE} bytes"),
        (wrong_bytes, "wrong digest: expected sha256:"),
        (interrupting(0), f"interrupted: expected {SIZE} or {SIZE - 4} bytes, got 0"),
        (silent, f"no answer within {SOON} s"),
        (stalling, f"no data for {SOON} s"),
        (dripping, "stalled: [0-9]+ bytes in 0 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_after_a_failure_the_next_server_is_tried(behaviour, reason, fetch, cache):
    messages = []
    path = fetch(a=[behaviour], b=[good], timeout=SOON, messages=messages)
    assert path.read_bytes() == DATA
    assert visible(cache) == ["toy.weights"]
    assert partial_files(cache) == []
    first, why, second = messages
    assert first.startswith("fetching http") and first.endswith("/a/toy.weights")
    assert "/b/" in second
    assert re.search(f"/a/toy.weights: .*{reason}", why)


def test_when_every_server_fails_the_reasons_and_the_path_are_reported(fetch, cache):
    with pytest.raises(DownloadError) as caught:
        fetch(a=[status(404)], b=[page("text/html")])
    first, *reasons, advice = str(caught.value).splitlines()
    assert first == "toy.weights: could not be downloaded from any server"
    assert [reason.partition("/toy.weights: ")[2] for reason in reasons] == [
        "404 Not Found",
        "a web page (text/html), not the file",
    ]
    assert f"put the file at {cache / 'toy.weights'}" in advice
    assert "DTORCH_MIRROR" in advice
    assert visible(cache) == []


def test_without_a_network_every_server_is_reported_as_unreachable(toy, cache):
    with pytest.raises(DownloadError, match=r"http://127.0.0.1:9/nobody/toy.weights: cannot be"):
        download("toy")


def test_a_mirror_that_is_not_a_url_is_reported(toy, monkeypatch):
    monkeypatch.setenv("DTORCH_MIRROR", "/srv/weights")
    with pytest.raises(DownloadError, match=r"/srv/weights/toy.weights: not an http or https URL"):
        download("toy")


@pytest.mark.parametrize("behaviour", ["mirror", "redirect"])
def test_a_file_url_is_refused(behaviour, server, toy, tmp_path, monkeypatch):
    (tmp_path / "toy.weights").write_bytes(DATA)
    url = f"file://{tmp_path}"
    if behaviour == "redirect":
        url = server.mirrors(a=[redirect(f"{url}/toy.weights")])
    monkeypatch.setenv("DTORCH_MIRROR", url)
    with pytest.raises(DownloadError, match=r"toy.weights: (not an http or https URL|302 .*file)"):
        download("toy")


def test_wrong_bytes_are_not_kept(fetch, cache):
    with pytest.raises(DownloadError, match="wrong digest"):
        fetch(a=[wrong_bytes])
    assert visible(cache) == partial_files(cache) == []


def test_a_file_copied_into_the_cache_is_used_and_a_broken_one_replaced(fetch, server, cache):
    cache.mkdir()
    (cache / "toy.weights").write_bytes(DATA)
    assert fetch(a=[good]) == cache / "toy.weights"
    assert server.requests == []
    for broken in (DATA[:-8], bytes(SIZE)):
        (cache / "toy.weights").write_bytes(broken)
        messages = []
        assert fetch(a=[good], messages=messages).read_bytes() == DATA
        assert "wrong " in messages[0]


def test_a_downloaded_file_needs_no_write_access(fetch, monkeypatch):
    path = fetch(a=[good])
    monkeypatch.setattr(module, "FileLock", None)
    monkeypatch.setattr(Path, "mkdir", None)
    assert download("toy") == path


def test_an_existing_file_is_kept_until_the_new_one_is_complete(fetch, server, cache, monkeypatch):
    path = fetch(a=[good])
    with pytest.raises(DownloadError):
        monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[wrong_bytes]))
        download("toy", force=True)
    assert path.read_bytes() == DATA


def test_a_complete_partial_download_is_finished_without_a_network(toy, cache):
    cache.mkdir()
    (cache / ".toy.weights.part").write_bytes(DATA)
    assert download("toy").read_bytes() == DATA
    assert partial_files(cache) == []


def test_a_broken_note_restarts_the_transfer(server, fetch, cache):
    cache.mkdir()
    (cache / ".toy.weights.part").write_bytes(DATA[:THIRD])
    (cache / ".toy.weights.part.json").write_bytes(b"\xff{")
    assert fetch(a=[good]).read_bytes() == DATA
    assert server.requests == [("a", None)]


def test_a_file_with_a_short_header_is_accepted(server, monkeypatch):
    old = Published("old.weights", SIZE + 4)
    publish(monkeypatch, old)
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    assert download("old").read_bytes() == DATA


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_one_of_several_digests_is_enough(kind, server, toy, monkeypatch):
    other = f"{kind}:{hashlib.new(kind, b'another copy').hexdigest()}"
    good_one = f"{kind}:{hashlib.new(kind, DATA).hexdigest()}"
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    publish(monkeypatch, replace(toy, digests=(other, good_one)))
    assert download("toy").read_bytes() == DATA
    publish(monkeypatch, replace(toy, digests=(other,)))
    with pytest.raises(DownloadError, match=f"wrong digest: expected {other}"):
        download("toy", force=True)


@pytest.mark.parametrize("short", [0, 4])
def test_a_partial_file_is_cut_from_the_whole_with_seen_at_0(short, server, monkeypatch, cache):
    whole = Published("whole.weights", SIZE + short)
    part = Published("whole.conv.2", 1020, part_of="whole.weights")
    publish(monkeypatch, whole, part)
    monkeypatch.setenv("DTORCH_MIRROR", server.mirrors(a=[good]))
    cut = download("whole.conv.2").read_bytes()
    header = 20 - short
    assert cut == DATA[:12] + bytes(header - 12) + DATA[header : 1020 - short]
    assert visible(cache) == ["whole.conv.2", "whole.weights"]


def test_a_folder_that_cannot_be_created_is_reported(toy, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"file: cannot be written \("):
        download("toy", tmp_path / "file")


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such file modes")
def test_the_file_has_the_usual_permissions(fetch, tmp_path):
    (tmp_path / "other").touch()
    mode = (tmp_path / "other").stat().st_mode
    assert fetch(a=[good]).stat().st_mode == mode
