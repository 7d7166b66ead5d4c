"""`server.workers`: several processes that clients and administrators cannot tell from one."""

import contextlib
import imaplib
import json
import os
import poplib
import re
import signal
import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mailauth.login.event import Result
from mailauth.testing import NotStarted, RunningServer
from tests.live.support.raw_clients import Dialogue
from tests.live.support.workforce import alone, children_of, has_ended, stop, workers

TOML = """
[server]
workers = 2
[block]
friendly = []
[users]
file = "users.passwd"
[[user]]
name = "bob"
password = "b0b's"
[[user]]
name = "root"
password = "in charge"
role = "admin"
"""
PASSWORD = "b0b's"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server with two workers."""
    (tmp_path / "mailauth.toml").write_text(TOML)
    (tmp_path / "users.passwd").write_text("sue:{PLAIN}sue's\n")
    with RunningServer(tmp_path) as running:
        yield running


def connect(server: RunningServer, listener: str = "imap") -> Dialogue:
    """Connect, and hear the greeting."""
    client = Dialogue(socket.create_connection(("127.0.0.1", server.port(listener)), timeout=20))
    client.hear(b"* OK", b"+OK", b"220")
    return client


def log_in(server: RunningServer, password: str = PASSWORD, name: str = "bob") -> bytes:
    """Return the reply to an IMAP LOGIN."""
    with closing(connect(server)) as client:
        client.say(f'a LOGIN {name} "{password}"'.encode())
        return client.hear(b"a ")


def api(server: RunningServer, method: str, path: str) -> Any:
    """Ask with the API token."""
    with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=20)) as client:
        client.request(method, path, headers={"Authorization": f"Bearer {server.ready.api_token}"})
        response = client.getresponse()
        assert response.status == 200, response.read()
        return response.read().decode()


def test_one_server_of_several_processes(server: RunningServer) -> None:
    """The ready line's pid is the parent; workers stay in its process group."""
    assert server.ready.pid == server.process.pid
    assert len(workers(server)) == 2
    assert {os.getpgid(each) for each in workers(server)} == {os.getpgid(server.process.pid)}
    for worker in workers(server):
        with alone(server, worker):
            assert log_in(server).startswith(b"a OK")
            with closing(poplib.POP3("127.0.0.1", server.port("pop3"), timeout=20)) as pop3:
                pop3.user("bob")
                pop3.pass_(PASSWORD)
                pop3.quit()
            with smtplib.SMTP("127.0.0.1", server.port("submission"), timeout=20) as smtp:
                smtp.login("bob", PASSWORD)
            context = server.trusting()
            with imaplib.IMAP4_SSL("localhost", server.port("imaps"), ssl_context=context) as imap:
                imap.login("bob", PASSWORD)
    logins = json.loads(api(server, "GET", "/api/v1/logins"))["logins"]
    assert [each["protocol"] for each in logins] == ["IMAP", "POP3", "SMTP", "IMAP"] * 2
    assert [each["secure"] for each in logins] == [False, False, False, True] * 2
    assert [event.seq for event in server.events()] == list(range(1, 9))
    assert [event.at for event in server.events()] == sorted(each.at for each in server.events())
    assert len({event.session for event in server.events()}) == 8
    assert len(server.lines()) == 8
    assert server.stop() == 0
    assert server.stderr_file.read_text() == ""


def test_the_sixth_failure_blocks_in_every_process(server: RunningServer) -> None:
    """The count is everybody's; and so is what clears it."""
    first, second = workers(server)
    with alone(server, first):
        assert [log_in(server, "wrong")[:4] for _ in range(3)] == [b"a NO"] * 3
    with alone(server, second):
        assert [log_in(server, "wrong")[:4] for _ in range(3)] == [b"a NO"] * 3
    for worker in (first, second):
        with alone(server, worker):
            assert log_in(server).startswith(b"a NO")
    blocks = json.loads(api(server, "GET", "/api/v1/blocks"))
    assert [(each["address"], each["failures"]) for each in blocks] == [("127.0.0.1", 6)]
    api(server, "POST", "/api/v1/reset")
    for worker in (first, second):
        with alone(server, worker):
            assert log_in(server).startswith(b"a OK")
    assert [each.result for each in server.attempts()[6:8]] == [Result.BLOCKED] * 2
    assert len(server.lines()) == 2


