"""Dates in messages and in answers."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.imap.dates import internal_date, sent_date


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Mon, 7 Feb 1994 21:52:25 -0800 (PST)", date(1994, 2, 7)),
        (b"7 feb 1994 21:52 GMT", date(1994, 2, 7)),
        (b"Thu,      13        Feb    1969        23:32   -0330", date(1969, 2, 13)),
        (b"21 Nov 97 09:55:06 GMT", date(1997, 11, 21)),
        (b"21 Nov 03 09:55:06 GMT", date(2003, 11, 21)),
        (b"21 Nov 103 09:55:06 GMT", date(2003, 11, 21)),
        (b"Sat, 29-February-2020 00:00:00 +1400", date(2020, 2, 29)),
        (b"30 Feb 2020 00:00:00 +0000", None),
        (b"1 Foo 2020", None),
        (b"0 Jan 2020", None),
        (b"2020-01-01T00:00:00Z", None),
        (b"", None),
        (b"\xff\0", None),
    ],
)
def test_the_day_a_message_was_sent(value: bytes, expected: date | None) -> None:
    """RFC 5322 §3.3, §4.3; RFC 3501 §6.4.4: disregarding time and timezone."""
    assert sent_date(value) == expected


@given(st.binary(max_size=40) | st.from_regex(rb"\d{0,3} [A-Z][a-z]{2,4} \d{0,5}.*"))
def test_any_octets_are_a_date_or_none(value: bytes) -> None:
    sent_date(value)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (
            datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7))),
            b'"17-Jul-1996 02:44:25 -0700"',
        ),
        (datetime(2020, 1, 2, 3, 4, 5, 999999, UTC), b'" 2-Jan-2020 03:04:05 +0000"'),
    ],
)
def test_internal_dates(moment: datetime, expected: bytes) -> None:
    """RFC 3501 §9 date-time."""
    assert internal_date(moment) == expected
