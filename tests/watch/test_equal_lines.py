"""Logins whose deciding lines are equal are each recorded once, whenever the watcher is killed."""

import itertools
from pathlib import Path

import pytest

from mailauth.watch.source import Start
from tests.watch.desk import IP, Watched, read_once, stamp

_CLIENT = f"unknown[{IP}]"
_EQUAL = 3


def _session(users: tuple[str, ...], number: int, counters: str, pid: int = 1) -> list[str]:
    """The lines of a session; the last one, which decides it, is equal in all of a process."""
    begins = f"{stamp(1)} mx postfix/smtpd[{pid}]: "
    return [
        f"{begins}connect from {_CLIENT}",
        f"{begins}warning: {_CLIENT}: SASL PLAIN authentication failed: x",
        f"{begins}4AB{number}: client={_CLIENT}, sasl_method=PLAIN, sasl_username={users[0]}",
        f"{begins}4AC{number}: client={_CLIENT}, sasl_method=PLAIN, sasl_username={users[-1]}",
        f"{begins}disconnect from {_CLIENT}{counters}",
    ]


def _written(users: tuple[str, ...], counters: str) -> list[str]:
    """Sessions of one process; during each, one of another process begins that ends last."""
    lines, ends = [], []
    for number in range(_EQUAL):
        connected, failed, first, second, ended = _session(users, number, counters)
        *begun, end = _session(users, number, counters, pid=10 + number)
        lines += [connected, failed, first, *begun[::2], failed, second, ended]
        ends.append(end)
    return [*lines, *ends]


@pytest.mark.parametrize("rotates", [False, True])
@pytest.mark.parametrize("counters", [" ehlo=1 auth=1 commands=3", ""])
@pytest.mark.parametrize("users", [("bob",), ("bob", "eve")])
def test_a_kill_at_any_line_loses_none_of_equal_lines(
    tmp_path: Path, users: tuple[str, ...], counters: str, rotates: bool
) -> None:
    lines = _written(users, counters)
    expected = sorted((each.id, each.user, each.session) for each in read_once(lines))
    assert len(expected) == 4 * _EQUAL
    for killed, again in itertools.product(range(len(lines)), (1, 3)):
        place = tmp_path / f"{killed}-{again}"
        place.mkdir()
        watched = Watched(place)
        watched.append(f"{stamp(0)} mx rsyslogd: begins")
        watched.start(Start.BEGINNING)
        for number, line in enumerate(lines):
            watched.append(line)
            watched.look(1.5)
            if number in (killed, killed + again):
                watched.kill()
                if rotates:
                    watched.log.rename(watched.log.with_name(f"mail.log.{number}"))
                    watched.append(f"{stamp(1)} mx rsyslogd: begins after line {number}")
                watched.start()
        events = watched.look()
        recorded = sorted((event.id, event.user, event.session) for event in events)
        assert recorded == expected, f"killed after lines {killed} and {killed + again}"
        watched.kill()
