"""Python's mail libraries: imapclient, and aioimaplib beside aiosmtplib on one event loop."""

import asyncio
import re
import smtplib
from datetime import UTC, datetime

import aioimaplib
import aiosmtplib
import pytest
from imapclient import IMAPClient

from mailauth.login.event import Protocol
from mailauth.login.hop import Security
from tests.live.watching import Login, Watched

MARY, BOB, PASSWORD = "mary@mydomain.com", "bob@mydomain.com", "secret"
SECURITIES = (Security.CLEARTEXT, Security.STARTTLS, Security.IMPLICIT)
MAIL = f"From: {BOB}\r\nTo: {MARY}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nDear Mary\r\n"
DATE = datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)

each_security = pytest.mark.parametrize("security", SECURITIES, ids=lambda each: each.value)


def deliver(demo: Watched) -> None:
    """Have a message brought to Mary by another server, which does not log in."""
    with smtplib.SMTP("localhost", demo.port("smtp")) as smtp:
        smtp.sendmail("someone@example.com", [MARY], MAIL)


@each_security
def test_imapclient(demo: Watched, security: Security) -> None:
    """It names itself, files mail in folders of its own and hears of new mail while it idles."""
    implicit = security is Security.IMPLICIT
    port = demo.port("imaps" if implicit else "imap")
    trusting = demo.server.trusting()
    with IMAPClient("localhost", port, ssl=implicit, ssl_context=trusting, timeout=20) as client:
        if security is Security.STARTTLS:
            client.starttls(trusting)
        client.id_({"name": "imapclient", "version": "4"})
        client.login(MARY, PASSWORD)
        assert demo.told() == [
            Login(Protocol.IMAP, MARY, security, "IMAP-LOGIN", client_name="imapclient")
        ]
        files_mail(client)
        hears_of_new_mail(client, demo)
    assert len(demo.told()) == 1


def files_mail(client: IMAPClient) -> None:
    """Folders, APPEND, flags, SEARCH, COPY, MOVE and EXPUNGE."""
    folders = {name: flags for flags, _, name in client.list_folders()}
    assert {"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"} <= folders.keys()
    assert b"\\Trash" in folders["Trash"]
    assert client.find_special_folder(b"\\Sent") == "Sent"
    client.create_folder("Grüße & mehr")
    client.subscribe_folder("Grüße & mehr")
    assert [name for _, _, name in client.list_folders("", "Gr*")] == ["Grüße & mehr"]
    client.append("Grüße & mehr", MAIL.encode(), [b"\\Seen", b"$Important"], DATE)
    assert client.select_folder("Grüße & mehr")[b"EXISTS"] == 1
    (uid,) = client.search(["SUBJECT", "Grüße", "SEEN", "KEYWORD", "$Important"], "UTF-8")
    found = client.fetch([uid], ["BODY[]", "ENVELOPE", "FLAGS", "INTERNALDATE", "BODYSTRUCTURE"])[
        uid
    ]
    assert found[b"BODY[]"] == MAIL.encode()
    assert found[b"ENVELOPE"].subject == b"=?utf-8?q?Gr=C3=BC=C3=9Fe?="
    assert found[b"INTERNALDATE"].replace(tzinfo=None) == DATE.astimezone().replace(tzinfo=None)
    assert found[b"BODYSTRUCTURE"][:2] == (b"TEXT", b"PLAIN")
    assert b"\\Flagged" in client.add_flags([uid], [b"\\Flagged"])[uid]
    assert b"\\Seen" not in client.remove_flags([uid], [b"\\Seen"])[uid]
    client.copy([uid], "Archive")
    client.move([uid], "Trash")
    assert client.search() == []
    for folder in ("Archive", "Trash"):
        client.select_folder(folder)
        (there,) = client.search(["FLAGGED", "UNSEEN"])
        client.delete_messages([there])
        client.uid_expunge([there])
        assert client.search() == []
        client.unselect_folder()
    client.rename_folder("Grüße & mehr", "Grüße")
    client.delete_folder("Grüße")
    assert not client.folder_exists("Grüße")


def hears_of_new_mail(client: IMAPClient, demo: Watched) -> None:
    """IDLE: the message is there when the server says so."""
    count = client.select_folder("INBOX")[b"EXISTS"]
    client.idle()
    deliver(demo)
    responses = client.idle_check(timeout=20)
    client.idle_done()
    assert (count + 1, b"EXISTS") in responses
    uid = client.search()[-1]
    assert client.fetch([uid], ["BODY[TEXT]"])[uid][b"BODY[TEXT]"] == b"Dear Mary\r\n"


