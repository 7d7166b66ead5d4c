"""The examples of LIST-EXTENDED and LIST-STATUS, one by one (RFC 5258 §5, RFC 5819 §3).

RFC 9051 §6.3.9.8 has the same, after those of the basic LIST. Attributes about children are shown
whether asked for or not; nothing is \\Remote here, nothing \\Marked and nothing \\NoInferiors.
"""

from typing import NoReturn

import pytest

from mailauth.mailbox.errors import MailboxError, NoSuchMailbox, StoreUnavailable
from mailauth.mailbox.memory import MemoryAccount
from mailauth.testing import Dialogue, play
from tests.support.mail import mail_of


@pytest.fixture(autouse=True)
def only_inbox(mail: MemoryAccount) -> None:
    """An account with nothing but an INBOX, and no subscriptions."""
    for name in ("Archive", "Drafts", "Junk", "Sent", "Trash"):
        mail.delete(name)
    for name in list(mail.subscriptions()):
        mail.unsubscribe(name)


def hierarchy(mail: MemoryAccount, names: str, subscribed: str = "") -> None:
    """Create and subscribe to mailboxes."""
    for name in names.split():
        mail.create(name)
    for name in subscribed.split():
        mail.subscribe(name)


@pytest.fixture
def fruit(mail: MemoryAccount) -> None:
    """The mailboxes of the first examples; Fruit.Peach is subscribed to and does not exist."""
    hierarchy(
        mail,
        "Fruit Fruit.Apple Fruit.Banana Tofu Vegetable Vegetable.Broccoli Vegetable.Corn",
        "INBOX Fruit.Banana Fruit.Peach Vegetable Vegetable.Broccoli",
    )


def test_rfc9051_section_6_3_9_8_basic(mary: Dialogue) -> None:
    """The basic LIST: an empty pattern asks for the separator; there is one namespace."""
    play(
        mary,
        r"""
        C: A101 LIST "" ""
        S: * LIST (\Noselect) "." ""
        S: A101 OK LIST completed
        C: A102 LIST #news.comp.mail.misc ""
        S: * LIST (\Noselect) "." ""
        S: A102 OK LIST completed
        C: A103 LIST /usr/staff/jones ""
        S: * LIST (\Noselect) "." ""
        S: A103 OK LIST completed
        C: A202 LIST ~/Mail/ %
        S: A202 OK LIST completed
    """,
    )


@pytest.mark.usefixtures("fruit")
def test_rfc5258_section_5_examples_1_and_2(mary: Dialogue) -> None:
    """Everything, and what is subscribed to, whether it exists or not."""
    play(
        mary,
        r"""
        C: A01 LIST "" "*"
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasChildren) "." "Fruit"
        S: * LIST (\HasNoChildren) "." "Fruit.Apple"
        S: * LIST (\HasNoChildren) "." "Fruit.Banana"
        S: * LIST (\HasNoChildren) "." "Tofu"
        S: * LIST (\HasChildren) "." "Vegetable"
        S: * LIST (\HasNoChildren) "." "Vegetable.Broccoli"
        S: * LIST (\HasNoChildren) "." "Vegetable.Corn"
        S: A01 OK LIST completed
        C: A02 LIST (SUBSCRIBED) "" "*"
        S: * LIST (\Subscribed \HasNoChildren) "." "INBOX"
        S: * LIST (\Subscribed \HasNoChildren) "." "Fruit.Banana"
        S: * LIST (\Subscribed \HasChildren) "." "Vegetable"
        S: * LIST (\Subscribed \HasNoChildren) "." "Vegetable.Broccoli"
        S: * LIST (\NonExistent \Subscribed \HasNoChildren) "." "Fruit.Peach"
        S: A02 OK LIST completed
    """,
    )


