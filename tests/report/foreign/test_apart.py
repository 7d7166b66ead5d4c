"""Leaving out lines that cannot matter, and reading in a process apart, change nothing."""

import gzip
import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.origin import UNKNOWN
from mailauth.report.foreign.apart import FileApart
from mailauth.report.foreign.files import Encoded, FileFound, ForeignFile
from mailauth.report.foreign.found import Tally
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record

IPS = ("192.0.2.10", "2001:db8::10")
SESSIONS = ("pU1MgQdhQbvAAAIK", "NmJRgQdh87LAAAIK", "forwarded-1")
SMTPD = (
    "connect from unknown[{ip}]",
    "connect from nonsense",
    "disconnect from unknown[{ip}] ehlo=2 starttls=1 mail=1 quit=1 commands=5",
    "disconnect from unknown[{ip}] ehlo=1 quit=1 commands=2",
    "disconnect from unknown[{ip}] ehlo=1 starttls=0/1 quit=1 commands=2/3",
    "disconnect from unknown[{ip}] ehlo=2 starttls=1 or not",
    "disconnect from unknown[{ip}] ehlo=2 starttls=1 auth=1 mail=1 quit=1 commands=6",
    "disconnect from unknown[{ip}] ehlo=1 auth=1 quit=1 commands=3",
    "disconnect from unknown[{ip}] ehlo=1 auth=0/2 quit=1 commands=2/4",
    "disconnect from unknown[{ip}]",
    "disconnect from nonsense auth=1",
    "3FD7427E450: client=unknown[{ip}]",
    "3FD7427E450: client=unknown[{ip}], sasl_method=PLAIN, sasl_username=bob@example.com",
    "3FD7427E450: client=unknown[{ip}], sasl_method=LOGIN, sasl_username=: connect from x[{ip}]",
    "warning: unknown[{ip}]: SASL PLAIN authentication failed: x, sasl_username=bob",
    "Anonymous TLS connection established from unknown[{ip}]: TLSv1.3 with cipher "
    "TLS_AES_256_GCM_SHA384 (256/256 bits)",
    "disconnect fr;om unknown[{ip}] ehlo=1 quit=1 commands=2 TLS connection ",
)
IMAP_LOGIN = (
    "Login: user=<bob@example.com>, method=PLAIN, rip={ip}, lip=192.0.2.1, mpid=1, TLS, "
    "session=<{session}>",
    "Login: user=<bob@example.com>, method=PLAIN, rip={ip}, lip=192.0.2.1, mpid=1, "
    "session=<{session}>",
    "Logged in: user=<amy>, method=SCRAM-SHA-256, rip={ip}, lip=192.0.2.1, mpid=1, secured, "
    "session=<{session}>",
    "Login: user=<: connect from x[{ip}]>, method=PLAIN, rip={ip}, lip=192.0.2.1, mpid=1, TLS",
    "Login failed: Plaintext authentication disabled: user=<>, method=PLAIN, rip={ip}, "
    "lip=192.0.2.1, session=<{session}>",
    "Disconnected: Connection closed (auth failed, 2 attempts in 4 secs): user=<bob>, "
    "method=PLAIN, rip={ip}, lip=192.0.2.1, session=<{session}>",
    "Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, rip={ip}, "
    "lip=192.0.2.1, session=<{session}>",
    "ID sent: name=Thunderbird, version=128.5.0: user=<>, rip={ip}, lip=192.0.2.1, "
    "session=<{session}>",
)
STAMPS = ("Nov 30 23:59:58", "Nov 30 23:59:59", "Dec  1 00:00:00", "Jan  1 00:00:01")
ISO_STAMPS = ("2026-11-30T23:59:58.190757+00:00", "2026-11-30T23:59:59Z", "2027-01-01T00:00:01Z")
PROGRAMS = (
    *(f"{name}[{pid}]" for name in ("postfix/smtpd", "postfix/own/smtpd") for pid in (5, 6)),
    "postfix/submission/smtpd[7]",
)
MESSAGES = st.one_of(
    st.tuples(st.sampled_from(PROGRAMS), st.sampled_from(SMTPD)),
    st.tuples(st.just("dovecot"), st.sampled_from([f"imap-login: {said}" for said in IMAP_LOGIN])),
    st.just(("postfix/qmgr[9]", "3FD7427E450: removed")),
)
LINES = st.builds(
    lambda host, program, ip, session: (
        f"{host} {program[0]}: {program[1].format(ip=ip, session=session)}"
    ),
    st.sampled_from(("mx", "other")),
    MESSAGES,
    st.sampled_from(IPS),
    st.sampled_from(SESSIONS),
)
ONE_PROCESS = st.sampled_from(SMTPD).map(
    lambda said: f"mx postfix/smtpd[5]: {said.format(ip=IPS[0], session='')}"
)
REPEATED = st.just("mx last message repeated 2 times")


