"""Weight files of the tiny detector."""

import pytest


@pytest.fixture
def write_tiny(tmp_path):
    """A function that writes the content of a weight file, if not None, and returns its path."""

    def write_bytes(content):
        path = tmp_path / "tiny.weights"
        if content is not None:
            path.write_bytes(content)
        return path

    return write_bytes
