"""Whatever is logged, rotated and killed, and when: the journal is what one reading would make."""

import gzip
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.login.event import LoginEvent
from mailauth.report.foreign.records import Record
from mailauth.watch.source import Start
from mailauth.watch.watcher import UNDECIDED_SECONDS
from tests.record.desk import OPENED
from tests.watch.desk import IP, NOW, Watched, courier, dovecot, read_once, stamp


def postfix(text: str, second: int, pid: int) -> str:
    return f"{stamp(second)} mx postfix/smtpd[{pid}]: {text}"


def sendmail(text: str, second: int, pid: int) -> str:
    return f"{stamp(second)} mx sm-mta[{pid}]: {text}"


def cyrus(text: str, second: int, pid: int) -> str:
    return f"{stamp(second)} mx cyrus/imap[{pid}]: {text}"


_CLIENT = f"unknown[{IP}]"
LINES: tuple[Callable[[int, int], str], ...] = (
    lambda second, n: dovecot(f"user{n}", second),
    lambda second, n: dovecot(f"user{n}", second, tls=False),
    lambda second, n: courier("LOGIN", f"user{n}", second, 4000 + n),
    lambda second, n: courier("LOGOUT", f"user{n}", second, 4000 + n),
    lambda second, n: postfix(f"connect from {_CLIENT}", second, n),
    lambda second, n: postfix(
        f"3FD7427E450: client={_CLIENT}, sasl_method=PLAIN, sasl_username=user{n}", second, n
    ),
    lambda second, n: postfix(
        f"warning: {_CLIENT}: SASL PLAIN authentication failed: x", second, n
    ),
    lambda second, n: postfix(
        f"disconnect from {_CLIENT} ehlo=1 starttls={n % 2} auth=1 commands=3", second, n
    ),
    lambda second, n: sendmail(
        f"STARTTLS=server, relay=[{IP}], version=TLSv1.3, verify=NO, cipher=X, bits=256/256",
        second,
        n,
    ),
    lambda second, n: sendmail(
        f"AUTH=server, relay=[{IP}], authid=user{n}, mech=PLAIN, bits=0", second, n
    ),
    lambda second, n: sendmail(
        f"4AB: from=<a@b>, size=1, proto=ESMTPSA, daemon=MTA-v4, relay=[{IP}]", second, n
    ),
    lambda second, n: cyrus("starttls: TLSv1.3 with cipher X (256/256 bits new)", second, n),
    lambda second, n: cyrus(f"badlogin: [{IP}] plaintext (user{n}) [SASL(-13)]", second, n),
    lambda second, n: "Nov 24 11:00:00 mx cron[1]: nothing",
    lambda second, n: "\N{REPLACEMENT CHARACTER}" * 40,
)

WRITTEN = st.tuples(st.sampled_from(LINES), st.integers(0, 3), st.booleans())
HISTORIES = st.lists(
    st.one_of(
        st.lists(WRITTEN, min_size=1, max_size=6),
        st.sampled_from(["look", "look", "second", "kill", "rename", "compress", "copy"]),
    ),
    max_size=24,
)


class History:
    """A server that logs and a watcher, in a directory of their own."""

    def __init__(self, place: Path) -> None:
        self.watched = Watched(place)
        self.written: list[str] = []
        self._second = 0
        self._begun = self._touched = 0
        self._begin()
        self.write([(LINES[0], 0, True)])  # the log has shown how it writes TLS
        self.watched.start(Start.BEGINNING)

    def write(self, written: list[tuple[Callable[[int, int], str], int, bool]]) -> None:
        """Log lines, some of them in the same second as the line before."""
        for make, number, is_later in written:
            self._second += is_later
            line = make(self._second, number)
            self.written.append(line)
            self.watched.append(line)
            self._touch(self.watched.log)

    def act(self, what: str) -> None:
        """Do one of the other things that happen."""
        match what:
            case "look":
                self.watched.look()
            case "second":
                self.watched.look(1.5)
            case "kill":
                self.watched.kill()
                self.watched.start()
            case _:
                self._rotate(what)

    def end(self) -> list[LoginEvent]:
        """Let everything be read, and what is undecided be given up."""
        self.watched.look()
        return self.watched.look(UNDECIDED_SECONDS + 2.0)

    def _rotate(self, how: str) -> None:
        log = self.watched.log
        for old in sorted(log.parent.glob("mail.log.*"), reverse=True):
            old.rename(log.parent / f"mail.log.{int(old.name.split('.')[2]) + 1:03}{old.suffix}")
        older = log.with_name("mail.log.001")
        if how == "copy":
            shutil.copy(log, older)
            os.truncate(log, 0)
        else:
            log.rename(older)
        if how == "copy":
            self._touch(older)
        if how == "compress":
            packed = older.with_name(f"{older.name}.gz")
            packed.write_bytes(gzip.compress(older.read_bytes()))
            os.utime(packed, ns=(0, older.stat().st_mtime_ns))
            older.unlink()
        self._begin()

    def _begin(self) -> None:
        """Log the first line of a file: files are told apart by it."""
        self._begun += 1
        self.watched.append(f"{stamp(self._second)} mx rsyslogd: begins file {self._begun}")
        self._touch(self.watched.log)

    def _touch(self, path: Path) -> None:
        """Let a file be younger than all others: the clock of files is coarse."""
        self._touched += 1
        os.utime(path, (NOW.timestamp(), NOW.timestamp() - 10_000 + self._touched))


def essence(record: LoginEvent | Record) -> tuple[object, ...]:
    """What two readings must agree on."""
    told = msgspec.to_builtins(record)
    names = ("id", "at", "result", "secure", "security", "user", "session", "count", "protocol")
    return tuple(told.get(name) for name in names if name != "count")


@settings(max_examples=60, deadline=None)
@given(history=HISTORIES)
def test_the_journal_is_what_one_reading_makes(history: list[object]) -> None:
    with tempfile.TemporaryDirectory() as place:
        story = History(Path(place))
        for step in history:
            if isinstance(step, list):
                story.write(step)
            else:
                assert isinstance(step, str)
                story.act(step)
        recorded = sorted(map(essence, story.end()), key=str)
        assert recorded == sorted(map(essence, read_once(story.written)), key=str)
        while OPENED:
            OPENED.pop().close()
