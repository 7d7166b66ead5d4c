"""Which events have a log line besides their journal record, and its text."""

import enum

from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.record.line import failure, success


class Log(enum.Enum):
    """A log of lines."""

    SUCCESSES = enum.auto()
    FAILURES = enum.auto()


def log_of(event: LoginEvent) -> Log | None:
    """Return the log in which the event has a line; most kinds have none.

    A line needs a verdict and an account. If another server's log lacks one of them, there is none.
    """
    if event.kind is not Kind.LOGIN or event.result is None or event.ip is None:
        return None
    if event.secure is None or (event.result is Result.SUCCESS and not event.user):
        return None
    return _LOGS.get(event.result)


def line_of(event: LoginEvent, log: Log, time: str) -> str:
    """Return the event's line; `time` is already formatted."""
    assert event.protocol is not None, "a login has a protocol"
    assert event.secure is not None, "a login has a verdict"
    assert event.ip is not None, "a login comes from somewhere"
    assert event.origin is not None, "an address has an origin"
    if log is Log.SUCCESSES:
        assert event.user is not None, "a login has an account"
        return success(
            time,
            event.protocol,
            secure=event.secure,
            account=event.user,
            address=event.ip,
            origin=event.origin,
        )
    return failure(
        time,
        event.protocol,
        secure=event.secure,
        name=event.user or event.authcid or "",
        address=event.ip,
        origin=event.origin,
        reason=_reason(event),
    )


def _reason(event: LoginEvent) -> str:
    reason = event.reason or ""
    return reason if event.count == 1 else f"{reason} {event.count} times"


_LOGS = {
    Result.SUCCESS: Log.SUCCESSES,
    Result.BAD_CREDENTIALS: Log.FAILURES,
    Result.DISABLED: Log.FAILURES,
    Result.DENIED: Log.FAILURES,
    Result.BLOCKED: Log.FAILURES,
}