def test_what_is_recorded_is_told_at_once_whoever_recorded_it(server: RunningServer) -> None:
    """Whoever has seen OK finds the login in the API, in the metrics and in the event stream."""
    with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=20)) as stream:
        stream.request(
            "GET", "/events", headers={"Authorization": f"Bearer {server.ready.api_token}"}
        )
        told = stream.getresponse()
        cursor = 0
        for count, worker in enumerate([*workers(server), *workers(server)], 1):
            with alone(server, worker):
                log_in(server)
            answer = json.loads(api(server, "GET", f"/api/v1/logins?after={cursor}"))
            assert [each["user"] for each in answer["logins"]] == ["bob"]
            cursor = answer["cursor"]
            metrics = api(server, "GET", "/metrics")
            assert (
                'mailauth_logins_total{mechanism="IMAP-LOGIN",result="success",'
                f'service="IMAP",verdict="UNSECURE"}} {float(count)}' in metrics
            )
            assert f"mailauth_record_seconds_count {float(count)}" in metrics
        ids: list[int] = []
        while len(ids) < 4:
            line = told.fp.readline()
            if line.startswith(b"id: "):
                ids.append(int(line[4:]))
    assert ids == [1, 2, 3, 4]


def test_connections_of_all_processes_are_shown(server: RunningServer) -> None:
    with contextlib.ExitStack() as clients:
        for worker in workers(server):
            with alone(server, worker):
                clients.enter_context(closing(connect(server)))
        shown = json.loads(api(server, "GET", "/api/v1/connections"))
        assert [each["listener"] for each in shown].count("imap") == 2
        listeners = json.loads(api(server, "GET", "/api/v1/listeners"))
        [imap] = [each for each in listeners if each["name"] == "imap"]
        assert imap["connections"] == 2
        assert 'mailauth_connections{listener="imap"} 2.0' in api(server, "GET", "/metrics")


def replace(server: RunningServer, worker: int) -> None:
    """Kill a worker, and return when another accepts in its place."""
    [survivor] = [each for each in workers(server) if each != worker]
    os.kill(worker, signal.SIGKILL)
    stop(server, survivor)
    connect(server).close()
    os.kill(survivor, signal.SIGCONT)
    assert len(workers(server)) == 2
    assert worker not in workers(server)


class Console:
    """The console, signed in as its administrator, as a browser has it."""

    def __init__(self, server: RunningServer) -> None:
        self._client = HTTPConnection("127.0.0.1", server.port("http"), timeout=20)
        self._cookies: dict[str, str] = {}
        self.post("/sign-in", "/sign-in", username="root", password="in charge")

    def post(self, page: str, action: str, **fields: str) -> None:
        """Fill in a form of a page."""
        token = re.search(r'name="csrf_token" value="(\w+)"', self._ask("GET", page))
        assert token is not None
        self._ask("POST", action, urlencode({"csrf_token": token[1], **fields}))

    def _ask(self, method: str, path: str, body: str = "") -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        fields = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}
        self._client.request(method, path, body, fields)
        response = self._client.getresponse()
        text = response.read().decode()
        assert response.status == (303 if method == "POST" else 200), text
        for field in response.headers.get_all("Set-Cookie", []):
            name, _, value = field.partition(";")[0].partition("=")
            self._cookies[name] = value
        return text


def test_what_an_administrator_changes_holds_in_all(server: RunningServer) -> None:
    """When the console has answered, it is so; also for a worker that comes later."""
    console = Console(server)
    console.post("/accounts", "/disable", account="bob", confirmed="yes")
    console.post("/listeners", "/cleartext", listener="pop3", cleartext="refuse")
    replace(server, workers(server)[0])
    for worker in workers(server):
        with alone(server, worker):
            assert log_in(server).startswith(b"a NO")
            with closing(connect(server, "pop3")) as pop3:
                pop3.say(b"USER bob")
                assert b"TLS" in pop3.hear(b"-ERR")
    console.post("/accounts", "/enable", account="bob")
    for worker in workers(server):
        with alone(server, worker):
            assert log_in(server).startswith(b"a OK")


