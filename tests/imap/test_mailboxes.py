"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8; RFC 3501 §5.1.3)."""

import pytest

from mailauth.mailbox.memory import MemoryAccount
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import mail_of


def test_rfc3501_section_6_3_3(mary: Dialogue) -> None:
    """A separator at the end only says that there will be more below."""
    play(
        mary,
        r"""
        C: A003 CREATE owatagusiam.
        S: A003 OK CREATE completed
        C: A004 CREATE owatagusiam.blurdybloop
        S: A004 OK CREATE completed
        C: a CREATE inbox
        S: a NO [ALREADYEXISTS] …
        C: b LIST "" owatagusiam*
        S: * LIST (\HasChildren) "." "owatagusiam"
        S: * LIST (\HasNoChildren) "." "owatagusiam.blurdybloop"
        S: b OK LIST completed
    """,
    )


def test_rfc3501_section_6_3_4(mary: Dialogue) -> None:
    """A mailbox with others below it can go; its name stays as a level that cannot be selected.

    As in the second example, a level that is no mailbox is told to who asks for levels, with `%`.
    """
    play(
        mary,
        r"""
        C: a CREATE blurdybloop
        S: a OK CREATE completed
        C: b CREATE foo.bar
        S: b OK CREATE completed
        C: A683 DELETE blurdybloop
        S: A683 OK DELETE completed
        C: A684 DELETE foo
        S: A684 OK DELETE completed
        C: A85 LIST "" f*
        S: * LIST (\HasNoChildren) "." "foo.bar"
        S: A85 OK LIST completed
        C: A86 LIST "" f%
        S: * LIST (\Noselect \HasChildren) "." "foo"
        S: A86 OK LIST completed
        C: c LIST "" f% RETURN ()
        S: * LIST (\NonExistent \HasChildren) "." "foo"
        S: c OK LIST completed
        C: d SELECT foo
        S: d NO [NONEXISTENT] The mailbox does not exist
        C: A686 DELETE foo.bar
        S: A686 OK DELETE completed
        C: A687 LIST "" f*
        S: A687 OK LIST completed
        C: e DELETE INBOX
        S: e NO [CANNOT] …
        C: f DELETE nowhere
        S: f NO [NONEXISTENT] …
    """,
    )


def test_rfc3501_section_6_3_5(mary: Dialogue, mail: MemoryAccount) -> None:
    """RENAME takes what is below along; of INBOX it takes the messages only."""
    play(
        mary,
        r"""
        C: a CREATE foo.bar
        S: a OK CREATE completed
        C: A683 RENAME foo zowie
        S: A683 OK RENAME completed
        C: b LIST "" z*
        S: * LIST (\HasChildren) "." "zowie"
        S: * LIST (\HasNoChildren) "." "zowie.bar"
        S: b OK LIST completed
        C: Z433 RENAME INBOX old-mail
        S: Z433 OK RENAME completed
        C: c STATUS old-mail (MESSAGES)
        S: * STATUS "old-mail" (MESSAGES 1)
        S: c OK STATUS completed
        C: d STATUS INBOX (MESSAGES)
        S: * STATUS "INBOX" (MESSAGES 0)
        S: d OK STATUS completed
        C: e RENAME zowie old-mail
        S: e NO [ALREADYEXISTS] …
    """,
    )


def test_rfc3501_section_6_3_6_and_7(mary: Dialogue) -> None:
    play(
        mary,
        r"""
        C: A002 SUBSCRIBE #news.comp.mail.mime
        S: A002 OK SUBSCRIBE completed
        C: b LSUB "#news." "comp.mail.*"
        S: * LSUB () "." "#news.comp.mail.mime"
        S: b OK LSUB completed
        C: c LSUB "#news." "%"
        S: * LSUB (\Noselect) "." "#news.comp"
        S: c OK LSUB completed
        C: d UNSUBSCRIBE #news.comp.mail.mime
        S: d OK UNSUBSCRIBE completed
        C: e LSUB "" "#news*"
        S: e OK LSUB completed
    """,
    )


