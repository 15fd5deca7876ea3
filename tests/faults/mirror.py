"""A server in the process of a run, which has a file that `dtorch download toy` fetches."""

import hashlib
import os
import threading
from pathlib import Path

from darknet_torch.downloads import published
from darknet_torch.downloads.published import MIRROR, Published
from tests.downloads.server import Server, good

PUBLISHED = "published.weights"  # a command runs with this server if its folder has such a file


def start_mirror(path, behaviour=good):
    """Let this process find a file under the name toy, on a server of its own.

    Args:
        path: of the file.
        behaviour: how the server answers, see `tests.downloads.server`.
    """
    data = Path(path).read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    entry = Published("toy.weights", len(data), digests=(digest,))
    published._BY_NAME = dict.fromkeys(entry.names, entry)
    server = Server(data)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ[MIRROR] = server.mirrors(a=[behaviour])
