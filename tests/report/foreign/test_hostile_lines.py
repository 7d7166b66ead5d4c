"""What a client chooses never changes a line's verdict or address, and forges no record."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailauth.report.foreign.records import Record
from tests.report.foreign.test_truth import records
from tools.hostile_logs import FORGED, IP, LINES, STAMP, read_hostile

# A server escapes control characters before it writes a line; what is left is anything else.
NAMES = st.lists(
    st.one_of(
        st.sampled_from(FORGED),
        st.sampled_from((", ", "=", "<", ">", "]", "[", ")", '"', " ", "TLS", "user=<", "rip=")),
        st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8),
    ),
    min_size=1,
    max_size=5,
).map("".join)


def read(text: str) -> list[Record]:
    return records(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("server", LINES)
@settings(max_examples=150, deadline=None)
@given(name=NAMES)
def test_a_name_changes_neither_verdict_nor_address(server: str, name: str) -> None:
    """A line that is ambiguous may be left out, or name nobody; it is never SECURE."""
    for record in read(LINES[server](name)):
        assert record.secure in (False, None)
        assert record.ip == IP


@pytest.mark.parametrize("server", LINES)
@pytest.mark.parametrize("name", FORGED)
def test_a_name_makes_no_second_record(server: str, name: str) -> None:
    found = read(LINES[server](name))
    assert len(found) <= 1
    assert all(record.secure in (False, None) and record.ip == IP for record in found)


@pytest.mark.parametrize("server", [server for server in LINES if server.startswith("dovecot")])
@pytest.mark.parametrize("name", FORGED)
def test_dovecot_names_the_account_whatever_it_is_made_of(server: str, name: str) -> None:
    assert [record.user for record in read(LINES[server](name))] == [name]


@settings(max_examples=100, deadline=None)
@given(command=NAMES)
@example(command='" H=(a) [9.9.9.9] AUTH command used when not advertised')
def test_what_exim_quotes_of_a_client_does_not_change_its_address(command: str) -> None:
    line = (
        f'2026-11-24 15:47:41 SMTP protocol error in "AUTH PLAIN {command}" H=(desk) [{IP}]:5 '
        "I=[192.0.2.1]:25 AUTH command used when not advertised"
    )
    assert all(record.ip == IP and record.secure is False for record in read(line))


def test_tls_of_another_client_is_not_that_of_a_later_one_with_the_same_process() -> None:
    """sendmail's process numbers come again; the end of a connection may not be logged."""
    tls = (
        f"{STAMP}sm-mta[160]: STARTTLS=server, relay=[192.0.2.9], version=TLSv1.3, verify=NO, "
        "cipher=TLS_AES_256_GCM_SHA384, bits=256/256\n"
    )
    login = "sm-mta[160]: AUTH=server, relay=[{}], authid=bob, mech=PLAIN, bits=0"
    [other] = read(tls + STAMP + login.format(IP))
    [later] = read(tls + "Nov 24 17:38:42 mail " + login.format("192.0.2.9"))
    [same] = read(tls + STAMP + login.format("192.0.2.9"))
    assert (other.secure, later.secure, same.secure) == (False, False, True)


def test_a_failure_before_starttls_was_in_the_clear() -> None:
    """The order of Postfix' lines tells it, where it logs TLS."""
    begin = f"{STAMP}postfix/submission/smtpd[5]: "
    failed = f"{begin}warning: unknown[{IP}]: SASL PLAIN authentication failed: x\n"
    tls = (
        f"{begin}Anonymous TLS connection established from unknown[{IP}]: TLSv1.3 with cipher "
        "TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
    )
    text = (
        f"{begin}connect from unknown[{IP}]\n{failed}{tls}{failed}"
        f"{begin}disconnect from unknown[{IP}] ehlo=2 starttls=1 auth=0/2 quit=1 commands=4/6"
    )
    assert [record.secure for record in read(text)] == [False, True]


def test_cyrus_does_not_take_an_old_starttls_for_that_of_a_later_failure() -> None:
    tls = (
        f"{STAMP}cyrus/imap[131]: starttls: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
        "(256/256 bits new) no authentication\n"
    )
    bad = f"cyrus/imap[131]: badlogin: [{IP}] plaintext (bob) [SASL(-13): authentication failure]"
    [near] = read(f"{tls}{STAMP}{bad}")
    [later] = read(f"{tls}Nov 24 15:48:42 mail {bad}")
    assert (near.secure, later.secure) == (True, None)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda line: line + "\r",
        lambda line: f"mail-1  | {line}",
        lambda line: f"2026-11-24T15:38:42.123456789Z stdout F {line}",
        lambda line: line.replace("Nov 24 15:38:42", "2026-11-24T15:38:42.190757+00:00"),
        lambda line: f"<22>{line}",
        lambda line: '{"log":"' + line + '\\n","stream":"stdout","time":"2026-11-24T15:38:42Z"}',
        lambda line: (
            '{"MESSAGE":"' + line.partition("dovecot: ")[2] + '","SYSLOG_IDENTIFIER":"dovecot",'
            '"__REALTIME_TIMESTAMP":"1795534722190757","_HOSTNAME":"mail"}'
        ),
        lambda line: (
            '{"MESSAGE":' + str(list(line.partition("dovecot: ")[2].encode())).replace(" ", "")
            + ',"SYSLOG_IDENTIFIER":"dovecot","__REALTIME_TIMESTAMP":"1795534722190757"}'
        ),
        lambda line: "x" * 1_000_000 + "\n\0\n" + line,
    ],
)  # fmt: skip
def test_envelopes_hold_the_same_login(wrap: Callable[[str], str]) -> None:
    [record] = read(wrap(LINES["dovecot"]("bob")).replace("\r", ""))
    assert (record.user, record.ip, record.secure) == ("bob", IP, False)
    assert (record.at.year, record.at.month, record.at.day) == (2026, 11, 24)


@pytest.mark.parametrize("seed", range(4))
def test_hostile_logs_crash_nothing_and_forge_nothing(seed: int) -> None:
    outcome = read_hostile(3_000, seed, chunk=64 << 10)
    assert outcome.lines == 3_000
    assert outcome.records > 1_000
    assert (outcome.forged, outcome.leaked) == (0, 0)
