"""A server in its own process, for tests that use real sockets.

    with RunningServer(home) as server:
        imaplib.IMAP4("127.0.0.1", server.port("imap")).login("mary@mydomain.com", "secret")
        assert server.logins()[0].account == "mary@mydomain.com"

The home can be empty, or have a `mailauth.toml`. Every listener gets a free port.
"""

import signal
import ssl
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Self

import msgspec

from mailauth.login.event import Kind, LoginEvent
from mailauth.record import journal
from mailauth.record.journal import Unreadable
from mailauth.record.line import LoginLine, parse_line
from mailauth.setup.ready_line import Listening, ReadyLine

START_SECONDS = 60.0
STOP_SECONDS = 20.0

_PLAIN = ("HTTP", "none")


class NotStarted(Exception):
    """The server ended instead of listening; the message is what it printed on stderr."""


class RunningServer:
    """Runs `mailauth serve`. `stderr_file` has what it printed on stderr, for all starts."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        self.ready: ReadyLine
        self.process: subprocess.Popen[bytes]
        self.stderr_file = home / "stderr.txt"
        self._arguments = arguments

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()

    def start(self) -> None:
        """Start the server, and return when all listeners are ready. Raises `NotStarted`."""
        with self.stderr_file.open("ab") as stderr:
            self.process = subprocess.Popen(  # noqa: S603
                self.command(),
                stdin=subprocess.PIPE,  # which ends with this process, even if that is killed
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        assert self.process.stdout is not None
        timer = Timer(START_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            self.process.wait()
            raise NotStarted(self.stderr_file.read_text())
        self.ready = msgspec.json.decode(line, type=ReadyLine)

    def command(self) -> list[str]:
        """Return the command to run; it prints the ready line on stdout, as `serve` does."""
        return [
            *(sys.executable, "-m", "mailauth", "serve", "--home", str(self.home)),
            *("--ephemeral", "--ready-json", "--exit-with-stdin", *self._arguments),
        ]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit code. Raises `TimeoutExpired` if it hangs."""
        self.process.send_signal(number)
        try:
            return self._ended()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the server at once (SIGKILL)."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        """Wait for the end; check that nothing was printed on stdout after the ready line."""
        more, _ = self.process.communicate(timeout=STOP_SECONDS)
        assert more == b"", f"printed on stdout after the ready line: {more!r}"
        return self.process.returncode

    def hang_up(self) -> None:
        """Reopen the logs, and reload accounts and certificates (SIGHUP)."""
        self.process.send_signal(signal.SIGHUP)

    # Addresses and certificates.

    def listener(self, name: str) -> Listening:
        """Find a listener by its name."""
        return next(each for each in self.ready.listeners if each.name == name)

    def port(self, name: str) -> int:
        """Return the port of the listener of that name."""
        return self.listener(name).port

    def trusting(self) -> ssl.SSLContext:
        """Make a client's context that trusts the server's CA."""
        assert self.ready.ca is not None
        return ssl.create_default_context(cafile=str(self.home / self.ready.ca))

    def settled(self) -> None:
        """Return when the server has processed everything that has reached it so far.

        It sends a request to a cleartext HTTP listener, which is answered after everything earlier.
        """
        plain = next(each for each in self.ready.listeners if (each.protocol, each.tls) == _PLAIN)
        with closing(HTTPConnection(plain.host, plain.port, timeout=STOP_SECONDS)) as client:
            client.request("GET", "/healthz")
            client.getresponse().read()

    # Records.

    def lines(self) -> list[str]:
        """Return the lines of `SuccessfulLogins.log`."""
        return _lines(self.home / self.ready.logs.successful)

    def failures(self) -> list[str]:
        """Return the lines of `InvalidPasswordAttempts.log`."""
        return _lines(self.home / self.ready.logs.invalid)

    def logins(self) -> list[LoginLine]:
        """Return the parsed `SuccessfulLogins.log`. Raises `LineError` for a malformed line."""
        return [parse_line(line) for line in self.lines()]

    def events(self, kind: Kind | None = None) -> list[LoginEvent]:
        """Return the journal, or its events of one kind; an incomplete record fails the test."""
        path = self.home / self.ready.logs.attempts
        with path.open("rb") as stream:
            records = list(journal.read(stream))
        events = []
        for record in records:
            assert not isinstance(record, Unreadable), record
            if kind is None or record.kind is kind:
                events.append(record)
        return events

    def attempts(self) -> list[LoginEvent]:
        """Return every login attempt of the journal."""
        return self.events(Kind.LOGIN)

    def connections(self) -> list[LoginEvent]:
        """Return the connections that ended without an attempt."""
        return self.events(Kind.CONNECTION)


def _lines(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    assert text == "" or text.endswith("\n"), f"torn: {text[-200:]!r}"
    return text.split("\n")[:-1]
