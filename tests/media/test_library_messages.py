"""What libraries in C print on standard error."""

import errno
import os

from darknet_torch.media.library_messages import escaped_library_messages


def test_what_a_library_prints_is_escaped_afterwards(capfd):
    with escaped_library_messages():
        os.write(2, b"part \x1b[2J\xff\n")
    os.write(2, b"next\n")
    assert capfd.readouterr().err == "part \\x1b[2J\\xff\nnext\n"


def test_without_a_standard_error_libraries_print_nowhere(monkeypatch):
    def closed(number):
        raise OSError(errno.EBADF, "closed")

    monkeypatch.setattr(os, "dup", closed)
    done = []
    with escaped_library_messages():
        done.append(True)
    assert done == [True]
