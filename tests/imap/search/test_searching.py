"""SEARCH: its arguments and its answers (RFC 9051 §6.4.4, RFC 4731, RFC 5032, RFC 5182, 7162)."""

import pytest

from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import NewMessage
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect
from tests.support.mail import NOON, mail_of


@pytest.fixture(autouse=True)
def box(mail: MemoryAccount) -> None:
    """Five messages with the UIDs 2 to 6; the second is flagged, the fourth from Smith."""
    box = mail.create("Box")
    box.append([mail_of(str(number)) for number in range(1, 4)])
    box.append([mail_of("flagged", "\\Flagged", "\\Deleted")])
    smith = "From: Smith\r\nSubject: Grüße\r\nDate: 1 Feb 1994\r\n\r\ntext".encode()
    box.append([NewMessage(smith, NOON, frozenset({"$Work"})), mail_of("six", "\\Seen")])
    box.expunge([1])


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("ALL", "1 2 3 4 5"),
        ("FLAGGED", "3"),
        ("flagged since 1-Feb-1994 not from Smith", "3"),
        ("NOT FROM Smith", "1 2 3 5"),
        ('FROM "smi"', "4"),
        ("UNSEEN", "1 2 3 4"),
        ("NEW", "1 2 3 4"),
        ("OLD", ""),
        ("KEYWORD $work", "4"),
        ("UNKEYWORD $Work", "1 2 3 5"),
        ("2:3", "2 3"),
        ("2:3 UID 3", "2"),
        ("UID 1:3,6", "1 2 5"),
        ("*", "5"),
        ("100", ""),
        ("OR FLAGGED (SEEN ALL)", "3 5"),
        ("(FLAGGED) (DELETED)", "3"),
        ('HEADER Subject "six"', "5"),
        ('HEADER X-Foo ""', ""),
        ("BODY text", "4"),
        ("TEXT smith", "4"),
        ("LARGER 40", "4"),
        ("SMALLER 20", "1 2"),
        ("BEFORE 1-Jan-2020", ""),
        ('ON "28-Jul-2020"', "1 2 3 4 5"),
        ("SENTBEFORE 2-Feb-1994", "4"),
        ("SENTSINCE 1-Feb-1994 SENTON 1-Feb-1994", "4"),
        ("YOUNGER 60", "1 2 3 4 5"),
        ("OLDER 60", ""),
        ("MODSEQ 3", "3 4 5 (MODSEQ 4)"),
        ('MODSEQ "/flags/\\\\draft" all 4', "4 5 (MODSEQ 4)"),
        ("MODSEQ 100", ""),
        ("CHARSET UTF-8 SUBJECT {7+}\r\nGrüße", "4"),
        ("SUBJECT Grüße", "4"),
        ("CHARSET ISO-8859-1 SUBJECT {5+}\r\nGr\udcfc\udcdfe", "4"),
        ("$", ""),
    ],
)
def test_keys(log_in: Connect, keys: str, found: str) -> None:
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    said = mary.send(f"b SEARCH {keys}\r\n".encode("utf-8", "surrogateescape"))
    lines = [line for line in said.split(b"\r\n") if not line.startswith(b"* OK [HIGHESTMODSEQ")]
    assert lines == [f"* SEARCH {found}".strip().encode(), b"b OK SEARCH completed", b""]


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "FOO",
        "ALL ",
        "ALL,",
        "()",
        "(ALL",
        "NOT",
        "OR ALL",
        "FROM",
        "HEADER a",
        "BEFORE 32-Jan-2020",
        "BEFORE 1-Foo-2020",
        'BEFORE "1-Jan-2020',
        "LARGER x",
        "LARGER 99999999999999999999",
        "YOUNGER 0",
        "UID x",
        "0",
        "MODSEQ",
        'MODSEQ "/flags/\\\\draft" some 4',
        "KEYWORD (a)",
        "RETURN ALL ALL",
        "RETURN (FOO) ALL",
        "RETURN (ALL)",
        "CHARSET UTF-8",
        "CHARSET US-ASCII SUBJECT Grüße",
        "NOT " * 60 + "ALL",
        "(" * 60 + "ALL" + ")" * 60,
        "ALL " * 1000 + "ALL",
    ],
)
def test_a_search_that_is_none(log_in: Connect, keys: str) -> None:
    mary = log_in()
    mary.send(b"a SELECT Box\r\n")
    assert mary.send(f"b SEARCH {keys}\r\n".encode()).startswith(b"b BAD ")
    assert mary.send(b"c NOOP\r\n") == b"c OK NOOP completed\r\n"


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("FROM user@example.org", "1 2 3 4"),
        ("FROM mary", "2 3 4"),
        ('FROM "mary <user@"', "2 3 4"),
        ('FROM "(mary)"', "3"),
        ('FROM "smith, \\"jo\\" \\\\hn"', "5"),
        ("FROM grüße", "6"),
        ("FROM other@example.org", "4"),
        ("HEADER FROM user@example.org", "1 2 3"),
        ("TO user", ""),
    ],
)
def test_addresses_are_searched_as_envelope_shows_them(
    log_in: Connect, mail: MemoryAccount, keys: str, found: str
) -> None:
    """RFC 9051 §6.4.4: "in the envelope structure's FROM field"; HEADER means the field's text."""
    headers = (
        "From: user@example.org",
        "From: Mary <user@example.org>",
        "From: user@example.org (Mary)",
        "From: Mary <user (one)@ (two) example.org>, (three) other@\r\n\texample.org",
        r'From: "Smith, \"Jo\" \\hn" <x@y>',
        'From: "=?utf-8?q?Gr=C3=BC=C3=9Fe?=" <x@y>',
    )
    mail.create("Froms").append([NewMessage(f"{one}\r\n\r\n".encode(), NOON) for one in headers])
    mary = log_in()
    mary.send(b"a SELECT Froms\r\n")
    said = mary.send(f"b SEARCH {keys}\r\n".encode())
    assert said.startswith(f"* SEARCH {found}".strip().encode() + b"\r\n")


