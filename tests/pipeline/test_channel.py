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
    thread.join(1)
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
    thread.join(1)
    assert len(errors) == 1


def test_abandon_wakes_a_waiting_consumer_and_drops_what_waits() -> None:
    channel: Channel[int] = Channel()
    taken: list[int] = []
    thread = in_thread(lambda: taken.extend(channel))
    time.sleep(0.05)
    channel.abandon()
    thread.join(1)
    assert not thread.is_alive()
    assert taken == []
    full: Channel[int] = Channel()
    full.put(1)
    full.abandon()
    assert list(full) == []


def test_depth_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="depth = 0"):
        Channel(0)
