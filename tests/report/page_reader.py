"""What a written page contains, without a browser."""

import json
import re
from pathlib import Path

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def read_page_data(folder: Path) -> dict:
    """The data of the script of a folder's page: classes, kinds, counts and pictures."""
    return json.loads(_DATA.search((folder / "index.html").read_text())[1])
