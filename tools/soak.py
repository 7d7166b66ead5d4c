"""`scripts/soak [--minutes N]`: a server under every kind of client at once, for a long time.

Logins by all protocols in the clear and with TLS, IDLE, aborted handshakes, clients that ask for
much and read nothing. Afterwards every acknowledged login has its line, nothing is on stderr, and
memory and descriptors are flat: in the last third of the time neither has grown by more than a
margin over the third before it.
"""

import argparse
import contextlib
import imaplib
import os
import poplib
import random
import smtplib
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from statistics import median

import msgspec

from mailauth.events.feed import KEPT
from mailauth.testing import RunningServer

PASSWORD = "secret"
SAMPLE_SECONDS = 1.0
MARGIN_MEGABYTES = 3.0
MARGIN_DESCRIPTORS = 10
PACE_SECONDS = 0.02  # of a client between one connection and the next


class Sample(msgspec.Struct, frozen=True):
    """What the server takes at one time."""

    megabytes: float
    descriptors: int


class Clients:
    """Client threads, and how many logins the server has acknowledged to them."""

    def __init__(self, server: RunningServer) -> None:
        self.acknowledged = 0
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []
        self._server = server
        self._trusting = server.trusting()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Let all kinds of clients loose."""
        kinds: list[Callable[[str], None]] = [
            *(self._imap, self._imap_starttls, self._imaps, self._pop3, self._pop3s),
            *(self._smtp, self._smtps, self._http, self._https, self._idle, self._idle),
            *(self._aborted_handshake, self._slow_reader, self._wrong_password, self._silent),
        ]
        for number, kind in enumerate(kinds):
            account = f"user{number}@mydomain.com"
            thread = threading.Thread(target=self._again_and_again, args=(kind, account))
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Let all clients finish what they are at."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _again_and_again(self, kind: Callable[[str], None], account: str) -> None:
        while not self._stopping.is_set():
            try:
                kind(account)
            except Exception as error:  # noqa: BLE001 - reported at the end
                with self._lock:
                    self.problems.append(f"{kind.__name__}: {error!r}")
            with self._lock:
                self.done[kind.__name__] += 1
            self._stopping.wait(PACE_SECONDS)

    def _in(self) -> None:
        """The server has acknowledged a login."""
        with self._lock:
            self.acknowledged += 1

    def _port(self, name: str) -> int:
        return self._server.port(name)

    # IMAP.

    def _imap(self, account: str) -> None:
        with imaplib.IMAP4("127.0.0.1", self._port("imap"), timeout=20) as client:
            self._use(client, account)

    def _imap_starttls(self, account: str) -> None:
        with imaplib.IMAP4("localhost", self._port("imap"), timeout=20) as client:
            client.starttls(self._trusting)
            self._use(client, account)

    def _imaps(self, account: str) -> None:
        port = self._port("imaps")
        with imaplib.IMAP4_SSL("localhost", port, ssl_context=self._trusting, timeout=20) as client:
            self._use(client, account)

    def _use(self, client: imaplib.IMAP4, account: str) -> None:
        client.login(account, PASSWORD)
        self._in()
        client.select()
        client.fetch("1:*", "(FLAGS BODY[])")

    def _idle(self, account: str) -> None:
        with imaplib.IMAP4("127.0.0.1", self._port("imap"), timeout=20) as client:
            self._use(client, account)
            client.send(b"i IDLE\r\n")
            assert client.readline().startswith(b"+")
            self._stopping.wait(random.uniform(0.5, 3))
            client.send(b"DONE\r\n")
            assert client.readline().startswith(b"i OK")

    # POP3, SMTP, HTTP.

    def _pop3(self, account: str) -> None:
        self._list(poplib.POP3("127.0.0.1", self._port("pop3"), timeout=20), account)

    def _pop3s(self, account: str) -> None:
        port = self._port("pop3s")
        self._list(poplib.POP3_SSL("localhost", port, context=self._trusting, timeout=20), account)

    def _list(self, client: poplib.POP3, account: str) -> None:
        with contextlib.closing(client):
            client.user(account)
            client.pass_(PASSWORD)
            self._in()
            client.list()
            client.quit()

    def _smtp(self, account: str) -> None:
        with smtplib.SMTP("127.0.0.1", self._port("submission"), timeout=20) as client:
            client.login(account, PASSWORD)
            self._in()

    def _smtps(self, account: str) -> None:
        port = self._port("smtps")
        with smtplib.SMTP_SSL("localhost", port, context=self._trusting, timeout=20) as client:
            client.login(account, PASSWORD)
            self._in()

    def _http(self, account: str) -> None:
        self._ask(HTTPConnection("127.0.0.1", self._port("http"), timeout=20), account)

    def _https(self, account: str) -> None:
        port = self._port("https")
        self._ask(HTTPSConnection("localhost", port, context=self._trusting, timeout=20), account)

    def _ask(self, client: HTTPConnection, account: str) -> None:
        basic = b64encode(f"{account}:{PASSWORD}".encode()).decode("ascii")
        with contextlib.closing(client):
            client.request(
                "GET", "/api/v1/logins?limit=1", headers={"Authorization": f"Basic {basic}"}
            )
            answer = client.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            self._in()

    # Clients that nobody likes.

    def _aborted_handshake(self, account: str) -> None:
        """Begin a handshake and reset the connection, or leave it half done."""
        with self._connected("imaps") as client:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = self._trusting.wrap_bio(incoming, outgoing, server_hostname="localhost")
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            hello = outgoing.read()
            client.sendall(hello[: random.randrange(1, len(hello))])
            if random.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _slow_reader(self, account: str) -> None:
        """Ask for more than the kernel keeps, read little of it, and go."""
        with self._connected("imap") as client:
            client.sendall(f"a LOGIN {account} {PASSWORD}\r\nb SELECT INBOX\r\n".encode())
            received = b""
            while b"\r\nb OK" not in received:
                received += client.recv(4096)
            self._in()
            with contextlib.suppress(TimeoutError, OSError):
                client.settimeout(0.2)
                for _ in range(2000):
                    client.sendall(b"c FETCH 1:* (BODY[] BODY[] BODY[] BODY[])\r\n" * 50)
            self._stopping.wait(0.5)

    def _wrong_password(self, account: str) -> None:
        with self._connected("pop3") as client:
            client.sendall(f"USER {account}\r\nPASS wrong\r\nQUIT\r\n".encode())
            while client.recv(4096):
                pass

    def _silent(self, account: str) -> None:
        with self._connected("submission") as client:
            assert client.recv(100).startswith(b"220")
            self._stopping.wait(1)

    def _connected(self, name: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port(name)), timeout=20)


def sample(pid: int) -> Sample:
    """Look at the server."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Sample(
        megabytes=pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )


