"""Times as somebody types them."""

from datetime import datetime

import pytest

from mailauth.report.period import PeriodError, parse_time

NOW = datetime(2026, 11, 24, 19, 37, 5)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23", datetime(2026, 11, 23)),
        ("2026-11-23T16:12", datetime(2026, 11, 23, 16, 12)),
        (" 2026-11-23 16:12 ", datetime(2026, 11, 23, 16, 12)),
        ("now", NOW),
        ("today", datetime(2026, 11, 24)),
        ("Yesterday", datetime(2026, 11, 23)),
        ("monday", datetime(2026, 11, 23)),
        ("tuesday", datetime(2026, 11, 24)),
        ("wednesday", datetime(2026, 11, 18)),
        ("7d", datetime(2026, 11, 17, 19, 37, 5)),
        ("24h", datetime(2026, 11, 23, 19, 37, 5)),
        ("30m", datetime(2026, 11, 24, 19, 7, 5)),
        ("2 w", datetime(2026, 11, 10, 19, 37, 5)),
    ],
)
def test_times_are_told_from_now_or_as_they_are(text: str, time: datetime) -> None:
    assert parse_time(text, NOW) == time


@pytest.mark.parametrize("text", ["", "7", "d", "-7d", "7.5d", "1y", "mon", "999999999d", "7d\n7d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_time(text, NOW)


@pytest.mark.parametrize("text", ["7d", "today", "2026-11-23T16:12+01:00"])
def test_without_now_a_time_is_itself(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_time(text)
