"""Dates in messages and commands (RFC 5322 §3.3, RFC 3501 §9)."""

import re
from datetime import date, datetime

MONTHS = tuple(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_MONTH_NUMBERS = {month.lower(): number for number, month in enumerate(MONTHS, 1)}
_SENT = re.compile(rb"(?<![\d:])(\d{1,2})[ \t-]+([A-Za-z]{3})[A-Za-z]{0,6}[ \t-]+(\d{2,4})(?!\d)")


def sent_date(value: bytes) -> date | None:
    """Return the day of a Date field, ignoring time and zone; `None` when it has no valid date."""
    match = _SENT.search(value)
    if match is None:
        return None
    day, month, year = int(match[1]), _MONTH_NUMBERS.get(match[2].lower(), 0), int(match[3])
    if year < 1000:  # RFC 5322 §4.3
        year += 2000 if year < 50 else 1900
    try:
        return date(year, month, day)
    except ValueError:
        return None


def internal_date(moment: datetime) -> bytes:
    """Return an INTERNALDATE, quoted (RFC 3501 §9 date-time)."""
    offset = moment.strftime("%z")[:5] or "+0000"
    return b'"%2d-%b-%04d %02d:%02d:%02d %b"' % (
        moment.day,
        MONTHS[moment.month - 1],
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
        offset.encode("ascii"),
    )
