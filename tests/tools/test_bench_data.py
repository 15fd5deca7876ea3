"""The two sides of the benchmark of augmentation, and its table."""

import cv2
import pytest

from tools.bench_data import PICTURE, RECIPES, ours, peer, random_examples, table, times


def test_examples_are_pictures_with_ten_boxes(tmp_path):
    examples = random_examples(tmp_path, 2)
    assert [len(example.labels) for example in examples] == [10, 10]
    assert cv2.imread(str(examples[0].path)).shape[:2] == PICTURE


def test_the_peer_reads_the_pictures(tmp_path):
    examples = random_examples(tmp_path, 1)
    clock, cpu = times(peer(examples, 32, pictures=3))
    assert clock > 0
    assert cpu >= 0


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_makes_whole_mini_batches(tmp_path, recipe):
    assert ours(random_examples(tmp_path, 1), recipe, 32, workers=0, pictures=9)() == [0, 1]


def test_the_table_has_a_row_for_each_size_and_number_of_workers(tmp_path):
    head, line, *rows = table(random_examples(tmp_path, 1), (32, 64), (0, 1), pictures=8)
    assert head.count("|") == line.count("|") == 3 + len(RECIPES) + 1
    for row, (size, workers) in zip(rows, ((32, 0), (32, 1), (64, 0), (64, 1)), strict=True):
        cells = row.strip("| ").split(" | ")
        assert cells[:2] == [str(size), str(workers)]
        for cell in cells[3:]:
            rate, ratio = cell.rstrip(")").split(" (")
            assert float(ratio) == pytest.approx(int(rate) / int(cells[2]), abs=0.1)
            assert int(rate) > 0
