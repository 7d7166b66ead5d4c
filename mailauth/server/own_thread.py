"""A thread for one kind of work, which nothing else can delay."""

import queue
import threading
from collections.abc import Callable

from twisted.logger import Logger

log = Logger()


class OwnThread:
    """Does one task after another; the thread starts with the first, and ends with the process.

    The process does not wait for it, since a task may hang in the system forever.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._has_begun = False

    def do(self, work: Callable[[], object]) -> None:
        """Do this after all earlier tasks; called by only one thread."""
        self._work.put(work)
        if not self._has_begun:
            self._has_begun = True
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self._work.get()()
            except Exception:  # noqa: BLE001 (the next thing has to be done all the same)
                log.failure("A task of {name} failed", name=self._name)