async def connected(demo: Watched, security: Security) -> aioimaplib.IMAP4:
    """Connect aioimaplib; it has no STARTTLS, so that asyncio switches its transport over."""
    trusting = demo.server.trusting()
    if security is Security.IMPLICIT:
        client = aioimaplib.IMAP4_SSL("localhost", demo.port("imaps"), ssl_context=trusting)
    else:
        client = aioimaplib.IMAP4("localhost", demo.port("imap"))
    await client.wait_hello_from_server()
    if security is Security.STARTTLS:
        protocol = client.protocol
        command = aioimaplib.Command("STARTTLS", protocol.new_tag())
        assert (await protocol.execute(command)).result == "OK"
        protocol.transport = await asyncio.get_running_loop().start_tls(
            protocol.transport, protocol, trusting, server_hostname="localhost"
        )
        await protocol.capability()
    return client


async def send(demo: Watched, security: Security) -> None:
    """Send a message from Bob to Mary with aiosmtplib."""
    implicit = security is Security.IMPLICIT
    async with aiosmtplib.SMTP(
        hostname="localhost",
        port=demo.port("smtps" if implicit else "submission"),
        use_tls=implicit,
        start_tls=security is Security.STARTTLS,
        tls_context=demo.server.trusting(),
        local_hostname="laptop.example",
        username=BOB,
        password=PASSWORD,
    ) as smtp:
        refused, reply = await smtp.sendmail(BOB, [MARY], MAIL, mail_options=["BODY=8BITMIME"])
        assert (refused, reply[:5]) == ({}, "2.0.0")


@each_security
def test_aioimaplib_and_aiosmtplib(demo: Watched, security: Security) -> None:
    """Mary idles while Bob sends to her; her message comes, is filed and deleted."""

    async def both() -> None:
        mary = await connected(demo, security)
        assert (await mary.id(name="aioimaplib", version="2")).result == "OK"
        assert (await mary.login(MARY, PASSWORD)).result == "OK"
        assert (await mary.select()).result == "OK"
        idle = await mary.idle_start(timeout=20)
        await send(demo, security)
        while not (exists := [one for one in await mary.wait_server_push(20) if b"EXISTS" in one]):
            pass
        mary.idle_done()
        await asyncio.wait_for(idle, 20)
        await reads_and_files(mary, exists[0].split()[0].decode())
        assert (await mary.logout()).result == "OK"

    asyncio.run(both())
    assert demo.told() == [
        Login(Protocol.IMAP, MARY, security, "IMAP-LOGIN", client_name="aioimaplib"),
        Login(Protocol.SMTP, BOB, security, "CRAM-MD5", client_name="laptop.example"),
    ]


async def reads_and_files(mary: aioimaplib.IMAP4, number: str) -> None:
    """FETCH, STORE, COPY, MOVE, APPEND and EXPUNGE."""
    fetched = await mary.fetch(number, "(UID FLAGS BODY.PEEK[])")
    assert bytes(fetched.lines[1]).endswith(MAIL.encode())
    found = re.search(rb"UID (\d+)", b" ".join(fetched.lines))
    assert found is not None
    uid = found[1].decode()
    assert any(b"Archive" in one for one in (await mary.list('""', "*")).lines)
    assert (await mary.create("aioimaplib")).result == "OK"
    stored = await mary.uid("store", uid, "+FLAGS", r"(\Flagged)")
    assert any(b"\\Flagged" in one for one in stored.lines)
    assert (await mary.uid("copy", uid, "aioimaplib")).result == "OK"
    assert (await mary.append(MAIL.encode(), "aioimaplib", r"\Seen")).result == "OK"
    assert (await mary.uid("move", uid, "Trash")).result == "OK"
    for folder, count in (("aioimaplib", 2), ("Trash", 1)):
        assert (await mary.select(folder)).result == "OK"
        assert len((await mary.uid_search("ALL")).lines[0].split()) == count
        await mary.store("1:*", "+FLAGS", r"(\Deleted)")
        expunged = await mary.expunge()
        assert len([one for one in expunged.lines if one.endswith(b" EXPUNGE")]) == count, expunged
        assert (await mary.close()).result == "OK"
    assert (await mary.delete("aioimaplib")).result == "OK"
