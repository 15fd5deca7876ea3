"""docs/layers.md has a row for every section, and what its rows name exists."""

import json
import re
from pathlib import Path

import pytest

from darknet_torch.model.registry import LAYER_TYPES

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "tests" / "parity" / "data"
PAGE = (ROOT / "docs" / "layers.md").read_text("utf-8")
ROWS = re.findall(r"^\| (?!section).*\|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("layer", LAYER_TYPES, ids=lambda layer: layer.section_names[0])
def test_every_section_has_a_row_with_its_aliases(layer):
    name, *aliases = layer.section_names
    title = f"| [{name}]" + (f" ({', '.join(aliases)})" if aliases else "") + " |"
    assert [row for row in ROWS if row.startswith(title)], f"{title} is missing"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_what_a_row_names_exists(row):
    _, _, code, tests, _, _, records, _ = row.split("|")
    for name in re.findall(r"`(.+?)`", code):
        assert (ROOT / "darknet_torch" / name).exists(), name
    assert "`" in tests
    for name in re.findall(r"`(.+?)`", tests):
        assert (ROOT / "tests" / name).exists(), name
    section = re.match(r"\| (\[\w+\])", row)
    for name in filter(None, (part.strip() for part in records.split(","))):
        if name != "all":
            (path,) = (*RECORDS.glob(f"layers/{name}.json"), *RECORDS.glob(f"train/{name}.json"))
            cfg = json.loads(path.read_text("utf-8"))["cfg"]
            assert section is None or section[1] in cfg, f"{name} has no {section[1]}"
