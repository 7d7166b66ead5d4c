"""The logs as they are asked: each report's rows, shares and totals."""

import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import duckdb
import msgspec

from mailauth.report.period import Wanted
from mailauth.report.rows import Row, Share, Totals
from mailauth.report.tables import Tables, set_variables

R = TypeVar("R", bound=Row)

ABSENT_DAYS = 30
_FETCHED = 4096  # rows at a time, of an answer that may be long


class By(enum.Enum):
    """What logins are shared out by."""

    SERVICE = "service"
    COUNTRY = "country"
    MECHANISM = "mechanism"
    CLIENT = "client"
    ACCOUNT = "account"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What `Absent` is told: who should be there, the time, and how many days are a while."""

    now: datetime
    accounts: Sequence[str] = ()
    days: int = ABSENT_DAYS


class Answer(msgspec.Struct, frozen=True):
    """Rows as plain values under the names of their columns, fetched as they are iterated."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


class Logs:
    """Log tables to be asked. Any thread may ask; questions do not wait for each other."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def rows(
        self,
        kind: type[R],
        wanted: Wanted,
        *,
        expected: Expected | None = None,
        limit: int | None = None,
    ) -> list[R]:
        """Return a report's rows, so many at most. `Absent` needs what is `expected`."""
        with self.answer(kind, wanted, expected=expected, limit=limit) as answer:
            return list(structs(kind, answer))

    @contextmanager
    def answer(
        self,
        kind: type[Row],
        wanted: Wanted,
        *,
        expected: Expected | None = None,
        limit: int | None = None,
    ) -> Iterator[Answer]:
        """Give a report's rows as plain values, for as long as the context lasts."""
        with self._asked(wanted) as cursor:
            if expected is not None:
                set_variables(
                    cursor,
                    accounts=list(expected.accounts),
                    now=expected.now,
                    days=expected.days,
                )
            cursor.execute(f"FROM {kind.report} LIMIT $1", [limit])
            yield Answer(kind.__struct_fields__, fetched(cursor))

    def shares(self, by: By, wanted: Wanted) -> list[Share]:
        """Share out the logins of the period: times in order, else the largest share first."""
        with self._asked(wanted) as cursor:
            set_variables(cursor, shared_by=by.value)
            cursor.execute("FROM shares")
            return [
                Share(label=label, secure=secure, unsecure=unsecure)
                for label, secure, unsecure in fetched(cursor)
            ]

    def totals(self, wanted: Wanted) -> Totals:
        """Count the logins of the period."""
        with self._asked(wanted) as cursor:
            row = cursor.execute("FROM totals").fetchone()
        assert row is not None, "a count has a row"
        return Totals(**dict(zip(Totals.__struct_fields__, row, strict=True)))

    @contextmanager
    def _asked(self, wanted: Wanted) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._tables.cursor() as cursor:
            set_variables(
                cursor,
                since=wanted.since,
                until=wanted.until,
                account=wanted.account,
                service=None if wanted.service is None else wanted.service.value,
                secure=wanted.secure,
                newest_first=wanted.newest_first,
            )
            yield cursor


def structs(kind: type[R], answer: Answer) -> Iterator[R]:
    """Yield an answer's rows as the structs that they are."""
    for row in answer.rows:
        yield msgspec.convert(dict(zip(answer.columns, row, strict=True)), kind)


def fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of what a cursor has executed."""
    while rows := cursor.fetchmany(_FETCHED):
        yield from rows
