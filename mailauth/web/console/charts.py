"""Charts: bars of logins with their parts, each linked to a page with these logins.

`charts.html` draws them as rectangles, which the style sheet positions and colours, since the
content security policy forbids styles inside a page.
"""

import calendar
from itertools import cycle

import msgspec

from mailauth.report.rows import Share

_MONTHS = calendar.month_abbr[1:]
_LABELS = 8  # under the bars of a chart over time
_TICKS = 5  # above 0


class Part(msgspec.Struct, frozen=True):
    """The logins of a bar with one verdict, and the number of logins below them in the bar.

    `href` leads to these logins, or is `None`.
    """

    verdict: str
    count: int
    before: int
    href: str | None


class Bar(msgspec.Struct, frozen=True):
    """A share, and the query for its logins, or `None` without a link."""

    share: Share
    query: str | None = None

    @property
    def total(self) -> int:
        """The number of its logins."""
        return self.share.unsecure + self.share.secure + self.share.unknown

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its parts, from the bottom up; an unknown one only where there are such logins."""
        share = self.share
        known = share.unsecure + share.secure
        parts = (
            Part("UNSECURE", share.unsecure, 0, self._href(share.unsecure, "&secure=false")),
            Part("SECURE", share.secure, share.unsecure, self._href(share.secure, "&secure=true")),
            Part("UNKNOWN", share.unknown, known, self._href(share.unknown, "&secure=unknown")),
        )
        return parts if share.unknown else parts[:2]

    @property
    def short(self) -> str:
        """Its hour, day or month as the label under the bar."""
        label = self.share.label
        match len(label):
            case 16:  # 2026-11-24T09:00
                return label[11:]
            case 10:  # 2026-11-24
                return f"{int(label[8:])} {_MONTHS[int(label[5:7]) - 1]}"
            case _:  # 2026-11
                return f"{_MONTHS[int(label[5:7]) - 1]} {label[:4]}"

    def _href(self, count: int, verdict: str) -> str | None:
        return f"/logins?{self.query}{verdict}" if count and self.query is not None else None


class Chart(msgspec.Struct, frozen=True):
    """Bars under a title: vertical ones over time, horizontal ones for the values of a property."""

    title: str
    bars: tuple[Bar, ...]
    is_over_time: bool = False

    @property
    def has_unknown(self) -> bool:
        """Whether any of its logins has an unknown verdict."""
        return any(bar.share.unknown for bar in self.bars)

    @property
    def largest(self) -> int:
        """The number of logins of the longest bar, at least 1."""
        return max((bar.total for bar in self.bars), default=0) or 1

    @property
    def ticks(self) -> range:
        """Round numbers for the scale, from 0 to at least the longest bar."""
        step, factors = 1, cycle((2, 2.5, 2))
        while step * _TICKS < self.largest:
            step = int(step * next(factors))
        return range(0, self.largest + step, step)

    @property
    def labelled(self) -> int:
        """The interval between labelled bars."""
        return -(-len(self.bars) // _LABELS)
