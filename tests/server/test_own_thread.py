"""Work that has a thread of its own: in its order, and on after a failure."""

import threading
from functools import partial

from mailauth.server.own_thread import OwnThread


def test_one_thing_is_done_after_the_other_beside_everything_else() -> None:
    thread, all_done = OwnThread("disk"), threading.Event()
    done: list[tuple[int, threading.Thread]] = []

    def does(number: int) -> None:
        done.append((number, threading.current_thread()))

    def fails() -> None:
        raise RuntimeError("a mistake")

    for number in range(3):
        thread.do(partial(does, number))
        thread.do(fails)
    thread.do(all_done.set)
    assert all_done.wait(20)
    assert [number for number, _ in done] == [0, 1, 2]
    [one] = {each for _, each in done}
    assert (one.name, one.daemon) == ("disk", True)
    assert one is not threading.current_thread()
