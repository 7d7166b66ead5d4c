"""Rounds of `kill -9` of `mailauth watch` at random moments, while its log grows and is rotated.

What it has recorded at the end is what one reading of all lines would make, each login once.

    python -m tools.watch_rounds [--rounds 30] [--seed N]
"""

import argparse
import gzip
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from mailauth.report.foreign.files import local_zone
from mailauth.report.foreign.formats import FORMATS
from mailauth.report.foreign.growing import followed
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record
from tests.live.support.running_watch import RunningWatch
from tests.record.desk import Places

END_SECONDS = 60.0
IP = "192.0.2.10"


class Server:
    """A mail server that logs, and whose log is rotated."""

    def __init__(self, log: Path, chance: Random) -> None:
        self.log = log
        self.lines: list[str] = []
        self._chance = chance
        self._number = 0
        self._rotated = 0
        self._write("rsyslogd: begins")

    def go_on(self, seconds: float) -> None:
        """Log in bursts for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _ in range(self._chance.randint(1, 40)):
                self._something()
            if self._chance.random() < 0.1:
                self._rotate()
            time.sleep(self._chance.uniform(0, 0.05))

    def _something(self) -> None:
        self._number += 1
        name, client = f"user{self._number}", f"unknown[{IP}]"
        pid = self._chance.randint(1, 5)
        match self._chance.randint(0, 5):
            case 0:
                tls = self._chance.choice(("", ", TLS"))
                login = f"user=<{name}>, method=PLAIN, rip={IP}, mpid=1{tls}"
                self._write(f"dovecot: imap-login: Login: {login}")
            case 1:
                self._write(f"imapd: LOGIN, user={name}, ip=[{IP}], port=[{4000 + pid}]")
            case 2:
                self._write(f"imapd: LOGOUT, user={name}, ip=[{IP}], port=[{4000 + pid}], time=1")
            case 3:
                self._write(f"postfix/smtpd[{pid}]: connect from {client}")
            case 4:
                self._write(f"postfix/smtpd[{pid}]: disconnect from {client} auth=1 commands=1")
            case 5:
                mail = f"4AB: client={client}, sasl_method=PLAIN, sasl_username={name}"
                self._write(f"postfix/smtpd[{pid}]: {mail}")

    def _write(self, text: str) -> None:
        line = f"{datetime.now():%b %d %H:%M:%S} mx {text}"
        self.lines.append(line)
        with self.log.open("a") as file:
            file.write(f"{line}\n")

    def _rotate(self) -> None:
        self._rotated += 1
        for old in sorted(self.log.parent.glob("mail.log.*"), reverse=True):
            number = int(old.name.split(".")[2]) + 1
            packed = ".gz" if old.suffix == ".gz" else ""
            old.rename(self.log.parent / f"mail.log.{number:04}{packed}")
        older = self.log.with_name("mail.log.0001")
        time.sleep(0.02)  # the clock of files is coarse
        if self._chance.random() < 0.3:
            shutil.copy2(self.log, older)
            os.truncate(self.log, 0)
        else:
            self.log.rename(older)
        time.sleep(0.02)
        self._write(f"rsyslogd: begins file {self._rotated}")
        before = self.log.with_name("mail.log.0002")
        if before.exists() and self._chance.random() < 0.5:
            smaller = before.with_name(f"{before.name}.gz")
            smaller.write_bytes(gzip.compress(before.read_bytes()))
            shutil.copystat(before, smaller)
            before.unlink()


def read_once(lines: list[str]) -> list[Record]:
    """Return what can be known of lines that are all there."""
    log = ForeignLog(
        zone=local_zone(),
        modified=datetime.now(UTC),
        origin=Places().origin,
        formats=followed(FORMATS),
    )
    return log.read("\n".join(lines))


def main() -> None:
    """Run the rounds, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    chance = Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        server = Server(place / "mail.log", chance)
        watch = RunningWatch(place / "watch", str(server.log), "--from-start")
        for _ in range(arguments.rounds):
            watch.start()
            server.go_on(chance.uniform(0.05, 1.5))
            watch.kill()
            server.go_on(chance.choice((0.0, 0.2)))
        with watch:
            expected = sorted((each.id, each.secure) for each in read_once(server.lines))
            deadline = time.monotonic() + END_SECONDS
            recorded: list[tuple[str, bool | None]] = []
            while len(recorded) < len(expected) and time.monotonic() < deadline:
                time.sleep(0.5)
                recorded = sorted((event.id, event.secure) for event in watch.events())
    print(
        f"seed {arguments.seed}: {arguments.rounds} kills, {len(server.lines):,} lines,"
        f" {len(expected):,} logins"
    )
    twice = len(recorded) - len(set(recorded))
    lost, more = set(expected) - set(recorded), set(recorded) - set(expected)
    print(f"lost {len(lost)}, recorded twice {twice}, otherwise recorded {len(more)}")
    if lost or twice or more:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
