"""LIST and its extensions, NAMESPACE, STATUS, QUOTA, ENABLE (RFC 9051 §6.3, RFC 5258)."""

import re
import time

import pytest

from mailauth.imap.patterns import Pattern
from mailauth.testing import Dialogue, play
from tests.imap.conftest import Connect


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["INBOX", "a", "a.b"], []),
        ("%", ["INBOX", "a"], ["a.b"]),
        ("", [], ["a"]),
        ("inbox", ["INBOX"], ["INBOX.a", "inboxes"]),
        ("iNb*", ["INBOX"], ["nbx"]),
        ("inbox.*", ["INBOX.a", "INBOX.a.b"], ["INBOX"]),
        ("a.%", ["a.b"], ["a", "a.b.c", "b.b"]),
        ("a.*", ["a.b", "a.b.c"], ["a", "ab.c"]),
        ("%.%", ["a.b"], ["a", "a.b.c"]),
        ("*a", ["a", "b.a", "aa"], ["ab"]),
        ("%*%", ["a", "a.b", "INBOX"], []),
        ("a%c*e", ["abcde", "ace", "acd.e"], ["a.cde", "acd"]),
        ("a", ["a"], ["A", "aa"]),
        ("é%", ["été"], ["ete"]),
        ("*" * 900, ["a.b"], []),
        ("*" * 1001, [], ["a.b"]),
    ],
)
def test_patterns(pattern: str, matching: list[str], others: list[str]) -> None:
    names = matching + others
    assert [name for name in names if Pattern(pattern).matches(name)] == matching


def test_no_pattern_takes_long() -> None:
    begun = time.process_time()
    assert not Pattern("*a" * 490 + "b").matches("a" * 200)
    assert not Pattern("%*" * 490 + "b").matches("a" * 200)
    assert time.process_time() - begun < 0.5


def test_rfc3501_section_6_3_8(mary: Dialogue) -> None:
    """An empty pattern asks for the separator."""
    play(
        mary,
        r"""
        C: A101 LIST "" ""
        S: * LIST (\Noselect) "." ""
        S: A101 OK LIST completed
        C: A102 LIST "~/Mail/" "%"
        S: A102 OK LIST completed
        C: A103 NAMESPACE
        S: * NAMESPACE (("" ".")) NIL NIL
        S: A103 OK NAMESPACE completed
    """,
    )


def test_an_extended_list_takes_what_is_odd(mary: Dialogue) -> None:
    """RFC 5258 §3, §6: options may be none or stand twice, and an empty pattern shows nothing."""
    play(
        mary,
        r"""
        C: a LIST (REMOTE) "" "INBOX" RETURN (CHILDREN SUBSCRIBED CHILDREN)
        S: * LIST (\Subscribed \HasNoChildren) "." "INBOX"
        S: a OK LIST completed
        C: b LIST "" ("INBOX" "")
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: b OK LIST completed
        C: c LIST "" "" RETURN ()
        S: c OK LIST completed
    """,
    )


def test_rfc3501_section_6_3_10(mary: Dialogue) -> None:
    """Also RFC 8438 (SIZE), RFC 7889 (APPENDLIMIT), RFC 9208 (DELETED, DELETED-STORAGE)."""
    play(
        mary,
        r"""
        C: A042 STATUS inbox (UIDNEXT MESSAGES uidvalidity UIDVALIDITY)
        S: * STATUS "INBOX" (UIDNEXT 2 MESSAGES 1 UIDVALIDITY 1000)
        S: A042 OK STATUS completed
        C: b STATUS INBOX (SIZE APPENDLIMIT DELETED DELETED-STORAGE RECENT UNSEEN)
        S: * STATUS "INBOX" (SIZE 47 APPENDLIMIT 33554432 DELETED 0 DELETED-STORAGE 0 RECENT 1 …)
        S: b OK STATUS completed
        C: c STATUS nowhere (MESSAGES)
        S: c NO [NONEXISTENT] The mailbox does not exist
        C: d STATUS INBOX ()
        S: d BAD …
        C: e STATUS INBOX (FOO)
        S: e BAD Expected a status data item
    """,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b' ""',
        b' "" % RETURN',
        b' "" % RETURN (FOO)',
        b' "" % RETURN (STATUS)',
        b' "" % RETURN (STATUS ())',
        b' (FOO) "" %',
        b' (RECURSIVEMATCH) "" %',
        b' (REMOTE RECURSIVEMATCH) "" %',
        b' "" ()',
        b' "" % x',
        b' "" (' + b" ".join([b"a"] * 21) + b")",
    ],
)
def test_a_list_that_is_none(log_in: Connect, arguments: bytes) -> None:
    assert log_in().send(b"a LIST%b\r\n" % arguments).startswith(b"a BAD ")


