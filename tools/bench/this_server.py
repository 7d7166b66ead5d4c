"""This server as users run it: line and journal written, origin looked up, for each login."""

import os
from pathlib import Path
from typing import Self

from mailauth.testing import RunningServer
from tools.bench.dialogues import ACCOUNTS, PASSWORD
from tools.bench.machine import wait_until_idle


class ThisServer:
    """One server on a home of its own, pinned to one core, or to none."""

    def __init__(
        self, home: Path, core: int | None, *, durability: str = "os", workers: int = 1
    ) -> None:
        home.mkdir(exist_ok=True)
        (home / "mailauth.toml").write_text(
            '[users]\nfile = "users.passwd"\n'
            f'[log]\ndurability = "{durability}"\n'
            f"[server]\nworkers = {workers}\n"
        )
        (home / "users.passwd").write_text(
            "".join(f"{name}:{{PLAIN}}{PASSWORD}\n" for name in ACCOUNTS)
        )
        self._core = core
        self._server = RunningServer(home)

    def __enter__(self) -> Self:
        usable = os.sched_getaffinity(0)
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})  # which the server inherits
        try:
            self._server.start()
        finally:
            os.sched_setaffinity(0, usable)
        wait_until_idle(self.pid)  # it derives SCRAM keys of its accounts
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        said = self._server.stderr_file.read_text()
        assert not said, f"on the server's stderr: {said}"

    @property
    def pid(self) -> int:
        return self._server.ready.pid

    def port(self, listener: str) -> int:
        """Return the port of a listener."""
        return self._server.port(listener)

    @property
    def recorded(self) -> int:
        """How many lines `SuccessfulLogins.log` has."""
        return len(self._server.lines())
