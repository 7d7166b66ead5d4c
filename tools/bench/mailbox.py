"""A mailbox of 20,000 messages: what opening, listing, searching and reading it take.

While each command is answered, another connection asks for something small again and again: what
it had to wait at most, by the clock and by the server's processor time, says how long the server
was deaf to everybody else. The latter is the same on a busy machine.
"""

import os
import random
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec

from mailauth.testing import RunningServer
from tools.bench.machine import cores
from tools.bench.results import table

MESSAGES = 20_000
NAME = "mary@mydomain.com"

_COMMANDS = (
    "SELECT INBOX",
    "FETCH 1:* (UID FLAGS)",
    "FETCH 1:* (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT)])",
    "FETCH 1:* (ENVELOPE BODYSTRUCTURE)",
    "FETCH 1:* (BODY.PEEK[9.9])",
    "SEARCH UNSEEN",
    "SEARCH SUBJECT quarterly",
    "SEARCH TEXT marmalade",
    "FETCH 1:* (BODY.PEEK[])",
    "STORE 1:* +FLAGS.SILENT (\\Seen)",
    "COPY 1:* Archive",
    "MOVE 1:* Junk",
    "SELECT Archive",
    "STORE 1:* +FLAGS.SILENT (\\Deleted)",
    "EXPUNGE",
)
_WORDS = ("report", "meeting", "invoice", "garden", "train", "weather", "lunch", "draft", "letter")
_MEGABYTE = 1 << 20


class Cost(msgspec.Struct, frozen=True):
    """What a command came to: times in seconds, memory and the answer in megabytes."""

    elapsed: float
    processor: float
    others_waited: float
    of_it_processor: float
    grown: float
    answer: float


