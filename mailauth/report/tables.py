"""The logs as tables of an embedded DuckDB: the database, and connections to it.

The database opens no files: the contents of logs are passed to it in chunks. Before the first
query, external access is disabled and the configuration locked, so that a query cannot read or
write another file.
"""

import contextlib
import functools
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

SCHEMA = ("schema", "grammar", "views")
VIEWS = (
    "logins",
    "insecure",
    "cases",
    "exposures",
    "cutoff",
    "absent",
    "countries",
    "totals",
    "shares",
)

MEMORY_LIMIT = "600MB"
_CATALOG = "logs"


@functools.cache
def sql(name: str) -> str:
    """Return one of the package's SQL files."""
    return (resources.files("mailauth.report") / "sql" / f"{name}.sql").read_text("utf-8")


class Tables:
    """A database of log tables, empty at first. Each thread uses its own cursor.

    Without a file, the tables are in memory, compressed. What does not fit is in a private
    temporary directory, in `aside` if given. Raises `duckdb.Error` for a file that is not such a
    database.
    """

    def __init__(
        self, file: Path | None = None, aside: Path | None = None, *, read_only: bool = False
    ) -> None:
        self._private = Path(tempfile.mkdtemp(prefix="mailauth-", dir=aside))
        try:
            self._connection = duckdb.connect(
                ":memory:" if file is None else str(file),
                read_only=read_only,
                config={
                    "enable_external_access": "false",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "python_enable_replacements": "false",
                    "temp_directory": str(self._private),
                    "memory_limit": MEMORY_LIMIT,
                    "preserve_insertion_order": "false",
                },
            )
        except BaseException:
            shutil.rmtree(self._private, ignore_errors=True)
            raise
        self._use = ""
        if file is None:
            self._connection.execute(f"ATTACH ':memory:' AS {_CATALOG} (COMPRESS)")
            self._use = f"USE {_CATALOG}"
        with self.cursor() as cursor:
            if not cursor.execute("FROM duckdb_tables() WHERE table_name = 'lines'").fetchall():
                self._create(cursor)
        self._connection.execute("SET lock_configuration = true")

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Return a separate connection to the tables, closed at the end."""
        with self._connection.cursor() as cursor:
            if self._use:
                cursor.execute(self._use)
            yield cursor

    def close(self) -> None:
        """Close the database, and remove its temporary files."""
        self._connection.close()
        shutil.rmtree(self._private, ignore_errors=True)

    def __enter__(self) -> "Tables":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def _create(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.begin()  # one transaction is faster, and no other process sees half of them
        for name in SCHEMA:
            cursor.execute(sql(name))
        for name in VIEWS:
            cursor.execute(f"CREATE VIEW {name} AS {sql(name)}")
        cursor.execute("CREATE TABLE made_from AS SELECT $1 AS version", [version()])
        cursor.commit()


@functools.cache
def version() -> str:
    """Return a hash of the SQL and of the readers, which identifies tables of another version."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    for name in ("sql", "foreign"):
        folder = resources.files("mailauth.report") / name
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()


def set_variables(cursor: duckdb.DuckDBPyConnection, **values: Any) -> None:
    """Set variables of a connection, which are the parameters of the views."""
    for name, value in values.items():
        cursor.execute(f"SET VARIABLE {name} = $1", [value])
