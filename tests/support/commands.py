"""`mailauth` as it is typed, in a process of its own that does not import everything again.

One process for each run of the tests imports the commands once, and forks for every command. What a
command imports on its own, and how it is started, is seen in `tests/cli/test_command_line.py` and
wherever else `python -m mailauth` is run.
"""

import atexit
import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mailauth.cli import COMMANDS, main

_REQUEST = 1 << 17  # octets: arguments and the environment
_SECONDS = 60


class _Forking:
    """The process that forks, seen from here."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._here.settimeout(_SECONDS)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.commands", str(there.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
                start_new_session=True,
            )
        atexit.register(self.close)

    def run(self, request: Mapping[str, object], files: Sequence[int]) -> int:
        """Run a command on these three files, and return its exit code."""
        try:
            socket.send_fds(self._here, [json.dumps(request).encode()], files)
            code = self._here.recv(16)
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            _forking.clear()  # the next command has another
            raise
        assert code, "the process that forks for commands has died"
        return int(code)

    def close(self) -> None:
        """End the process."""
        self._here.close()
        self._process.wait(_SECONDS)


_forking: list[_Forking] = []


def mailauth(
    *arguments: str,
    cwd: Path | None = None,
    stdin: bytes = b"",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output is UTF-8."""
    if not _forking:
        _forking.append(_Forking())
    request = {
        "arguments": arguments,
        "cwd": str(cwd or Path.cwd()),
        "environment": {**os.environ, **environment},
    }
    reading, writing = os.pipe()
    with (
        os.fdopen(reading) as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        giving = threading.Thread(target=_give, args=(writing, stdin))
        giving.start()
        code = _forking[0].run(request, [given.fileno(), out.fileno(), err.fileno()])
        given.close()
        giving.join()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(
            arguments, code, out.read().decode(), err.read().decode()
        )


def _give(writing: int, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(writing, "wb") as pipe:
        pipe.write(content)


def _serve(connection: socket.socket) -> list[str]:
    """Fork for each request; the arguments are returned in the child, ready to be run."""
    while True:
        asked, files, _, _ = socket.recv_fds(connection, _REQUEST, 3)
        if not asked:
            sys.exit()
        child = os.fork()
        if child == 0:
            connection.close()
            request = json.loads(asked)
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            os.chdir(request["cwd"])
            os.environ.clear()
            os.environ.update(request["environment"])
            time.tzset()
            arguments: list[str] = request["arguments"]
            return arguments
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    for name in COMMANDS:
        importlib.import_module(f"mailauth.cli.commands.{name.replace('-', '_')}")
    importlib.import_module("mailauth.server.server")
    assert "twisted.internet.reactor" not in sys.modules, "its descriptors would be shared"
    descriptor = int(sys.argv.pop())
    main(_serve(socket.socket(fileno=descriptor)))