def measure() -> str:
    """Measure both stores; return a section of Markdown."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        sections = []
        for store in ("memory", "maildir"):
            home = Path(directory) / store
            home.mkdir()
            arguments = ("--maildir", str(home / "mail")) if store == "maildir" else ()
            sections.append(_measured(store, home, arguments))
        return "\n\n".join(sections)


def _measured(store: str, home: Path, arguments: tuple[str, ...]) -> str:
    server_core, client_core = cores()
    usable = os.sched_getaffinity(0)
    server = RunningServer(home, *arguments)
    try:
        os.sched_setaffinity(0, {server_core})  # which the server inherits
        server.start()
        os.sched_setaffinity(0, {client_core})
        with Client(server.port("imap")) as client:
            client.run("SELECT INBOX")
            costs = []
            if store == "memory":
                size = _append(client)
            else:
                size = _deliver(home / "mail" / NAME)
                costs.append(("NOOP", _cost(server, client, "NOOP")))  # which finds them
            costs += [(command, _cost(server, client, command)) for command in _COMMANDS]
    finally:
        os.sched_setaffinity(0, usable)
        server.stop()
    said = server.stderr_file.read_text()
    assert not said, f"on the server's stderr: {said}"
    rows = [
        [
            f"`{command}`",
            f"{cost.elapsed:.3f} s",
            f"{cost.processor:.2f} s",
            f"{cost.others_waited * 1000:.0f} ms",
            f"{cost.of_it_processor * 1000:.0f} ms",
            f"{cost.answer:.1f} MB",
            f"{cost.grown:.1f} MB",
        ]
        for command, cost in costs
    ]
    head = ["command", "answered in", "processor", "others waited", "by processor"]
    head += ["answer", "memory grew by"]
    worst = ", ".join(
        f"{cost.others_waited * 1000:.0f} ms during {command.partition(' ')[0]}"
        for command, cost in costs
        if command.startswith(("COPY", "MOVE", "EXPUNGE"))
    )
    return (
        f"{store}: {MESSAGES:,} messages, {size / _MEGABYTE:.0f} MB\n\n{table(head, rows)}\n\n"
        f"Another client's NOOP took at most {worst} of all {MESSAGES:,}."
    )


def _deliver(maildir: Path) -> int:
    """Put the messages into a Maildir, as other programs do, and return their octets."""
    size = 0
    for number, message in enumerate(_messages()):
        flags = "S" if number % 3 else ""
        (maildir / "cur" / f"{number}.bench:2,{flags}").write_bytes(message.replace(b"\r\n", b"\n"))
        size += len(message)
    return size


def _append(client: "Client") -> int:
    """Put the messages into INBOX, and return their octets."""
    size = 0
    for number, message in enumerate(_messages()):
        flags = "\\Seen" if number % 3 else ""
        client.send(b"f APPEND INBOX (%b) {%d+}\r\n" % (flags.encode(), len(message)), message)
        size += len(message)
        if number % 100 == 99:
            client.run("NOOP")
    return size


def _messages() -> Iterator[bytes]:
    """Letters as they come: plain ones, some with HTML, some with something attached."""
    choice = random.Random(20_000)
    lines = [" ".join(choice.choices(_WORDS, k=11)) for _ in range(1_000)]
    for number in range(MESSAGES):
        subject = " ".join(choice.choices(_WORDS, k=4)) + (" quarterly" if number % 97 == 0 else "")
        first = choice.randrange(900)
        text = "\r\n".join(lines[first : first + choice.randrange(5, 80)]) + "\r\n"
        text += "marmalade\r\n" if number % 211 == 0 else ""
        head = (
            f"Date: {1 + number % 28} Jul 2020 12:00:00 +0200\r\n"
            f"From: Jo <jo{number % 50}@a.org>\r\nTo: Mary <{NAME}>\r\n"
            f"Message-ID: <{number}@a.org>\r\nSubject: {subject}\r\n"
            "Received: from a.org by b.org with ESMTPS id 1; Tue, 28 Jul 2020 12:00:00 +0200\r\n"
            "MIME-Version: 1.0\r\n"
        )
        plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}"
        if number % 4 == 0:
            html = f"Content-Type: text/html; charset=utf-8\r\n\r\n<p>{text}</p>\r\n"
            yield _mixed(head, "alternative", plain, html)
        elif number % 23 == 0:
            line = "".join(choice.choices("ABCDEFGHabcdefgh0123+/", k=76)) + "\r\n"
            attached = (
                "Content-Type: application/pdf; name=a.pdf\r\n"
                f"Content-Transfer-Encoding: base64\r\n\r\n{line * choice.randrange(100, 1_500)}"
            )
            yield _mixed(head, "mixed", plain, attached)
        else:
            yield (head + plain).encode()


def _mixed(head: str, kind: str, *parts: str) -> bytes:
    whole = "".join(f"--frontier\r\n{part}\r\n" for part in parts)
    return (
        f"{head}Content-Type: multipart/{kind}; boundary=frontier\r\n\r\n{whole}--frontier--\r\n"
    ).encode()


def _cost(server: RunningServer, client: "Client", command: str) -> Cost:
    pid = server.ready.pid
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew (proc(5))
    before, processor = _memory(pid, "VmRSS"), _processor(pid)
    with Bystander(server) as bystander:
        started = time.perf_counter()
        octets = client.run(command)
        elapsed = time.perf_counter() - started
    return Cost(
        elapsed,
        _processor(pid) - processor,
        bystander.longest,
        bystander.longest_processor,
        _memory(pid, "VmHWM") - before,
        octets / _MEGABYTE,
    )


def _processor(pid: int) -> float:
    """The processor time that the reactor's thread has had, in seconds (proc(5))."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


def _memory(pid: int, key: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


class Client:
    """An IMAP client that has logged in; it looks at nothing but the end of an answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 120)
        self._commands = 0
        self._socket.recv(65_536)
        self.run(f"LOGIN {NAME} secret")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *pieces: bytes) -> None:
        """Send a command with its literal, and do not wait for the answer."""
        self._socket.sendall(b"".join((*pieces, b"\r\n")))

    def run(self, command: str) -> int:
        """Carry out a command, and return the octets of its answer."""
        self._commands += 1
        tag = b"t%d" % self._commands
        self.send(tag + b" " + command.encode())
        octets, tail = 0, b"\r\n"
        while True:
            data = self._socket.recv(_MEGABYTE)
            assert data, "the server has closed the connection"
            octets += len(data)
            tail = (tail + data)[-4096:]
            at = tail.rfind(b"\r\n%b " % tag)
            if at >= 0 and tail.endswith(b"\r\n"):
                assert tail.startswith(b"OK", at + len(tag) + 3), tail[at:]
                return octets


class Bystander:
    """Another connection, which asks again and again; `longest` is what it waited at most."""

    def __init__(self, server: RunningServer) -> None:
        self.longest = self.longest_processor = 0.0
        self._pid = server.ready.pid
        self._client = Client(server.port("imap"))
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _ask(self) -> None:
        with self._client:
            while not self._ending.wait(0.002):
                asked, processor = time.perf_counter(), _processor(self._pid)
                self._client.run("NOOP")
                self.longest = max(self.longest, time.perf_counter() - asked)
                used = _processor(self._pid) - processor
                self.longest_processor = max(self.longest_processor, used)
