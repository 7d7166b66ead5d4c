"""A line of SuccessfulLogins.log, exactly as Xeams writes it, and of InvalidPasswordAttempts.log.

    YYYY-MM-DD HH:MM:SS,mmm - [SERVICE] {VERDICT} - ACCOUNT - ADDRESS (ORIGIN)
    YYYY-MM-DD HH:MM:SS,mmm - [SERVICE] {VERDICT} - NAME - ADDRESS (ORIGIN) - REASON

Pure. Lines have no line endings here.
"""

import functools
import re
from datetime import datetime

import msgspec

from mailauth.login.event import Service
from mailauth.origin import UNKNOWN
from mailauth.wire.networks import parse_address
from mailauth.wire.unseen import INVISIBLE, SPACES

NOBODY = "-"  # the name of a failed login without one


class LineError(ValueError):
    """The text is not a line of SuccessfulLogins.log; the message says what is wrong."""


class LoginLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one line says. `time` is naive, in the zone of the log, in whole milliseconds."""

    time: datetime
    protocol: Service
    secure: bool
    account: str
    address: str
    origin: str


def format_line(line: LoginLine) -> str:
    """Return the line; for every non-empty account `parse_line` gives it back."""
    return success(
        printed_time(line.time),
        line.protocol,
        secure=line.secure,
        account=line.account,
        address=line.address,
        origin=line.origin,
    )


def parse_line(text: str) -> LoginLine:
    """Parse a line of ours, or a genuine one of Xeams with spaces or percent signs in its name.

    A line is exactly ours if `format_line` gives it back. Raises `LineError`.
    """
    match = _LINE.fullmatch(text) if text.endswith(")") and "\n" not in text else None
    if match is None:
        raise LineError(_what_is_wrong(text))
    time, service, verdict, account, address, origin = match.groups()
    try:
        parse_address(address)
    except ValueError:
        raise LineError(f"{address!r} is not an IP address") from None
    return LoginLine(
        time=_parse_time(time),
        protocol=Service(service),
        secure=verdict == "SECURE",
        account=unescape(account),
        address=address,
        origin=origin,
    )


def success(
    time: str, protocol: Service, *, secure: bool, account: str, address: str, origin: str
) -> str:
    """Return the line of a successful login; `time` is already formatted."""
    if not account:
        raise ValueError("a line names an account")
    verdict = "SECURE" if secure else "UNSECURE"
    return (
        f"{time} - [{protocol}] {{{verdict}}} - {escape(account)}"
        f" - {address} ({origin_label(origin)})"
    )


def failure(
    time: str,
    protocol: Service,
    *,
    secure: bool,
    name: str,
    address: str,
    origin: str,
    reason: str,
) -> str:
    """Return the line of a failed login; without a name it has `NOBODY`."""
    line = success(
        time, protocol, secure=secure, account=name or NOBODY, address=address, origin=origin
    )
    return f"{line} - {plain(reason)}"


def printed_time(time: datetime) -> str:
    """Format a time, milliseconds truncated, without its offset."""
    return time.replace(tzinfo=None).isoformat(" ", "milliseconds").replace(".", ",")


def escape(name: str) -> str:
    """Percent-encode, as UTF-8, every character that could break a line or mislead its reader."""
    return _MISLEADING.sub(_percent_encoded, name)


def unescape(text: str) -> str:
    """Undo `escape`; text that `escape` cannot have written stays as it is."""
    if "%" not in text:
        return text
    octets = _PERCENT.sub(
        lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "surrogatepass")
    )
    try:
        name = octets.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return text
    return name if escape(name) == text else text


@functools.lru_cache(maxsize=1024)
def origin_label(origin: str) -> str:
    """Return an origin for a line; its parentheses become brackets.

    So the line's own parentheses are the last ones. An empty origin is unknown.
    """
    return plain(origin.replace("(", "[").replace(")", "]")) or UNKNOWN.label


def plain(text: str) -> str:
    """Return our text on one line: white space becomes a space, misleading characters U+FFFD."""
    return _MISLEADING_TEXT.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


_MISLEADING = re.compile(f"[%{SPACES}{INVISIBLE}]")
_MISLEADING_TEXT = re.compile(f"[{INVISIBLE}]")
_PERCENT = re.compile(rb"%([0-9A-F]{2})")

_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
_LINE = re.compile(
    rf"({_TIME}) - \[(SMTP|IMAP|POP3|HTTP)\] \{{(SECURE|UNSECURE)\}} - (.+) - (\S+) \((.+)\)",
    re.ASCII,
)
_BEGINNINGS = (
    (re.compile(_TIME, re.ASCII), 'no time such as "2020-07-28 16:12:02,759" at its beginning'),
    (
        re.compile(r" - \[(SMTP|IMAP|POP3|HTTP)\]"),
        "no [SMTP], [IMAP], [POP3] or [HTTP] after the time",
    ),
    (re.compile(r" \{(SECURE|UNSECURE)\}"), "no {SECURE} or {UNSECURE} after the service"),
    (re.compile(r" - (?=\S)"), "no account after the verdict"),
)


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{octet:02X}" for octet in found[0].encode("utf-8", "surrogatepass"))


def _parse_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError as error:
        raise LineError(f"{text!r} is not a time: {error}") from None


def _what_is_wrong(text: str) -> str:
    if "\n" in text or "\r" in text:
        return "a line ending inside it"
    position = 0
    for beginning, complaint in _BEGINNINGS:
        match = beginning.match(text, position)
        if match is None:
            return complaint
        position = match.end()
    if not text.endswith(")"):
        return "no origin in parentheses at its end"
    return "no account, address and (origin) after the verdict"
