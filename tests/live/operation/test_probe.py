"""`mailauth probe`, on servers that are as they should be and on some that are not."""

import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from mailauth.testing import MailAuth

MAIL = ("smtp", "submission", "smtps", "imap", "imaps", "pop3", "pop3s")
PASSWORD_MECHANISMS = {"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"}


@pytest.fixture(scope="module")
def shared() -> Iterator[MailAuth]:
    with MailAuth() as server:
        yield server


@pytest.fixture
def mailauth(shared: MailAuth) -> MailAuth:
    shared.reset()
    return shared


def run(server: MailAuth, *options: str, password: str = "") -> subprocess.CompletedProcess[str]:
    ports = [f"--port={name}={server.port(name)}" for name in MAIL]
    return subprocess.run(
        [sys.executable, "-m", "mailauth", "probe", "localhost", *ports, *options],
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def matrix(server: MailAuth, *options: str, password: str = "") -> dict[str, Any]:
    done = run(server, "--format=json", *options, password=password)
    assert done.returncode == 0, done.stderr
    return {service["name"]: service for service in json.loads(done.stdout)}


def test_every_mechanism_of_every_way_logs_in_and_is_recorded_so(mailauth: MailAuth) -> None:
    user, password = mailauth.user("bob")
    found = matrix(
        mailauth, "--user", user, "--password-file=-", f"--ca={mailauth.ca}", password=password
    )
    tried: dict[tuple[str, str], set[str]] = {}
    for name, service in found.items():
        assert service["versions"] == ["TLSv1.2", "TLSv1.3"]
        assert service["certificate"]["complaint"] is None
        assert "localhost" in service["certificate"]["names"]
        for way in service["ways"]:
            logged_in = {each["mechanism"] for each in way["attempts"] if each["succeeded"]}
            assert not any(each["succeeded"] is False for each in way["attempts"])
            assert logged_in >= PASSWORD_MECHANISMS
            binds = service["protocol"] == "IMAP" and way["security"] != "cleartext"
            assert ("SCRAM-SHA-256-PLUS" in logged_in) is binds
            tried[name, way["security"]] = logged_in
    assert len(tried) == 11
    recorded: dict[tuple[str, str], set[str]] = {}
    for login in mailauth.logins():
        assert login.security is not None
        ways = recorded.setdefault((str(login.listener), login.security.value), set())
        ways.add(str(login.mechanism))
    assert recorded == tried


def test_without_an_account_nobody_logs_in(mailauth: MailAuth) -> None:
    done = run(mailauth)
    assert done.returncode == 0
    assert "offered: SCRAM-SHA-256" in done.stdout
    assert "certificate: REFUSED: unable to get local issuer certificate" in done.stdout
    assert mailauth.attempts() == []


def test_what_is_wrong_is_told(mailauth: MailAuth) -> None:
    ca = f"--ca={mailauth.ca}"
    with (
        mailauth.fault("imaps", "expired"),
        mailauth.fault("imap", "stripped"),
        mailauth.fault("pop3", "refused"),
        mailauth.fault("pop3s", "handshake-abort"),
    ):
        found = matrix(mailauth, ca)
    assert found["imaps"]["certificate"]["complaint"] == "certificate has expired"
    assert [way["security"] for way in found["imap"]["ways"]] == ["cleartext"]
    assert found["pop3"]["ways"][1]["trouble"] == "-ERR TLS is not available now"
    assert "handshake failure" in found["pop3s"]["ways"][0]["trouble"]
    assert found["pop3s"]["versions"] == []


def test_a_port_where_nobody_listens_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mailauth", "probe", "localhost", "--port-offset=1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "connection refused" in done.stdout
    assert done.stderr == "No mail server answers. By default, mailauth uses --port-offset 2000.\n"


def test_a_wrong_password_is_a_no(mailauth: MailAuth) -> None:
    done = run(mailauth, "--user=bob@mydomain.com", "--password-file=-", password="wrong")
    assert "535 5.7.8 Authentication failed: SCRAM-SHA-256" in done.stdout
    assert "yes:" not in done.stdout
    assert mailauth.logins() == []


@pytest.mark.parametrize("option", ["--port=nntp=1", "--port=imap", "--port=imap=0"])
def test_mistakes_are_usage_errors(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mailauth", "probe", "localhost", option],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "expected NAME=PORT with a name of smtp, submission" in done.stderr


def test_a_port_at_which_nobody_speaks_is_not_a_server() -> None:
    """A connection that is accepted says nothing about mail."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        places = [f"--port={name}={mute.getsockname()[1]}" for name in MAIL]
        done = subprocess.run(
            [sys.executable, "-m", "mailauth", "probe", "localhost", *places, "--timeout=0.2s"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "no answer in time" in done.stdout


class Dripping(threading.Thread):
    """A server that sends an octet of nothing in particular every now and then, to everybody."""

    def __init__(self, octet: bytes) -> None:
        super().__init__(daemon=True)
        self._octet = octet
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self.port = self._listening.getsockname()[1]

    def run(self) -> None:
        clients: list[socket.socket] = []
        while not self._ended.is_set():
            readable, _, _ = select.select([self._listening], [], [], 0.05)
            if readable:
                clients.append(self._listening.accept()[0])
            for client in clients:
                with suppress(OSError):
                    client.send(self._octet)
        for client in (*clients, self._listening):
            client.close()

    def __enter__(self) -> "Dripping":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


@pytest.mark.parametrize(
    ("octet", "service"),
    [(b"*", "imap"), (b"* x\r\n", "imap"), (b"220-x\r\n", "smtp"), (b"\x16", "imaps")],
)
def test_a_server_that_drips_is_not_waited_for(octet: bytes, service: str) -> None:
    """Neither for the rest of a line, nor for the last of its lines, nor for its handshake."""
    with Dripping(octet) as server:
        closed = [f"--port={name}=1" for name in MAIL if name != service]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mailauth", "probe", "localhost", *closed),
                *(f"--port={service}={server.port}", "--timeout=0.3s", "--total=20s"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1, done.stdout


def test_a_probe_ends_when_its_time_is_over() -> None:
    with Dripping(b"*") as server:
        closed = [f"--port={name}=1" for name in MAIL if name != "imap"]
        began = time.monotonic()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mailauth", "probe", "localhost", *closed),
                *(f"--port=imap={server.port}", "--timeout=1h", "--total=0.5s"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "no answer in time" in done.stdout
    assert time.monotonic() - began < 30


def test_what_is_offered_to_loopback_is_said_to_be_that(mailauth: MailAuth) -> None:
    assert "This is what the server offers to clients on its own machine." in run(mailauth).stdout