def main() -> None:
    """Soak; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=(__doc__ or "").strip())
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        home = Path(name)
        users = "".join(
            f'[[user]]\nname = "user{number}@mydomain.com"\npassword = "{PASSWORD}"\n'
            for number in range(20)
        )
        (home / "mailauth.toml").write_text(users)
        with RunningServer(home) as server:
            _fill(server)
            clients = Clients(server)
            clients.begin()
            samples = _samples(server.ready.pid, minutes)
            clients.end()
            server.settled()
            lines = len(server.lines())
            problems = clients.problems + _broken_promises(samples, clients.acknowledged, lines)
        stderr = server.stderr_file.read_text()
        problems += [f"on stderr: {stderr[:2000]}"] if stderr else []
    sys.stdout.write(f"{clients.acknowledged} logins acknowledged, {lines} lines\n")
    for kind, count in sorted(clients.done.items()):
        sys.stdout.write(f"{count:8} {kind.strip('_')}\n")
    for problem in problems[:20]:
        sys.stdout.write(f"PROBLEM: {problem}\n")
    sys.stdout.write(f"{len(problems)} problems\n")
    sys.exit(1 if problems else 0)


def _fill(server: RunningServer) -> None:
    """Let the newest events, which the server keeps in memory, be as many as they ever are."""
    for _ in range(2 * KEPT + 1):
        with socket.create_connection(("127.0.0.1", server.port("imap"))):
            pass
    server.settled()


def _samples(pid: int, minutes: float) -> list[Sample]:
    end = time.monotonic() + minutes * 60
    samples: list[Sample] = []
    while time.monotonic() < end:
        samples.append(sample(pid))
        if len(samples) % 30 == 1:
            newest = samples[-1]
            sys.stdout.write(f"{newest.megabytes:.1f} MB, {newest.descriptors} descriptors\n")
            sys.stdout.flush()
        time.sleep(SAMPLE_SECONDS)
    return samples


def _broken_promises(samples: list[Sample], acknowledged: int, lines: int) -> list[str]:
    third = len(samples) // 3
    before, last = samples[third : 2 * third], samples[2 * third :]
    megabytes = [median(each.megabytes for each in part) for part in (before, last)]
    descriptors = [median(each.descriptors for each in part) for part in (before, last)]
    sys.stdout.write(
        f"second third to last third, medians: {megabytes[0]:.1f} to {megabytes[1]:.1f} MB"
        f" (at most {MARGIN_MEGABYTES} more), {descriptors[0]:.0f} to {descriptors[1]:.0f}"
        f" descriptors (at most {MARGIN_DESCRIPTORS} more)\n"
    )
    problems = []
    if megabytes[1] - megabytes[0] > MARGIN_MEGABYTES:
        problems.append("memory grows")
    if descriptors[1] - descriptors[0] > MARGIN_DESCRIPTORS:
        problems.append("descriptors grow")
    if acknowledged != lines:
        problems.append(f"{acknowledged} acknowledged logins have {lines} lines")
    return problems


if __name__ == "__main__":
    main()
