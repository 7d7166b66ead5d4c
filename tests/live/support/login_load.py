"""Clients that log in without pause, each from an address of its own, so that its line is known."""

import base64
import errno
import selectors
import socket
from collections.abc import Callable, Collection, Iterator
from ipaddress import IPv4Address
from time import perf_counter

import msgspec

from mailauth.testing import RunningServer
from tests.live.support.workforce import what_they_do

NAME, PASSWORD = "bob", "b0b's"
WRONG_EACH = 7  # one of so many has a wrong password
STUCK_SECONDS = 60.0
SLOW_SECONDS = 0.5  # a client that waits for longer is not waited for by the next one

_FIRST = int(IPv4Address("127.1.0.0"))


class Dialogue(msgspec.Struct, frozen=True):
    """What a client says as soon as a line begins so, in turn; then, how its login is answered."""

    listener: str
    turns: tuple[tuple[bytes, bytes], ...]
    answer: bytes
    success: bytes
    failure: bytes


def imap(password: str) -> Dialogue:
    """LOGIN."""
    login = f'a LOGIN {NAME} "{password}"\r\n'.encode()
    return Dialogue("imap", ((b"* OK", login),), b"a ", b"a OK", b"a NO [AUTHENTICATIONFAILED]")


def smtp(password: str) -> Dialogue:
    """AUTH PLAIN."""
    response = base64.b64encode(f"\0{NAME}\0{password}".encode())
    turns = ((b"220 ", b"EHLO client.example\r\n"), (b"250 ", b"AUTH PLAIN %b\r\n" % response))
    return Dialogue("submission", turns, b"", b"235 ", b"535 ")


class _Client:
    """One client, from connecting to the answer."""

    def __init__(self, address: str, dialogue: Dialogue, port: int) -> None:
        self.address = address
        self.dialogue = dialogue
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.bind((address, 0))
        self.refused = self.socket.connect_ex(("127.0.0.1", port)) not in (0, errno.EINPROGRESS)
        self.began = perf_counter()
        self._turn = 0
        self._begun = b""

    def answer(self) -> bytes | None:
        """Go on; return the answer when it has come. Raises `OSError` and `EOFError`."""
        read = self.socket.recv(4096)
        if not read:
            raise EOFError
        *lines, self._begun = (self._begun + read).split(b"\r\n")
        for line in lines:
            if self._turn == len(self.dialogue.turns):
                if line.startswith(self.dialogue.answer):
                    return line
            elif line.startswith(self.dialogue.turns[self._turn][0]):
                self.socket.send(self.dialogue.turns[self._turn][1])
                self._turn += 1
        return None


class Load:
    """Logins on one server after another, and what their clients were told, by their addresses."""

    def __init__(self, clients: int = 8) -> None:
        self.accepted: list[str] = []
        self.refused: list[str] = []
        self.unexpected: list[bytes] = []
        self.pause = 0.0  # the longest time without an answer, in the last run from `do` on
        self._clients = clients
        self._logins = self._make_logins()

    def run(
        self,
        server: RunningServer,
        *,
        after: int,
        delay: float,
        do: Callable[[], object],
        more: int,
    ) -> None:
        """Log in; so long after so many answers do something, then await so many more.

        It ends before that when nobody listens any more, and at last with every answer there is.
        """
        ports = {name: server.port(name) for name in ("imap", "submission")}
        active: set[_Client] = set()
        answered = 0
        due: float | None = None
        done = ending = False
        heard = 0.0  # when something was answered last
        self.pause = 0.0
        stuck = perf_counter() + STUCK_SECONDS
        with selectors.DefaultSelector() as selector:
            while active or not ending:
                if perf_counter() > stuck:
                    doing = what_they_do(server)
                    raise AssertionError(f"{answered} answers, then nothing more: {doing}")
                while not ending and self._has_room(active):
                    address, dialogue = next(self._logins)
                    client = _Client(address, dialogue, ports[dialogue.listener])
                    if client.refused:
                        client.socket.close()
                        ending = True
                    else:
                        active.add(client)
                        selector.register(client.socket, selectors.EVENT_READ, client)
                for key, _ in selector.select(0.0 if due is not None and not done else 0.05):
                    client = key.data
                    try:
                        answer = client.answer()
                        if answer is None:
                            continue
                    except ConnectionRefusedError:
                        ending = True
                    except (OSError, EOFError):
                        pass
                    else:
                        answered += 1
                        if done:
                            self.pause = max(self.pause, perf_counter() - heard)
                            heard = perf_counter()
                        stuck = perf_counter() + STUCK_SECONDS
                        self._note(client, answer)
                    selector.unregister(client.socket)
                    client.socket.close()
                    active.remove(client)
                if due is None and answered >= after:
                    due = perf_counter() + delay
                if due is not None and not done and perf_counter() >= due:
                    heard = perf_counter()
                    do()
                    done = True
                    stuck = perf_counter() + STUCK_SECONDS
                if done and answered >= after + more:
                    ending = True

    def _has_room(self, active: Collection[_Client]) -> bool:
        if len(active) < self._clients:
            return True
        since = perf_counter() - SLOW_SECONDS
        return sum(client.began > since for client in active) < self._clients

    def _note(self, client: _Client, answer: bytes) -> None:
        if answer.startswith(client.dialogue.success):
            self.accepted.append(client.address)
        elif answer.startswith(client.dialogue.failure):
            self.refused.append(client.address)
        else:
            self.unexpected.append(answer)

    def _make_logins(self) -> Iterator[tuple[str, Dialogue]]:
        number = 0
        while True:
            number += 1
            password = "wrong" if number % WRONG_EACH == 0 else PASSWORD
            yield str(IPv4Address(_FIRST + number)), (imap, smtp)[number % 2](password)
