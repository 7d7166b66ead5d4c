"""`serve`: what it says, and how it starts, stops and refuses to."""

import imaplib
import json
import os
import resource
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from mailauth.passwords.making import argon2id
from mailauth.testing import NotStarted, RunningServer
from tests.live.support.watching import eventually

STANDARD = [
    ("smtp", "SMTP", "starttls"),
    ("submission", "SMTP", "starttls"),
    ("smtps", "SMTP", "implicit"),
    ("imap", "IMAP", "starttls"),
    ("imaps", "IMAP", "implicit"),
    ("pop3", "POP3", "starttls"),
    ("pop3s", "POP3", "implicit"),
    ("http", "HTTP", "none"),
    ("https", "HTTP", "implicit"),
]

ONE_LISTENER = """
[[listener]]
name = "imap"
protocol = "imap"
port = {port}
[[user]]
name = "mary@mydomain.com"
password = "secret"
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailauth", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def log_in(server: RunningServer) -> None:
    with imaplib.IMAP4("127.0.0.1", server.port("imap")) as client:
        client.login("mary@mydomain.com", "secret")


def test_the_ready_line(server: RunningServer) -> None:
    """DESIGN 3: one line of JSON, when everything listens; the logs are there by then."""
    ready = server.ready
    assert ready.ready is True
    assert ready.pid == server.process.pid
    assert ready.home == str(server.home)
    assert ready.ca == "certs/ca.pem"
    assert ready.console == f"http://127.0.0.1:{server.port('http')}/"
    assert len(ready.api_token) > 20
    assert [(each.name, each.protocol, each.tls) for each in ready.listeners] == STANDARD
    for each in ready.listeners:
        socket.create_connection((each.host, each.port)).close()
    assert ready.logs.successful == "logs/SuccessfulLogins.log"
    assert ready.logs.attempts == "logs/LoginAttempts.jsonl"
    assert ready.logs.invalid == "logs/InvalidPasswordAttempts.log"
    assert (server.home / "logs" / "InvalidPasswordAttempts.log").read_bytes() == b""
    assert server.stop() == 0


def test_the_api_token_is_new_at_every_start(server: RunningServer) -> None:
    first = server.ready.api_token
    server.stop()
    server.start()
    assert server.ready.api_token != first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_takes_leave(server: RunningServer, number: signal.Signals) -> None:
    """DESIGN 3: SIGTERM and SIGINT stop cleanly."""
    client = socket.create_connection(("127.0.0.1", server.port("imap")))
    with client, client.makefile("rb") as replies:
        assert replies.readline().startswith(b"* OK")
        assert server.stop(number) == 0
        assert replies.readline().startswith(b"* BYE")
        assert replies.read() == b""
    assert server.stderr_file.read_text() == ""


def test_a_stopped_server_can_be_started_at_once_on_its_ports(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=port))
    for _ in range(2):
        command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path)]
        process = subprocess.Popen([*command, "--ready-json"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["listeners"][0]["port"] == port
        with imaplib.IMAP4("127.0.0.1", port) as client:
            client.login("mary@mydomain.com", "secret")
            process.terminate()
            assert process.wait(20) == 0
        process.stdout.close()


def test_a_port_in_use(tmp_path: Path) -> None:
    """Exit 1, one line that names address, port and listener, and nothing is left half started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=port))
        done = run("--home", str(tmp_path), "--ready-json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"error: listener imap: cannot listen on 127.0.0.1:{port}: address already in use;"
        " --ephemeral uses free ports\n"
    )
    assert run("--home", str(tmp_path), "--ready-json", "--port-offset", "1").returncode == 2


def test_a_taken_port_of_the_demo_has_two_ways_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        offset = taken.getsockname()[1] - 143
        done = run("--home", str(tmp_path), "--ready-json", "--port-offset", str(offset))
    assert done.returncode == 1
    assert done.stderr == (
        f"error: listener imap: cannot listen on 127.0.0.1:{offset + 143}: address already in use;"
        " --port-offset N uses other ports, and --ephemeral uses free ones\n"
    )


