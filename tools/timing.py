"""Does the time of an answer tell a client what the answer does not? A sign test on pairs.

Each pair asks twice on one connection, in random order: were the two alike, either would be the
slower one in half of the pairs, whatever else the machine does. `z` is how many standard deviations
the count is away from that.

    scripts/timing [PAIRS]     asks more often than the test does, and prints what it has found
"""

import base64
import contextlib
import math
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from mailauth.passwords.making import SCHEMES
from mailauth.testing import RunningServer
from tests.live.support.raw_clients import Dialogue

KNOWN, UNKNOWN, DISABLED = "mary@mydomain.com", "nora@mydomain.com", "gone@mydomain.com"
RIGHT, WRONG = "correct horse", "correct house"
FREE, BLOCKED = "127.0.0.1", "127.0.0.66"

FALSE_ALARM_Z = 5.0  # one run of two million is further off by chance
_EACH_CONNECTION = 4  # pairs: the server ends a connection after ten failures

_LISTENER = """
[[listener]]
name = "{name}"
protocol = "{protocol}"
port = 0
tls = "none"
cleartext = "{cleartext}"
"""


class Question(msgspec.Struct, frozen=True):
    """A name and a password."""

    name: str
    password: str


class Comparison(msgspec.Struct, frozen=True):
    """Two questions that must not be told apart; `source` is from where they are asked."""

    what: str
    one: Question
    other: Question
    listener: str = "open"
    source: str = FREE
    mechanism: str = "LOGIN"  # of SCRAM, up to salt and iterations

    def __str__(self) -> str:
        return self.what


COMPARISONS = [
    Comparison("unknown", Question(KNOWN, WRONG), Question(UNKNOWN, WRONG)),
    Comparison("disabled", Question(DISABLED, RIGHT), Question(DISABLED, WRONG)),
    Comparison("blocked-right", Question(KNOWN, RIGHT), Question(KNOWN, WRONG), source=BLOCKED),
    Comparison("blocked-unknown", Question(KNOWN, WRONG), Question(UNKNOWN, WRONG), source=BLOCKED),
    Comparison("refused-right", Question(KNOWN, RIGHT), Question(KNOWN, WRONG), listener="strict"),
    Comparison(
        "refused-unknown", Question(KNOWN, WRONG), Question(UNKNOWN, WRONG), listener="strict"
    ),
]
WITHOUT_PASSWORDS = [
    Comparison("scram-unknown", Question(KNOWN, ""), Question(UNKNOWN, ""), mechanism="SCRAM"),
    Comparison("cram-unknown", Question(KNOWN, ""), Question(UNKNOWN, ""), mechanism="CRAM-MD5"),
    Comparison(
        "apop-unknown", Question(KNOWN, ""), Question(UNKNOWN, ""), "pop3", mechanism="APOP"
    ),
]


class Found(msgspec.Struct, frozen=True):
    """How often one question took longer than the other, and by how much: seconds, medians."""

    pairs: int
    slower: int
    one: float
    other: float
    replies: frozenset[bytes]

    @property
    def z(self) -> float:
        """Standard deviations from one half."""
        return (2 * self.slower - self.pairs) / math.sqrt(self.pairs)


@contextlib.contextmanager
def server_with(home: Path, scheme: str) -> Iterator[RunningServer]:
    """Run a server whose accounts are stored by this scheme, and that has blocked an address."""
    stored = SCHEMES[scheme]
    (home / "users.passwd").write_text(
        f"{KNOWN}:{stored(RIGHT)}\n{DISABLED}:{stored(RIGHT)}::::::nologin\n"
    )
    (home / "mailauth.toml").write_text(
        '[users]\nfile = "users.passwd"\n[block]\nfriendly = ["127.0.0.1"]\n'
        + _LISTENER.format(name="open", protocol="imap", cleartext="allow")
        + _LISTENER.format(name="strict", protocol="imap", cleartext="refuse")
        + _LISTENER.format(name="pop3", protocol="pop3", cleartext="allow")
    )
    with RunningServer(home) as server:
        client = _connect(server, COMPARISONS[2])
        for _ in range(6):
            _log_in(client, Question(KNOWN, WRONG))
        client.close()
        yield server