def test_an_unknown_charset(mary: Dialogue) -> None:
    """RFC 9051 §6.4.4: BADCHARSET names what is known."""
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: b SEARCH CHARSET X-FOO TEXT a
        S: b NO [BADCHARSET (US-ASCII UTF-8)] This charset is not supported
        C: c ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: c OK ENABLE completed
        C: d SEARCH CHARSET UTF-8 TEXT a
        S: d BAD CHARSET is not allowed after UTF8=ACCEPT was enabled
        C: e SEARCH SUBJECT "Grüße"
        S: * SEARCH 4
        S: e OK SEARCH completed
    """,
    )


def test_result_options(mary: Dialogue) -> None:
    """RFC 4731 §3.1: what is asked for is told, if there is any."""
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        """
        C: A282 SEARCH RETURN (MIN COUNT) UNSEEN
        S: * ESEARCH (TAG "A282") MIN 1 COUNT 4
        S: A282 OK SEARCH completed
        C: A283 UID SEARCH RETURN (ALL MAX) UNSEEN
        S: * ESEARCH (TAG "A283") UID MAX 5 ALL 2:5
        S: A283 OK UID SEARCH completed
        C: A284 SEARCH RETURN () NOT FLAGGED
        S: * ESEARCH (TAG "A284") ALL 1:2,4:5
        S: A284 OK SEARCH completed
        C: A285 SEARCH RETURN (MIN MAX ALL) OLD
        S: * ESEARCH (TAG "A285")
        S: A285 OK SEARCH completed
        C: A286 SEARCH RETURN (COUNT) OLD
        S: * ESEARCH (TAG "A286") COUNT 0
        S: A286 OK SEARCH completed
    """,
    )


def test_the_modseq_of_what_is_told(log_in: Connect) -> None:
    """RFC 4731 §3.2: MIN and MAX alone tell of no more than two messages."""
    mary = log_in()
    mary.send(b"a SELECT Box\r\nb ENABLE CONDSTORE\r\nc STORE 2 FLAGS.SILENT (\\Draft)\r\n")

    def search(options: str) -> bytes:
        return mary.send(f"d SEARCH RETURN ({options}) MODSEQ 1\r\n".encode()).split(b"\r\n")[0]

    assert search("ALL") == b'* ESEARCH (TAG "d") ALL 1:5 MODSEQ 6'
    assert search("MIN") == b'* ESEARCH (TAG "d") MIN 1 MODSEQ 2'
    assert search("MAX") == b'* ESEARCH (TAG "d") MAX 5 MODSEQ 4'
    assert search("MIN MAX") == b'* ESEARCH (TAG "d") MIN 1 MAX 5 MODSEQ 4'
    assert search("MIN COUNT") == b'* ESEARCH (TAG "d") MIN 1 COUNT 5 MODSEQ 6'


def test_imap4rev2_hears_esearch_unasked(mary: Dialogue) -> None:
    """RFC 9051 §6.4.4: whether RETURN was there or not."""
    mary.send(b"a ENABLE IMAP4rev2\r\nb SELECT Box\r\n")
    play(
        mary,
        """
        C: F284 UID SEARCH KEYWORD $Junk
        S: * ESEARCH (TAG "F284") UID
        S: F284 OK UID SEARCH completed
        C: F285 SEARCH FLAGGED
        S: * ESEARCH (TAG "F285") ALL 3
        S: F285 OK SEARCH completed
    """,
    )


def test_a_saved_result_loses_what_is_expunged(mary: Dialogue, mail: MemoryAccount) -> None:
    """`$` is what was saved last, in numbers or UIDs, and loses what is expunged."""
    mary.send(b"a SELECT Box\r\n")
    play(
        mary,
        r"""
        C: A282 SEARCH RETURN (SAVE) UNSEEN
        S: A282 OK SEARCH completed
        C: A283 FETCH $ (UID)
        S: * 1 FETCH (UID 2)
        S: * 2 FETCH (UID 3)
        S: * 3 FETCH (UID 4)
        S: * 4 FETCH (UID 5)
        S: A283 OK FETCH completed
        C: B282 UID SEARCH RETURN (SAVE MIN) 2:4
        S: * ESEARCH (TAG "B282") UID MIN 3
        S: B282 OK UID SEARCH completed
        C: B283 UID STORE $ +FLAGS.SILENT (\Deleted)
        S: B283 OK UID STORE completed
        C: C282 SEARCH RETURN (SAVE COUNT MAX) DELETED
        S: * ESEARCH (TAG "C282") MAX 3 COUNT 2
        S: C282 OK SEARCH completed
        C: C283 UID EXPUNGE 3
        S: * 2 EXPUNGE
        S: C283 OK UID EXPUNGE completed
        C: D282 SEARCH $ NOT UID $
        S: * SEARCH
        S: D282 OK SEARCH completed
        C: D283 SEARCH ALL $
        S: * SEARCH 2
        S: D283 OK SEARCH completed
        C: E282 SEARCH RETURN (SAVE MIN MAX) ALL
        S: * ESEARCH (TAG "E282") MIN 1 MAX 4
        S: E282 OK SEARCH completed
        C: E283 COPY $ Trash
        S: E283 OK [COPYUID 1003 2,6 1:2] COPY completed
        C: F282 SEARCH RETURN (SAVE) FOO
        S: F282 BAD Expected a search key
        C: F283 FETCH $ UID
        S: * 1 FETCH (UID 2)
        S: * 4 FETCH (UID 6)
        S: F283 OK FETCH completed
        C: G282 SEARCH RETURN (SAVE) OLD
        S: G282 OK SEARCH completed
        C: G283 MOVE $ Trash
        S: G283 OK MOVE completed
    """,
    )
