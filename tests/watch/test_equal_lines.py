"""Logins whose deciding lines are equal are each recorded once, whenever the watcher is killed."""

import itertools
from pathlib import Path

import pytest

from mailauth.watch.source import Start
from tests.watch.desk import IP, Watched, read_once, stamp

_CLIENT = f"unknown[{IP}]"
_EQUAL = 4


def _session(user: str, number: int, pid: int = 1) -> list[str]:
    """The lines of a session; the last one, which decides it, is equal in all of a process."""
    begins = f"{stamp(1)} mx postfix/smtpd[{pid}]: "
    return [
        f"{begins}connect from {_CLIENT}",
        f"{begins}4AB{number}: client={_CLIENT}, sasl_method=PLAIN, sasl_username={user}",
        f"{begins}disconnect from {_CLIENT} ehlo=1 auth=1 commands=3",
    ]


def _written(users: tuple[str, ...]) -> list[str]:
    """Sessions of one process; during each, one of another process begins, and does not end."""
    lines = []
    for number, user in enumerate(users):
        *before, last = _session(user, number)
        other = _session("joe", number, pid=10 + number)[:2]
        lines += [*before, *other, last]
    ends = (_session("joe", number, pid=10 + number)[2] for number in range(len(users)))
    return [*lines, *ends]


@pytest.mark.parametrize("rotates", [False, True])
@pytest.mark.parametrize("users", [("bob",) * _EQUAL, ("bob", "eve", "amy", "bob")])
def test_a_kill_at_any_line_loses_none_of_equal_lines(
    tmp_path: Path, users: tuple[str, ...], rotates: bool
) -> None:
    lines = _written(users)
    expected = sorted((each.id, each.user, each.session) for each in read_once(lines))
    assert len(expected) == 2 * _EQUAL
    for killed, again in itertools.product(range(len(lines)), (1, 3)):
        place = tmp_path / f"{killed}-{again}"
        place.mkdir()
        watched = Watched(place)
        watched.append(f"{stamp(0)} mx rsyslogd: begins")
        watched.start(Start.BEGINNING)
        for number, line in enumerate(lines):
            watched.append(line)
            events = watched.look(1.5)
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
