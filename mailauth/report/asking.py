"""Queries in SQL, which can only read the tables.

The database cannot open files, and its configuration is locked (`tables`). A query is one statement
that reads, in a transaction that cannot write.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from mailauth.report.logs import ResultSet, fetched
from mailauth.report.tables import Tables

_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


class QuestionError(ValueError):
    """The query cannot be answered; the message says why."""


@contextmanager
def asked(tables: Tables, question: str) -> Iterator[ResultSet]:
    """Answer a query for as long as the context lasts. Raises `QuestionError`."""
    with tables.cursor() as cursor:
        try:
            statements = cursor.extract_statements(question)
            if len(statements) != 1 or statements[0].type not in _READING:
                raise QuestionError("expected one statement that reads, such as SELECT")
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            cursor.execute(statements[0])
            columns = tuple(column[0] for column in cursor.description or ())
            yield ResultSet(columns, fetched(cursor))
        except duckdb.Error as error:
            raise QuestionError(str(error)) from None
