"""Many clients at once on one mailbox of running servers: each must end with the truth.

    scripts/stress --seconds 60 --clients 12 --store maildir
    scripts/stress --flood imap-names --seconds 20

The floods (`tools.floods`) are of strangers, while others log in.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import msgspec

from mailauth.testing import RunningServer
from tests.live.support.mirror import Mirror
from tools.floods import FLOODS, Flood, measure

NAME = "mary@mydomain.com"
BOX, OTHER = b"INBOX", b"Archive"
STORES = ("memory", "maildir", "shared")  # shared: Maildirs that two servers keep

_FLAGS = (b"\\Seen", b"\\Flagged", b"\\Answered", b"\\Deleted", b"$Work", b"$Home")
ROUND = 0.2  # seconds
_FEW, _MANY = 20, 150  # messages: as many as the clients keep about them
_serial = count(1)


class Failure(msgspec.Struct, frozen=True):
    """What went wrong with a client."""

    client: int
    doing: str
    error: str


class Outcome(msgspec.Struct):
    """What the clients did, and what went wrong."""

    done: Counter[str] = msgspec.field(default_factory=Counter)
    failures: list[Failure] = msgspec.field(default_factory=list)
    rounds: int = 0


class Stressing:
    """One client, and what it does at random."""

    def __init__(self, mirror: Mirror, choice: random.Random) -> None:
        self.mirror = mirror
        self.doing = ""
        self.done: Counter[str] = Counter()
        self.seen: list[tuple[bytes, int, dict[int, bytes], set[int]]] = []
        self._choice = choice
        self._open(BOX)
        self._actions = {
            self.append: 4,
            self.store: 6,
            self.store_silently: 4,
            self.fetch: 4,
            self.copy: 2,
            self.move: 2,
            self.expunge: 3,
            self.search: 2,
            self.idle: 3,
            self.noop: 2,
            self.change: 1,
        }

    def act(self) -> None:
        """Do one thing, and learn what the new messages are."""
        [action] = self._choice.choices(list(self._actions), list(self._actions.values()))
        self.doing = action.__name__
        action()
        self.mirror.meet()
        self.done[self.doing] += 1

    def catch_up(self) -> None:
        """Hear what there is to hear."""
        self.doing = "catch_up"
        self.mirror.run(b"NOOP")
        self.mirror.meet()

    def leave(self) -> None:
        """Keep what was read in the mailbox, to be held against what others read."""
        mirror = self.mirror
        self.seen.append((self.mailbox, mirror.uid_validity, mirror.subjects, mirror.recent))

    # What it can do.

    def append(self) -> None:
        serial = next(_serial)
        flags = b" ".join(self._some_flags())
        octets = b"Subject: m%d\r\n\r\n%b\r\n" % (serial, b"x" * self._choice.randrange(2_000))
        if len(self.mirror.messages) < _MANY:
            target = self._choice.choice((BOX, OTHER))
            self.mirror.run(b"APPEND %b (%b) {%d+}\r\n%b" % (target, flags, len(octets), octets))

    def store(self) -> None:
        numbers = self._numbers()
        if numbers:
            sign = self._choice.choice((b"", b"+", b"-"))
            data = b"%bFLAGS (%b)" % (sign, b" ".join(self._some_flags()))
            self._on(numbers, b"STORE", b" " + data)

    def store_silently(self) -> None:
        numbers = self._numbers()
        if numbers:
            sign, flags = self._choice.choice((b"", b"+", b"-")), self._some_flags()
            self.mirror.assume(numbers, sign, frozenset(flags))
            self._on(numbers, b"STORE", b" %bFLAGS.SILENT (%b)" % (sign, b" ".join(flags)))

    def fetch(self) -> None:
        numbers = self._numbers()
        if numbers:
            items = self._choice.choice(
                (b"FLAGS", b"(UID FLAGS BODY.PEEK[])", b"(UID FLAGS BODY[])", b"(UID ENVELOPE)")
            )
            self._on(numbers, b"FETCH", b" " + items)

    def copy(self) -> None:
        if len(self.mirror.messages) < _MANY and (numbers := self._numbers()):
            self._on(numbers[:5], b"COPY", b" " + self._choice.choice((BOX, OTHER)))

    def move(self) -> None:
        if len(self.mirror.messages) > _FEW and (numbers := self._numbers()):
            self._on(numbers[:5], b"MOVE", b" " + (OTHER if self.mailbox == BOX else BOX))

    def expunge(self) -> None:
        if len(self.mirror.messages) > _FEW:
            if self._choice.random() < 0.5:
                self.mirror.run(b"EXPUNGE")
            elif numbers := self._numbers():
                self._on(numbers, b"EXPUNGE", b"", uid=True)

    def search(self) -> None:
        self.mirror.run(self._choice.choice((b"SEARCH DELETED", b"UID SEARCH SUBJECT m1")))

    def idle(self) -> None:
        self.mirror.idle(self._choice.uniform(0.01, 0.3))

    def noop(self) -> None:
        self.mirror.run(self._choice.choice((b"NOOP", b"CHECK")))

    def change(self) -> None:
        self.leave()
        if self._choice.random() < 0.3 and len(self.mirror.messages) > _FEW:
            self.mirror.run(b"CLOSE")
        self._open(OTHER if self.mailbox == BOX else BOX)

    # With what.

    def _open(self, mailbox: bytes) -> None:
        self.mailbox = mailbox
        self.mirror.select(mailbox)

    def _on(self, numbers: range, command: bytes, arguments: bytes, *, uid: bool = False) -> None:
        """A command on these messages, by number or by UID."""
        first, last = numbers[0], numbers[-1]
        if uid or self._choice.random() < 0.5:
            command = b"UID " + command
            uids = [known.uid for known in self.mirror.messages[first - 1 : last]]
            assert None not in uids
            chosen = b",".join(b"%d" % one for one in uids if one is not None)
        else:
            chosen = b"%d:%d" % (first, last)
        self.mirror.run(b"%b %b%b" % (command, chosen, arguments))

    def _numbers(self) -> range:
        last = len(self.mirror.messages)
        if not last:
            return range(0)
        first = self._choice.randint(1, last)
        return range(first, min(last, first + self._choice.randrange(10)) + 1)

    def _some_flags(self) -> list[bytes]:
        return self._choice.sample(_FLAGS, self._choice.randrange(4))


class Trial:
    """Clients on the IMAP servers at `ports`, let loose for rounds of `ROUND` seconds.

    After each round what every client knows is held against the truth, which is what a new one is
    told by each server. What a client does follows from the seed; in what order they do it does
    not.
    """

    def __init__(self, ports: Sequence[int], clients: int, seed: int) -> None:
        self.outcome = Outcome()
        self._ports = ports
        self._clients = [
            Stressing(Mirror(ports[number % len(ports)], NAME), random.Random(f"{seed} {number}"))
            for number in range(clients)
        ]
        self._quiet = Barrier(clients)
        self._settled = Barrier(clients, self._compare)
        self._until = 0.0

    def run(self, seconds: float) -> Outcome:
        """Let them loose for a while, and tell what they did."""
        self._until = time.monotonic() + seconds
        threads = [
            Thread(target=self._work, args=(number, client))
            for number, client in enumerate(self._clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.outcome.done = sum((client.done for client in self._clients), Counter())
        for client in self._clients:
            client.leave()
            client.mirror.close()
        _agree([seen for client in self._clients for seen in client.seen], self.outcome)
        return self.outcome

    def _work(self, number: int, client: Stressing) -> None:
        try:
            going_on = True
            while going_on:
                end = min(time.monotonic() + ROUND, self._until)
                while time.monotonic() < end:
                    client.act()
                going_on = end < self._until
                self._quiet.wait(120)
                client.catch_up()
                self._settled.wait(120)
        except BrokenBarrierError:
            pass  # another has failed
        except Exception as error:  # noqa: BLE001
            self._quiet.abort()
            self._settled.abort()
            self.outcome.failures.append(Failure(number, client.doing, repr(error)))

    def _compare(self) -> None:
        self.outcome.rounds += 1
        for port in self._ports:
            fresh = Mirror(port, NAME)
            for mailbox in (BOX, OTHER):
                fresh.select(mailbox, b"EXAMINE")
                truth = [(known.uid, known.flags) for known in fresh.messages]
                for client in self._clients:
                    if client.mailbox == mailbox:
                        known = [(known.uid, known.flags) for known in client.mirror.messages]
                        assert known == truth, sorted(set(known) ^ set(truth), key=repr)[:6]
            fresh.close()


def _agree(seen: Sequence[tuple[bytes, int, dict[int, bytes], set[int]]], outcome: Outcome) -> None:
    r"""A UID is the same message for all, and `\Recent` for one session at most."""
    subjects: dict[tuple[bytes, int, int], bytes] = {}
    recent: Counter[tuple[bytes, int, int]] = Counter()
    for mailbox, uid_validity, read, claimed in seen:
        for uid, subject in read.items():
            if subjects.setdefault((mailbox, uid_validity, uid), subject) != subject:
                outcome.failures.append(Failure(-1, "agree", f"UID {uid} is two messages"))
        recent.update((mailbox, uid_validity, uid) for uid in claimed)
    twice = [key for key, times in recent.items() if times > 1]
    if twice:
        outcome.failures.append(Failure(-1, "agree", f"recent for several: {twice[:3]}"))


@contextmanager
def servers(store: str, directory: Path) -> Iterator[list[RunningServer]]:
    """Run what keeps mail in this store: one server, or two on one directory."""
    arguments = () if store == "memory" else ("--maildir", str(directory / "mail"))
    with ExitStack() as running:
        started = []
        for number in range(2 if store == "shared" else 1):
            home = directory / f"home{number}"
            home.mkdir()
            started.append(running.enter_context(RunningServer(home, *arguments)))
        yield started


def main() -> int:
    """Run from the command line, for as long as is wished."""
    parser = argparse.ArgumentParser(prog="scripts/stress", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="of each")
    parser.add_argument("--clients", type=int, default=12, help="of a mailbox")
    parser.add_argument("--store", choices=STORES, action="append", help="default: each of them")
    parser.add_argument(
        "--flood", choices=FLOODS, action="append", help="default: each of them, without --store"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asked = parser.parse_args()
    stores, floods = asked.store or [], asked.flood or []
    if not (stores or floods):
        stores, floods = list(STORES), list(FLOODS)
    failed = False
    for store in stores:
        failed |= _try_store(store, asked.clients, asked.seconds, asked.seed)
    for name in floods:
        failed |= _try_flood(FLOODS[name], asked.seconds)
    print("FAILED" if failed else "every client ended with the truth, and every bound was kept")
    return 1 if failed else 0


def _try_store(store: str, clients: int, seconds: float, seed: int) -> bool:
    """Say what clients of a mailbox did, and whether they failed."""
    print(f"{store}: {clients} clients, {seconds:g} s, seed {seed}")
    with tempfile.TemporaryDirectory() as directory, servers(store, Path(directory)) as running:
        ports = [server.port("imap") for server in running]
        outcome = Trial(ports, clients, seed).run(seconds)
        said = "".join(server.stderr_file.read_text() for server in running)
    done = ", ".join(f"{name} {times:,}" for name, times in sorted(outcome.done.items()))
    print(f"  done: {done}; in all {outcome.done.total():,}")
    print(f"  rounds after which all knew the truth: {outcome.rounds}")
    for failure in outcome.failures:
        print(f"  client {failure.client}, {failure.doing}: {failure.error}")
    print(f"  stderr of the server: {said or 'nothing'}")
    return bool(outcome.failures) or said != ""


def _try_flood(flood: Flood, seconds: float) -> bool:
    """Say what a flood did to others, and whether it was too much."""
    print(f"{flood}: {flood.clients} strangers from {flood.source}, {seconds:g} s", flush=True)
    measured = measure(flood, seconds)
    print(f"  {measured}")
    exceeded = measured.exceeded(flood.bounds, quiet=True)
    for one in exceeded:
        print(f"  {one}")
    return bool(exceeded)


if __name__ == "__main__":
    sys.exit(main())
