"""Videos of the sample, whole and broken, and a camera on the network."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from darknet_torch.cfg.zoo import sample_folder

RATE = 10


def sample_frames(count):
    """The sample, rolling."""
    image = cv2.imread(str(sample_folder() / "shapes.png"))
    return [np.roll(image, 8 * number, 1) for number in range(count)]


def write_video(path, frames):
    """A video, its codec by the suffix."""
    codec = {".avi": "MJPG", ".mp4": "mp4v"}[path.suffix]
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), RATE, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def read_video(path):
    """All frames of a whole video."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    return frames


def _starts(data):
    """Where the JPEGs of an .avi start, and where its last one is over."""
    starts, place = [], data.find(b"\xff\xd8\xff")
    while place >= 0:
        starts.append(place)
        place = data.find(b"\xff\xd8\xff", place + 1)
    return [*starts, data.find(b"idx1", starts[-1])]


def break_frames(path, *numbers):
    """Overwrite frames of an .avi, from 1."""
    data = bytearray(path.read_bytes())
    starts = _starts(data)
    for number in numbers:
        first, last = starts[number - 1], starts[number] - 8  # the next one's header
        data[first:last] = bytes(last - first)
    path.write_bytes(data)


def cut_off(path, after):
    """Drop what follows so many frames of an .avi."""
    data = path.read_bytes()
    path.write_bytes(data[: _starts(data)[after] - 8])


@contextmanager
def camera(*connections, pause=0.03) -> Iterator[str]:
    """The URL of a camera that sends JPEGs without end.

    Args:
        connections: the frames of the first connection, of the second, ...; each is dropped
            behind them, and whoever comes after the last one is turned away.
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
            with suppress(ConnectionError):  # who watches may leave
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
