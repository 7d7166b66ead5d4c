"""A question in SQL reads the logs and nothing else, and writes nothing (DESIGN 3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.report.asking import QuestionError, asked
from mailauth.report.opening import opened_logs
from mailauth.report.sources import sources_of_files
from mailauth.report.tables import Tables

SAMPLE = Path(__file__).parents[1] / "golden" / "xeams-first.log"
SECRET = "the secret of another file"


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with opened_logs(sources_of_files([SAMPLE])) as opened:
        yield opened.tables


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a file that is none of our business."""
    (tmp_path / "secret.csv").write_text(f"text\n{SECRET}\n")
    (tmp_path / "secret.json").write_text(f'{{"text": "{SECRET}"}}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def answer(tables: Tables, question: str) -> list[tuple[object, ...]]:
    with asked(tables, question) as found:
        return list(found.rows)


def test_the_views_answer(tables: Tables) -> None:
    question = "SELECT account, verdict FROM logins WHERE verdict = 'UNSECURE'"
    assert answer(tables, question) == [("bob@mydomain.com", "UNSECURE")]
    assert answer(tables, "SELECT open FROM cases") == [(True,)]
    assert answer(tables, "FROM attempts") == []
    assert answer(tables, "EXPLAIN FROM logins") != []
    for view in ("insecure", "exposures", "cutoff", "countries", "totals"):
        answer(tables, f"FROM {view}")


ATTACKS = [
    "FROM read_csv('secret.csv')",
    "FROM read_text('secret.csv')",
    "FROM read_blob('secret.csv')",
    "FROM read_json('secret.json')",
    "FROM read_ndjson_objects('secret.json')",
    "FROM parquet_scan('secret.csv')",
    "FROM sniff_csv('secret.csv')",
    "FROM glob('*')",
    "FROM 'secret.csv'",
    'FROM "secret.csv"',
    "FROM query('FROM read_text(''secret.csv'')')",
    "FROM query_table('secret.csv')",
    "SELECT (SELECT content FROM read_text('secret.csv'))",
    "WITH s AS (FROM read_text('secret.csv')) FROM s",
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/proc/self/environ')",
    "FROM read_text('file:///etc/passwd')",
    "FROM read_csv('https://example.org/x.csv')",
    "EXPLAIN ANALYZE FROM read_text('secret.csv')",
    "SELECT getenv('HOME')",
    "COPY logins TO 'out.csv'",
    "COPY (SELECT 1) TO 'out.parquet' (FORMAT parquet)",
    "COPY lines FROM 'secret.csv'",
    "EXPORT DATABASE 'out'",
    "IMPORT DATABASE 'out'",
    "ATTACH 'out.duckdb'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD './out.so'",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SET temp_directory = 'out'",
    "SET lock_configuration = false",
    "SET log_query_path = 'out.log'",
    "SET profiling_output = 'out.json'",
    "RESET enable_external_access",
    "CREATE TABLE out AS SELECT 1",
    "CREATE TEMP TABLE out AS SELECT 1",
    "CREATE PERSISTENT SECRET out (TYPE s3)",
    "CREATE MACRO out() AS 1",
    "INSERT INTO files VALUES (1)",
    "UPDATE lines SET account = 'x'",
    "DELETE FROM lines",
    "DROP TABLE lines",
    "TRUNCATE lines",
    "CHECKPOINT",
    "VACUUM",
    "CALL enable_logging(storage = 'file', storage_config = {'path': 'out'})",
    "COMMIT",
    "SELECT 1; COPY logins TO 'out.csv'",
    "BEGIN; DELETE FROM lines; COMMIT",
    "PREPARE p AS DELETE FROM lines",
    "EXECUTE p",
    "USE memory",
    "",
    ";",
    "nonsense",
    "SELECT 1 /*",
    "FROM tables",
    "FROM answer",
]


@pytest.mark.parametrize("question", ATTACKS)
def test_no_question_reaches_another_file(tables: Tables, place: Path, question: str) -> None:
    before = sorted(place.iterdir())
    with pytest.raises(QuestionError):
        answer(tables, question)
    assert sorted(place.iterdir()) == before
    assert len(answer(tables, "FROM logins")) == 9


def test_the_temporary_directory_is_private_and_goes_away() -> None:
    with opened_logs(sources_of_files([SAMPLE])) as opened:
        [(name,)] = answer(
            opened.tables, "SELECT value FROM duckdb_settings() WHERE name = 'temp_directory'"
        )
        directory = Path(str(name))
        assert directory.stat().st_mode & 0o077 == 0
    assert not directory.exists()