@pytest.mark.parametrize("command", [b'LIST "" *', b'LIST "" * RETURN ()', b'LIST () "" %'])
def test_children_are_told_of_every_name(log_in: Connect, command: bytes) -> None:
    r"""RFC 3348 §3: \HasChildren or \HasNoChildren, never both, and as it is."""
    mary = log_in()
    mary.send(b"a CREATE one.two.three\r\nb DELETE one\r\nc CREATE onetwo\r\n")
    told = {}
    for line in mary.send(b"d %b\r\n" % command).decode().splitlines()[:-1]:
        match = re.fullmatch(r'\* LIST \((.*)\) "\." "(.*)"', line)
        assert match is not None
        told[match[2]] = [word for word in match[1].split() if word.endswith("Children")]
    parents = told.keys() & {"one", "one.two"}
    assert parents
    assert told == {
        name: ["\\HasChildren" if name in parents else "\\HasNoChildren"] for name in told
    }


@pytest.mark.parametrize("pattern", [b"&Jj*", b'"&"', b'"\xfc*"', b"%b*" % (b"x" * 2_000)])
def test_a_pattern_that_no_name_is_like(log_in: Connect, pattern: bytes) -> None:
    """RFC 9051 §6.3.9: it is ignored without a word; others beside it are not."""
    mary = log_in()
    assert mary.send(b'a LIST "" %b\r\n' % pattern) == b"a OK LIST completed\r\n"
    assert mary.send(b'b LSUB "" %b\r\n' % pattern) == b"b OK LSUB completed\r\n"
    assert mary.send(b'c LIST "" (%b INBOX)\r\n' % pattern) == (
        b'* LIST (\\HasNoChildren) "." "INBOX"\r\nc OK LIST completed\r\n'
    )


def test_there_is_one_quota_root(mary: Dialogue) -> None:
    """A mailbox has its quota root before there is one; without QUOTASET, there is no SETQUOTA."""
    play(
        mary,
        r"""
        C: G0001 GETQUOTA ""
        S: * QUOTA "" (STORAGE 1 262144 MESSAGE 1 100000)
        S: G0001 OK GETQUOTA completed
        C: G0002 GETQUOTA "foo"
        S: G0002 NO [NONEXISTENT] The quota root does not exist
        C: G0003 GETQUOTAROOT INBOX
        S: * QUOTAROOT "INBOX" ""
        S: * QUOTA "" (STORAGE 1 262144 MESSAGE 1 100000)
        S: G0003 OK GETQUOTAROOT completed
        C: G0004 GETQUOTAROOT "not yet"
        S: * QUOTAROOT "not yet" ""
        S: * QUOTA "" (STORAGE 1 262144 MESSAGE 1 100000)
        S: G0004 OK GETQUOTAROOT completed
        C: G0005 SETQUOTA "" (STORAGE 1)
        S: G0005 BAD Unknown command
    """,
    )


def test_rfc5161_section_3_1(mary: Dialogue) -> None:
    """ENABLE passes over what it does not know; CAPABILITY stays as it was."""
    before = mary.send(b"t1 CAPABILITY\r\n")
    play(
        mary,
        """
        C: t2 ENABLE CONDSTORE X-GOOD-IDEA
        S: * ENABLED CONDSTORE
        S: t2 OK ENABLE completed
        C: t4 ENABLE IDLE QRESYNC
        S: * ENABLED
        S: t4 OK ENABLE completed
        C: t5 ENABLE
        S: t5 BAD Expected a space
    """,
    )
    assert mary.send(b"t1 CAPABILITY\r\n") == before
