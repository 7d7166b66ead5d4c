"""The commands that take FILES, on the logs of other servers."""

import gzip
from pathlib import Path

import pytest

from mailauth.report.foreign.formats import FORMATS
from mailauth.report.kept import WORTH_KEEPING
from mailauth.report.tables import Tables
from tests.support.commands import mailauth
from tools.hostile_logs import CANARY, CANARY_IN_BASE64, LINES, PASSWORDS

LOGS = Path(__file__).parents[2] / "report" / "foreign" / "logs"
OF_FORMAT = {
    "dovecot": ("dovecot-2.4.1-default.log", 15),
    "postfix": ("postfix-3.7.11-loglevel0.log", 10),
    "exim": ("exim-4.96-default.log", 5),
    "cyrus": ("cyrus-3.6.log", 8),
    "sendmail": ("sendmail-8.17.log", 10),
    "courier": ("courier-imap-5.0.13-logins.log", 8),
    "nginx-mail": ("nginx-mail-1.22.log", 8),
    "opensmtpd": ("opensmtpd-7.6.log", 6),
}


def test_every_genuine_format_is_tried() -> None:
    assert OF_FORMAT.keys() == {name for name, known in FORMATS.items() if known.is_genuine}


@pytest.mark.parametrize("name", OF_FORMAT)
def test_each_command_reads_each_format(name: str) -> None:
    file, logins = OF_FORMAT[name]
    log = str(LOGS / file)
    report = mailauth("report", log)
    assert report.returncode == 0, report.stderr
    assert report.stdout.startswith(f"{logins} logins of 1 account")
    assert f"{FORMATS[name].title} {logins} logins" in report.stderr
    lint = mailauth("lint", log)
    assert (lint.returncode, ", 0 bad, 0 warnings" in lint.stdout) == (0, True)
    query = mailauth(
        "query", "SELECT source, count(*) FROM attempts WHERE result = 'success' GROUP BY 1", log,
        "--format", "csv",
    )  # fmt: skip
    assert query.stdout.splitlines()[1].split(",")[0] == name
    expect = mailauth("expect", "--secure", log)
    assert expect.returncode == 0, expect.stderr
    override = mailauth("report", "--log-format", name, log)
    assert override.stdout == report.stdout