def test_a_home_in_use(server: RunningServer) -> None:
    """DESIGN 3: a second serve on the same home exits 1; the first goes on."""
    done = run("--home", str(server.home), "--ephemeral", "--ready-json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {server.home}: another mailauth server is running on this home\n"
    log_in(server)


def test_a_log_directory_in_use(server: RunningServer, tmp_path: Path) -> None:
    """DESIGN 2.5: nor may another home write into its logs."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "mailauth.toml").write_text(
        ONE_LISTENER.format(port=0) + f'[log]\ndirectory = "{server.home / "logs"}"\n'
    )
    with pytest.raises(NotStarted, match="another server writes its logs here"):
        RunningServer(other).start()


def test_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=0) + "[block]\nattempt = 5\n")
    done = run("--home", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == 'error: block.attempt: unknown key, did you mean "attempts"?\n'


def test_a_mistake_in_the_friendly_addresses(tmp_path: Path) -> None:
    (tmp_path / "FriendlyIP.txt").write_text("10.0.0.0/8\n# nobody\n10.0.0.300 # typo\n")
    done = run("--home", str(tmp_path), "--ephemeral")
    assert done.returncode == 2
    assert done.stderr.startswith("error: FriendlyIP.txt:3: expected a network such as")


def test_a_page_for_people(tmp_path: Path) -> None:
    """DESIGN 3: without --ready-json a table, then each line as it is recorded."""
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=0))
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        page = ""
        while "Press Ctrl-C to stop" not in page:
            page += process.stdout.readline()
        assert "mary@mydomain.com" in page
        assert str(tmp_path / "logs" / "SuccessfulLogins.log") in page
        row = next(line for line in page.splitlines() if "imap" in line)
        port = int(row.split("│")[4])
        with imaplib.IMAP4("127.0.0.1", port) as client:
            client.login("mary@mydomain.com", "secret")
        line = process.stdout.readline()
        assert line == (tmp_path / "logs" / "SuccessfulLogins.log").read_text()
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has every right")
@pytest.mark.parametrize("is_almighty", [True, False])
def test_root_is_told_that_it_has_every_right(tmp_path: Path, is_almighty: bool) -> None:
    """One who has given them away, but for the low ports, is not."""
    if not is_almighty and shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    less = ("--bounding-set=-all,+net_bind_service", "--inh-caps=-all")
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path), "--ephemeral"]
    with subprocess.Popen(
        command if is_almighty else ["setpriv", *less, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while "Press Ctrl-C to stop" not in process.stdout.readline():
            pass
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    told = [line for line in complaints.splitlines() if "running as root" in line]
    assert len(told) == is_almighty, complaints


def test_names_on_the_page_are_printed_escaped(tmp_path: Path) -> None:
    """A name may come from a directory or a file of users; a terminal must not obey it."""
    config = ONE_LISTENER.format(port=0).replace("mary@", "\\u001B]52;c;eA==\\u0007\\u202Emary@")
    (tmp_path / "mailauth.toml").write_text(config)
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        page = b""
        while b"Press Ctrl-C to stop" not in page:
            page += process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 0
    assert "Accounts: \\u001b]52;c;eA==\\u0007\\u202emary@mydomain.com" in page.decode()
    assert page.decode().replace("\n", "").isprintable()


def test_a_reader_that_has_gone_harms_nobody(tmp_path: Path) -> None:
    """`mailauth serve | head -1`: the server goes on."""
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=0))
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        page = ""
        while "Press Ctrl-C to stop" not in page:
            page += process.stdout.readline()
        process.stdout.close()
        row = next(line for line in page.splitlines() if "imap" in line)
        for _ in range(3):
            with imaplib.IMAP4("127.0.0.1", int(row.split("│")[4])) as client:
                client.login("mary@mydomain.com", "secret")
        process.terminate()
        assert process.wait(20) == 0
        told = process.stderr.read().splitlines()
    assert [line for line in told if "running as root" not in line] == []


def test_a_reader_that_stands_still_harms_nobody(tmp_path: Path) -> None:
    """DESIGN 3: printing never blocks the login path."""
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=0))
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path)]
    with subprocess.Popen(command, stdout=writing) as process:
        os.close(writing)
        page = b""
        while b"Press Ctrl-C to stop" not in page:
            page += os.read(reading, 65536)
        row = next(line for line in page.decode().splitlines() if "imap" in line)
        with imaplib.IMAP4("127.0.0.1", int(row.split("│")[4])) as client:
            client.login("mary@mydomain.com", "secret")
        path = tmp_path / "logs" / "SuccessfulLogins.log"
        before = len(path.read_bytes())
        for _ in range(65536 // before + 30):  # more than the pipe takes
            with imaplib.IMAP4("127.0.0.1", int(row.split("│")[4])) as client:
                client.login("mary@mydomain.com", "secret")
        process.terminate()
        assert process.wait(20) == 0
    os.close(reading)


def test_diagnostics_that_nobody_reads_harm_nobody(tmp_path: Path) -> None:
    """What clients can have logged must not stop the server when stderr is a full pipe."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    os.set_blocking(writing, True)
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=0))
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path), "--ready-json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=writing) as process:
        os.close(writing)
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["listeners"][0]["port"]
        path = tmp_path / "logs" / "SuccessfulLogins.log"
        path.rename(tmp_path / "old.log")
        process.send_signal(signal.SIGHUP)
        eventually(path.exists)  # in the same breath the server says that it has reloaded
        with imaplib.IMAP4("127.0.0.1", port, timeout=20) as client:
            client.login("mary@mydomain.com", "secret")
        process.terminate()
        assert process.wait(20) == 0
        told = b""
        while data := os.read(reading, 65536):
            told += data
        os.close(reading)
        assert told.strip(b"\0") == b"", "nobody read, so it was given up at the end"


