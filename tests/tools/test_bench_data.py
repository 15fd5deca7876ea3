"""Examples and the peer of the benchmark of augmentation."""

import cv2

from tools.bench_data import PICTURE, peer, random_examples, times


def test_examples_are_pictures_with_ten_boxes(tmp_path):
    examples = random_examples(tmp_path, 2)
    assert [len(example.labels) for example in examples] == [10, 10]
    assert cv2.imread(str(examples[0].path)).shape[:2] == PICTURE


def test_the_peer_reads_the_pictures(tmp_path):
    examples = random_examples(tmp_path, 1)
    clock, cpu = times(peer(examples, 32, pictures=3))
    assert clock > 0
    assert cpu >= 0