def test_all_secure_is_not_met_by_what_is_unknown(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(
        "Nov 24 15:50:21 mail imapd: LOGIN, user=mary, ip=[::ffff:192.0.2.7], port=[44605], "
        "protocol=IMAP\n"
    )
    assert mailauth("expect", "--all-secure", str(log)).returncode == 1
    assert mailauth("expect", "--all-secure", "--allow-unknown", str(log)).returncode == 0
    assert mailauth("expect", "--no-exposure", str(log)).returncode == 1
    assert mailauth("expect", "--no-exposure", "--allow-unknown", str(log)).returncode == 0


def test_rotated_and_compressed_logs_of_a_directory_are_one_story(tmp_path: Path) -> None:
    """One of them holds two servers, in another order than their names say."""
    postfix = (LOGS / "postfix-3.7.11-loglevel0.log").read_bytes()
    dovecot = (LOGS / "dovecot-2.3.19-default.log").read_bytes()
    (tmp_path / "mail.log").write_bytes(postfix)
    (tmp_path / "mail.log.1").write_bytes(dovecot + postfix)
    (tmp_path / "mail.log.2.gz").write_bytes(gzip.compress(dovecot))
    (tmp_path / "boot.log").write_text("nothing of mail\n")
    run = mailauth("report", str(tmp_path))
    assert run.returncode == 0
    assert run.stdout.startswith("26 logins of 1 account")
    assert "from the Internet: 14 SECURE, 12 UNSECURE" in run.stdout
    assert "To do: repoint the clients of 1 account and change 1 password." in run.stdout
    assert "boot.log" not in run.stderr


def test_logins_from_each_network_are_counted_apart(tmp_path: Path) -> None:
    """In a directory of rotated logs; a network can be left out."""
    line = "Nov 24 15:38:4{} mail cyrus/imap[1]: login: [{}] {} plaintext{} User logged in\n"
    (tmp_path / "mail.log.1").write_text(
        line.format(0, "192.168.1.5", "amy", "+TLS") + line.format(1, "127.0.0.1", "webmail", "")
    )
    (tmp_path / "mail.log").write_text(
        line.format(2, "192.0.2.10", "bob", "") + line.format(3, "127.0.0.9", "webmail", "")
    )
    every = mailauth("report", str(tmp_path)).stdout.splitlines()
    assert every[0].startswith("4 logins of 3 accounts")
    assert every[1:4] == [
        "  from the Internet: 1 UNSECURE",
        "  from the LAN: 1 SECURE",
        "  from this host: 2 UNSECURE",
    ]
    rest = mailauth("report", "--ignore", "127.0.0.0/8", str(tmp_path)).stdout.splitlines()
    assert rest[0].startswith("2 logins of 2 accounts")
    assert rest[1:3] == every[1:3]
    assert not any("webmail" in text or "this host" in text for text in rest)


def test_standard_input_is_read_too() -> None:
    log = (LOGS / "cyrus-3.6.log").read_bytes()
    assert mailauth("report", "-", stdin=log).stdout.startswith("8 logins")


def test_passwords_in_a_log_are_told_of_and_never_shown() -> None:
    for name in ("exim-4.96-selectors.log", "opensmtpd-7.6.log"):
        for arguments in (
            ("report", "--format", "json"),
            ("report", "logins"),
            ("query", "FROM attempts", "--format", "csv"),
            ("lint",),
        ):
            run = mailauth(*arguments, str(LOGS / name))
            assert "passwords; change them and restrict the file" in run.stderr
            for secret in ("secret", "c2VjcmV0", "AGJvYkBleGFtcGxlLmNvbQBzZWNyZXQ"):
                assert secret not in run.stdout + run.stderr


def test_passwords_in_a_log_reach_neither_an_output_nor_the_cache(tmp_path: Path) -> None:
    """No column of any table holds them, whatever is compressed in the file."""
    log, cache = tmp_path / "mail.log", tmp_path / "cache"
    lines = [LINES["dovecot"]("bob"), *PASSWORDS]
    log.write_text("\n".join(lines * (WORTH_KEEPING // 800)))
    assert log.stat().st_size > WORTH_KEEPING
    secrets = (CANARY, *CANARY_IN_BASE64)
    for arguments in (
        ("report",),
        ("report", "--format", "json"),
        ("report", "--format", "html"),
        ("report", "logins"),
        ("report", "exposures"),
        ("query", "FROM attempts", "--format", "csv"),
        ("lint",),
        ("expect", "--all-secure"),
    ):
        run = mailauth(*arguments, str(log), XDG_CACHE_HOME=str(cache))
        assert run.returncode in (0, 1), run.stderr
        assert not any(secret in run.stdout + run.stderr for secret in secrets)
    [kept] = (cache / "mailauth").iterdir()
    with Tables(kept, read_only=True) as tables, tables.cursor() as cursor:
        names = cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (name,) in names:
            rows = str(cursor.execute(f"FROM {name}").fetchall())
            assert not any(secret in rows for secret in secrets)
        assert ("records",) in names


def test_a_log_in_which_nothing_is_known_is_an_error() -> None:
    run = mailauth("report", "-", stdin=b"Nov 24 15:38:42 mail cron[1]: hello\n")
    assert run.returncode == 2
    assert run.stderr.startswith("error: standard input: no login in a supported format was found")
    assert "dovecot, postfix, exim" in run.stderr


def test_lint_counts_what_looks_like_a_login_and_is_not_understood(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("Nov 24 15:38:42 mail dovecot: imap-login: Logged in: user=bob, all is new\n")
    run = mailauth("lint", str(log))
    assert (run.returncode, run.stdout) == (1, "1 lines, 1 bad, 0 warnings\n")
    assert "1 line looks like a login and was not understood" in run.stderr


def test_formats_are_listed_with_what_each_can_and_cannot_tell() -> None:
    listed = mailauth("formats").stdout
    for known in FORMATS.values():
        assert f"{known.name}: {known.title}" in listed
        assert known.lacks in listed
        assert known.recipe in listed
