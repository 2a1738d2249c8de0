"""The bounded hand-over: bounds, order, and closing from either side while the other waits."""

from __future__ import annotations

import threading
import time

import pytest

from stylize_video.pipeline.channel import Channel, ChannelClosedError


def in_thread(work) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_items_arrive_in_order_and_all() -> None:
    channel: Channel[int] = Channel(2)

    def produce() -> None:
        for number in range(50):
            channel.put(number)
        channel.finish()

    thread = in_thread(produce)
    assert list(channel) == list(range(50))
    thread.join()


def test_put_waits_when_full() -> None:
    channel: Channel[int] = Channel(2)
    done: list[int] = []

    def produce() -> None:
        for number in range(3):
            channel.put(number)
            done.append(number)

    thread = in_thread(produce)
    time.sleep(0.1)
    assert done == [0, 1]
    assert next(iter(channel)) == 0
    thread.join(10)
    assert done == [0, 1, 2]


def test_finish_lets_the_rest_be_taken() -> None:
    channel: Channel[int] = Channel()
    channel.put(1)
    channel.finish()
    channel.finish()
    assert list(channel) == [1]
    with pytest.raises(ChannelClosedError):
        channel.put(2)


def test_abandon_wakes_a_waiting_producer() -> None:
    channel: Channel[int] = Channel(1)
    channel.put(1)
    errors: list[BaseException] = []

    def produce() -> None:
        try:
            channel.put(2)
        except ChannelClosedError as error:
            errors.append(error)

    thread = in_thread(produce)
    time.sleep(0.05)
    channel.abandon()
    thread.join(10)
    assert len(errors) == 1


def test_abandon_wakes_a_waiting_consumer_and_drops_what_waits() -> None:
    channel: Channel[int] = Channel()
    taken: list[int] = []
    thread = in_thread(lambda: taken.extend(channel))
    time.sleep(0.05)
    channel.abandon()
    thread.join(10)
    assert not thread.is_alive()
    assert taken == []
    full: Channel[int] = Channel()
    full.put(1)
    full.abandon()
    assert list(full) == []


def test_depth_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="depth = 0"):
        Channel(0)


def test_the_newest_are_kept_and_the_dropped_counted() -> None:
    channel: Channel[int] = Channel(2, keep_newest=True)
    for number in range(7):
        channel.put(number)  # never waits, though nobody takes any
    assert channel.dropped == 5
    assert channel.newest == 6
    channel.finish()
    assert list(channel) == [5, 6]
    assert channel.waited_to_put == 0


def test_with_room_the_newest_drops_nothing() -> None:
    channel: Channel[int] = Channel(1, keep_newest=True)
    taken = iter(channel)
    for number in range(20):
        channel.put(number)
        assert next(taken) == number
    assert channel.dropped == 0


def test_a_slow_consumer_of_live_pictures_is_never_far_behind() -> None:
    """Order is kept, the last item comes through, and every other one is either taken or counted."""
    channel: Channel[int] = Channel(1, keep_newest=True)
    numbers: list[int] = []

    def consume() -> None:
        for number in channel:
            numbers.append(number)
            time.sleep(0.005)

    thread = in_thread(consume)
    for number in range(200):
        channel.put(number)
        time.sleep(0.0005)
    channel.finish()
    thread.join(30)
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 199
    assert len(numbers) + channel.dropped == 200
    assert channel.dropped > 0


@pytest.mark.parametrize("keep_newest", [False, True])
def test_either_side_closes_either_kind(keep_newest: bool) -> None:
    finished: Channel[int] = Channel(1, keep_newest=keep_newest)
    taken: list[int] = []
    thread = in_thread(lambda: taken.extend(finished))
    finished.put(1)
    finished.finish()
    thread.join(10)
    assert not thread.is_alive()
    assert taken == [1]
    with pytest.raises(ChannelClosedError):
        finished.put(2)

    abandoned: Channel[int] = Channel(1, keep_newest=keep_newest)
    abandoned.put(1)
    abandoned.abandon()
    with pytest.raises(ChannelClosedError):
        abandoned.put(2)
    assert list(abandoned) == []
    assert abandoned.dropped == 0  # the consumer is gone; nothing came too late


@pytest.mark.parametrize("keep_newest", [False, True])
def test_a_consumer_that_waits_is_woken_by_the_end(keep_newest: bool) -> None:
    channel: Channel[int] = Channel(1, keep_newest=keep_newest)
    taken: list[int] = []
    thread = in_thread(lambda: taken.extend(channel))
    time.sleep(0.05)
    channel.finish()
    thread.join(10)
    assert not thread.is_alive()
    assert channel.waited_to_take > 0
