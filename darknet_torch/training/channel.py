"""Messages between two processes, without shared memory. No torch."""

from __future__ import annotations

import pickle
import socket
import struct
from contextlib import suppress
from typing import Any

import numpy as np

_COUNT, _SIZE = struct.Struct("<I"), struct.Struct("<Q")


class Channel:
    """One end of a connection between two processes; it carries what pickle can write.

    Arrays are neither copied into a pickle nor written to a file of /dev/shm, which holds 64 MB
    in a Docker container: they go through a socket into memory of the process that receives them.
    One thread may send while another one receives.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @staticmethod
    def pair() -> tuple[Channel, Channel]:
        """Both ends of a new connection.

        Raises:
            OSError: the process has no room for more open files.
        """
        one, other = socket.socketpair()
        return Channel(one), Channel(other)

    def send(self, message: object) -> None:
        """Send a message; wait while the connection is full.

        Raises:
            ConnectionError: the other end is closed.
            Exception: what pickle raises if it cannot write the message; nothing is sent then.
        """
        arrays: list[pickle.PickleBuffer] = []
        text = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
        blocks = [memoryview(text), *(array.raw() for array in arrays)]
        sizes = b"".join(_SIZE.pack(block.nbytes) for block in blocks)
        self._end.sendall(_COUNT.pack(len(blocks)) + sizes)
        for block in blocks:
            self._end.sendall(block)

    def receive(self) -> Any:
        """Return the next message; wait until it is complete. Its arrays may be written to.

        Raises:
            EOFError: the other end is closed, or its process has ended.
            MemoryError: there is no memory for the message.
        """
        (count,) = _COUNT.unpack(self._read(_COUNT.size))
        sizes = [_SIZE.unpack(self._read(_SIZE.size))[0] for _ in range(count)]
        text, *arrays = [self._read(size) for size in sizes]
        return pickle.loads(text, buffers=arrays)

    def fileno(self) -> int:
        """The number of the connection, for `multiprocessing.connection.wait`."""
        return self._end.fileno()

    def shut_down(self) -> None:
        """End the connection for both sides: whoever waits in `receive` gets EOFError."""
        with suppress(OSError):  # the other side did so before
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give up this end in this process."""
        self._end.close()

    def _read(self, size: int) -> memoryview:
        block = np.empty(size, np.uint8).data  # bytearray would fill it with zeros first
        rest = block
        while len(rest):
            try:
                # All in one call, unless a signal comes: each call waits for Python's lock.
                got = self._end.recv_into(rest, 0, socket.MSG_WAITALL)
            except ConnectionError:
                got = 0
            if not got:
                raise EOFError
            rest = rest[got:]
        return block
