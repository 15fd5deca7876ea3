"""Videos made from the toy model's picture, whole and broken, and a camera on the network."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from tests.toy.files import PICTURE

RATE = 10  # frames per second


def sample_frames(count):
    """The picture, shifted by 8 pixels per frame."""
    image = cv2.imread(str(PICTURE))
    return [np.roll(image, 8 * number, 1) for number in range(count)]


def write_video(path, frames):
    """Write a video whose codec goes by the suffix, and return its path."""
    codec = {".avi": "MJPG", ".mp4": "mp4v"}[path.suffix]
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), RATE, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def read_video(path):
    """Return all frames of an unbroken video."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    return frames


def _starts(data):
    """Return the offsets of the JPEGs in an .avi, and the offset after the last one."""
    starts, offset = [], data.find(b"\xff\xd8\xff")
    while offset >= 0:
        starts.append(offset)
        offset = data.find(b"\xff\xd8\xff", offset + 1)
    return [*starts, data.find(b"idx1", starts[-1])]


def break_frames(path, *numbers):
    """Overwrite the given frames of an .avi, counted from 1, with zeros."""
    data = bytearray(path.read_bytes())
    starts = _starts(data)
    for number in numbers:
        first, last = starts[number - 1], starts[number] - 8  # the header of the next frame
        data[first:last] = bytes(last - first)
    path.write_bytes(data)


def cut_off(path, after):
    """Cut an .avi off after the given number of frames."""
    data = path.read_bytes()
    path.write_bytes(data[: _starts(data)[after] - 8])


def declare_frame_lengths(path, first, length):
    """Let the frames of an .avi from the given one on, counted from 1, declare another length.

    The codec becomes one that only OpenCV's own reader of .avi accepts, which checks the length.
    """
    data = bytearray(path.read_bytes())
    codec = data.index(b"strf") + 8 + 16
    data[codec : codec + 4] = b"\xff\xff\xffG"
    for start in _starts(data)[first - 1 : -1]:
        data[start - 4 : start] = length.to_bytes(4, "little")
    path.write_bytes(data)


@contextmanager
def camera(*connections, pause=0.03) -> Iterator[str]:
    """Serve an MJPEG stream over HTTP, and give its URL.

    Args:
        connections: the frames of the first connection, of the second, and so on. A
            connection is closed after its frames; further connections are refused.
        pause: seconds between frames.
    """
    waiting, stop = list(connections), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if not waiting:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            with suppress(ConnectionError):  # the client may disconnect
                for frame in waiting.pop(0):
                    jpeg = cv2.imencode(".jpg", frame)[1].tobytes()
                    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                    self.wfile.write(f"--frame\r\n{head}\r\n\r\n".encode() + jpeg + b"\r\n")
                    stop.wait(pause)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video?dummy=param.mjpg"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()
