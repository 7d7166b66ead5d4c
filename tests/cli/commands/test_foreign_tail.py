"""`mailauth tail` on the logs of other servers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailauth.cli.commands.tail import _reader, _Wanted
from mailauth.record.journal import encode
from mailauth.report.follow import Follower
from tests.support.recording import recorded
from tools.hostile_logs import CANARY, CANARY_IN_BASE64, LINES, PASSWORDS

EVERY = _Wanted(unsecure=False, user=None, service=None)
UNKNOWN = LINES["dovecot"]("bob")
CYRUS = LINES["cyrus"]("amy")


@contextmanager
def tailed(log: Path, wanted: _Wanted = EVERY) -> Iterator[Callable[[], list[str]]]:
    """What the command prints at each look."""
    read, follower = _reader(log, None, wanted), Follower(log)
    try:
        yield lambda: list(read(follower.poll()))
    finally:
        follower.close()


def append(log: Path, *lines: str) -> None:
    with log.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def test_a_login_is_shown_with_its_server_and_with_what_is_unknown(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, UNKNOWN)
    with tailed(log) as look:
        [dovecot] = look()
        append(log, CYRUS, UNKNOWN.replace("mpid=135", "mpid=136, TLS").replace("bob", "eve"))
        cyrus, secure = look()
    assert " [IMAP] {UNKNOWN} - bob - 192.0.2.10 (" in dovecot
    assert " [IMAP] {UNSECURE} - amy - 192.0.2.10 (" in cyrus
    assert " [IMAP] {SECURE} - eve - 192.0.2.10 (" in secure
    assert [line.rpartition(" - ")[2] for line in (dovecot, cyrus, secure)] == [
        "dovecot", "cyrus", "dovecot",
    ]  # fmt: skip


def test_what_is_unknown_is_shown_among_the_unsecure(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    append(log, UNKNOWN, CYRUS.replace("plaintext", "plaintext+TLS"))
    with tailed(log, _Wanted(unsecure=True, user=None, service=None)) as look:
        assert ["{UNKNOWN}" in line for line in look()] == [True]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("first", [None, "", "delivery: nothing of a login\n"])
def test_a_password_is_never_shown(tmp_path: Path, first: str | None, password: str) -> None:
    """Not even from a log that was missing, empty or unknown when it began to be followed."""
    log = tmp_path / "mail.log"
    if first is not None:
        log.write_text(first)
    with tailed(log) as look:
        shown = look()
        append(log, password)
        shown += look()
        append(log, password, CYRUS)
        shown += look()
    assert not any(secret in line for line in shown for secret in (CANARY, *CANARY_IN_BASE64))
    assert "amy" in shown[-1]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-24 15:38:42,123 - [IMAP] {SECURE} - bob@mydomain.com - 192.0.2.7 (LAN)",
        encode(recorded()).decode().rstrip(),
    ],
)
@pytest.mark.parametrize("name", ["SuccessfulLogins.log", "copy"])
def test_a_log_of_ours_that_was_empty_is_shown_as_it_is(
    tmp_path: Path, name: str, line: str
) -> None:
    log = tmp_path / name
    log.touch()
    with tailed(log) as look:
        assert look() == []
        append(log, line, "torn")
        assert look() == [line, "torn"]