def test_rfc3501_section_5_1_3(mary: Dialogue) -> None:
    """Names are modified UTF-7 for who has not enabled UTF-8, and UTF-8 for who has."""
    play(
        mary,
        r"""
        C: a CREATE "~peter.mail.&U,BTFw-.&ZeVnLIqe-"
        S: a NO [CANNOT] …
        C: b CREATE peter.&U,BTFw-.&ZeVnLIqe-
        S: b OK CREATE completed
        C: c CREATE &Jjo!
        S: c NO [CANNOT] The mailbox name is not valid in the encoding in use
        C: d CREATE A&-B
        S: d OK CREATE completed
        C: e LIST "" (peter* A*B)
        S: * LIST (\HasNoChildren) "." "A&-B"
        S: * LIST (\HasChildren) "." "peter"
        S: * LIST (\HasChildren) "." "peter.&U,BTFw-"
        S: * LIST (\HasNoChildren) "." "peter.&U,BTFw-.&ZeVnLIqe-"
        S: e OK LIST completed
        C: f ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: f OK ENABLE completed
        C: g LIST "" (peter* A*B)
        S: * LIST (\HasNoChildren) "." "A&B"
        S: * LIST (\HasChildren) "." "peter"
        S: * LIST (\HasChildren) "." "peter.台北"
        S: * LIST (\HasNoChildren) "." "peter.台北.日本語"
        S: g OK LIST completed
        C: h STATUS "peter.台北" (MESSAGES)
        S: * STATUS "peter.台北" (MESSAGES 0)
        S: h OK STATUS completed
    """,
    )


def test_a_name_that_is_not_utf7_is_a_mailbox_that_does_not_exist(mary: Dialogue) -> None:
    """RFC 9051 §9: it is a valid astring, so it is not a syntax error (RFC 5530: NONEXISTENT)."""
    play(
        mary,
        r"""
        C: a EXAMINE INBOX
        S: * FLAGS …
        S: * OK [PERMANENTFLAGS …
        S: * 1 EXISTS
        S: * 1 RECENT
        S: * OK [UNSEEN …
        S: * OK [UIDVALIDITY …
        S: * OK [UIDNEXT …
        S: * OK [HIGHESTMODSEQ …
        S: a OK …
        C: b STATUS "!#$&'+,-.[}" (MESSAGES)
        S: b NO [NONEXISTENT] The mailbox does not exist
        C: c COPY 1 &Jjo!
        S: c NO [NONEXISTENT] …
        C: e APPEND &Jjo! {70000}
        S: e NO [NONEXISTENT] …
        C: f DELETE &Jjo!
        S: f NO [NONEXISTENT] …
        C: g RENAME &Jjo! b
        S: g NO [NONEXISTENT] …
        C: h RENAME INBOX &Jjo!
        S: h NO [CANNOT] …
        C: i SUBSCRIBE &Jjo!
        S: i NO [CANNOT] …
        C: j UNSUBSCRIBE &Jjo!
        S: j OK UNSUBSCRIBE completed
        C: k GETQUOTAROOT &Jjo!
        S: k NO [NONEXISTENT] …
        C: l LIST &Jjo! *
        S: l OK LIST completed
        C: m LSUB &Jjo! *
        S: m OK LSUB completed
        C: n STATUS &Jjo! (NONSENSE)
        S: n BAD …
        C: o ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: o OK ENABLE completed
        C: p EXAMINE &Jjo!
        S: * OK [CLOSED] …
        S: p NO [NONEXISTENT] …
    """,
    )


