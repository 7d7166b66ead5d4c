"""The example dialogues of RFC 1939, with the texts of this server where they are free."""

from mailauth.testing import Dialogue, play
from tests.pop3.conftest import DIGEST, FIRST, SECOND, Visit, message


def test_rfc1939_section_4(stranger: Dialogue) -> None:
    """The greeting, and QUIT before a login."""
    play(
        stranger,
        """
        S: +OK dbc.mtview.ca.us ready <1896.697170952@dbc.mtview.ca.us>
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )


def test_rfc1939_section_5(mrose: Dialogue) -> None:
    """STAT, LIST, RETR, DELE, NOOP and RSET."""
    play(
        mrose,
        f"""
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: LIST 2
        S: +OK 2 200
        C: LIST 3
        S: -ERR No such message, only 2 in the maildrop
        C: RETR 1
        S: +OK 120 octets
        {message(FIRST)}
        S: .
        C: DELE 1
        S: +OK Message 1 deleted
        C: DELE 2
        S: +OK Message 2 deleted
        C: DELE 2
        S: -ERR Message 2 is deleted
        C: NOOP
        S: +OK Nothing done
        C: RSET
        S: +OK 2 messages (320 octets)
    """,
    )


def test_rfc1939_section_6(mrose: Dialogue, visit: Visit) -> None:
    """QUIT, with messages left in the maildrop and with none."""
    play(mrose, "C: QUIT\nS: +OK Bye\n<closed>")
    mrose.lose()
    again = visit()
    play(
        again,
        f"""
        S: …
        C: APOP mrose {DIGEST}
        S: +OK Logged in, 2 messages (320 octets)
        C: DELE 1
        C: DELE 2
        S: +OK …
        S: +OK …
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )
    again.lose()
    play(visit(), f"S: …\nC: APOP mrose {DIGEST}\nS: +OK Logged in, 0 messages (0 octets)")


def test_rfc1939_section_7_top_and_uidl(mrose: Dialogue) -> None:
    """TOP and UIDL."""
    play(
        mrose,
        f"""
        C: TOP 1 10
        S: +OK Top of message follows
        {message(FIRST)}
        S: .
        C: TOP 2 1
        S: +OK Top of message follows
        S: Subject: two
        S:
        S: {"y" * 80}
        S: .
        C: TOP 100 3
        S: -ERR No such message, only 2 in the maildrop
        C: UIDL
        S: +OK Unique-ids follow
        S: 1 1.1
        S: 2 1.2
        S: .
        C: UIDL 2
        S: +OK 2 1.2
        C: UIDL 3
        S: -ERR No such message, only 2 in the maildrop
    """,
    )


def test_rfc1939_section_7_user_and_pass(mrose: Dialogue, visit: Visit) -> None:
    """USER says of nobody whether there is such a mailbox; a maildrop may be locked."""
    client = visit()
    play(
        client,
        """
        S: …
        C: USER frated
        S: +OK Send the password
        C: USER mrose
        S: +OK Send the password
        C: PASS tanstaaf
        S: -ERR [IN-USE] Another session has locked this maildrop
    """,
    )
    mrose.send(b"QUIT\r\n")
    mrose.lose()
    play(
        client,
        """
        C: USER mrose
        S: +OK Send the password
        C: PASS tanstaaf
        S: +OK Logged in, 2 messages (320 octets)
    """,
    )


def test_rfc1939_section_7_apop(stranger: Dialogue) -> None:
    """APOP, with the digest as it is computed there."""
    play(
        stranger,
        f"""
        S: +OK dbc.mtview.ca.us ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose {DIGEST}
        S: +OK Logged in, 2 messages (320 octets)
    """,
    )


def test_rfc1939_section_10(stranger: Dialogue) -> None:
    """The example session."""
    play(
        stranger,
        f"""
        S: +OK dbc.mtview.ca.us ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose {DIGEST}
        S: +OK Logged in, 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        {message(FIRST)}
        S: .
        C: DELE 1
        S: +OK Message 1 deleted
        C: RETR 2
        S: +OK 200 octets
        {message(SECOND)}
        S: .
        C: DELE 2
        S: +OK Message 2 deleted
        C: QUIT
        S: +OK Bye
        <closed>
    """,
    )
