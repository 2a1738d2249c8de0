"""What is done meanwhile: each thing once, and what somebody waits for isn't held up by the rest."""

from __future__ import annotations

import threading

from stylize_video.pipeline.live.background import Background


def test_what_is_waited_for_is_done_while_something_else_takes_long() -> None:
    background, begun, may_end, done = Background(), *(threading.Event() for _ in range(3))
    order: list[str] = []

    def long() -> None:
        begun.set()
        assert may_end.wait(30)
        order.append("long")

    background.do("long", long, last=True)
    assert begun.wait(30)  # what has not begun is not done any more after the end
    background.do("asked for", lambda: (order.append("asked for"), done.set()))  # type: ignore[func-returns-value]
    assert done.wait(30)
    may_end.set()
    background.close()
    assert order == ["asked for", "long"]


def test_each_thing_is_done_once_and_none_after_the_end() -> None:
    background, begun, may_end = Background(), threading.Event(), threading.Event()
    count: list[int] = []

    def work() -> None:
        begun.set()
        assert may_end.wait(30)
        count.append(1)

    background.do("a", work)
    assert begun.wait(30)
    for last in (False, True):
        background.do("a", work, last=last)  # under way
    background.do("b", work)
    background.do("b", work)
    closing = threading.Thread(target=background.close)
    closing.start()
    while not background._closed:
        pass
    may_end.set()
    closing.join()
    background.do("c", work)
    background.close()
    assert len(count) == 1
