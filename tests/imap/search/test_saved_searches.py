"""The examples of `$`, the saved search result (RFC 9051 §6.4.4.4, RFC 5182 §2.4)."""

import pytest

from mailauth.mailbox.memory import MemoryAccount
from mailauth.mailbox.message import FLAGGED, NewMessage
from mailauth.testing import Dialogue, play
from tests.support.mail import NOON


@pytest.fixture(autouse=True)
def selected(mary: Dialogue, mail: MemoryAccount) -> None:
    """A mailbox where 2, 4 and 5 are flagged and not from Smith; 3 is flagged and from Smith."""
    flagged = frozenset({FLAGGED})
    jones, smith = b"From: Jones\r\n\r\nx\r\n", b"From: Smith\r\n\r\nx\r\n"
    mother = "From: Jones\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nмать\r\n".encode()
    mail.create("Box").append(
        [
            NewMessage(jones, NOON),
            NewMessage(jones, NOON, flagged),
            NewMessage(smith, NOON, flagged),
            NewMessage(mother, NOON, flagged),
            NewMessage(jones, NOON, flagged),
        ]
    )
    mary.send(b"a SELECT Box\r\n")


FOUND = "FLAGGED SINCE 1-Feb-1994 NOT FROM Smith"


def test_rfc9051_section_6_4_4_4_examples_1_and_2(mary: Dialogue) -> None:
    """FETCH of what was found, also when both commands come in one segment."""
    play(
        mary,
        rf"""
        C: A282 SEARCH RETURN (SAVE) {FOUND}
        S: A282 OK SEARCH completed
        C: A283 FETCH $ UID
        S: * 2 FETCH (UID 2)
        S: * 4 FETCH (UID 4)
        S: * 5 FETCH (UID 5)
        S: A283 OK FETCH completed
        C: A282 SEARCH RETURN (SAVE) FROM Smith
        C: A283 FETCH $ UID
        S: A282 OK SEARCH completed
        S: * 3 FETCH (UID 3)
        S: A283 OK FETCH completed
    """,
    )


def test_rfc9051_section_6_4_4_4_examples_3_and_4(mary: Dialogue) -> None:
    """A search in what was found before, with UID or without, and in other messages too."""
    play(
        mary,
        f"""
        C: A300 SEARCH RETURN (SAVE) {FOUND}
        S: A300 OK SEARCH completed
        C: A301 UID SEARCH RETURN () UID $ SMALLER 4096
        S: * ESEARCH (TAG "A301") UID ALL 2,4:5
        S: A301 OK UID SEARCH completed
        C: A302 UID SEARCH RETURN () $ SMALLER 4096
        S: * ESEARCH (TAG "A302") UID ALL 2,4:5
        S: A302 OK UID SEARCH completed
        C: P283 SEARCH RETURN () CHARSET UTF-8 (OR $ 1,3) TEXT {{8+}}
        C: мать
        S: * ESEARCH (TAG "P283") ALL 4
        S: P283 OK SEARCH completed
    """,
    )


def test_rfc9051_section_6_4_4_4_example_5(mary: Dialogue) -> None:
    """A search that ends with NO leaves nothing in `$`; one that ends with BAD leaves it alone."""
    play(
        mary,
        f"""
        C: B282 SEARCH RETURN (SAVE) {FOUND}
        S: B282 OK SEARCH completed
        C: B283 SEARCH RETURN (SAVE) FROM
        S: B283 BAD …
        C: B284 SEARCH RETURN () $
        S: * ESEARCH (TAG "B284") ALL 2,4:5
        S: B284 OK SEARCH completed
        C: B285 SEARCH CHARSET X-NONE TEXT x
        S: B285 NO [BADCHARSET …
        C: B286 SEARCH RETURN () $
        S: * ESEARCH (TAG "B286") ALL 2,4:5
        S: B286 OK SEARCH completed
        C: B287 SEARCH RETURN (SAVE) CHARSET X-NONE (OR $ 1,3) TEXT x
        S: B287 NO [BADCHARSET …
        C: B288 SEARCH RETURN () $
        S: * ESEARCH (TAG "B288")
        S: B288 OK SEARCH completed
    """,
    )


