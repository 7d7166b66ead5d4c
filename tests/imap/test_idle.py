"""IDLE, and what a client hears of others (RFC 2177, RFC 9051 §5.2, §6.3.13, §7.4)."""

import pytest

from mailauth.mailbox.errors import StoreUnavailable
from mailauth.mailbox.memory import MemoryAccount, MemoryMailbox
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import NOON, mail_of


def test_the_end_of_idle_tells_what_is_new(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 2177 §3: DONE, in any letter case; nothing is told twice, and nothing afterwards."""
    box = mail.create("Box")
    box.append([mail_of("one"), mail_of("two")])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    mary.send(b"b IDLE\r\n")
    box.expunge([2])
    assert mary.notify() == b"* 2 EXPUNGE\r\n"
    assert mary.notify() == b""
    box.expunge([1])
    assert mary.send(b"done\r\n") == b"* 1 EXPUNGE\r\nb OK IDLE completed\r\n"
    assert mary.notify() == b""


def test_idle_begins_with_what_is_news(mary: Dialogue, mail: MemoryAccount) -> None:
    mary.send(b"a SELECT INBOX\r\n")
    mail.deliver(b"Subject: new\r\n\r\n", NOON)
    play(
        mary,
        """
        C: b IDLE
        S: + idling
        S: * 2 EXISTS
        S: * 2 RECENT
        C: DONE
        S: b OK IDLE completed
    """,
    )


def test_idle_ends_with_done_alone(mary: Dialogue) -> None:
    play(
        mary,
        """
        C: b IDLE
        S: + idling
        C: c NOOP
        S: b BAD Expected DONE
        C: d NOOP
        S: d OK NOOP completed
    """,
    )


def test_a_connection_is_called_once_for_many_changes(log_in: Connect, mail: MemoryAccount) -> None:
    """And not at all while the client does not wait."""
    mary = log_in()
    box = mail.mailbox("INBOX")
    mary.send(b"a SELECT INBOX\r\n")
    box.append([mail_of("unheard")])
    assert mary.calls == 0
    mary.send(b"b IDLE\r\n")
    for _ in range(3):
        box.append([mail_of("news")])
    assert mary.calls == 1
    mary.notify()
    box.append([mail_of("news")])
    assert mary.calls == 2
    mary.lose()
    box.append([mail_of("nobody is there")])
    assert mary.calls == 2


def test_numbers_stand_still_in_fetch_store_and_search(
    log_in: Connect, mail: MemoryAccount
) -> None:
    """RFC 9051 §7.5.1: no EXPUNGE in answer to them; new messages and flags may be told."""
    box = mail.create("Box")
    box.append([mail_of("one"), mail_of("two")])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    box.expunge([1])
    box.append([mail_of("three")])
    for command in (b"FETCH 2 UID", b"STORE 2 FLAGS.SILENT ()", b"SEARCH ALL"):
        assert b"EXPUNGE\r\n" not in mary.send(b"b %b\r\n" % command)
    assert mary.send(b"c FETCH 3 UID\r\n") == b"* 3 FETCH (UID 3)\r\nc OK FETCH completed\r\n"
    assert mary.send(b"d NOOP\r\n") == b"* 1 EXPUNGE\r\nd OK NOOP completed\r\n"


def test_mail_that_comes_in_is_recent_for_one_session_alone(
    log_in: Connect, mail: MemoryAccount
) -> None:
    r"""RFC 3501 §2.3.2: \Recent is for who was told first."""
    mary, other = log_in(), log_in()
    mary.send(b"a SELECT INBOX\r\n")
    other.send(b"a SELECT INBOX\r\n")
    mail.deliver(b"Subject: new\r\n\r\n", NOON)
    assert mary.send(b"b NOOP\r\n") == b"* 2 EXISTS\r\n* 2 RECENT\r\nb OK NOOP completed\r\n"
    assert other.send(b"b NOOP\r\n") == b"* 2 EXISTS\r\n* 0 RECENT\r\nb OK NOOP completed\r\n"
    assert b"\\Recent" in mary.send(b"c FETCH 2 FLAGS\r\n")
    assert b"\\Recent" not in other.send(b"c FETCH 2 FLAGS\r\n")


def test_who_logs_out_leaves_the_mailbox(log_in: Connect, mail: MemoryAccount) -> None:
    """Nothing is kept of a connection that is gone."""
    mary = log_in()
    mary.send(b"a SELECT INBOX\r\n")
    mary.lose()
    assert mail.mailbox("INBOX")._listeners == []


def test_a_store_that_is_unavailable_meanwhile(
    log_in: Connect, mail: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 5530 §3: UNAVAILABLE; what cannot be told while a client waits takes leave of it."""

    def unavailable(_: MemoryMailbox) -> None:
        raise StoreUnavailable("Not now")

    mary, other = log_in(), log_in()
    for client in (mary, other):
        client.send(b"a SELECT INBOX\r\n")
        client.send(b"b IDLE\r\n")
    monkeypatch.setattr(MemoryMailbox, "poll", unavailable)
    mail.deliver(b"Subject: new\r\n\r\n", NOON)
    assert mary.notify() == b"* BYE [UNAVAILABLE] Not now\r\n"
    assert mary.closed
    assert other.send(b"DONE\r\n") == b"b NO [UNAVAILABLE] Not now\r\n"
    assert not other.closed
