"""Rounds of `kill -9` under load at random moments, with what must hold after each of them.

Every answer that a client has seen has exactly one line, lines are complete and in the order of
time, and the journal agrees with the lines: across rotation, restarts and workers.

    python -m tools.kill_rounds --rounds 50 --workers 2
"""

import argparse
import gzip
import os
import secrets
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from mailauth.login.event import LoginEvent, Result
from mailauth.record.archive import newest_first
from mailauth.record.journal import decode
from mailauth.record.line import parse_line, printed_time
from mailauth.testing import RunningServer
from tests.live.support.login_load import NAME, PASSWORD, Load
from tests.live.support.workforce import workers

TOML = """
timezone = "UTC"
[server]
workers = {workers}
[log]
{log}
[[user]]
name = "{name}"
password = "{password}"
"""

KINDS = {
    "no rotation": 'rotate = "none"',
    "rotation": 'rotate = "size"\nsize = 65536',
    "durability disk": 'durability = "disk"',
}


class Rounds:
    """Kills one server again and again."""

    def __init__(self, home: Path, count: int, log: str, random: Random) -> None:
        toml = TOML.format(workers=count, log=log, name=NAME, password=PASSWORD)
        (home / "mailauth.toml").write_text(toml)
        self.load = Load()
        self.interrupted = 0  # rounds in which logins may have been cut off before their answer
        self.kills: Counter[str] = Counter()
        self._random = random
        self._count = count
        self.server = RunningServer(home)
        self.server.start()

    def play(self, victim: str | None = None) -> None:
        """Kill, start again, and hold the record to what clients were told."""
        victims = ["server", "everybody", "worker"] if self._count > 1 else ["server"]
        victim = victim if victim is not None else self._random.choice(victims)
        self.kills[victim] += 1
        self.load.run(
            self.server,
            after=self._random.randrange(1, 250),
            delay=self._random.uniform(0, 0.01),
            do=self._killing(victim),
            more=100 if victim == "worker" else 1_000_000,
        )
        if victim != "worker":
            self.server.kill()
            self.server.start()
        self.interrupted += 1
        self.verify()

    def stop(self) -> None:
        """Stop the server, which nothing has harmed."""
        assert self.server.stop() == 0

    def _killing(self, victim: str) -> Callable[[], object]:
        parent = self.server.process.pid

        def kill() -> None:
            chosen = workers(self.server) if self._count > 1 else []
            self._random.shuffle(chosen)
            pids = {"server": [parent], "worker": chosen[:1], "everybody": [*chosen, parent]}
            for pid in pids[victim]:
                os.kill(pid, signal.SIGKILL)

        return kill

    def verify(self) -> None:
        """Hold the logs to what clients were told, and to each other."""
        logs = self.server.home / "logs"
        events = [decode(line) for line in whole_lines(logs / "LoginAttempts.jsonl")]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.at for event in events] == sorted(event.at for event in events)
        self._verify_log(
            [event for event in events if event.result is Result.SUCCESS],
            logs / "SuccessfulLogins.log",
            self.load.accepted,
        )
        self._verify_log(
            [event for event in events if event.result is Result.BAD_CREDENTIALS],
            logs / "InvalidPasswordAttempts.log",
            self.load.refused,
        )
        assert self.load.unexpected == []
        told = len(self.load.accepted) + len(self.load.refused)
        attempts = sum(1 for event in events if event.result is not None)
        assert told <= attempts <= told + 8 * self.interrupted

    def _verify_log(self, events: Sequence[LoginEvent], log: Path, told: list[str]) -> None:
        lines = [line.decode() for line in whole_lines(log)]
        assert [f"{printed_time(event.at.astimezone(UTC))} {event.ip}" for event in events] == [
            f"{line[:23]} {line.split(' - ')[3].partition(' ')[0]}" for line in lines
        ]
        assert [line[:23] for line in lines] == sorted(line[:23] for line in lines)
        if log.name.startswith("Success"):
            assert [parse_line(line).address for line in lines] == [event.ip for event in events]
        written = Counter(event.ip for event in events)
        assert [address for address, count in written.items() if count > 1] == []
        assert [address for address in told if address not in written] == []


def whole_lines(log: Path) -> list[bytes]:
    """Return the lines of a log and its older files, the oldest first; none of them is torn."""
    lines: list[bytes] = []
    for path in reversed(list(newest_first(log))):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        *whole, rest = content.split(b"\n")
        assert rest == b"", f"{path.name} ends with {rest!r}"
        lines += whole
    return lines


def stop_workers(count: int, times: int, seed: int) -> None:
    """Stop workers, wherever they are and with the record's lock in their hands."""
    from tools.stop_rounds import WAYS, StopRounds

    for way in WAYS:
        print(f"workers {count}, one stops ({way}), seed {seed}:", end=" ", flush=True)
        started = perf_counter()
        with tempfile.TemporaryDirectory() as home:
            rounds = StopRounds(Path(home), count, Random(seed))
            for _ in range(times):
                rounds.play_stop(way)
            ended = rounds.end_stopped(way)
            rounds.stop()
        found = f", found and replaced in {max(rounds.releases):.1f} s" if rounds.releases else ""
        print(
            f"{times} rounds, {len(rounds.load.accepted)} accepted and {len(rounds.load.refused)}"
            f" refused logins, none lost; {max(rounds.pauses):.2f} s at most without a login"
            f" (median {median(rounds.pauses):.2f} s){found}; SIGTERM while it was stopped:"
            f" {ended:.1f} s; {perf_counter() - started:.0f} s"
        )


def main() -> None:
    """Play rounds, and say what was seen."""
    parser = argparse.ArgumentParser(description="Kill a server under load, again and again.")
    parser.add_argument("--rounds", type=int, default=50, help="of each kind (default: 50)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    arguments = parser.parse_args()
    for count in arguments.workers:
        if count > 1:
            stop_workers(count, arguments.rounds, arguments.seed)
        for kind, log in KINDS.items():
            print(f"workers {count}, {kind}, seed {arguments.seed}:", end=" ", flush=True)
            started = perf_counter()
            with tempfile.TemporaryDirectory() as home:
                rounds = Rounds(Path(home), count, log, Random(arguments.seed))
                for _ in range(arguments.rounds):
                    rounds.play()
                rounds.stop()
            killed = ", ".join(f"{who} {times}x" for who, times in sorted(rounds.kills.items()))
            print(
                f"{arguments.rounds} rounds ({killed}), {len(rounds.load.accepted)} accepted and"
                f" {len(rounds.load.refused)} refused logins, each with one line, none torn,"
                f" in order, the journal agrees; {perf_counter() - started:.0f} s"
            )


if __name__ == "__main__":
    main()
