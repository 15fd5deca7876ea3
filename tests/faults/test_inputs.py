"""Inputs that vanish or change while a command runs, and streams that break."""

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from tests.faults.commands import HEAVY, MODEL, Command
from tests.faults.folders import label_toy, write_list, write_squares, write_toy
from tests.faults.runs import Sandbox, started_runs
from tests.toy.files import PICTURE

pytestmark = pytest.mark.fault

_FULL_TRAINING = next(command for command in HEAVY if command.name == "train")
_TRAIN = ("train", "small.cfg", "data/squares.data", "--backup", "backup", "--workers", "0")
_STALLED = 200  # seconds; OpenCV waits 30 for a frame, or to connect
_CONNECTIONS = 2  # a client that gets frames may connect again without end
_HTTP = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


DETECT = Command(
    ("detect", *MODEL, "list.txt", "--out", "found.json", "--workers", "0", "--quiet"),
    write_list,
    optional=("predictions.jpg",),
)


def test_a_picture_of_a_list_that_vanishes_is_named_and_the_others_are_done(heavy_runs, tmp_path):
    sandbox = Sandbox(heavy_runs, DETECT, tmp_path)
    ended = sandbox.run(change=("toy.weights", "c.png", None))
    assert ended.status == 1
    assert "c.png" in ended.err
    assert "1 of 3 pictures failed" in ended.err
    assert (sandbox.work / "found.json").read_text().count('"objects"') == 2


@pytest.mark.parametrize("content", [None, "cut off", 1000])
@pytest.mark.parametrize("at", [0, 1])
def test_weights_that_change_after_they_were_found_are_refused(heavy_runs, tmp_path, content, at):
    """When they are opened first, or again when their length is known."""
    sandbox = Sandbox(heavy_runs, DETECT, tmp_path)
    ended = sandbox.run(change=("toy.weights", "toy.weights", content, at))
    assert ended.status == 2
    assert "dtorch: toy.weights: " in ended.err
    assert not (sandbox.work / "found.json").exists()


def test_a_training_goes_on_without_a_picture_that_vanishes(heavy_runs, tmp_path):
    sandbox = Sandbox(heavy_runs, Command(_TRAIN, write_squares), tmp_path)
    ended = sandbox.run(change=("train_1.png", "data/train_2.png", None))
    assert ended.status == 0
    assert "train_2.png" in ended.out + ended.err
    assert (sandbox.work / "backup" / "small_final.weights").exists()


def test_of_two_trainings_in_one_folder_one_ends_before_it_writes(tmp_path):
    with started_runs() as first, started_runs() as second:
        sandbox = Sandbox(first, replace(_FULL_TRAINING, words=_TRAIN), tmp_path)
        other = []
        thread = threading.Thread(target=lambda: other.append(second.run(sandbox.work, _TRAIN)))
        sandbox.reset()
        thread.start()
        one = first.run(sandbox.work, _TRAIN)
        thread.join()
    assert sorted((one.status, other[0].status)) == [0, 2]
    assert sandbox.is_complete()
    assert "Traceback" not in one.err + other[0].err


@contextmanager
def served(*parts, then):
    """A server that sends these bytes twice, each time followed by `then`, and is gone.

    Yields:
        The URL of the stream.
    """
    server, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve():
        with suppress(OSError):  # closed, or the client has gone
            for _ in range(_CONNECTIONS):
                with server.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(b"".join(parts))
                    then(done)
        server.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/video?x=y.mjpg"
    done.set()
    server.close()


def _frames(count):
    jpeg = cv2.imencode(".jpg", cv2.imread(str(PICTURE)))[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return (head.encode() + jpeg + b"\r\n") * count


STREAMS = {
    "drops": ((_HTTP, _frames(5)), lambda done: None),
    "drops in a frame": ((_HTTP, _frames(5)[:-5000]), lambda done: None),
    "sends garbage": ((_HTTP, bytes(range(256)) * 400), lambda done: None),
    "sends garbage after frames": ((_HTTP, _frames(5), b"\xff\xd8" * 50_000), lambda done: None),
    "stalls": ((_HTTP, _frames(5)), lambda done: done.wait(120)),
    "says nothing": ((), lambda done: done.wait(120)),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_breaks_ends_the_run_with_a_message(heavy_runs, tmp_path, kind):
    parts, then = STREAMS[kind]
    write_toy(tmp_path)
    with served(*parts, then=then) as url:
        words = ("detect", *MODEL, url, "--out", "found.json", "--reconnects", "1", "--quiet")
        ended = heavy_runs.run(tmp_path, words, seconds=_STALLED)
    assert ended.status in (0, 1), ended.err
    assert url in ended.err
    assert "Traceback" not in ended.err
    assert Path(tmp_path / "found.json").exists()


def test_a_picture_that_vanishes_during_an_evaluation_is_reported(heavy_runs, tmp_path):
    words = ("eval", "--cfg", "toy.cfg", "--weights", "toy.weights", "--data", "toy.data")
    sandbox = Sandbox(heavy_runs, Command((*words, "--out", "eval.json"), label_toy), tmp_path)
    ended = sandbox.run(change=("toy.weights", "view1.png", None))
    assert ended.status == 1
    assert "view1.png" in ended.err