def test_a_fault_is_everybodys_until_it_is_cleared(server: RunningServer) -> None:
    for change, offered in (
        (("PUT", "/api/v1/listeners/imap/fault/stripped"), False),
        (("POST", "/api/v1/reset"), True),
    ):
        api(server, *change)
        for worker in workers(server):
            with alone(server, worker), closing(connect(server)) as client:
                client.say(b"a CAPABILITY")
                assert (b"STARTTLS" in client.hear(b"* CAPABILITY")) is offered


def faulty(server: RunningServer) -> dict[int, tuple[bool, bool]]:
    """Say of each worker whether it offers no STARTTLS, and whether it turns bob away."""
    found = {}
    for worker in workers(server):
        with alone(server, worker), closing(connect(server)) as client:
            client.say(b"a CAPABILITY")
            stripped = b"STARTTLS" not in client.hear(b"* CAPABILITY")
            client.hear(b"a OK")
            client.say(f'b LOGIN bob "{PASSWORD}"'.encode())
            found[worker] = stripped, b"UNAVAILABLE" in client.hear(b"b ")
    return found


def test_two_faults_are_everybodys_one_by_one(server: RunningServer) -> None:
    """When the API has answered, it is so in every worker; also in one that comes later."""
    for method, path, expected in (
        ("PUT", "listeners/imap/fault/stripped", (True, False)),
        ("PUT", "listeners/imap/fault/temporary-failure", (True, True)),
        ("DELETE", "listeners/imap/fault/stripped", (False, True)),
        ("PUT", "listeners/imap/fault/stripped", (True, True)),
        ("DELETE", "listeners/imap/fault", (False, False)),
    ):
        api(server, method, f"/api/v1/{path}")
        assert set(faulty(server).values()) == {expected}, path
        if expected == (True, True):
            replace(server, workers(server)[0])
            assert list(faulty(server).values()) == [expected] * 2, "after a worker was replaced"


def test_a_fault_waits_for_a_worker_that_is_only_starting(server: RunningServer) -> None:
    """Its first client must find what the API has promised."""
    known = workers(server)
    os.kill(known[0], signal.SIGKILL)
    while not (starting := set(workers(server)) - set(known)):
        pass
    (new,) = starting
    while b"mailauth.server.workers.main" not in Path(f"/proc/{new}/cmdline").read_bytes():
        pass  # it is still a copy of its parent, which waits for it
    os.kill(new, signal.SIGSTOP)
    token = {"Authorization": f"Bearer {server.ready.api_token}"}
    with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=1)) as client:
        client.request("PUT", "/api/v1/listeners/imap/fault/stripped", headers=token)
        assert client.sock is not None
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        api(server, "GET", "/api/v1/attempts")  # a question does not wait
        os.kill(new, signal.SIGCONT)
        client.sock.settimeout(20)
        assert client.sock.recv(12) == b"HTTP/1.1 200"
    assert faulty(server) == {known[1]: (True, False), new: (True, False)}


def test_a_change_of_the_accounts_reaches_all(server: RunningServer) -> None:
    """SIGHUP: a new account logs in, and one that is gone does not, in every process."""
    assert log_in(server, "sue's", "sue").startswith(b"a OK")
    (server.home / "users.passwd").write_text("kim:{PLAIN}kim's\n")
    server.hang_up()
    api(server, "GET", "/api/v1/attempts?wait=20&kind=account&user=sue")
    for worker in workers(server):
        with alone(server, worker):
            assert log_in(server, "kim's", "kim").startswith(b"a OK")
            assert log_in(server, "sue's", "sue").startswith(b"a NO")


def test_a_maildrop_is_locked_for_all(server: RunningServer) -> None:
    """RFC 1939 §4: one session at a time, wherever it is."""
    first, second = workers(server)
    with alone(server, first):
        pop3 = poplib.POP3("127.0.0.1", server.port("pop3"), timeout=20)
        pop3.user("bob")
        pop3.pass_(PASSWORD)
    with alone(server, second):
        other = poplib.POP3("127.0.0.1", server.port("pop3"), timeout=20)
        other.user("bob")
        with pytest.raises(poplib.error_proto, match="IN-USE"):
            other.pass_(PASSWORD)
    pop3.quit()
    with alone(server, second):
        other.user("bob")
        other.pass_(PASSWORD)
        other.quit()


