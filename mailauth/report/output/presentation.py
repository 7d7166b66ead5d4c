"""How reports show their rows to people, on a terminal and on a page."""

import enum
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from mailauth.report.rows import (
    Absent,
    Case,
    Country,
    Cutoff,
    Exposure,
    Insecure,
    Login,
    Row,
)
from mailauth.report.values import duration, iso, text


class Tone(enum.Enum):
    """The meaning of a value, shown by its style."""

    PLAIN = "plain"
    NAME = "name"
    FAINT = "faint"
    GOOD = "good"
    BAD = "bad"


class Value(msgspec.Struct, frozen=True):
    """A text to show, and its meaning."""

    text: str
    tone: Tone = Tone.PLAIN


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its heading, and what it shows of a row. Only a journal has `evidence`.

    Columns with `other_server` are shown only for logs of other servers. Those with `is_key`
    identify the row if there is no room for a table.
    """

    heading: str
    show: Callable[[Any], Value]
    numeric: bool = False
    evidence: bool = False
    other_server: bool = False
    is_key: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Which optional columns to show: those for a journal, and those for another server's logs."""

    evidence: bool
    other_server: bool = False

    def of(self, columns: Iterable[Column]) -> list[Column]:
        """Return the columns to show."""
        return [
            column
            for column in columns
            if (self.evidence or not column.evidence)
            and (self.other_server or not column.other_server)
        ]


class Presentation(msgspec.Struct, frozen=True):
    """The presentation of a report; `none` is shown if there are no rows."""

    title: str
    columns: tuple[Column, ...]
    none: str


def _time(time: datetime | None) -> Value:
    return Value(iso(time) if time is not None else "never", Tone.FAINT)


def _name(name: str) -> Value:
    return Value(text(name), Tone.NAME) if name else Value("(not named)", Tone.FAINT)


_VERDICTS = {"SECURE": Tone.GOOD, "UNSECURE": Tone.BAD, "UNKNOWN": Tone.PLAIN}


def _verdict(verdict: str) -> Value:
    return Value(text(verdict), _VERDICTS[verdict])


def _unknown(row: Case | Insecure | Absent | Country) -> Value:
    return Value(str(row.unknown) if row.unknown else "")


def _where(address: str, origin: str) -> Value:
    return Value(f"{text(address)} ({text(origin)})")


def _door(listener: str | None, port: int | None) -> Value:
    return Value(f"{text(listener)} {text(port)}".strip())


def _exposed(exposed: bool | None) -> Value:
    if exposed is None:
        return Value("not known", Tone.FAINT)
    return Value("exposed", Tone.BAD) if exposed else Value("no", Tone.GOOD)


def _state(row: Case | Insecure) -> Value:
    return Value("open", Tone.BAD) if row.open else Value("fixed", Tone.GOOD)


def _secured(row: Insecure | Absent) -> Value:
    return Value(iso(row.last_secure), Tone.FAINT) if row.last_secure else Value("never", Tone.BAD)


def _fixed(row: Case) -> Value:
    return _time(row.fixed) if row.fixed is not None else Value("not yet", Tone.BAD)


def _took(row: Case) -> Value:
    return Value("" if row.time_to_fix is None else duration(row.time_to_fix))


def _warned(condition: bool, wrong: str, right: str = "") -> Value:
    return Value(wrong, Tone.BAD) if condition else Value(right, Tone.GOOD)


def _network(network: str) -> Value:
    return Value(network, Tone.BAD if network == "Internet" else Tone.PLAIN)


ACCOUNT = Column(heading="account", show=lambda row: _name(row.account), is_key=True)
SERVICE = Column(heading="service", show=lambda row: Value(row.service.value), is_key=True)
WHERE = Column(heading="from", show=lambda row: _where(row.address, row.origin))
DOOR = Column(heading="listener", show=lambda row: _door(row.listener, row.port), evidence=True)
CLIENT = Column(heading="client", show=lambda row: Value(text(row.client)), evidence=True)
EXPOSED = Column(heading="password", show=lambda row: _exposed(row.exposed), evidence=True)
STATE = Column(heading="state", show=_state, is_key=True)
FIRST = Column(heading="first", show=lambda row: _time(row.first))
LAST = Column(heading="last", show=lambda row: _time(row.last))
COUNT = Column(heading="times", show=lambda row: Value(str(row.count)), numeric=True)
UNKNOWN = Column(heading="unknown", show=_unknown, numeric=True, other_server=True)
VERDICT = Column(
    heading="verdict", show=lambda row: _verdict(row.verdict), is_key=True, other_server=True
)
LOGINS = Column(heading="logins", show=lambda row: Value(str(row.logins)), numeric=True)

