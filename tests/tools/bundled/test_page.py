"""The tables of the page about the bundled model."""

import copy

import pytest

from tools.bundled.page import TABLES, class_table, scene_table, with_tables

FIGURES = {
    "model": {"bytes": 1234567, "sha256": "ab12"},
    "training": {
        "cpu_seconds": 3660,
        "machine": "a laptop",
        "commands": ["dtorch train --seed 1"],
    },
    "held_back": {
        "pictures": 1000,
        "objects": 5432,
        "mAP@0.50": 0.9123,
        "mAP@0.50:0.95": 0.7,
        "precision": 0.95,
        "recall": 0.9,
        "classes": {"circle": 0.8, "one": 0.9512},
    },
    "scenes": {
        "mAP@0.50": 0.88,
        "mAP@0.50:0.95": 0.6,
        "scenes": {
            "desk": {"objects": 9, "found": 8, "wrong": 2},
            "wall": {"objects": 4, "found": 4, "wrong": 0},
        },
    },
}
EMPTY = "# Title\n\n" + "".join(f"<!-- {name} -->\n<!-- end -->\ntext\n" for name in TABLES)


def test_a_page_gets_its_tables_and_keeps_the_rest():
    text = with_tables(EMPTY, FIGURES)
    for line in (
        "| size | 1,234,567 bytes |",
        "| mAP@0.5 | 91.2 % |",
        "| training | 61 minutes of CPU time, one thread |",
        "| held-back pictures | 1,000 with 5,432 objects |",
        "$ dtorch train --seed 1",
    ):
        assert line in text.splitlines()
    assert text.startswith("# Title\n\n<!-- figures -->\n|")
    assert text.count("<!-- end -->\ntext\n") == len(TABLES)


def test_tables_replace_those_of_other_figures():
    other = copy.deepcopy(FIGURES)
    other["held_back"]["classes"]["heart"] = 0.5
    assert with_tables(with_tables(EMPTY, other), FIGURES) == with_tables(EMPTY, FIGURES)


def test_a_page_without_a_place_for_a_table_is_an_error():
    with pytest.raises(AssertionError, match="0 places for the table scenes"):
        with_tables(EMPTY.replace("<!-- scenes -->", ""), FIGURES)


def test_classes_are_ordered_by_their_precision():
    assert class_table(FIGURES)[2:] == ["| one | 95.1 % |", "| circle | 80.0 % |"]


def test_scenes_are_added_up():
    assert scene_table(FIGURES)[-1] == "| all | 13 | 12 | 2 |"