@pytest.mark.usefixtures("fruit")
def test_rfc5258_section_5_examples_3_and_4(mary: Dialogue) -> None:
    """RETURN (CHILDREN), and with REMOTE, which adds nothing here."""
    for tag, options in (("A03", "()"), ("A04", "(REMOTE)")):
        play(
            mary,
            rf"""
            C: {tag} LIST {options} "" "%" RETURN (CHILDREN)
            S: * LIST (\HasNoChildren) "." "INBOX"
            S: * LIST (\HasChildren) "." "Fruit"
            S: * LIST (\HasNoChildren) "." "Tofu"
            S: * LIST (\HasChildren) "." "Vegetable"
            S: {tag} OK LIST completed
        """,
        )


@pytest.mark.usefixtures("fruit")
def test_rfc5258_section_5_examples_5_and_6(mary: Dialogue) -> None:
    """SUBSCRIBED as what selects shows what does not exist; as what is returned it does not."""
    play(
        mary,
        r"""
        C: A05 LIST (REMOTE SUBSCRIBED) "" "*"
        S: * LIST (\Subscribed \HasNoChildren) "." "INBOX"
        S: * LIST (\Subscribed \HasNoChildren) "." "Fruit.Banana"
        S: * LIST (\Subscribed \HasChildren) "." "Vegetable"
        S: * LIST (\Subscribed \HasNoChildren) "." "Vegetable.Broccoli"
        S: * LIST (\NonExistent \Subscribed \HasNoChildren) "." "Fruit.Peach"
        S: A05 OK LIST completed
        C: A06 LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)
        S: * LIST (\Subscribed \HasNoChildren) "." "INBOX"
        S: * LIST (\HasChildren) "." "Fruit"
        S: * LIST (\HasNoChildren) "." "Fruit.Apple"
        S: * LIST (\Subscribed \HasNoChildren) "." "Fruit.Banana"
        S: * LIST (\HasNoChildren) "." "Tofu"
        S: * LIST (\Subscribed \HasChildren) "." "Vegetable"
        S: * LIST (\Subscribed \HasNoChildren) "." "Vegetable.Broccoli"
        S: * LIST (\HasNoChildren) "." "Vegetable.Corn"
        S: A06 OK LIST completed
    """,
    )


def test_rfc5258_section_5_example_7(mary: Dialogue, mail: MemoryAccount) -> None:
    """Several patterns."""
    hierarchy(mail, "Drafts Sent.March2004 Sent.December2003 Sent.August2004")
    play(
        mary,
        r"""
        C: BBB LIST "" ("INBOX" "Drafts" "Sent.%")
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasNoChildren \Drafts) "." "Drafts"
        S: * LIST (\HasNoChildren) "." "Sent.August2004"
        S: * LIST (\HasNoChildren) "." "Sent.December2003"
        S: * LIST (\HasNoChildren) "." "Sent.March2004"
        S: BBB OK LIST completed
    """,
    )


def test_rfc5258_section_5_example_8(mary: Dialogue, mail: MemoryAccount) -> None:
    r"""CHILDINFO is not \HasChildren: it says that something below is selected."""
    hierarchy(mail, "Foo Foo.Bar Foo.Baz Moo", "Foo.Baz")
    play(
        mary,
        r"""
        C: C01 LIST "" "*"
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasChildren) "." "Foo"
        S: * LIST (\HasNoChildren) "." "Foo.Bar"
        S: * LIST (\HasNoChildren) "." "Foo.Baz"
        S: * LIST (\HasNoChildren) "." "Moo"
        S: C01 OK LIST completed
        C: CA3 LIST "" "%" RETURN (CHILDREN)
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasChildren) "." "Foo"
        S: * LIST (\HasNoChildren) "." "Moo"
        S: CA3 OK LIST completed
        C: C02 LIST (SUBSCRIBED) "" "*"
        S: * LIST (\Subscribed \HasNoChildren) "." "Foo.Baz"
        S: C02 OK LIST completed
        C: C03 LIST (SUBSCRIBED) "" "%"
        S: C03 OK LIST completed
        C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
        S: * LIST (\HasChildren) "." "Foo" ("CHILDINFO" ("SUBSCRIBED"))
        S: C04 OK LIST completed
    """,
    )
    mail.subscribe("Foo")
    play(
        mary,
        r"""
        C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
        S: * LIST (\Subscribed \HasChildren) "." "Foo" ("CHILDINFO" ("SUBSCRIBED"))
        S: C04 OK LIST completed
    """,
    )
    mail.unsubscribe("Foo.Baz")
    mail.subscribe("Moo")
    play(
        mary,
        r"""
        C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)
        S: * LIST (\Subscribed \HasChildren) "." "Foo"
        S: * LIST (\Subscribed \HasNoChildren) "." "Moo"
        S: C04 OK LIST completed
    """,
    )
    mail.unsubscribe("Foo")
    mail.unsubscribe("Moo")
    play(mary, 'C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"\nS: C04 OK LIST completed')


