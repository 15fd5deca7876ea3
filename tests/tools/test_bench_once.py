"""The cost of one detection from the shell."""

from tools.bench_once import Cost, least, report_once


def test_the_least_of_each_counts():
    assert least([Cost(2.0, 30), Cost(1.0, 40)]) == Cost(1.0, 30)


def test_memory_is_compared_with_pytorch_and_the_weights():
    text = report_once("x", Cost(1.5, 60 * 2**20), Cost(1.0, 20 * 2**20), 20 * 2**20)
    assert text == (
        "x: 1.50 CPU-seconds, import torch: 1.00, ratio 1.50\n"
        "x: 60 MiB, import torch and the weights: 40 MiB, ratio 1.50"
    )
