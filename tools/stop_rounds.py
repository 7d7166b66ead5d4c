"""Rounds in which a worker stops under load, and is not killed: the server has to find out.

It stops while it has the record lock, with half a record written, or wherever it is. What must
hold afterwards is what must hold after `kill_rounds`; and logins go on.
"""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Timer
from time import perf_counter

from tests.live.support.shim import preloaded
from tests.live.support.workforce import all_serve, has_ended, workers
from tools.kill_rounds import KINDS, Rounds

HOLDING = ("stop", "hang")  # what a worker does with the lock in its hands (`shim.c`)
ANYWHERE = "anywhere"
WAYS = (*HOLDING, ANYWHERE)

GOES_ON_SECONDS = 5.0  # what is promised is found within two; the machine may be busy
ENDS_SECONDS = 12.0


class StopRounds(Rounds):
    """Stops workers of one server again and again."""

    def __init__(self, home: Path, count: int, random: Random) -> None:
        self._opened = ExitStack()
        self._breaks = self._opened.enter_context(preloaded(home))
        self.pauses: list[float] = []  # from a stop to the next login
        self.releases: list[float] = []  # from a stop to the end of the worker
        super().__init__(home, count, KINDS["rotation"], random)

    def play_stop(self, way: str) -> None:
        """Stop a worker, see that logins go on, and hold the record to what clients were told."""
        stopped: list[int] = []
        while not all_serve(self.server, self._count):
            pass
        self.load.run(
            self.server,
            after=self._random.randrange(1, 250),
            delay=self._random.uniform(0, 0.01),
            do=self._stopping(way, stopped),
            more=300,
        )
        self.pauses.append(self.load.pause)
        assert self.load.pause < GOES_ON_SECONDS, f"{self.load.pause} s without a login"
        began = perf_counter()
        while not all(has_ended(pid) for pid in stopped):
            assert perf_counter() - began < 60, "a worker that is stopped was not found"
        if stopped:
            self.releases.append(perf_counter() - self._stopped_at)
        self.interrupted += 1
        self.verify()

    def end_stopped(self, way: str) -> float:
        """Stop the server just after a worker was stopped; return how long that took."""
        while not all_serve(self.server, self._count):
            pass
        server, stop_worker = self.server, self._stopping(way, [])
        ended: list[float] = []

        def end() -> None:
            began = perf_counter()
            ended.append(server.stop())
            ended.append(perf_counter() - began)

        ending = Timer(0.3, end)

        def stop() -> None:
            stop_worker()
            ending.start()

        self.load.run(server, after=50, delay=0.0, do=stop, more=1_000_000)
        ending.join()
        code, took = ended
        assert code == 0
        assert took < ENDS_SECONDS, f"it took {took} s"
        self.interrupted += 1
        leave = [each for each in self.load.unexpected if each.startswith(b"421 ")]  # SMTP's
        assert self.load.unexpected == leave
        self.load.unexpected.clear()
        server.start()
        self.verify()
        return took

    def stop(self) -> None:
        """Stop the server, which nothing has harmed."""
        super().stop()
        self._opened.close()

    def _stopping(self, way: str, stopped: list[int]) -> Callable[[], object]:
        def stop() -> None:
            self._stopped_at = perf_counter()
            if way in HOLDING:
                (self._breaks / way).touch()
                return
            stopped.append(self._random.choice(workers(self.server)))
            os.kill(stopped[0], signal.SIGSTOP)

        return stop
