"""What has reached the server when it is asked, and waits that an event loop can live with."""

import asyncio
import imaplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from mailauth.testing import MailAuth

BOB, MARY = "bob@mydomain.com", "mary@mydomain.com"
ROUNDS = 30
BURST = 20
HELLO = bytes((0x16, 3, 1, 0, 4, 1, 0, 0, 0))  # of a client that is gone before it is answered
WORKERS = """
[server]
workers = 2
[[user]]
name = "bob@mydomain.com"
password = "b0b's"
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[MailAuth]:
    with MailAuth() as server:
        yield server


@pytest.fixture
def server(shared: MailAuth) -> MailAuth:
    shared.reset()
    return shared


def log_in(server: MailAuth, name: str = BOB) -> None:
    with imaplib.IMAP4("localhost", server.port("imap")) as client:
        client.login(name, server.user("bob").password)


def refuse_the_certificate(server: MailAuth) -> None:
    with suppress(ssl.SSLError), socket.create_connection(("127.0.0.1", server.port("imaps"))) as s:
        ssl.create_default_context().wrap_socket(s, server_hostname="localhost")


@pytest.mark.parametrize("config", ["", WORKERS], ids=["one process", "workers"])
def test_a_client_that_has_gone_is_recorded_when_somebody_asks(config: str) -> None:
    """Nobody waits some time for it, and nobody looks too early."""
    with MailAuth(config) as server:
        seen = []
        for _ in range(ROUNDS):
            server.reset()
            for _ in range(BURST):
                with socket.create_connection(("127.0.0.1", server.port("imaps"))) as client:
                    client.sendall(HELLO)
            seen.append(len(server.connections()))
        assert seen == [BURST] * ROUNDS
        server.assert_no_exposure()


def test_a_reset_leaves_nothing_to_come_of_what_was_before(server: MailAuth) -> None:
    for _ in range(ROUNDS):
        refuse_the_certificate(server)
        server.reset()
        assert server.records() == []


def test_nobody_who_was_there_proves_nothing(server: MailAuth) -> None:
    with pytest.raises(AssertionError, match="no client connected"):
        server.assert_no_exposure()
    with pytest.raises(AssertionError, match="nobody attempted to log in"):
        server.assert_all_secure()
    refuse_the_certificate(server)
    server.assert_no_exposure()
    with pytest.raises(
        AssertionError, match=r"nobody attempted to log in.*\n.*connection on imaps"
    ):
        server.assert_all_secure()
    server.assert_all_secure(allow_empty=True)


def test_login_takes_what_its_siblings_take(server: MailAuth) -> None:
    log_in(server, MARY)
    log_in(server)
    assert server.login("bob").user == BOB
    assert server.login(user=MARY, protocol="imap", secure=False).user == MARY
    with pytest.raises(AssertionError, match="2 logins, expected exactly one"):
        server.login(protocol="imap")
    with pytest.raises(AssertionError, match="no secure login within 0 s"):
        server.login(secure=True, timeout=0)


def test_a_short_name_means_the_same_account_everywhere(server: MailAuth) -> None:
    log_in(server)
    account = server.user("Bob").name
    assert server.wait_for_login(user="Bob").user == account
    assert server.wait_for_attempt(user="bob").user == account
    assert [each.user for each in server.logins("BOB")] == [account]
    assert server.logins("bo") == server.logins("mary") == []


def test_a_short_timeout_is_short(server: MailAuth) -> None:
    took = []
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(AssertionError, match=r"no login within 0\.2 s"):
            server.wait_for_login(timeout=0.2)
        took.append(time.monotonic() - began)
    assert 0.2 <= min(took) < 0.9


async def client_task(server: MailAuth) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port("imap"))
    await reader.readline()
    await asyncio.sleep(0.05)  # of the loop that the test must not block
    writer.write(f"a LOGIN {BOB} {server.user('bob').password}\r\n".encode())
    await reader.readline()
    writer.close()


def test_a_client_may_be_a_task_of_the_same_event_loop(server: MailAuth) -> None:
    async def test() -> None:
        client = asyncio.create_task(client_task(server))
        assert (await server.login_async("bob")).user == BOB
        assert (await server.wait_for_attempt_async(protocol="imap")).user == BOB
        await client
        assert await server.wait_for_record_async(0) in (True, False)
        refusing = asyncio.create_task(asyncio.to_thread(refuse_the_certificate, server))
        ended = await server.wait_for_connection_async("unknown ca", "imap")
        assert ended.listener == "imaps"
        await refusing

    asyncio.run(test())


def test_a_wait_that_blocks_an_event_loop_says_so(server: MailAuth) -> None:
    async def test() -> None:
        client = asyncio.create_task(client_task(server))
        await asyncio.sleep(0)
        with pytest.raises(AssertionError, match=r"await the method of the same name with _async"):
            server.wait_for_login(timeout=0.2)
        await client

    asyncio.run(test())


def test_an_awaited_wait_can_be_cancelled_and_the_server_asked_again(server: MailAuth) -> None:
    async def test() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(server.wait_for_login_async(timeout=60), 0.05)
        await client_task(server)
        assert (await server.wait_for_login_async(timeout=30)).user == BOB

    began = time.monotonic()
    asyncio.run(test())
    assert time.monotonic() - began < 20


def test_a_reset_takes_the_mail_and_leaves_the_client_that_reads_it(server: MailAuth) -> None:
    with imaplib.IMAP4("localhost", server.port("imap")) as client:
        client.login(BOB, server.user("bob").password)
        assert client.select("INBOX") == ("OK", [b"1"])
        client.append("INBOX", "", "", b"Subject: one\r\n\r\none\r\n")
        server.reset(mail=False)
        assert client.select("INBOX") == ("OK", [b"2"])
        server.reset()
        assert client.noop()[0] == "OK"
        assert client.select("INBOX") == ("OK", [b"1"])
        assert client.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")[0] == "OK"
