"""Queries to the logs: each report's rows, shares and totals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import duckdb
import msgspec

from mailauth.report.period import Expected, Unit, Wanted
from mailauth.report.rows import Row, Share, Shares, Totals
from mailauth.report.tables import Tables, set_variables, sql

R = TypeVar("R", bound=Row)

_FETCHED = 4096  # rows at a time, of an answer that may be long


class ResultSet(msgspec.Struct, frozen=True):
    """Rows as plain values with the names of their columns, fetched during iteration."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


class Logs:
    """Log tables. Any thread may ask; questions do not wait for each other."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def rows(
        self,
        kind: type[R],
        wanted: Wanted,
        *,
        expected: Expected | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[R]:
        """Return a report's rows after the first `offset`, at most `limit`.

        `Absent` needs `expected`.
        """
        with self.answer(kind, wanted, expected=expected, limit=limit, offset=offset) as answer:
            return list(structs(kind, answer))

    @contextmanager
    def answer(
        self,
        kind: type[Row],
        wanted: Wanted,
        *,
        expected: Expected | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[ResultSet]:
        """Return a report's rows as plain values, for as long as the context lasts."""
        with self._asked(wanted) as cursor:
            _expect(cursor, expected)
            where, values = _matching(kind, wanted)
            cursor.execute(
                f"FROM {kind.report} {where} LIMIT $limit OFFSET $offset",
                {**values, "limit": limit, "offset": offset},
            )
            yield ResultSet(kind.__struct_fields__, fetched(cursor))

    def count(self, kind: type[Row], wanted: Wanted, *, expected: Expected | None = None) -> int:
        """Return how many rows a report has."""
        with self._asked(wanted) as cursor:
            _expect(cursor, expected)
            where, values = _matching(kind, wanted)
            counting = f"SELECT count(*) FROM {kind.report} {where}"  # noqa: S608 (all ours)
            row = cursor.execute(counting, values).fetchone()
        assert row is not None, "a count has a row"
        return int(row[0])

    def shares(self, unit: Unit, wanted: Wanted) -> Shares:
        """Count the logins of the period by time, service, country and mechanism."""
        with self._asked(wanted) as cursor:
            set_variables(cursor, unit=unit.value)
            cursor.execute("FROM shares")
            found: dict[str, list[Share]] = {name: [] for name in Shares.__struct_fields__}
            for by, label, secure, unsecure, unknown in fetched(cursor):
                share = Share(label=label, secure=secure, unsecure=unsecure, unknown=unknown)
                found[by].append(share)
        return Shares(**found)

    def totals(self, wanted: Wanted) -> Totals:
        """Count the logins of the period."""
        with self._asked(wanted) as cursor:
            row = cursor.execute("FROM totals").fetchone()
        assert row is not None, "a count has a row"
        return Totals(**dict(zip(Totals.__struct_fields__, row, strict=True)))

    def networks(self, wanted: Wanted) -> list[Share]:
        """Count the logins of the period by network, the Internet first."""
        with self._asked(wanted) as cursor:
            cursor.execute(sql("networks"))
            return [
                Share(label=label, secure=secure, unsecure=unsecure, unknown=unknown)
                for label, secure, unsecure, unknown in fetched(cursor)
            ]

    def accounts(self) -> list[str]:
        """Return the accounts that occur in any record."""
        with self._asked(Wanted()) as cursor:
            return [name for (name,) in cursor.execute(sql("accounts")).fetchall()]

    def account_meant_by(self, name: str) -> str | None:
        """Return the account that a name means: its own, or a unique part before the @.

        Letter case does not matter. `None` means that no account has this name.
        """
        folded = name.casefold()
        accounts = self.accounts()
        same = [account for account in accounts if account.casefold() == folded]
        alike = [account for account in accounts if account.casefold().partition("@")[0] == folded]
        return same[0] if same else alike[0] if len(alike) == 1 else None

    @contextmanager
    def _asked(self, wanted: Wanted) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._tables.cursor() as cursor:
            set_variables(
                cursor,
                since=wanted.since,
                until=wanted.until,
                account=wanted.account,
                account_part=wanted.account_part,
                service=None if wanted.service is None else wanted.service.value,
                secure=wanted.secure,
                unknown=wanted.unknown,
                newest_first=wanted.newest_first,
            )
            yield cursor


def _expect(cursor: duckdb.DuckDBPyConnection, expected: Expected | None) -> None:
    if expected is not None:
        set_variables(
            cursor, accounts=list(expected.accounts), now=expected.now, days=expected.days
        )


def _matching(kind: type[Row], wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Return the condition for the wanted rows, and its parameters."""
    conditions, values = [], {}
    if wanted.account is not None:
        conditions.append("lower(account) = lower($account)")
        values["account"] = wanted.account
    for name, column in kind.filters().items():
        part = getattr(wanted, name)
        if part is not None:
            conditions.append(f"contains(lower({column}), lower(${name}))")
            values[name] = part
    for name, expression in (
        ("origin", "country" if "country" in kind.__struct_fields__ else "origin"),
        ("mechanism", "coalesce(mechanism, 'unknown')"),
    ):
        whole = getattr(wanted, name)
        if whole is not None and kind.knows(name):
            conditions.append(f"lower({expression}) = lower(${name})")
            values[name] = whole
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), values


def structs(kind: type[R], answer: ResultSet) -> Iterator[R]:
    """Convert an answer's rows to their structs."""
    for row in answer.rows:
        yield msgspec.convert(dict(zip(answer.columns, row, strict=True)), kind)


def fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of an executed cursor."""
    while rows := cursor.fetchmany(_FETCHED):
        yield from rows
