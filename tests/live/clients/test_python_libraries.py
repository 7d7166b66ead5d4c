"""Python's mail libraries: imapclient, and aioimaplib beside aiosmtplib on one event loop."""

import asyncio
import re
import smtplib
from datetime import UTC, datetime

import aioimaplib
import aiosmtplib
import pytest
from imapclient import IMAPClient

from tests.live.support.onlooker import Onlooker
from tests.live.support.watching import Login, Watched
from tests.live.support.ways import BOB, HOST, IMAP, MARY, PASSWORD, SUBMISSION, Way

MAIL = f"From: {BOB}\r\nTo: {MARY}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nDear Mary\r\n"
DATE = datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize("way", IMAP, ids=str)
def test_imapclient(demo: Watched, mary: Onlooker, way: Way) -> None:
    """It names itself, files mail in folders of its own and hears of new mail while it idles."""
    port, trusting = demo.port(way.listener), demo.server.trusting()
    with IMAPClient(HOST, port, ssl=way.implicit, ssl_context=trusting, timeout=20) as client:
        if way.starttls:
            client.starttls(trusting)
        client.id_({"name": "imapclient", "version": "4"})
        client.login(MARY, PASSWORD)
        login = Login(way.protocol, MARY, way.security, "IMAP-LOGIN", client_name="imapclient")
        assert demo.told() == [login]
        files_mail(client)
        hears_of_new_mail(client, demo)
    assert demo.told() == [login]
    assert mary.subjects() == ["=?utf-8?q?Gr=C3=BC=C3=9Fe?="]


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
    """IDLE: a message that another server brings is there when this one says so."""
    count = client.select_folder("INBOX")[b"EXISTS"]
    client.idle()
    with smtplib.SMTP(HOST, demo.port("smtp")) as smtp:
        smtp.sendmail("someone@example.com", [MARY], MAIL)
    responses = client.idle_check(timeout=20)
    client.idle_done()
    assert (count + 1, b"EXISTS") in responses
    uid = client.search()[-1]
    assert client.fetch([uid], ["BODY[TEXT]"])[uid][b"BODY[TEXT]"] == b"Dear Mary\r\n"


async def connected(demo: Watched, way: Way) -> aioimaplib.IMAP4:
    """Connect aioimaplib; it has no STARTTLS, so that asyncio switches its transport over."""
    port, trusting = demo.port(way.listener), demo.server.trusting()
    if way.implicit:
        client = aioimaplib.IMAP4_SSL(HOST, port, ssl_context=trusting)
    else:
        client = aioimaplib.IMAP4(HOST, port)
    await client.wait_hello_from_server()
    if way.starttls:
        protocol = client.protocol
        command = aioimaplib.Command("STARTTLS", protocol.new_tag())
        assert (await protocol.execute(command)).result == "OK"
        protocol.transport = await asyncio.get_running_loop().start_tls(
            protocol.transport, protocol, trusting, server_hostname=HOST
        )
        await protocol.capability()
    return client


async def send(demo: Watched, way: Way) -> None:
    """Send a message from Bob to Mary with aiosmtplib."""
    async with aiosmtplib.SMTP(
        hostname=HOST,
        port=demo.port(way.listener),
        use_tls=way.implicit,
        start_tls=way.starttls,
        tls_context=demo.server.trusting(),
        local_hostname="laptop.example",
        username=BOB,
        password=PASSWORD,
    ) as smtp:
        refused, reply = await smtp.sendmail(BOB, [MARY], MAIL, mail_options=["BODY=8BITMIME"])
        assert (refused, reply[:5]) == ({}, "2.0.0")


@pytest.mark.parametrize(("imap", "smtp"), [*zip(IMAP, SUBMISSION, strict=True)], ids=str)
def test_aioimaplib_and_aiosmtplib(demo: Watched, mary: Onlooker, imap: Way, smtp: Way) -> None:
    """Mary idles while Bob sends to her; her message comes, is filed and deleted."""

    async def both() -> None:
        client = await connected(demo, imap)
        assert (await client.id(name="aioimaplib", version="2")).result == "OK"
        assert (await client.login(MARY, PASSWORD)).result == "OK"
        assert (await client.select()).result == "OK"
        idle = await client.idle_start(timeout=20)
        await send(demo, smtp)
        exists: list[bytes] = []
        while not exists:
            exists = [line for line in await client.wait_server_push(20) if b"EXISTS" in line]
        client.idle_done()
        await asyncio.wait_for(idle, 20)
        await reads_and_files(client, exists[0].split()[0].decode())
        assert (await client.logout()).result == "OK"

    asyncio.run(both())
    assert demo.told() == [
        Login(imap.protocol, MARY, imap.security, "IMAP-LOGIN", client_name="aioimaplib"),
        Login(smtp.protocol, BOB, smtp.security, "CRAM-MD5", client_name="laptop.example"),
    ]
    assert [mary.messages(folder) for folder in mary.folders()] == [[]] * 6


async def reads_and_files(client: aioimaplib.IMAP4, number: str) -> None:
    """FETCH, STORE, COPY, MOVE, APPEND and EXPUNGE."""
    fetched = await client.fetch(number, "(UID FLAGS BODY.PEEK[])")
    assert bytes(fetched.lines[1]).endswith(MAIL.encode())
    found = re.search(rb"UID (\d+)", b" ".join(fetched.lines))
    assert found is not None
    uid = found[1].decode()
    assert any(b"Archive" in one for one in (await client.list('""', "*")).lines)
    assert (await client.create("aioimaplib")).result == "OK"
    stored = await client.uid("store", uid, "+FLAGS", r"(\Flagged)")
    assert any(b"\\Flagged" in one for one in stored.lines)
    assert (await client.uid("copy", uid, "aioimaplib")).result == "OK"
    assert (await client.append(MAIL.encode(), "aioimaplib", r"\Seen")).result == "OK"
    assert (await client.uid("move", uid, "Trash")).result == "OK"
    for folder, count in (("aioimaplib", 2), ("Trash", 1)):
        assert (await client.select(folder)).result == "OK"
        assert len((await client.uid_search("ALL")).lines[0].split()) == count
        await client.store("1:*", "+FLAGS", r"(\Deleted)")
        expunged = await client.expunge()
        assert len([one for one in expunged.lines if one.endswith(b" EXPUNGE")]) == count, expunged
        assert (await client.close()).result == "OK"
    assert (await client.delete("aioimaplib")).result == "OK"
