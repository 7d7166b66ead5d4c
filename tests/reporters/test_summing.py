"""What a Dovecot can make the record grow by: its failures are summed up, its logins are not."""

from pathlib import Path

from mailauth.login.event import Result
from mailauth.login.repeats import MINUTE, REASONS, SINGLY
from mailauth.reporters.dovecot_policy import SOURCE, Report, attempt_of
from mailauth.reporters.verdict import Ports
from tests.record.desk import journal, lines
from tests.record.test_summing import Desk

FAILED = Report(
    success=False, protocol="imap", login="bob", remote="75.76.77.78", mech="PLAIN", tls=False
)


def report(desk: Desk, number: int, *, lport: int = 143) -> None:
    """Have an address fail so many times at a port."""
    told = Report(
        **{name: getattr(FAILED, name) for name in Report.__struct_fields__} | {"lport": lport}
    )
    attempt = attempt_of(told, "dovecot", Ports())
    assert attempt is not None
    desk.attempt(number, attempt)


def test_a_hundred_thousand_failures_of_one_address_are_a_few_records(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    report(desk, 100_000)
    desk.pass_time(int(MINUTE) + 1)
    records = journal(tmp_path)
    assert len(records) == SINGLY + 1
    assert (records[-1].result, records[-1].reason) == (Result.BLOCKED, "repeated")
    assert records[-1].count == 100_000 - SINGLY
    assert {record.source for record in records} == {SOURCE}
    assert (records[-1].secure, records[-1].exposed) == (False, None)
    assert lines(tmp_path) == []


def test_a_dovecot_that_makes_up_ports_does_not_make_more_of_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for lport in range(1, 10_001):
        report(desk, 1, lport=lport)
    desk.pass_time(int(MINUTE) + 1)
    records = journal(tmp_path)
    assert len(records) <= SINGLY + REASONS + 1
    assert sum(record.count for record in records) == 10_000
    assert {record.source for record in records} == {SOURCE}
