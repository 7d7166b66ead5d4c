"""The instants of stamps without a year or a zone, and of clocks that are set back."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from mailauth.origin import UNKNOWN
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record

BERLIN = ZoneInfo("Europe/Berlin")
CHANGED = datetime(2027, 1, 2, 12, tzinfo=UTC)  # when the file was last modified


def read(
    lines: Sequence[str], *, zone: tzinfo = UTC, modified: datetime = CHANGED, size: int = 1
) -> list[Record]:
    """Read so many lines at a time."""
    log = ForeignLog(
        zone=zone,
        modified=modified,
        origin=lambda _: UNKNOWN,
        sign_seen=frozenset({"dovecot"}),
    )
    parts = [lines[at : at + size] for at in range(0, len(lines), size)]
    return [record for part in parts for record in log.read("\n".join(part))] + log.finish()


def login(stamp: str, session: str = "", host: str = "mx") -> str:
    ending = f", session=<{session}>" if session else ""
    return (
        f"{stamp} {host} dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.10, "
        f"lip=192.0.2.1, mpid=135, TLS{ending}"
    )


def times(records: list[Record]) -> list[str]:
    return [record.at.astimezone(UTC).isoformat(timespec="seconds")[:-6] for record in records]


@pytest.mark.parametrize("size", [1, 2, 10])
def test_a_year_begins_between_two_stamps_without_one(size: int) -> None:
    lines = [
        login("Nov  3 10:00:00"),
        login("Dec 31 23:59:59"),
        "Jan  1 00:00:00 mx kernel: hello",
        login("Jan  1 00:00:01"),
    ]
    assert times(read(lines, size=size)) == [
        "2026-11-03T10:00:00",
        "2026-12-31T23:59:59",
        "2027-01-01T00:00:01",
    ]


def test_a_year_begins_though_its_first_login_is_months_later() -> None:
    """Only lines without a login tell that the months went on."""
    months = ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug")
    lines = [login("Nov  3 10:00:00"), *(f"{month}  9 10:00:00 mx cron: x" for month in months)]
    lines.append(login("Sep  3 10:00:00"))
    modified = datetime(2027, 9, 4, tzinfo=UTC)
    assert times(read(lines, modified=modified))[1] == "2027-09-03T10:00:00"


def test_the_hour_that_a_zone_repeats_is_told_by_the_order_of_lines() -> None:
    stamps = ("Oct 25 01:59:59", "Oct 25 02:30:00", "Oct 25 02:59:59", "Oct 25 02:00:01")
    found = read([login(stamp) for stamp in (*stamps, "Oct 25 03:00:00")], zone=BERLIN)
    assert times(found) == [
        "2026-10-24T23:59:59",
        "2026-10-25T00:30:00",
        "2026-10-25T00:59:59",
        "2026-10-25T01:00:01",
        "2026-10-25T02:00:00",
    ]


def test_the_hour_that_a_zone_leaves_out_is_no_error() -> None:
    found = read([login("Mar 29 01:59:59"), login("Mar 29 03:00:00")], zone=BERLIN)
    assert times(found) == ["2026-03-29T00:59:59", "2026-03-29T01:00:00"]


def test_session_ids_tell_the_zone_of_the_other_lines_too() -> None:
    """The id is of 15:38:42 UTC, and the stamp is one hour later."""
    lines = [
        login("Nov 24 16:38:42", session="pU1MgQdhQbvAAAIK"),
        "Nov 24 16:38:50 mx sm-mta[1]: AUTH=server, relay=[192.0.2.9], authid=amy, "
        "mech=PLAIN, bits=0",
    ]
    assert times(read(lines)) == ["2026-11-24T15:38:42", "2026-11-24T15:38:50"]


def test_29_february_is_of_the_leap_year_before() -> None:
    modified = datetime(2028, 3, 1, tzinfo=UTC)
    assert times(read([login("Feb 29 10:00:00")], modified=modified)) == ["2028-02-29T10:00:00"]
    assert read([login("Feb 30 10:00:00")]) == []


def test_a_clock_that_is_set_back_does_not_change_the_year() -> None:
    stamps = ("Nov 24 10:00:00", "Nov 24 09:00:00", "Oct 31 10:00:00", "Nov 24 10:00:00")
    assert times(read([login(stamp) for stamp in stamps])) == [
        "2026-11-24T10:00:00",
        "2026-11-24T09:00:00",
        "2026-10-31T10:00:00",
        "2026-11-24T10:00:00",
    ]


def test_hosts_in_one_file_have_sessions_of_their_own() -> None:
    """The same process number on two hosts, whose lines alternate."""

    def smtpd(host: str, said: str) -> str:
        return f"Nov 24 10:00:00 {host} postfix/smtpd[5]: {said}"

    client, other = "unknown[192.0.2.10]", "unknown[192.0.2.11]"
    mail = "3FD7427E450: client={}, sasl_method=PLAIN, sasl_username={}"
    lines = [
        smtpd("a", f"connect from {client}"),
        smtpd("b", f"connect from {other}"),
        smtpd("a", mail.format(client, "amy")),
        smtpd("b", mail.format(other, "bob")),
        smtpd("b", f"disconnect from {other} ehlo=2 starttls=1 auth=1 mail=1 quit=1 commands=6"),
        smtpd("a", f"disconnect from {client} ehlo=1 auth=1 mail=1 quit=1 commands=4"),
    ]
    found = [(record.user, record.ip, record.secure) for record in read(lines)]
    assert found == [("bob", "192.0.2.11", True), ("amy", "192.0.2.10", False)]


@pytest.mark.parametrize("size", [1, 2, 10])
def test_repeated_lines_count_as_often_as_they_were_said(size: int) -> None:
    line = login("Nov 24 10:00:00")
    rsyslogs = line.replace("dovecot: ", "dovecot: message repeated 3 times: [ ") + "]"
    lines = [line, rsyslogs, line, "Nov 24 10:00:09 mx last message repeated 2 times"]
    found = read(lines, size=size)
    assert [record.count or 1 for record in found] == [1, 3, 1, 2]
    assert len({record.id for record in found}) == 4
    other = [line, "Nov 24 10:00:09 other last message repeated 2 times"]
    assert [record.count for record in read(other)] == [None]


@pytest.mark.parametrize("day", ["2\x1c", "x9", "\xb2\xb3", "  ", "\u0661\u0662"])
def test_a_day_that_is_no_number_is_no_error(day: str) -> None:
    """Found by fuzzing: the first line of a file tells its year."""
    found = read([f"Nov {day} 10:00:00 mx cron[1]: hello", login("Nov 24 10:00:00")])
    assert times(found) == ["2026-11-24T10:00:00"]
