"""A server that is killed, or cannot write: no login that was accepted is lost, none is torn."""

import contextlib
import imaplib
import poplib
import resource
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.testing import NotStarted, RunningServer

NAME, PASSWORD = "mary@mydomain.com", "secret"


def log_in(server: RunningServer) -> bool:
    with imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20) as client:
        try:
            client.login(NAME, PASSWORD)
        except imaplib.IMAP4.error as error:
            if "UNAVAILABLE" not in str(error):
                raise
            return False
        return True


def refused_everywhere(server: RunningServer) -> None:
    """Every protocol says that it is temporary, in its own words."""
    assert not log_in(server)
    pop3 = poplib.POP3("127.0.0.1", server.port("pop3"), timeout=20)
    pop3.user(NAME)
    with pytest.raises(poplib.error_proto, match=r"\[SYS/TEMP\]"):
        pop3.pass_(PASSWORD)
    pop3.quit()
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=20) as smtp:
        smtp.ehlo()
        smtp.user, smtp.password = NAME, PASSWORD
        with pytest.raises(smtplib.SMTPAuthenticationError) as error:
            smtp.auth("PLAIN", smtp.auth_plain)
    assert error.value.smtp_code == 454


def test_a_limit_on_files_is_a_full_disk(server: RunningServer) -> None:
    """Logins are refused as unavailable, the server lives, and recovers by itself."""
    assert log_in(server)
    journal = server.home / server.ready.logs.attempts
    size = journal.stat().st_size
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size + 100, hard))
    refused_everywhere(server)
    assert len(server.logins()) == 1
    assert journal.stat().st_size == size
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert log_in(server)
    assert len(server.logins()) == 2
    diagnostics = server.stderr_file.read_text()
    assert diagnostics.count("Logins cannot be recorded") == 1
    assert "Logins are recorded again" in diagnostics


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB under the logs."""
    logs = tmp_path / "logs"
    logs.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(logs)):
        pytest.skip("mounting is not permitted here")
    yield logs
    subprocess.run(["umount", str(logs)], check=True)


def test_a_disk_that_is_full(small_disk: Path, tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        assert log_in(server)
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        while log_in(server):  # into what is left of the last block
            pass
        before = server.lines()
        refused_everywhere(server)
        assert server.lines() == before
        filler.unlink()
        assert log_in(server)
        assert len(server.lines()) == len(before) + 1


def test_a_disk_that_is_read_only(small_disk: Path, tmp_path: Path) -> None:
    """It is the file system that refuses, so that root is refused, too."""
    with RunningServer(tmp_path) as server:
        assert log_in(server)
        server.stop()
        assert mount("-o", "remount,ro", str(small_disk))
        with pytest.raises(NotStarted, match="Read-only file system"):
            server.start()
        assert mount("-o", "remount,rw", str(small_disk))
        server.start()
        assert log_in(server)
