"""The load client: load.c, compiled when needed, since Python would be the bottleneck."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec


class Load(msgspec.Struct, frozen=True):
    """What the load client has measured. A login is counted when the server has acknowledged it."""

    logins: int
    failures: int
    seconds: float
    rate: float
    resumed: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    client_busy: float


class LoadFailed(Exception):
    """A dialogue did not go as it should; the message is the client's."""


class LoadClient:
    """Runs dialogues against 127.0.0.1, on one core."""

    def __init__(self, directory: Path, core: int) -> None:
        self._program = directory / "load"
        source = Path(__file__).with_name("load.c")
        subprocess.run(["cc", "-O2", "-o", self._program, source, "-lssl", "-lcrypto"], check=True)
        self._core = core

    def run(self, port: int, steps: list[str], *options: str, pinned: bool = True) -> Load:
        """Measure one dialogue; raises `LoadFailed`."""
        core = ["taskset", "-c", str(self._core)] if pinned else []
        done = subprocess.run(
            [*core, self._program, *options, "127.0.0.1", str(port), *steps],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LoadFailed(f"{done.stderr}{done.stdout}")
        return msgspec.json.decode(done.stdout, type=Load)

    @contextmanager
    def held(self, port: int, steps: list[str], count: int) -> Iterator[None]:
        """Hold this many connections open; raises `LoadFailed`."""
        with subprocess.Popen(
            [self._program, "-i", str(count), "127.0.0.1", str(port), *steps],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise LoadFailed(f"{count} connections could not be held")
            yield
            _, _ = process.communicate("")