def test_rfc5258_section_5_example_8_a2(mary: Dialogue, mail: MemoryAccount) -> None:
    """What does not exist is shown for what is subscribed to below it."""
    hierarchy(mail, "Moo", "Foo.Baz")
    play(
        mary,
        r"""
        C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
        S: * LIST (\NonExistent \HasNoChildren) "." "Foo" ("CHILDINFO" ("SUBSCRIBED"))
        S: C04 OK LIST completed
    """,
    )


def test_rfc5258_section_5_example_9(mary: Dialogue, mail: MemoryAccount) -> None:
    """CHILDINFO alone shows a name only for what the pattern does not show by itself (§3.5)."""
    below = "foo2.bar1 foo2.bar2 baz2.bar2 baz2.bar22 baz2.bar222 eps2.mamba qux2.bar2"
    hierarchy(mail, f"foo2 baz2 eps2 {below}", f"{below} eps2")
    mail.delete("qux2")
    play(
        mary,
        r"""
        C: D01 LIST "" "*"
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasChildren) "." "baz2"
        S: * LIST (\HasNoChildren) "." "baz2.bar2"
        S: * LIST (\HasNoChildren) "." "baz2.bar22"
        S: * LIST (\HasNoChildren) "." "baz2.bar222"
        S: * LIST (\HasChildren) "." "eps2"
        S: * LIST (\HasNoChildren) "." "eps2.mamba"
        S: * LIST (\HasChildren) "." "foo2"
        S: * LIST (\HasNoChildren) "." "foo2.bar1"
        S: * LIST (\HasNoChildren) "." "foo2.bar2"
        S: * LIST (\HasNoChildren) "." "qux2.bar2"
        S: D01 OK LIST completed
        C: D02 LIST (SUBSCRIBED) "" "*"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar2"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar22"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar222"
        S: * LIST (\Subscribed \HasChildren) "." "eps2"
        S: * LIST (\Subscribed \HasNoChildren) "." "eps2.mamba"
        S: * LIST (\Subscribed \HasNoChildren) "." "foo2.bar1"
        S: * LIST (\Subscribed \HasNoChildren) "." "foo2.bar2"
        S: * LIST (\Subscribed \HasNoChildren) "." "qux2.bar2"
        S: D02 OK LIST completed
        C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar2"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar22"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar222"
        S: * LIST (\Subscribed \HasChildren) "." "eps2" ("CHILDINFO" ("SUBSCRIBED"))
        S: * LIST (\HasChildren) "." "foo2" ("CHILDINFO" ("SUBSCRIBED"))
        S: * LIST (\Subscribed \HasNoChildren) "." "foo2.bar2"
        S: * LIST (\Subscribed \HasNoChildren) "." "qux2.bar2"
        S: D03 OK LIST completed
        C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar2"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar22"
        S: * LIST (\Subscribed \HasNoChildren) "." "baz2.bar222"
        S: * LIST (\Subscribed \HasChildren) "." "eps2" ("CHILDINFO" ("SUBSCRIBED"))
        S: * LIST (\Subscribed \HasNoChildren) "." "eps2.mamba"
        S: * LIST (\Subscribed \HasNoChildren) "." "foo2.bar1"
        S: * LIST (\Subscribed \HasNoChildren) "." "foo2.bar2"
        S: * LIST (\Subscribed \HasNoChildren) "." "qux2.bar2"
        S: D03 OK LIST completed
    """,
    )


