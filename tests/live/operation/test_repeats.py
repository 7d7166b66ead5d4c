"""What an address repeats is summed up in the logs of a running server, and nothing is lost."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from mailauth.events.feed import COUNTED_SECONDS
from mailauth.login.event import Kind, Result
from mailauth.login.repeats import SINGLY
from mailauth.testing import RunningServer

FRIEND, STRANGER = "127.0.0.1", "127.0.0.9"

CONFIG = """
[[user]]
name = "mary"
password = "s3cret"
[block]
friendly = ["{friend}"]
[server]
workers = {workers}
"""


@pytest.fixture(params=[1, 2], ids=["one process", "workers"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """A server that has one friend."""
    config = CONFIG.format(friend=FRIEND, workers=request.param)
    (tmp_path / "mailauth.toml").write_text(config)
    with RunningServer(tmp_path) as running:
        yield running


def fail(server: RunningServer, source: str, connections: int) -> int:
    """Fail as often as is possible on each of so many connections; return how often that was."""
    for _ in range(connections):
        with socket.create_connection(
            ("127.0.0.1", server.port("imap")), 20, source_address=(source, 0)
        ) as client:
            client.sendall(b"a LOGIN mary wrong\r\n" * 10)
            while client.recv(65536):
                pass
    return 10 * connections


def asked(server: RunningServer, query: str = "") -> list[dict[str, Any]]:
    with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=60)) as client:
        fields = {"Authorization": f"Bearer {server.ready.api_token}"}
        client.request("GET", f"/api/v1/attempts?limit=1000{query}", headers=fields)
        attempts: list[dict[str, Any]] = json.loads(client.getresponse().read())["attempts"]
        return attempts


def counted(records: list[dict[str, Any]]) -> int:
    return sum(record.get("count", 1) for record in records)


def test_whoever_asks_is_told_of_every_attempt_in_few_records(server: RunningServer) -> None:
    made = fail(server, STRANGER, 12)
    records = asked(server)
    assert counted(records) == made
    assert len(records) <= 2 * (SINGLY + 1)  # each of two workers counts for itself
    [*_, last] = [record for record in records if record.get("count", 1) > 1]
    assert (last["result"], last["reason"], last["ip"]) == ("blocked", "repeated", STRANGER)
    assert not last["exposed"]


def test_a_friend_has_a_record_of_each(server: RunningServer) -> None:
    made = fail(server, FRIEND, 12)
    assert [record.get("count", 1) for record in asked(server)] == [1] * made


def test_a_server_that_is_stopped_has_written_every_attempt(server: RunningServer) -> None:
    made = fail(server, STRANGER, 12)
    assert server.stop() == 0
    records = server.events(Kind.LOGIN)
    assert sum(record.count for record in records) == made
    sums = [record for record in records if record.count > 1]
    assert {record.result for record in sums} == {Result.BLOCKED}
    assert len(server.failures()) == len(records)
    for record, line in zip(records, server.failures(), strict=True):
        if record.count > 1:
            assert line.endswith(f" - {STRANGER} (LAN) - repeated {record.count} times")


def test_whoever_waits_is_told_of_what_is_only_counted(server: RunningServer) -> None:
    """A wait does not last to its end though what is waited for has come."""
    fail(server, STRANGER, 5)
    cursor = asked(server)[-1]["seq"]
    later = Timer(0.5, fail, (server, STRANGER, 1))
    later.start()
    records = asked(server, f"&after={cursor}&wait={6 * COUNTED_SECONDS:g}")
    later.join()
    assert counted(records) > 0


def test_after_a_reset_attempts_are_recorded_singly_again(server: RunningServer) -> None:
    fail(server, STRANGER, 6)
    with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=60)) as client:
        fields = {"Authorization": f"Bearer {server.ready.api_token}"}
        client.request("POST", "/api/v1/reset", headers=fields)
        cursor = json.loads(client.getresponse().read())["cursor"]
    fail(server, STRANGER, 1)
    records = asked(server, f"&after={cursor}")
    assert [record.get("count", 1) for record in records] == [1] * 10
