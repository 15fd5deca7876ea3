"""Work ahead and writer: in order, bounded, and what fails is told."""

import threading

import pytest

from darknet_torch.media.prefetch import BackgroundWriter, Prefetcher

LONG = 10  # seconds that never pass, unless a thread waits for what does not come


class TestPrefetcher:
    @pytest.mark.parametrize("room", [1, 2, 100])
    def test_all_items_come_in_order(self, room):
        with Prefetcher((number for number in range(50)), room) as items:
            assert list(items) == list(range(50))

    def test_items_are_made_before_they_are_asked_for_but_no_more_than_there_is_room(self):
        made, waits = [], threading.Event()

        def numbers():
            for number in range(9):
                made.append(number)
                if len(made) == 4:
                    waits.set()
                yield number

        with Prefetcher(numbers(), 3) as items:
            assert waits.wait(LONG)
            assert made == [0, 1, 2, 3]  # three wait, one more has no room
            assert list(items) == list(range(9))

    def test_an_error_comes_behind_the_items_before_it(self):
        def failing():
            yield 1
            raise ValueError("broken")

        with Prefetcher(failing(), 4) as items:
            assert next(items) == 1
            with pytest.raises(ValueError, match="broken"):
                next(items)

    def test_at_the_end_of_the_block_the_generator_is_closed(self):
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

    def test_stale_items_give_way_to_the_next_one(self):
        may_go_on, done = threading.Event(), threading.Event()

        def camera():
            yield "picture"
            yield "frame 1"
            may_go_on.wait(LONG)
            yield "frame 2"
            yield "frame 3"
            yield "its end"
            done.set()

        with Prefetcher(camera(), 9, lambda item: item.startswith("frame")) as items:
            assert [next(items), next(items)] == ["picture", "frame 1"]
            may_go_on.set()
            assert done.wait(LONG)
            assert list(items) == ["frame 3", "its end"]


class TestBackgroundWriter:
    def test_all_is_done_in_order_before_the_block_ends(self):
        done = []
        with BackgroundWriter(2) as writer:
            for number in range(20):
                writer.submit(lambda number=number: done.append(number))
        assert done == list(range(20))

    def test_it_goes_on_while_its_giver_does(self):
        started, may_end = threading.Event(), threading.Event()
        with BackgroundWriter(1) as writer:
            writer.submit(lambda: (started.set(), may_end.wait(LONG)))
            assert started.wait(LONG)
            may_end.set()

    def test_giving_more_than_there_is_room_for_waits(self):
        may_end, third_given = threading.Event(), threading.Event()

        def give():
            with BackgroundWriter(2) as writer:
                for _ in range(2):
                    writer.submit(lambda: may_end.wait(LONG))
                writer.submit(lambda: None)
                third_given.set()

        giver = threading.Thread(target=give)
        giver.start()
        assert not third_given.wait(0.05)
        may_end.set()
        assert third_given.wait(LONG)
        giver.join()

    def test_what_the_work_raises_is_raised(self):
        def fail():
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"), BackgroundWriter(3) as writer:
            writer.submit(fail)

    def test_a_block_that_fails_drops_what_is_not_begun(self):
        started, may_end, done = threading.Event(), threading.Event(), []
        with pytest.raises(KeyError), BackgroundWriter(3) as writer:
            writer.submit(lambda: (started.set(), may_end.wait(LONG)))
            writer.submit(lambda: done.append(1))
            started.wait(LONG)
            threading.Timer(0.05, may_end.set).start()
            raise KeyError
        assert done == []