def test_mail_is_shared_and_forgotten_at_the_next_start(server: RunningServer) -> None:
    first, second = workers(server)
    with alone(server, first):
        client = imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20)
        client.login("bob", PASSWORD)
        client.append("INBOX", "", "", b"Subject: a\r\n\r\nb\r\n")
        client.logout()
    assert messages(server, second) == 2  # and the welcome message
    server.stop()
    server.start()
    assert messages(server, workers(server)[0]) == 1


def messages(server: RunningServer, worker: int) -> int:
    with alone(server, worker):
        client = imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20)
        client.login("bob", PASSWORD)
        _, data = client.select("INBOX")
        client.logout()
    assert data[0] is not None
    return int(data[0])


def test_a_killed_worker_is_replaced(server: RunningServer) -> None:
    """Others serve meanwhile; the next takes what comes, with the state as it is then."""
    victim, survivor = workers(server)
    for _ in range(6):
        log_in(server, "wrong")
    replace(server, victim)
    [successor] = [each for each in workers(server) if each != survivor]
    with alone(server, successor):
        assert log_in(server).startswith(b"a NO")  # blocked: it knows
    assert f"Worker 1 (pid {victim}) was killed by signal 9" in server.stderr_file.read_text()
    api(server, "POST", "/api/v1/reset")
    assert log_in(server).startswith(b"a OK")
    assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_leave_is_taken_of_the_clients_of_all(
    server: RunningServer, number: signal.Signals
) -> None:
    """Also when a terminal or a supervisor sends the signal to every process."""
    clients = []
    everybody = workers(server)
    for worker in everybody:
        with alone(server, worker):
            clients.append(connect(server))
    for worker in everybody:
        os.kill(worker, number)
    assert server.stop(number) == 0
    for client in clients:
        assert b"* BYE" in client.rest()
        client.close()
    assert all(has_ended(worker) for worker in everybody)
    assert server.stderr_file.read_text() == ""


def test_no_worker_outlives_a_killed_parent(server: RunningServer) -> None:
    """And the next server has the home at once, with the same record."""
    clients = [connect(server) for _ in range(4)]
    assert log_in(server).startswith(b"a OK")
    orphans = workers(server)
    server.kill()
    server.start()  # which waits for them
    assert all(has_ended(orphan) for orphan in orphans)
    for client in clients:
        client.close()
    assert log_in(server).startswith(b"a OK")
    assert len(server.lines()) == 2


def test_a_server_that_runs_keeps_its_home(server: RunningServer) -> None:
    other = RunningServer(server.home)
    with pytest.raises(NotStarted, match="another mailauth server is running on this home"):
        other.start()


def test_a_worker_that_cannot_start_is_told_of_and_tried_again(server: RunningServer) -> None:
    """It has read a users file that is wrong now; the others go on with the one before."""
    victim, survivor = workers(server)
    users = server.home / "users.passwd"
    before = users.read_text()
    users.write_text("sue:{NO-SUCH-SCHEME}x\n")
    os.kill(victim, signal.SIGKILL)
    while "[error] Worker 1: users.file" not in server.stderr_file.read_text():
        assert log_in(server).startswith(b"a OK")
    users.write_text(before)
    stop(server, survivor)
    try:
        assert log_in(server, "sue's", "sue").startswith(b"a OK")
    finally:
        os.kill(survivor, signal.SIGCONT)


def test_a_server_whose_workers_cannot_start_does_not(tmp_path: Path) -> None:
    (tmp_path / "mailauth.toml").write_text(TOML)
    (tmp_path / "users.passwd").write_text("sue:{PLAIN}sue's\n")
    (tmp_path / ".mailauth").mkdir()
    (tmp_path / ".mailauth" / "mail").write_text("in the way of the Maildirs\n")
    others = set(children_of(os.getpid()))
    with pytest.raises(NotStarted, match="mail"):
        RunningServer(tmp_path).start()
    assert set(children_of(os.getpid())) <= others
