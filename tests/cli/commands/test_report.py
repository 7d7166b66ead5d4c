"""`mailauth report` and its siblings as they are typed: what they read, filter and refuse."""

import bz2
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import mailauth
from tests.support.writing import BOB, Story

MARY = "mary@mydomain.com"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path / "logs")
    story.login()
    story.login(MARY, "POP3")
    story.login(MARY, "SMTP", secure=True)
    return story


def accounts(run: subprocess.CompletedProcess[str]) -> list[str]:
    assert run.returncode == 0, run.stderr
    return [line.split(",")[1] for line in run.stdout.splitlines()[1:]]


def logins(story: Story, *options: str) -> list[str]:
    home = str(story.lines.parents[1])
    return accounts(mailauth("report", "logins", "--home", home, "--format", "csv", *options))


def test_logins_are_selected_by_user_service_and_verdict(story: Story) -> None:
    assert logins(story) == [BOB, MARY, MARY]
    assert logins(story, "--user", "MARY@mydomain.com") == [MARY, MARY]
    assert logins(story, "--user", "Mary") == [MARY, MARY]
    assert logins(story, "--service", "pop3") == [MARY]
    assert logins(story, "--unsecure") == [BOB, MARY]
    assert logins(story, "--secure") == [MARY]
    assert logins(story, "--since", "2026-11-23", "--until", "2026-11-24") == [BOB, MARY, MARY]
    assert logins(story, "--until", "9999d") == []


def test_who_is_in_none_of_the_logs_is_told(story: Story) -> None:
    run = mailauth("report", str(story.lines), "--user", "mary@mydomian.com")
    assert run.returncode == 0
    assert f'no account "mary@mydomian.com" is in these logs, did you mean "{MARY}"?' in run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "2026-11-24", "--until", "2026-11-23"], "error: --since 2026-11-24 00:00:00 "),
        (["--since", "today", "--until", "yesterday"], "is not before --until"),
        (["--since", "never"], "'7d'"),
        (["cases", "--secure"], "error: cases covers only UNSECURE logins: --secure is for logins"),
        (["absent", "--unsecure"], "error: absent covers all logins"),
        (["nowhere.log"], "error: nowhere.log: no such file or report (logins, insecure, cases, "),
    ],
)
def test_what_cannot_be_answered_is_one_line_and_exit_2(arguments: list[str], message: str) -> None:
    run = mailauth("report", *arguments)
    assert run.returncode == 2
    assert message.replace("'7d'", '"7d"') in run.stderr
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""


@pytest.mark.parametrize("command", [["report", "logins"], ["query", "FROM logins"]])
def test_a_file_without_a_line_that_can_be_read_is_exit_2(
    tmp_path: Path, command: list[str]
) -> None:
    """A check that saw nothing is not green."""
    binary = tmp_path / "x.bin"
    binary.write_bytes(bytes(range(256)) * 10)
    run = mailauth(*command, str(binary))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.endswith(f"error: {binary}: none of its lines could be read\n")


@pytest.mark.parametrize("command", ["report", "lint"])
def test_what_is_packed_in_a_way_nobody_reads_is_refused_by_name(
    tmp_path: Path, command: str
) -> None:
    path = tmp_path / "x.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd....")
    run = mailauth(command, str(path))
    assert run.returncode == 2
    assert run.stderr == (
        f"error: {path} is compressed by zstd, which cannot be read here: decompress it first\n"
    )


def test_standard_input_pipes_and_directories_are_files(story: Story) -> None:
    data = story.lines.read_bytes()
    everybody = [BOB, MARY, MARY]
    as_csv = ("report", "logins", "--format", "csv")
    assert accounts(mailauth(*as_csv, "-", stdin=data)) == everybody
    assert accounts(mailauth(*as_csv, "/dev/stdin", stdin=bz2.compress(data))) == everybody
    older = story.lines.with_name("SuccessfulLogins.log.1")
    first, rest = data.split(b"\n", 1)
    older.write_bytes(first + b"\n")
    story.lines.write_bytes(rest)
    assert accounts(mailauth(*as_csv, str(story.lines.parent))) == everybody
    assert mailauth("lint", str(story.lines.parent)).stdout == "3 lines, 0 bad, 0 warnings\n"
    assert mailauth("lint", "-", stdin=data).stdout == "3 lines, 0 bad, 0 warnings\n"
    run = mailauth("report", "-", stdin=b"nothing\n")
    assert (run.returncode, run.stderr.splitlines()[-1]) == (
        2,
        "error: standard input: none of its lines could be read",
    )


def test_a_directory_without_logs_is_no_file(tmp_path: Path) -> None:
    run = mailauth("report", str(tmp_path))
    assert run.returncode == 2
    assert run.stderr == (
        f"error: {tmp_path}: contains neither SuccessfulLogins.log nor LoginAttempts.jsonl\n"
    )


def test_what_never_ends_and_what_is_a_home_are_no_files(story: Story) -> None:
    run = mailauth("lint", "/dev/zero")
    assert run.returncode == 2
    assert "expected a file, a directory or a pipe" in run.stderr
    home = story.lines.parents[1]
    run = mailauth("report", str(home))
    assert run.returncode == 2
    assert run.stderr.endswith(f"; did you mean --home {home}?\n")


def test_nobody_is_told_that_there_is_nothing_to_do_where_nothing_was_recorded() -> None:
    run = mailauth("report", "-")
    assert run.returncode == 0
    assert "Nobody logged in." in run.stdout
    assert "Nothing to do" not in run.stdout


def test_accounts_of_several_spellings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    line = "2020-07-28 16:12:02,759 - [IMAP] {{UNSECURE}} - {} - ::ffff:10.0.0.1 (LAN)\n"
    path.write_text(line.format("Bob") + line.format("bob"))
    run = mailauth("report", "cases", str(path), "--format", "csv")
    assert (
        "note: accounts that differ only in letter case are counted as one: Bob, bob\n"
        in run.stderr
    )
    assert run.stdout.count("Bob") == 1
    assert "10.0.0.1" in run.stdout
    assert "ffff" not in run.stdout
