"""A running server in trouble: nobody is let in unrecorded, and it recovers by itself."""

import contextlib
import http.client
import imaplib
import os
import poplib
import re
import resource
import select
import shutil
import signal
import smtplib
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailauth.login.event import Result
from mailauth.record.line import parse_line, printed_time
from mailauth.testing import NotStarted, RunningServer
from tests.live.support.shim import preloaded
from tests.live.support.workforce import alone, workers

NAME, PASSWORD = "bob", "b0b's"
TOML = """
[server]
workers = {workers}
[log]
{log}
[[user]]
name = "bob"
password = "b0b's"
"""

Start = Callable[..., RunningServer]


@pytest.fixture(params=[1, 2], ids=["1 worker", "2 workers"])
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start a server with one and with two workers."""
    started: list[RunningServer] = []

    def starting(log: str = "", kind: type[RunningServer] = RunningServer) -> RunningServer:
        toml = TOML.format(workers=request.param, log=log)
        (tmp_path / "mailauth.toml").write_text(toml)
        server = kind(tmp_path)
        server.start()
        started.append(server)
        return server

    yield starting
    for server in started:
        if server.process.poll() is None:
            assert server.stop() == 0


class Ordinary(RunningServer):
    """A server for whom files have permissions, though its user be root."""

    def command(self) -> list[str]:
        """Return the command, without the capabilities that let root pass."""
        without = "-dac_override,-dac_read_search"
        return [
            *("setpriv", f"--bounding-set={without}", f"--inh-caps={without}"),
            *super().command(),
        ]


def processes(server: RunningServer) -> Iterator[None]:
    """Let one process after the other be the one that takes mail clients."""
    for worker in workers(server) or [server.process.pid]:
        with alone(server, worker):
            yield


def log_in(server: RunningServer, password: str = PASSWORD) -> bool:
    with imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20) as client:
        try:
            client.login(NAME, password)
        except imaplib.IMAP4.error as error:
            if "UNAVAILABLE" not in str(error):
                raise
            return False
        return True


def accepted(server: RunningServer) -> int:
    """Log in once in each process; return how often that was."""
    return sum(log_in(server) for _ in processes(server))


def refused_everywhere(server: RunningServer) -> None:
    """Every protocol of every process says that it is temporary, in its own words."""
    for _ in processes(server):
        assert not log_in(server)
        pop3 = poplib.POP3("127.0.0.1", server.port("pop3"), timeout=20)
        pop3.user(NAME)
        with pytest.raises(poplib.error_proto, match=r"\[SYS/TEMP\]"):
            pop3.pass_(PASSWORD)
        pop3.quit()
        with smtplib.SMTP("127.0.0.1", server.port("submission"), timeout=20) as smtp:
            smtp.ehlo()
            smtp.user, smtp.password = NAME, PASSWORD
            with pytest.raises(smtplib.SMTPAuthenticationError) as error:
                smtp.auth("PLAIN", smtp.auth_plain)
        assert error.value.smtp_code == 454
    client = http.client.HTTPConnection("127.0.0.1", server.port("http"), timeout=20)
    credentials = b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
    client.request("GET", "/api/v1/me", headers={"Authorization": f"Basic {credentials}"})
    assert client.getresponse().status == 503
    client.close()


def agreed(server: RunningServer) -> int:
    """Count the lines, which agree with the journal and stand in the order of time."""
    lines = server.lines()
    successes = [event for event in server.attempts() if event.result is Result.SUCCESS]
    assert [printed_time(event.at) for event in successes] == [line[:23] for line in lines]
    assert [line[:23] for line in lines] == sorted(line[:23] for line in lines)
    return len(lines)


def test_a_limit_on_files_is_a_full_disk(start: Start) -> None:
    """Writes are short, then fail: nothing of them stays."""
    server = start()
    count = accepted(server)
    journal = server.home / server.ready.logs.attempts
    size = journal.stat().st_size
    everybody = [server.process.pid, *workers(server)]
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    for pid in everybody:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size + 100, hard))
    refused_everywhere(server)
    assert agreed(server) == count
    assert journal.stat().st_size == size
    for pid in everybody:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    count += accepted(server)
    assert agreed(server) == count
    told = server.stderr_file.read_text()
    assert told.count("Logins cannot be recorded") == len(everybody)
    assert told.count("Logins are recorded again") == max(1, len(everybody) - 1)


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


def test_a_disk_that_is_full(small_disk: Path, start: Start) -> None:
    server = start()
    assert log_in(server)
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    while log_in(server):  # into what is left of the last block
        pass
    count = agreed(server)
    refused_everywhere(server)
    assert agreed(server) == count
    filler.unlink()
    count += accepted(server)
    assert agreed(server) == count
    server.stop()


def test_a_disk_that_is_read_only(small_disk: Path, start: Start) -> None:
    """It is the file system that refuses, so that root is refused, too."""
    server = start()
    assert log_in(server)
    server.stop()
    assert mount("-o", "remount,ro", str(small_disk))
    with pytest.raises(NotStarted, match="Read-only file system"):
        server.start()
    assert mount("-o", "remount,rw", str(small_disk))
    server.start()
    assert log_in(server)
    server.stop()


@pytest.fixture
def breaks(tmp_path: Path) -> Iterator[Path]:
    """A directory in which a file breaks what it is named for (`shim.c`)."""
    with preloaded(tmp_path) as directory:
        yield directory


def test_writes_that_fail(breaks: Path, start: Start) -> None:
    """EIO."""
    server = start()
    count = accepted(server)
    (breaks / "write").touch()
    refused_everywhere(server)
    assert agreed(server) == count
    assert "Input/output error" in server.stderr_file.read_text()
    (breaks / "write").unlink()
    count += accepted(server)
    assert agreed(server) == count


def test_a_disk_that_takes_nothing(breaks: Path, start: Start) -> None:
    """EIO of the sync: lines stay, and a record names the logins that were refused."""
    server = start('durability = "disk"')
    count = accepted(server)
    (breaks / "sync").touch()
    assert accepted(server) == 0
    (breaks / "sync").unlink()
    refused = [event.id for event in server.attempts() if event.result is Result.SUCCESS][count:]
    named = " ".join(
        event.reason or "" for event in server.attempts() if event.result is Result.UNAVAILABLE
    )
    assert len(refused) == count
    assert all(each in named for each in refused)
    count += accepted(server)
    assert agreed(server) == count + len(refused)


def test_a_clock_that_is_set_back(breaks: Path, start: Start) -> None:
    """The last instant is written again until it is passed."""
    server = start()
    count = accepted(server)
    [*_, last] = server.lines()
    (breaks / "back").touch()
    count += accepted(server)
    assert {line[:23] for line in server.lines()[count // 2 :]} == {last[:23]}
    (breaks / "back").unlink()
    count += accepted(server)
    assert agreed(server) == count


def test_nobody_is_let_go_because_the_clock_is_set(breaks: Path, start: Start) -> None:
    """Patience is for time that passes: a client that was quiet for a moment stays, and a block."""
    server = start("[block]\nfriendly = []")
    with imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20) as client:
        client.login(NAME, PASSWORD)
        for _ in range(6):
            with pytest.raises(imaplib.IMAP4.error):
                log_in(server, "wrong")
        (breaks / "ahead").touch()
        for _ in range(4):  # the server looks at its deadlines every second
            select.select([client.sock], [], [], 0.5)
            assert client.noop()[0] == "OK"
        for _ in processes(server):
            with pytest.raises(imaplib.IMAP4.error):
                log_in(server)
    assert "The clock is earlier than the last record" not in server.stderr_file.read_text()
    (breaks / "ahead").unlink()
    while "The clock is earlier than the last record: logins are recorded with" not in (
        server.stderr_file.read_text()
    ):
        pass
    server.stop()


def test_a_directory_that_is_removed(start: Start) -> None:
    """It is made again before the next record, whoever writes it."""
    server = start()
    accepted(server)
    shutil.rmtree(server.home / "logs")
    count = accepted(server)
    assert agreed(server) == count
    count += accepted(server)
    assert agreed(server) == count
    assert len({event.id for event in server.attempts()}) == count


def test_logs_that_are_moved_and_truncated(start: Start) -> None:
    """Logrotate, both ways: moved away with SIGHUP; copied, then truncated, with SIGHUP."""
    server = start('rotate = "none"')
    logs = server.home / "logs"
    names = ("SuccessfulLogins.log", "LoginAttempts.jsonl")
    count = accepted(server)
    for name in names:
        (logs / name).rename(logs / f"{name}.1")
    server.hang_up()
    while not (logs / names[0]).exists():
        count += log_in(server)
    count += accepted(server)
    moved = (logs / f"{names[0]}.1").read_text().splitlines()
    assert len(moved) + agreed(server) == count
    assert (logs / f"{names[1]}.1").read_bytes().count(b"\n") == len(moved)
    for name in names:
        shutil.copy(logs / name, logs / f"{name}.2")
        os.truncate(logs / name, 0)
    server.hang_up()
    count = accepted(server)
    assert agreed(server) == count
    for name in names:
        assert b"\0" not in (logs / name).read_bytes()


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("/dev/null")


def test_a_log_in_whose_place_is_no_file(start: Start) -> None:
    """Nobody is let in whose line could not be read there; a file again, and all goes on."""
    server = start('rotate = "none"')
    path = server.home / "logs" / "SuccessfulLogins.log"
    count = accepted(server)
    for put in (os.mkfifo, a_link_to_nothing, os.mkdir):
        moved = path.rename(path.with_name(f"moved.{put.__name__}"))
        put(path)
        for _ in processes(server):
            while log_in(server):  # into the file that was moved, until it is looked for
                count += 1
        refused_everywhere(server)
        (path.rmdir if path.is_dir() else path.unlink)()
        for _ in processes(server):
            while not log_in(server):
                pass
            count += 1
        count += accepted(server)
        lines = moved.read_text().splitlines() + server.lines()
        assert len(lines) == count
        count = len(server.lines())
    told = server.stderr_file.read_text()
    assert "SuccessfulLogins.log is a FIFO: a log must be a regular file" in told
    assert "SuccessfulLogins.log is a symbolic link, which is not followed" in told
    server.stop()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(NotStarted, match=r"\nerror: \S+SuccessfulLogins.log is a FIFO: .*\n$"):
        server.start()
    assert server.process.returncode == 1


def test_a_log_that_somebody_truncates(start: Start) -> None:
    """Without a word to the server: what comes afterwards is whole, and stands at the beginning."""
    server = start('rotate = "none"')
    logs = server.home / "logs"
    accepted(server)
    for name in ("SuccessfulLogins.log", "LoginAttempts.jsonl"):
        os.truncate(logs / name, 0)
    count = accepted(server)
    assert agreed(server) == count
    os.truncate(logs / "SuccessfulLogins.log", 10)  # within a line
    accepted(server)
    lines = server.lines()
    assert len(lines) == count
    assert all(parse_line(line).account == NAME for line in lines)


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
def test_permissions_that_are_taken_away(start: Start) -> None:
    """Writing goes on in the files that are open, and in new ones as soon as they can be made."""
    server = start('rotate = "none"', Ordinary)
    logs = server.home / "logs"
    names = ("SuccessfulLogins.log", "LoginAttempts.jsonl", "InvalidPasswordAttempts.log")
    count = accepted(server)
    for name in names:
        (logs / name).chmod(0o400)
    logs.chmod(0o500)
    server.hang_up()
    count += accepted(server)
    assert agreed(server) == count
    for name in names:
        (logs / name).rename(logs / f"{name}.1")
    count += accepted(server)
    assert not (logs / names[0]).exists()
    logs.chmod(0o700)
    while not (logs / names[0]).exists():
        count += log_in(server)
    count += accepted(server)
    moved = (logs / f"{names[0]}.1").read_text().splitlines()
    assert len(moved) + agreed(server) == count


def test_nobody_waits_for_an_event_stream_that_is_not_read(start: Start) -> None:
    server = start()
    listener = http.client.HTTPConnection("127.0.0.1", server.port("http"), timeout=20)
    token = {"Authorization": f"Bearer {server.ready.api_token}"}
    listener.request("GET", "/events", headers=token)
    listener.getresponse()
    for _ in range(100):
        assert log_in(server)
    assert agreed(server) == 100
    listener.close()


@pytest.mark.parametrize("count", [1, 2])
def test_nobody_waits_for_a_terminal_that_hangs(tmp_path: Path, count: int) -> None:
    """Lines that it does not take are left out there, and nowhere else."""
    (tmp_path / "mailauth.toml").write_text(TOML.format(workers=count, log=""))
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path), "--ephemeral"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pipesize=4096) as server:
        assert server.stdout is not None
        port = 0
        for line in server.stdout:
            if found := re.search(r"imap +│ IMAP .*? │ +(\d+) │", line):
                port = int(found[1])
            if line.startswith("Press Ctrl-C"):
                break
        for _ in range(100):
            with imaplib.IMAP4("127.0.0.1", port, timeout=20) as client:
                client.login(NAME, PASSWORD)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0
    lines = (tmp_path / "logs" / "SuccessfulLogins.log").read_text().splitlines()
    assert len(lines) == 100
