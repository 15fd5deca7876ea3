"""Three steps on items: order, overlap, bounded memory, errors."""

import threading

import pytest

from darknet_torch.media.pipeline import Pipeline

TIMEOUT = 10  # seconds; only a test that fails waits that long


def same(item):
    return item


def results(pipeline, items):
    return [result.result(TIMEOUT) for result in list(pipeline.run(item for item in items))]


def test_every_item_passes_the_steps_in_order():
    pipeline = Pipeline(lambda item: item + 1, lambda item: item * 10, str)
    assert results(pipeline, range(50)) == [str(10 * (number + 1)) for number in range(50)]


def test_an_item_is_computed_while_the_next_is_prepared_and_the_last_finished():
    prepared, computed = ([threading.Event() for _ in range(6)] for _ in range(2))

    def prepare(number):
        prepared[number].set()
        return number

    def compute(number):
        assert prepared[number + 1].wait(TIMEOUT)
        computed[number].set()
        return number

    def finish(number):
        assert computed[number + 1].wait(TIMEOUT)
        return number

    computed[5].set()
    prepared[5].set()
    assert results(Pipeline(prepare, compute, finish), range(5)) == list(range(5))


def test_no_more_than_four_items_are_on_their_way():
    taken, finished, most = 0, 0, 0

    def items():
        nonlocal taken, most
        for number in range(30):
            taken += 1
            most = max(most, taken - finished)
            yield number

    def finish(number):
        nonlocal finished
        finished += 1

    for _ in Pipeline(same, same, finish).run(items()):
        pass
    assert taken == finished == 30
    assert most <= 5  # one more is taken while the finished one is counted


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_exception_of_a_step_is_raised_after_the_items_before_it(step):
    done, closed = [], threading.Event()

    def fail_at_three(number):
        if number == 3:
            raise ValueError("broken")
        return number

    def items():
        try:
            yield from range(100)
        finally:
            closed.set()

    steps = [same, same, same]
    steps[step] = fail_at_three
    finish = steps[2]
    pipeline = Pipeline(steps[0], steps[1], lambda number: done.append(finish(number)))
    with pytest.raises(ValueError, match="broken"):
        for _ in pipeline.run(items()):
            pass
    # What was computed before the finishing of an item failed is finished, too.
    assert [number for number in done if number < 3] == [0, 1, 2]
    assert closed.wait(TIMEOUT)


def test_what_is_computed_is_finished_when_the_iteration_ends_early():
    done, closed = [], threading.Event()

    def items():
        try:
            yield from range(100)
        finally:
            closed.set()

    run = Pipeline(same, same, done.append).run(items())
    next(run)
    run.close()
    assert done == [0]
    assert closed.is_set()


def test_a_waiting_item_is_replaced_by_a_newer_one():
    first, last = threading.Event(), threading.Event()

    def camera():
        yield 0
        assert first.wait(TIMEOUT)
        yield from range(1, 9)
        last.set()

    def compute(number):
        first.set()
        assert last.wait(TIMEOUT)
        return number

    found = results(Pipeline(same, compute, same, lambda number: True), camera())
    assert found == [0, 8]