def test_a_target_that_cannot_be_created_is_not_to_be_tried(mary: Dialogue) -> None:
    """RFC 9051 §6.3.12: TRYCREATE, unless it is certain that the mailbox cannot be created."""
    play(
        mary,
        r"""
        C: a SELECT INBOX
        S: * FLAGS …
        S: * OK [PERMANENTFLAGS …
        S: * 1 EXISTS
        S: * 1 RECENT
        S: * OK [UNSEEN …
        S: * OK [UIDVALIDITY …
        S: * OK [UIDNEXT …
        S: * OK [HIGHESTMODSEQ …
        S: a OK …
        C: b COPY 1 absent
        S: b NO [TRYCREATE] The mailbox does not exist
        C: c COPY 1 ~absent
        S: c NO [NONEXISTENT] The mailbox does not exist
        C: m MOVE 1 &Jjo!
        S: m NO [NONEXISTENT] The mailbox does not exist
        C: d APPEND ab..sent {70000}
        S: d NO [NONEXISTENT] The mailbox does not exist
    """,
    )


def test_rfc6855_section_3(mary: Dialogue) -> None:
    """A name in UTF-8 is taken whether it was enabled or not; it is told only where it was."""
    play(
        mary,
        r"""
        C: a CREATE "Entwürfe"
        S: a OK CREATE completed
        C: b LIST "" "Entwü*"
        S: * LIST (\HasNoChildren) "." "Entw&APw-rfe"
        S: b OK LIST completed
        C: c STATUS "Entwürfe" (MESSAGES)
        S: * STATUS "Entw&APw-rfe" (MESSAGES 0)
        S: c OK STATUS completed
        C: d CREATE "Entw&APw-rfe"
        S: d NO [ALREADYEXISTS] A mailbox of this name already exists
    """,
    )
    assert mary.send(b'e CREATE "\xfc"\r\n').startswith(b"e BAD ")
    mary.send(b"f ENABLE UTF8=ACCEPT\r\n")
    assert mary.send(b'g CREATE "\xfc"\r\n') == b"g BAD Expected UTF-8 between quotes\r\n"


def test_rfc9051_section_5_1(log_in: Connect) -> None:
    """Names that are no Net-Unicode cannot be given."""
    mary = log_in()
    mary.send(b"a ENABLE IMAP4rev2\r\n")
    assert mary.send('b CREATE "e\u0301"\r\n'.encode()).startswith(b"b NO [CANNOT]")
    assert mary.send(b'c CREATE "\xe9"\r\n').startswith(b"c BAD")
    assert mary.send('d CREATE "\xe9"\r\n'.encode()) == b"d OK CREATE completed\r\n"


@pytest.mark.parametrize(
    "name", [b'""', b"a..b", b'"a/b"', b'"a*"', b'"%"', b'".a"', b"x" * 300, b'"a &AAA- b"']
)
def test_names_that_cannot_be_given(log_in: Connect, name: bytes) -> None:
    assert log_in().send(b"a CREATE %b\r\n" % name).startswith(b"a NO [CANNOT]")


def test_deleting_what_is_selected_leaves_it(log_in: Connect, mail: MemoryAccount) -> None:
    """RFC 2180 §3.3: another session that had it selected is let go."""
    mail.create("Box").append([mail_of("one")])
    mary, other, idler = log_in(), log_in(), log_in()
    for client in (mary, other, idler):
        client.send(b"a SELECT Box\r\n")
    idler.send(b"i IDLE\r\n")
    assert mary.send(b"b DELETE Box\r\n") == (
        b"* OK [CLOSED] The mailbox was deleted\r\nb OK DELETE completed\r\n"
    )
    assert mary.send(b"c NOOP\r\n") == b"c OK NOOP completed\r\n"
    assert other.send(b"b NOOP\r\n") == b"* BYE The selected mailbox was deleted\r\n"
    assert other.closed
    assert idler.notify() == b"* BYE The selected mailbox was deleted\r\n"
    assert idler.closed


def test_a_selected_mailbox_can_be_renamed(log_in: Connect, mail: MemoryAccount) -> None:
    mail.create("Box").append([mail_of("one")])
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    assert mary.send(b"b RENAME Box Fox\r\n") == b"b OK RENAME completed\r\n"
    assert mary.send(b"c FETCH 1 UID\r\n") == b"* 1 FETCH (UID 1)\r\nc OK FETCH completed\r\n"
