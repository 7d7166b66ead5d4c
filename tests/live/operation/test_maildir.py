"""`serve --maildir`: mail that outlives the server, and that other programs may work on."""

import imaplib
import mailbox
import os
import re
import select
import smtplib
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.support.raw_clients import Dialogue
from tests.live.support.watching import eventually

NAME, PASSWORD = "mary@mydomain.com", "secret"
LETTER = b"From: a@example.org\nSubject: news\n\nHello.\n"


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """Where mail is kept."""
    return tmp_path / "mail"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where everything else is kept."""
    home = tmp_path / "home"
    home.mkdir()
    return home


def client_of(server: RunningServer) -> imaplib.IMAP4:
    client = imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20)
    client.login(NAME, PASSWORD)
    return client


def everything(client: imaplib.IMAP4, name: str) -> list[object]:
    """UIDVALIDITY, UIDNEXT, and all there is to know of each message."""
    status = client.status(name, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)")
    client.select(name, readonly=True)
    items = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"
    return [status, client.uid("FETCH", "1:*", items)]


def test_mail_survives_a_restart(home: Path, mail: Path) -> None:
    """With its UIDs and UIDVALIDITY, flags, dates and mailboxes, after a kill, too."""
    with RunningServer(home, "--maildir", str(mail)) as server:
        with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=20) as smtp:
            smtp.sendmail("a@example.org", [NAME], LETTER.decode())
        with client_of(server) as client:
            client.create("Box")
            date = '"28-Jul-2020 12:00:00 +0200"'
            for flags in ("(\\Seen $Work)", "(\\Deleted)", "()"):
                client.append("Box", flags, date, LETTER)
            client.select("Box")
            client.expunge()
            before = [everything(client, name) for name in ("INBOX", "Box")]
        server.kill()
        server.start()
        with client_of(server) as client:
            assert [everything(client, name) for name in ("INBOX", "Box")] == before
            answer = client.append("Box", None, None, LETTER)
        assert b" 4] " in answer[1][0]  # the UIDs of removed messages are not given again
        assert server.stop() == 0
        assert server.stderr_file.read_text() == ""


def test_a_message_delivered_by_another_program_is_told_to_who_idles(
    home: Path, mail: Path
) -> None:
    """RFC 2177; also its new flags, and its removal."""
    with RunningServer(home, "--maildir", str(mail)) as server:
        connection = socket.create_connection(("127.0.0.1", server.port("imap")), 20)
        client = Dialogue(connection)
        for command in (b"a LOGIN %b %b" % (NAME.encode(), PASSWORD.encode()), b"b SELECT INBOX"):
            client.say(command)
            client.hear(command[:2])
        client.say(b"c IDLE")
        client.hear(b"+")
        inbox = mailbox.Maildir(mail / NAME, create=False)
        key = inbox.add(LETTER)
        assert client.hear(b"*") == b"* 2 EXISTS\r\n"
        assert client.hear(b"*").endswith(b"RECENT\r\n")
        message = inbox[key]
        message.set_subdir("cur")
        message.set_flags("S")
        inbox[key] = message
        assert b"FLAGS (\\Seen \\Recent)" in client.hear(b"* 2 FETCH")
        inbox.remove(key)
        assert client.hear(b"*") == b"* 2 EXPUNGE\r\n"
        client.say(b"DONE")
        client.hear(b"c OK")
        client.close()
        assert server.stderr_file.read_text() == ""


def test_servers_that_share_mail_see_each_others_changes(tmp_path: Path, mail: Path) -> None:
    homes = [tmp_path / "one", tmp_path / "other"]
    for home in homes:
        home.mkdir()
    with (
        RunningServer(homes[0], "--maildir", str(mail)) as one,
        RunningServer(homes[1], "--maildir", str(mail)) as other,
        client_of(one) as here,
        client_of(other) as there,
    ):
        for client in (here, there):
            client.select()
        here.append("INBOX", "(\\Flagged)", None, LETTER)
        assert there.noop()[0] == "OK"
        assert there.untagged_responses["EXISTS"][-1] == b"2"
        there.store("1:*", "+FLAGS", "(\\Deleted)")
        there.expunge()
        here.noop()
        assert here.untagged_responses["EXPUNGE"] == [b"2", b"1"]


MANY = 3_000  # messages: a COPY or MOVE takes many turns


def messages(client: imaplib.IMAP4, name: str) -> int:
    """How many there are, by STATUS."""
    [answer] = client.status(name, "(MESSAGES)")[1]
    assert isinstance(answer, bytes)
    return int(re.findall(rb"MESSAGES (\d+)", answer)[0])


@pytest.mark.parametrize("command", [b"COPY", b"MOVE"])
def test_a_client_that_is_gone_before_its_command_is_done(
    tmp_path: Path, mail: Path, command: bytes
) -> None:
    """RFC 9051 §6.4.7, RFC 6851 §3.3: COPY is done whole or not at all, MOVE message by message.

    Another server on the same mail sees neither more nor less.
    """
    archive, box = (mail / NAME / f".{name}" / "cur" for name in ("Archive", "Box"))
    homes = [tmp_path / "one", tmp_path / "other"]
    for home in homes:
        home.mkdir()
    with (
        RunningServer(homes[0], "--maildir", str(mail)) as one,
        RunningServer(homes[1], "--maildir", str(mail)) as other,
        client_of(one) as here,
        client_of(other) as there,
    ):
        here.create("Box")
        for number in range(MANY):
            (box / f"{number}.letter:2,").write_bytes(LETTER)
        assert messages(here, "Box") == MANY
        connection = socket.create_connection(("127.0.0.1", one.port("imap")), 20)
        client = Dialogue(connection)
        for said in (b"a LOGIN %b %b" % (NAME.encode(), PASSWORD.encode()), b"b SELECT Box"):
            client.say(said)
            client.hear(said[:2])
        client.say(b"c %b 1:* Archive" % command)
        while next(archive.iterdir(), None) is None:
            assert not select.select([connection], [], [], 0)[0], "it was done at once"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        for _ in range(5):  # turns, in which the server hears of it
            here.noop()
        eventually(lambda: not list(archive.parent.glob("mailauth-copying-*")))
        copied, left = messages(here, "Archive"), messages(here, "Box")
        assert (messages(there, "Archive"), messages(there, "Box")) == (copied, left)
        assert (len(list(archive.iterdir())), len(list(box.iterdir()))) == (copied, left)
        if command == b"COPY":
            assert left == MANY
            assert copied in {0, MANY}
        else:
            assert copied == MANY - left
        for server in (one, other):
            assert server.stop() == 0
            assert server.stderr_file.read_text() == ""


def test_mail_that_cannot_be_looked_at_is_told_once(home: Path, mail: Path) -> None:
    """The operator reads it on stderr, a client hears it when it asks, and both hear the end."""
    with RunningServer(home, "--maildir", str(mail)) as server:
        with client_of(server) as client:
            client.select()
            lock = mail / NAME / "mailauth.lock"
            lock.unlink()
            lock.mkdir()
            (mail / NAME / "new" / "1.letter").write_bytes(LETTER)
            answer, text = client.noop()
            assert (answer, text[0].startswith(b"[UNAVAILABLE]")) == ("NO", True)
            eventually(lambda: "Some mail cannot be read" in server.stderr_file.read_text())
            lock.rmdir()
            eventually(lambda: ": resolved" in server.stderr_file.read_text())
            assert client.noop()[0] == "OK"
            assert client.untagged_responses["EXISTS"][-1] == b"2"
        server.stop()
        first, second = server.stderr_file.read_text().splitlines()
        assert f"Some mail cannot be read: [Errno 21] Is a directory: '{lock}'" in first
        assert second.endswith("Some mail cannot be read: resolved")


def serve(home: Path, maildir: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(home), "--ephemeral"]
    command += ["--ready-json", "--maildir", str(maildir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_is_no_directory(home: Path, mail: Path) -> None:
    """Exit 2: the command line alone shows it."""
    mail.write_text("")
    done = serve(home, mail)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: .*--maildir.*is a file\.\n", done.stderr)


def test_a_directory_that_cannot_be_used(home: Path, mail: Path) -> None:
    """Exit 1, one line that names it and says why, and nothing is left half started."""
    mail.mkdir()
    (mail / ".lock-size").mkdir()  # root may write anywhere; not even root into a directory
    done = serve(home, mail)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: cannot store mail in {mail}: is a directory\n"
    done = serve(home, "/proc/self/mail")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: cannot store mail in /proc/\d+/mail: .+\n", done.stderr)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission(home: Path, mail: Path) -> None:
    mail.mkdir(mode=0o500)
    done = serve(home, mail)
    assert done.returncode == 1
    assert done.stderr == f"error: cannot store mail in {mail}: permission denied\n"