PRESENTATIONS: Mapping[type[Row], Presentation] = {
    Login: Presentation(
        "Logins",
        (
            Column(heading="time", show=lambda row: _time(row.time), is_key=True),
            ACCOUNT,
            SERVICE,
            Column(heading="verdict", show=lambda row: _verdict(row.verdict), is_key=True),
            WHERE,
            DOOR,
            Column(
                heading="how",
                show=lambda row: Value(
                    " ".join(filter(None, (text(row.mechanism), text(row.tls_version))))
                ),
                evidence=True,
            ),
            CLIENT,
        ),
        "Nobody logged in.",
    ),
    Insecure: Presentation(
        "Insecure logins",
        (
            *(STATE, ACCOUNT, SERVICE, CLIENT, WHERE, DOOR, FIRST, LAST, COUNT, UNKNOWN),
            Column(heading="last SECURE", show=_secured),
            EXPOSED,
        ),
        "Nobody logged in insecurely.",
    ),
    Case: Presentation(
        "Cases",
        (
            STATE,
            ACCOUNT,
            SERVICE,
            Column(heading="opened", show=lambda row: _time(row.opened)),
            Column(heading="last UNSECURE", show=lambda row: _time(row.last_unsecure)),
            Column(heading="times", show=lambda row: Value(str(row.unsecure)), numeric=True),
            UNKNOWN,
            Column(heading="fixed", show=_fixed),
            Column(heading="took", show=_took, numeric=True),
            Column(
                heading="reopened",
                show=lambda row: Value(str(row.reopened) if row.reopened else ""),
                numeric=True,
            ),
            WHERE,
            DOOR,
            CLIENT,
            EXPOSED,
        ),
        "There are no cases: no login was UNSECURE.",
    ),
    Exposure: Presentation(
        "Exposed passwords, not changed since",
        (
            ACCOUNT,
            Column(heading="network", show=lambda row: _network(row.network), is_key=True),
            FIRST,
            LAST,
            COUNT,
            Column(
                heading="refused",
                show=lambda row: Value(str(row.refused) if row.refused else ""),
                numeric=True,
            ),
            Column(heading="services", show=lambda row: Value(text(row.services))),
            Column(heading="listeners", show=lambda row: Value(text(row.listeners))),
            WHERE,
            CLIENT,
        ),
        "No password is known to have crossed the wire in the clear.",
    ),
    Cutoff: Presentation(
        "If cleartext were refused today",
        (DOOR, SERVICE, ACCOUNT, VERDICT, CLIENT, WHERE, LAST, COUNT),
        "No client would break.",
    ),
    Absent: Presentation(
        "Accounts never seen SECURE, or not seen for a while",
        (
            ACCOUNT,
            LAST,
            Column(
                heading="days ago",
                show=lambda row: Value("" if row.days is None else str(row.days)),
                numeric=True,
            ),
            LOGINS,
            UNKNOWN,
            Column(heading="last SECURE", show=_secured),
        ),
        "All accounts have logged in recently, and SECURE.",
    ),
    Country: Presentation(
        "Logins by country",
        (
            Column(heading="country", show=lambda row: _name(row.country), is_key=True),
            Column(
                heading="from there",
                show=lambda row: Value(str(row.country_logins), Tone.FAINT),
                numeric=True,
            ),
            ACCOUNT,
            LOGINS,
            Column(
                heading="UNSECURE",
                show=lambda row: _warned(row.unsecure > 0, str(row.unsecure)),
                numeric=True,
            ),
            UNKNOWN,
            FIRST,
            LAST,
            Column(heading="", show=lambda row: _warned(row.new, "new for the account")),
        ),
        "Nobody logged in.",
    ),
}