def test_there_may_be_as_many_open_files_as_the_system_permits(tmp_path: Path) -> None:
    """1024, which is usual, is less than a thousand clients need."""
    (tmp_path / "mailauth.toml").write_text(ONE_LISTENER.format(port=0))
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path), "--ready-json"]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -Sn 64; exec "$@"', "sh", *command], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (most, most)
        process.terminate()
        assert process.wait(20) == 0


def test_a_hash_of_the_demo_password_keeps_the_server_at_home(tmp_path: Path) -> None:
    """It does not begin to listen."""
    (tmp_path / "mailauth.toml").write_text(
        '[users]\nfile = "users.passwd"\n[listen]\naddress = "0.0.0.0"\n'
    )
    (tmp_path / "users.passwd").write_text(f"bob:{argon2id('secret')}\n")
    with pytest.raises(NotStarted, match="has the demo password, expected"):
        RunningServer(tmp_path).start()


@pytest.mark.parametrize("workers", [1, 2])
def test_whether_smtp_wants_a_login_is_a_key_of_its_listener(tmp_path: Path, workers: int) -> None:
    """RFC 4954 §6: 530 where a client must log in first; the name of the listener says nothing."""
    listener = '[[listener]]\nname = "{}"\nprotocol = "smtp"\nport = 0\nauthentication = "{}"\n'
    (tmp_path / "mailauth.toml").write_text(
        ONE_LISTENER.format(port=0)
        + listener.format("smtp", "required")
        + listener.format("inbound", "optional")
        + f"[server]\nworkers = {workers}\n"
    )
    letter = "Subject: hi\r\n\r\nhi\r\n"
    with RunningServer(tmp_path) as server:
        with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=20) as client:
            with pytest.raises(smtplib.SMTPSenderRefused) as refused:
                client.sendmail("a@example.org", ["mary@mydomain.com"], letter)
            assert refused.value.smtp_code == 530
            client.login("mary@mydomain.com", "secret")
            client.sendmail("mary@mydomain.com", ["mary@mydomain.com"], letter)
        with smtplib.SMTP("127.0.0.1", server.port("inbound"), timeout=20) as client:
            client.sendmail("a@example.org", ["mary@mydomain.com"], letter)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("a@example.org", ["somebody@example.net"], letter)