def logs(stamps: tuple[str, ...], lines: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    stamped = st.lists(st.tuples(st.integers(0, len(stamps) - 1), lines), min_size=1, max_size=60)
    return stamped.map(
        lambda chosen: [
            f"{stamps[number]} {line}" for number, line in sorted(chosen, key=lambda each: each[0])
        ]
    )


LOGS = st.one_of(
    logs(STAMPS[:1], ONE_PROCESS),
    logs(STAMPS[:1], st.one_of(ONE_PROCESS, ONE_PROCESS, ONE_PROCESS, REPEATED)),
    logs(STAMPS[:1], LINES),
    logs(STAMPS, LINES),
    logs(STAMPS[1:2], st.one_of(LINES, REPEATED)),
    logs(ISO_STAMPS, LINES),
)


def a_log() -> ForeignLog:
    return ForeignLog(
        zone=UTC,
        modified=datetime(2027, 1, 2, tzinfo=UTC),
        origin=lambda _: UNKNOWN,
        sign_seen=frozenset({"dovecot"}),
    )


def read(
    chunks: list[list[str]],
) -> tuple[list[Record], dict[str, tuple[int, int]], dict[str, Tally]]:
    log = a_log()
    records = [record for chunk in chunks for record in log.read("\n".join(chunk))]
    records += log.finish()
    counts = {name: (count.logins, count.failed) for name, count in log.counts.items()}
    return records, counts, log.tallies


@settings(max_examples=400, deadline=None)
@given(lines=LOGS, cuts=st.sets(st.integers(1, 59), max_size=12))
def test_what_a_sieve_leaves_out_tells_nothing(lines: list[str], cuts: set[int]) -> None:
    """The first chunk is read line by line, so a log that is one chunk is the measure."""
    ends = [0, *sorted(cut for cut in cuts if cut < len(lines)), len(lines)]
    cut = [lines[start:end] for start, end in pairwise(ends)]
    assert read(cut) == read([lines])


def test_a_sieve_leaves_out_sessions_in_which_nobody_logs_in() -> None:
    log = a_log()
    head = "Nov 30 23:59:58 mx postfix/smtpd[5]: "
    session = [f"{head}{SMTPD[0]}", f"{head}{SMTPD[3]}"]
    text = "\n".join(session).format(ip=IPS[0])
    for _ in range(3):  # line by line, then for the first time, then as is usual
        log.read(text)
    assert log.counts["postfix"].entries == 4


def test_a_sieve_does_not_know_what_goes_on_after_lines_that_are_read_with_care() -> None:
    connect, bare_end, mail = (
        f"Nov 30 23:59:58 mx postfix/smtpd[5]: {said.format(ip=IPS[0])}"
        for said in (SMTPD[0], SMTPD[3], SMTPD[12])
    )
    login = (
        f"Nov 30 23:59:58 mx dovecot: imap-login: {IMAP_LOGIN[0].format(ip=IPS[0], session='x')}"
    )
    repeated = "Nov 30 23:59:58 mx last message repeated 1 time"
    chunks = [[login], [bare_end], [connect, mail, login, repeated], [connect, bare_end], [login]]
    assert read(chunks) == read([[line for chunk in chunks for line in chunk]])


@pytest.mark.parametrize(
    "damaged",
    [
        "Nov 30 23:5x:58 mx postfix/smtpd[5]: ",
        "Nov 30  23:59:58 mx postfix/smtpd[5]: ",
        "Nov 30 23:59:58 m:x postfix/smtpd[5]: ",
        "Nov 30 23:59:58 mx postfix/smtpd[5]:",
    ],
)
@pytest.mark.parametrize("number", [0, 3, 10])
def test_a_sieve_takes_no_line_for_one_that_the_envelope_rejects(damaged: str, number: int) -> None:
    """Found by fuzzing: the end of a session with a damaged stamp is not its end."""
    connect, bare_end, mail = (
        f"Nov 30 23:59:58 mx postfix/smtpd[5]: {said.format(ip=IPS[0])}"
        for said in (SMTPD[0], SMTPD[3], SMTPD[12])
    )
    other = damaged + SMTPD[number].format(ip=IPS[0])
    login = "Nov 30 23:59:58 mx dovecot: imap-login: Login: user=<a>, rip=192.0.2.1, TLS"
    chunks = [[login], [connect, mail, other, connect, bare_end, login]]
    assert read(chunks) == read([[line for chunk in chunks for line in chunk]])


def test_only_a_starttls_that_succeeded_shows_it_when_the_others_are_left_out() -> None:
    head = "Nov 30 23:59:58 mx postfix/own/smtpd[5]: "
    connect, plain_end, good_end, login = (
        head + SMTPD[number].format(ip=IPS[0]) for number in (0, 3, 2, 7)
    )
    failed_end = head + SMTPD[4].format(ip=IPS[0])
    sessions = [[connect, end] for end in (plain_end, plain_end, failed_end, good_end, login)]
    assert read(sessions) == read([[line for session in sessions for line in session]])
    records, _, _ = read(sessions)
    assert [record.security for record in records] == ["cleartext"]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    rest = [
        f"{STAMPS[0]} mx {program}: {said.format(ip=ip, session=session)}"
        for ip in IPS
        for session in SESSIONS
        for program, messages in (("dovecot", IMAP_LOGIN), (PROGRAMS[0], SMTPD))
        for said in (
            [f"imap-login: {each}" for each in messages] if program == "dovecot" else messages
        )
    ]
    path.write_bytes("\n".join(rest * 40).encode() + b"\n\xff\xfe not UTF-8\n" + rest[0].encode())
    return path


def test_a_process_apart_makes_the_same_of_a_file(mixed: Path) -> None:
    """In many small chunks, that both have several on their way."""
    signs = frozenset({"dovecot"})
    here = ForeignFile(mixed, None, signs)
    apart = FileApart(mixed, None, signs)
    octets: list[int] = []
    expected = list(here.encoded(size=8192))
    assert list(apart.encoded(octets.append, size=8192)) == expected
    assert apart.found() == here.found()
    assert apart.found().lines > 1000
    assert sum(octets) == mixed.stat().st_size
    assert [each.damaged for each in expected if each.damaged]


def until_it_fails(reading: Iterator[Encoded]) -> list[Encoded]:
    read: list[Encoded] = []
    with pytest.raises(EOFError):
        read.extend(reading)
    return read


def test_what_can_be_read_of_a_damaged_file_is_read_apart_too(tmp_path: Path, mixed: Path) -> None:
    damaged = tmp_path / "mail.log.1.gz"
    damaged.write_bytes(gzip.compress(mixed.read_bytes())[:-20])
    apart, here = FileApart(damaged, None, frozenset()), ForeignFile(damaged, None, frozenset())
    assert until_it_fails(apart.encoded(size=8192)) == until_it_fails(here.encoded(size=8192))
    assert apart.found() == here.found() != FileFound.nothing()


def test_a_reading_that_is_given_up_leaves_no_process(mixed: Path) -> None:
    others = children()
    reading = FileApart(mixed, None, frozenset()).encoded(size=8192)
    assert isinstance(reading, Generator)
    next(reading)
    assert children() > others
    reading.close()
    assert children() == others


def children() -> set[str]:
    """The processes that this one has started and not waited for."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split())


@pytest.mark.parametrize("stamp", [STAMPS[0], ISO_STAMPS[0]])
@pytest.mark.parametrize("octets", [20, 50, 90, 120, 200])
def test_a_long_host_and_service_hide_no_login(stamp: str, octets: int) -> None:
    """Found by fuzzing: a tag that is cut off is that of no program that is known."""
    head = f"{stamp} {'m' * octets}.example.com postfix/submissions/smtpd[1234567]: "
    session = [f"{head}{SMTPD[number].format(ip=IPS[0])}" for number in (0, 12, 6)]
    records, _, _ = read([["x"], [session[0]], session])
    assert [record.user for record in records] == ["bob@example.com"]