def test_rfc5258_section_5_example_10(mary: Dialogue, mail: MemoryAccount) -> None:
    r"""CHILDINFO does not imply \HasChildren: what is subscribed to below may not exist."""
    hierarchy(mail, "foo", "foo.bar")
    play(
        mary,
        r"""
        C: a1 LIST "" ("foo" "foo.*")
        S: * LIST (\HasNoChildren) "." "foo"
        S: a1 OK LIST completed
        C: a2 LIST (SUBSCRIBED) "" "foo.*"
        S: * LIST (\NonExistent \Subscribed \HasNoChildren) "." "foo.bar"
        S: a2 OK LIST completed
        C: a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)
        S: * LIST (\HasNoChildren) "." "foo" ("CHILDINFO" ("SUBSCRIBED"))
        S: a3 OK LIST completed
    """,
    )


def test_rfc5258_section_5_example_11(mary: Dialogue, mail: MemoryAccount) -> None:
    """A level that does not exist is shown for what is below it, unless that is shown itself."""
    hierarchy(mail, "music.rock")
    mail.delete("music")
    play(
        mary,
        r"""
        C: a1 LIST (REMOTE) "" *
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\HasNoChildren) "." "music.rock"
        S: a1 OK LIST completed
        C: a2 LIST () "" %
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\NonExistent \HasChildren) "." "music"
        S: a2 OK LIST completed
        C: a3 LIST (REMOTE) "" %
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * LIST (\NonExistent \HasChildren) "." "music"
        S: a3 OK LIST completed
        C: a3.1 LIST "" (m% music.rock)
        S: * LIST (\HasNoChildren) "." "music.rock"
        S: a3.1 OK LIST completed
    """,
    )


def test_rfc5819_section_3(mary: Dialogue, mail: MemoryAccount) -> None:
    r"""STATUS behind LIST, but not of what cannot be selected or is shown for its inferiors."""
    hierarchy(mail, "foo foo.baz bar.baz", "INBOX foo.baz")
    mail.delete("bar")
    mail.mailbox("foo").append([mail_of("one", "\\Seen"), mail_of("two")])
    play(
        mary,
        r"""
        C: A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
        S: * LIST (\HasNoChildren) "." "INBOX"
        S: * STATUS "INBOX" (MESSAGES 1 UNSEEN 1)
        S: * LIST (\NonExistent \HasChildren) "." "bar"
        S: * LIST (\HasChildren) "." "foo"
        S: * STATUS "foo" (MESSAGES 2 UNSEEN 1)
        S: A01 OK LIST completed
        C: A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
        S: * LIST (\Subscribed \HasNoChildren) "." "INBOX"
        S: * STATUS "INBOX" (MESSAGES 1)
        S: * LIST (\HasChildren) "." "foo" ("CHILDINFO" ("SUBSCRIBED"))
        S: A02 OK LIST completed
    """,
    )


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (NoSuchMailbox(), r"(\NonExistent \HasNoChildren)"),
        (StoreUnavailable("not now"), r"(\HasNoChildren)"),
    ],
)
def test_rfc5819_section_2(
    mary: Dialogue,
    mail: MemoryAccount,
    monkeypatch: pytest.MonkeyPatch,
    error: MailboxError,
    shown: str,
) -> None:
    """Another process may remove a mailbox between LIST and STATUS, and a disk may fail."""
    mail.create("foo")

    def fails(name: str) -> NoReturn:
        raise error

    monkeypatch.setattr(mail, "mailbox", fails)
    play(
        mary,
        rf"""
        C: A01 LIST "" f% RETURN (STATUS (MESSAGES))
        S: * LIST {shown} "." "foo"
        S: A01 OK LIST completed
    """,
    )
