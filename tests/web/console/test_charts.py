"""How the bars of a chart and its scale are measured."""

import pytest

from mailauth.report.rows import Share
from mailauth.web.console.charts import Bar, Chart


def chart_of(*totals: int) -> Chart:
    return Chart("T", tuple(Bar(Share(label="", secure=total, unsecure=0)) for total in totals))


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (5, [0, 1, 2, 3, 4, 5]),
        (6, [0, 2, 4, 6]),
        (18, [0, 5, 10, 15, 20]),
        (20, [0, 5, 10, 15, 20]),
        (101, [0, 50, 100, 150]),
        (1_234_567, [0, 500_000, 1_000_000, 1_500_000]),
    ],
)
def test_the_scale_is_of_round_numbers_and_as_high_as_every_bar(
    largest: int, ticks: list[int]
) -> None:
    assert list(chart_of(0, largest, 0).ticks) == ticks


def test_a_chart_over_time_has_labels_for_which_there_is_room() -> None:
    assert [chart_of(*[1] * bars).labelled for bars in (1, 8, 9, 21, 100)] == [1, 1, 2, 3, 13]


def test_the_parts_of_a_bar_follow_each_other_and_lead_to_their_logins() -> None:
    """A part without logins leads nowhere, and neither does one whose logins have no query."""
    share = Share(label="IMAP", secure=0, unsecure=3)
    unsecure, secure = Bar(share, "protocol=IMAP").parts
    assert (unsecure.before, unsecure.count, secure.before, secure.count) == (0, 3, 3, 0)
    assert (unsecure.href, secure.href) == ("/logins?protocol=IMAP&secure=false", None)
    assert [part.href for part in Bar(share).parts] == [None, None]


def test_logins_with_an_unknown_verdict_are_a_part_of_their_own_and_never_secure() -> None:
    bar = Bar(Share(label="IMAP", secure=2, unsecure=3, unknown=4), "protocol=IMAP")
    assert [part.count for part in bar.parts] == [3, 2, 4]
    assert bar.parts[2].before == 5
    assert bar.parts[2].href == "/logins?protocol=IMAP&secure=unknown"
    assert bar.total == 9
    assert Chart("T", (bar,)).has_unknown