def compare(server: RunningServer, comparison: Comparison, pairs: int, seed: int = 1) -> Found:
    """Ask both questions this many times."""
    ask = _ASK[comparison.mechanism]
    order = random.Random(seed)
    times: dict[Question, list[float]] = {comparison.one: [], comparison.other: []}
    replies: set[bytes] = set()
    client = None
    for number in range(pairs):
        if client is None or number % _EACH_CONNECTION == 0:
            if client is not None:
                client.close()
            client = _connect(server, comparison)
            ask(client, comparison.one if number % 8 else comparison.other)  # the first is slower
        questions = [comparison.one, comparison.other]
        order.shuffle(questions)
        for question in questions:
            began = time.perf_counter()
            reply = ask(client, question)
            times[question].append(time.perf_counter() - began)
            replies.add(reply)
    one, other = times[comparison.one], times[comparison.other]
    return Found(
        pairs=pairs,
        slower=sum(mine > theirs for mine, theirs in zip(one, other, strict=True)),
        one=statistics.median(one),
        other=statistics.median(other),
        replies=frozenset(replies),
    )


def _connect(server: RunningServer, comparison: Comparison) -> Dialogue:
    client = Dialogue(
        socket.create_connection(
            ("127.0.0.1", server.port(comparison.listener)),
            20,
            source_address=(comparison.source, 0),
        )
    )
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.hear(b"* OK", b"+OK")
    return client


def _log_in(client: Dialogue, question: Question) -> bytes:
    client.say(f'a LOGIN {question.name} "{question.password}"'.encode())
    return client.hear(b"a ")


def _begin_scram(client: Dialogue, question: Question) -> bytes:
    """Ask for the server's first message; return how it looks, but for nonce and salt."""
    client.say(b"a AUTHENTICATE SCRAM-SHA-256")
    client.hear(b"+")
    began = time.perf_counter()
    client.say(base64.b64encode(f"n,,n={question.name},r=0123456789abcdef".encode()))
    message = client.hear(b"+")
    assert time.perf_counter() > began
    client.say(b"*")
    client.hear(b"a ")
    nonce, salt, iterations = base64.b64decode(message[2:]).split(b",")
    return b"%d %d %b" % (len(nonce), len(salt), iterations)


def _cram_md5(client: Dialogue, question: Question) -> bytes:
    client.say(b"a AUTHENTICATE CRAM-MD5")
    client.hear(b"+ ")
    client.say(base64.b64encode(f"{question.name} {'0' * 32}".encode()))
    return client.hear(b"a ")


def _apop(client: Dialogue, question: Question) -> bytes:
    client.say(f"APOP {question.name} {'0' * 32}".encode())
    return client.hear(b"+OK", b"-ERR")


_ASK = {"LOGIN": _log_in, "SCRAM": _begin_scram, "CRAM-MD5": _cram_md5, "APOP": _apop}


def comparisons(scheme: str) -> list[Comparison]:
    """List what can be asked where passwords are stored by this scheme."""
    with_keys = {"plain": WITHOUT_PASSWORDS, "scram-sha-256": WITHOUT_PASSWORDS[:1]}
    return [*COMPARISONS, *with_keys.get(scheme, [])]


def main(pairs: int) -> None:
    """Compare everything and print it."""
    print(
        f"{'accounts':<14} {'comparison':<16} {'one':>9} {'other':>9} {'difference':>10} {'z':>6}"
    )
    for scheme in ("plain", "scram-sha-256", "argon2id"):
        with (
            tempfile.TemporaryDirectory() as home,
            server_with(Path(home), scheme) as server,
        ):
            for comparison in comparisons(scheme):
                found = compare(server, comparison, pairs if scheme == "plain" else pairs // 10)
                told = "" if abs(found.z) < FALSE_ALARM_Z else "  TELLS"
                print(
                    f"{scheme:<14} {comparison.what:<16} {found.one * 1e6:6.0f} µs"
                    f" {found.other * 1e6:6.0f} µs {(found.one - found.other) * 1e6:+7.1f} µs"
                    f" {found.z:+6.1f}{told}",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
