"""Prefetcher and BackgroundWriter: order, bounded queues and errors."""

import signal
import threading
import time

import pytest

from darknet_torch.media import prefetch
from darknet_torch.media.prefetch import BackgroundWriter, Prefetcher

TIMEOUT = 10  # seconds; only a test that fails waits that long


class TestPrefetcher:
    @pytest.mark.parametrize("capacity", [1, 2, 100])
    def test_all_items_come_in_order(self, capacity):
        with Prefetcher((number for number in range(50)), capacity) as items:
            assert list(items) == list(range(50))

    def test_items_are_made_ahead_of_their_use_until_the_queue_is_full(self):
        made, waits = [], threading.Event()

        def numbers():
            for number in range(9):
                made.append(number)
                if len(made) == 4:
                    waits.set()
                yield number

        with Prefetcher(numbers(), 3) as items:
            assert waits.wait(TIMEOUT)
            assert made == [0, 1, 2, 3]  # three are in the queue, the fourth waits to enter it
            assert list(items) == list(range(9))

    def test_an_exception_is_raised_after_the_items_before_it(self):
        def failing():
            yield 1
            raise ValueError("broken")

        with Prefetcher(failing(), 4) as items:
            assert next(items) == 1
            with pytest.raises(ValueError, match="broken"):
                next(items)

    def test_a_failure_elsewhere_is_raised_at_once(self):
        waits, may_end = threading.Event(), threading.Event()

        def waiting():
            yield 1
            waits.set()
            may_end.wait(TIMEOUT)
            yield 2

        with Prefetcher(waiting(), 4) as items:
            assert waits.wait(TIMEOUT)
            items.fail(ValueError("broken"))  # drops the first item
            with pytest.raises(ValueError, match="broken"):
                next(items)
            may_end.set()

    def test_the_generator_is_closed_at_the_end_of_the_block(self):
        closed = threading.Event()

        def endless():
            try:
                while True:
                    yield 0
            finally:
                closed.set()

        with Prefetcher(endless(), 2) as items:
            next(items)
        assert closed.is_set()

    def test_a_waiting_item_is_replaced_by_a_newer_one(self):
        may_go_on, done = threading.Event(), threading.Event()

        def camera():
            yield "picture"
            yield "frame 1"
            may_go_on.wait(TIMEOUT)
            yield "frame 2"
            yield "frame 3"
            yield "its end"
            done.set()

        with Prefetcher(camera(), 9, lambda item: item.startswith("frame")) as items:
            assert [next(items), next(items)] == ["picture", "frame 1"]
            may_go_on.set()
            assert done.wait(TIMEOUT)
            assert list(items) == ["frame 3", "its end"]


class TestBackgroundWriter:
    def test_all_functions_run_in_order_before_the_block_ends(self):
        done = []
        with BackgroundWriter(2) as writer:
            for number in range(20):
                writer.submit(lambda number=number: done.append(number))
        assert done == list(range(20))

    def test_functions_run_while_the_caller_continues(self):
        started, may_end = threading.Event(), threading.Event()
        with BackgroundWriter(1) as writer:
            writer.submit(lambda: (started.set(), may_end.wait(TIMEOUT)))
            assert started.wait(TIMEOUT)
            may_end.set()

    def test_submit_blocks_while_the_queue_is_full(self):
        may_end, third_submitted = threading.Event(), threading.Event()

        def submit_three():
            with BackgroundWriter(2) as writer:
                for _ in range(2):
                    writer.submit(lambda: may_end.wait(TIMEOUT))
                writer.submit(lambda: None)
                third_submitted.set()

        caller = threading.Thread(target=submit_three)
        caller.start()
        assert not third_submitted.wait(0.05)
        may_end.set()
        assert third_submitted.wait(TIMEOUT)
        caller.join()

    def test_an_exception_of_a_function_is_raised(self):
        def fail():
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"), BackgroundWriter(3) as writer:
            writer.submit(fail)

    def test_an_exception_is_reported_before_it_is_raised(self):
        reported = threading.Event()

        def fail():
            raise ValueError("broken")

        with (
            pytest.raises(ValueError, match="broken"),
            BackgroundWriter(3, on_error=lambda error: reported.set()) as writer,
        ):
            writer.submit(fail)
            assert reported.wait(TIMEOUT)

    def test_the_result_of_a_function_is_returned(self):
        with BackgroundWriter(3) as writer:
            assert writer.submit(lambda: 5).result(TIMEOUT) == 5

    def test_nothing_is_dropped_when_the_block_raises(self):
        started, may_end, done = threading.Event(), threading.Event(), []
        with pytest.raises(KeyError), BackgroundWriter(3) as writer:
            writer.submit(lambda: (started.set(), may_end.wait(TIMEOUT)))
            writer.submit(lambda: done.append(1))
            started.wait(TIMEOUT)
            may_end.set()
            raise KeyError
        assert done == [1]


def test_a_signal_that_does_not_wake_the_wait_ends_it(monkeypatch):
    """As one that comes just before the wait; here another thread receives it."""
    monkeypatch.setattr(prefetch, "_LOOK", 0.01)
    released = threading.Event()

    def items():
        released.wait(TIMEOUT)
        yield 1

    def interrupt():
        time.sleep(0.05)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    with Prefetcher(items(), 1) as prefetcher:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            next(prefetcher)
        released.set()