def test_rfc9051_section_6_4_4_4_examples_6_and_7(mary: Dialogue) -> None:
    """Nothing found is nothing copied and nothing changed, and no error."""
    play(
        mary,
        r"""
        C: F282 SEARCH RETURN (SAVE) KEYWORD $Junk
        C: F283 COPY $ "Junk"
        C: F284 STORE $ +FLAGS.Silent (\Deleted)
        S: F282 OK SEARCH completed
        S: F283 OK COPY completed
        S: F284 OK STORE completed
    """,
    )


def test_rfc9051_section_6_4_4_4_examples_8_to_10(mary: Dialogue) -> None:
    """Only SAVE changes `$`, the last one counts, and MIN and MAX alone save no more than those."""
    searches = (
        ("SAVE", "FROM Smith", "", "3"),
        ("ALL", FOUND, " ALL 2,4:5", "3"),
        ("SAVE", FOUND, "", "2,4:5"),
        ("SAVE MIN", FOUND, " MIN 2", "2"),
        ("MAX SAVE MIN", FOUND, " MIN 2 MAX 5", "2,5"),
        ("MAX SAVE MIN COUNT", FOUND, " MIN 2 MAX 5 COUNT 3", "2,4:5"),
        ("ALL SAVE MIN", FOUND, " MIN 2 ALL 2,4:5", "2,4:5"),
    )
    for options, keys, shown, saved in searches:
        said = mary.send(f"C282 SEARCH RETURN ({options}) {keys}\r\n".encode()).decode()
        assert said == (f'* ESEARCH (TAG "C282"){shown}\r\n' if shown else "") + (
            "C282 OK SEARCH completed\r\n"
        )
        assert mary.send(b"s SEARCH RETURN () $\r\n").decode() == (
            f'* ESEARCH (TAG "s") ALL {saved}\r\ns OK SEARCH completed\r\n'
        )


def test_rfc5182_section_2_2(mary: Dialogue, mail: MemoryAccount) -> None:
    """The same for IMAP4rev1, which hears SEARCH; KOI8-R is known here, so that example 5 is OK."""
    mail.create("Other Messages")
    play(
        mary,
        f"""
        C: A300 SEARCH RETURN (SAVE) {FOUND}
        S: A300 OK SEARCH completed
        C: A301 UID SEARCH UID $ SMALLER 4096
        S: * SEARCH 2 4 5
        S: A301 OK UID SEARCH completed
        C: A301 UID SEARCH $ SMALLER 4096
        S: * SEARCH 2 4 5
        S: A301 OK UID SEARCH completed
        C: P283 SEARCH CHARSET UTF-8 (OR $ 1,3) TEXT {{8}}
        S: + OK
        C: мать
        S: * SEARCH 4
        S: P283 OK SEARCH completed
        C: B283 SEARCH CHARSET KOI8-R (OR $ 1,3) TEXT {{4+}}
        C: \udccd\udcc1\udcd4\udcd8
        S: * SEARCH 4
        S: B283 OK SEARCH completed
        C: E282 SEARCH RETURN (SAVE) SINCE 28-Oct-2026 NOT FROM "Eric"
        C: E283 COPY $ "Other Messages"
        S: E282 OK SEARCH completed
        S: E283 OK COPY completed
    """,
    )


def test_rfc5182_section_2_3(mary: Dialogue) -> None:
    """Pipelined searches are done in their order: the last that saves counts."""
    play(
        mary,
        """
        C: G282 SEARCH RETURN (SAVE) KEYWORD $Junk
        C: G283 SEARCH RETURN (ALL) SINCE 28-Oct-2006 FROM "Jones"
        S: G282 OK SEARCH completed
        S: * ESEARCH (TAG "G283") ALL 1:2,4:5
        S: G283 OK SEARCH completed
        C: H282 SEARCH RETURN (SAVE) KEYWORD $Junk
        C: H283 SEARCH RETURN (SAVE) SINCE 28-Oct-2006 FROM "Smith"
        C: H284 FETCH $ UID
        S: H282 OK SEARCH completed
        S: H283 OK SEARCH completed
        S: * 3 FETCH (UID 3)
        S: H284 OK FETCH completed
    """,
    )
