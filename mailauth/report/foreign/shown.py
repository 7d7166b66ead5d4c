"""A login to another server as a line like those of SuccessfulLogins.log, or UNKNOWN."""

from mailauth.record.line import escape
from mailauth.report.foreign.records import Record

_VERDICTS = {True: "SECURE", False: "UNSECURE", None: "UNKNOWN"}


def line_of(record: Record) -> str:
    """Return the line of a login: time, service, verdict, account, address and source."""
    at = record.at
    return (
        f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03} - [{record.protocol}] "
        f"{{{_VERDICTS[record.secure]}}} - {escape(record.user) if record.user else '(not named)'}"
        f" - {record.ip or 'unknown'} ({record.origin or 'Unknown'}) - {record.source}"
    )
