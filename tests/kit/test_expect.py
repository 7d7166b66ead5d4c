"""Expectations, held against records that are there and that may still come."""

import gzip
from pathlib import Path

import msgspec
import pytest

from mailauth.kit.expect import Check, Expectations, State, is_decided
from mailauth.kit.records import records_of
from mailauth.login.event import LoginEvent, Service
from mailauth.report.sources import sources_of_files
from mailauth.testing.recorded import Wanted
from tests.support.recording import recorded

GOLDEN = Path(__file__).parents[1] / "golden"


BOB = Wanted(user="bob@mydomain.com")
SECURE_IMAP = Wanted(user="bob@mydomain.com", protocol=Service.IMAP, secure=True)

GOOD = recorded(user="bob@mydomain.com", secure=True)
CLEAR = recorded(user="bob@mydomain.com", secure=False, exposed=True)
REFUSED = recorded(user="bob@mydomain.com", secure=False, exposed=True, result="cleartext-refused")
OTHER = recorded(user="mary@mydomain.com", secure=False)
POP = recorded(user="bob@mydomain.com", secure=True, protocol="POP3")


def state(expectations: Expectations, records: list[LoginEvent], *, over: bool) -> State:
    [check] = expectations.checks(records, over=over)
    return check.state


@pytest.mark.parametrize(
    ("records", "until_now", "in_the_end"),
    [
        ([], State.OPEN, State.FAILED),
        ([CLEAR, OTHER, POP, REFUSED], State.OPEN, State.FAILED),
        ([CLEAR, GOOD], State.MET, State.MET),
        ([GOOD, GOOD], State.MET, State.MET),
    ],
)
def test_a_login_may_come_at_any_time(
    records: list[LoginEvent], until_now: State, in_the_end: State
) -> None:
    expectations = Expectations(login=SECURE_IMAP)
    assert state(expectations, records, over=False) is until_now
    assert state(expectations, records, over=True) is in_the_end
    assert is_decided(expectations, records) is (until_now is State.MET)


@pytest.mark.parametrize(
    ("count", "records", "until_now", "in_the_end"),
    [
        (2, [GOOD], State.OPEN, State.FAILED),
        (2, [GOOD, CLEAR, GOOD], State.MET, State.MET),
        (2, [GOOD, GOOD, GOOD], State.FAILED, State.FAILED),
        (0, [CLEAR], State.OPEN, State.MET),
        (0, [GOOD], State.FAILED, State.FAILED),
    ],
)
def test_a_count_is_exact(
    count: int, records: list[LoginEvent], until_now: State, in_the_end: State
) -> None:
    expectations = Expectations(login=SECURE_IMAP, count=count)
    assert state(expectations, records, over=False) is until_now
    assert state(expectations, records, over=True) is in_the_end


def test_what_must_stay_away_is_watched_until_the_time_is_over() -> None:
    expectations = Expectations(all_secure=BOB, no_exposure=BOB)
    assert not is_decided(expectations, [GOOD, OTHER])
    assert [check.state for check in expectations.checks([GOOD, OTHER], over=True)] == [
        State.MET,
        State.MET,
    ]


def test_one_insecure_login_settles_it() -> None:
    expectations = Expectations(all_secure=BOB)
    assert is_decided(expectations, [CLEAR])
    assert expectations.checks([GOOD, CLEAR], over=True) == [
        Check("every login of bob@mydomain.com is secure", State.FAILED, [CLEAR])
    ]


def test_a_refused_login_exposes_a_password_too() -> None:
    assert state(Expectations(no_exposure=BOB), [REFUSED], over=False) is State.FAILED
    assert state(Expectations(all_secure=BOB), [REFUSED], over=True) is State.MET


def test_a_name_that_no_account_has_is_found_as_the_client_gave_it() -> None:
    unknown = recorded(user=None, authcid="ghost", result="bad-credentials", exposed=True)
    [check] = Expectations(no_exposure=Wanted(user="Ghost")).checks([unknown], over=False)
    assert check.evidence == [unknown]


NOTHING_CAME: list[LoginEvent] = []
ENDED = recorded(kind="connection", result=None, user=None, reason="no-attempt")
POP_ENDED = recorded(kind="connection", result=None, user=None, protocol="POP3")
IMAP = Wanted(protocol=Service.IMAP)


@pytest.mark.parametrize(
    ("expectations", "records", "in_the_end"),
    [
        (Expectations(all_secure=Wanted()), NOTHING_CAME, State.UNSEEN),
        (Expectations(all_secure=Wanted()), [ENDED], State.UNSEEN),
        (Expectations(all_secure=BOB), [OTHER], State.UNSEEN),
        (Expectations(all_secure=IMAP), [POP], State.UNSEEN),
        (Expectations(no_exposure=Wanted()), NOTHING_CAME, State.UNSEEN),
        (Expectations(no_exposure=Wanted()), [ENDED], State.MET),
        (Expectations(no_exposure=IMAP), [POP_ENDED], State.UNSEEN),
        (Expectations(no_exposure=BOB), [ENDED, OTHER], State.UNSEEN),
        (Expectations(login=BOB, count=0), NOTHING_CAME, State.UNSEEN),
        (Expectations(login=BOB, count=0), [OTHER], State.MET),
        (Expectations(login=SECURE_IMAP, count=0), [POP], State.UNSEEN),
        (Expectations(login=SECURE_IMAP, count=0), [ENDED], State.MET),
    ],
)
def test_what_stayed_away_is_judged_only_where_it_could_have_come(
    expectations: Expectations, records: list[LoginEvent], in_the_end: State
) -> None:
    [check] = expectations.checks(records, over=True)
    assert check.state is in_the_end
    assert bool(check.unseen) is (in_the_end is State.UNSEEN)
    assert state(expectations, records, over=False) is State.OPEN
    allowed = msgspec.structs.replace(expectations, allow_empty=True)
    assert state(allowed, records, over=True) is State.MET


def test_lines_tell_what_they_can() -> None:
    records = records_of(sources_of_files([GOLDEN / "xeams-first.log"])).records
    [insecure] = [record for record in records if record.secure is False]
    assert (insecure.user, insecure.protocol) == ("bob@mydomain.com", "IMAP")
    assert len(records) == 9
    assert {record.exposed for record in records} == {None}


def test_the_rotated_files_of_another_server_are_one_log(tmp_path: Path) -> None:
    """An older file shows how TLS is written, and a login in two files counts once."""
    stamp = "Nov 24 15:38:4{} mail dovecot: imap-login: Login: user=<bob>, method=PLAIN, "
    where = "rip=192.0.2.10, lip=192.0.2.1, mpid={}"
    secure, clear, later = (
        f"{stamp.format(second)}{where.format(second)}{tls}\n"
        for second, tls in ((1, ", TLS"), (2, ""), (3, ""))
    )
    (tmp_path / "mail.log.2.gz").write_bytes(gzip.compress((secure + clear).encode()))
    (tmp_path / "mail.log.1").write_text(clear)
    (tmp_path / "mail.log").write_text(later)
    (tmp_path / "other").write_text(later.replace("bob", "amy"))
    records = records_of(sources_of_files(sorted(tmp_path.iterdir()))).records
    assert sorted((str(record.user), str(record.secure)) for record in records) == [
        ("amy", "None"),
        ("bob", "False"),
        ("bob", "False"),
        ("bob", "True"),
    ]
    insecure = Wanted(user="bob", secure=False)
    assert state(Expectations(login=insecure, count=2), list(records), over=True) is State.MET
