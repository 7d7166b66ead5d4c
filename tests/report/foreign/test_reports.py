"""What the reports say of the genuine logs: as many logins as were made, each with its verdict."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailauth.report.logs import Logs
from mailauth.report.opening import opened_logs
from mailauth.report.period import Expected, Wanted
from mailauth.report.ports import seen_tls_ports
from mailauth.report.rows import Absent, Case, Cutoff, Exposure, Insecure, Login
from mailauth.report.sources import Content, sources_of_files
from mailauth.report.summary import summarize
from mailauth.wire.networks import parse_network
from tests.report.foreign.test_truth import LOGS, OK, TRUTHS

EVERY = Wanted()
# In all the others the driver's last login to each service was over TLS, from the same address.
BREAKS = {"dovecot-2.3.19-default.log": [("IMAP", "bob@example.com", "2001:db8::10", "UNSECURE")]}
OPEN = {"dovecot-2.3.19-default.log": {"IMAP"}}


@contextmanager
def logs_of(*paths: Path, ignored: str = "") -> Iterator[Logs]:
    networks = (parse_network(ignored),) if ignored else ()
    with opened_logs(sources_of_files(paths), ignored=networks) as opened:
        yield opened.logs


def made(name: str, security: str | None = "any") -> Counter[str]:
    """How many logins the driver made, by service."""
    counted: Counter[str] = Counter()
    for (protocol, result, how, _), count in TRUTHS[name].items():
        if result == OK and security in ("any", how):
            counted[protocol] += count
    return counted


@pytest.mark.parametrize("name", TRUTHS)
def test_every_log_is_told_to_be_of_another_server(name: str) -> None:
    [source] = sources_of_files([LOGS / name])
    assert source.content is Content.FOREIGN


@pytest.mark.parametrize("name", TRUTHS)
def test_totals_and_shares_count_each_verdict(name: str) -> None:
    with logs_of(LOGS / name) as logs:
        totals = logs.totals(EVERY)
        networks = logs.networks(EVERY)
    assert totals.logins == made(name).total()
    assert totals.unsecure == made(name, "cleartext").total()
    assert totals.unknown == made(name, None).total() == 0
    assert sum(each.unsecure for each in networks) == totals.unsecure


@pytest.mark.parametrize("name", TRUTHS)
def test_insecure_and_cases_tell_of_each_login_in_the_clear(name: str) -> None:
    insecure: Counter[str] = Counter()
    with logs_of(LOGS / name) as logs:
        for row in logs.rows(Insecure, EVERY):
            insecure[row.service] += row.count
        cases = logs.rows(Case, EVERY)
    assert insecure == made(name, "cleartext")
    assert {case.service for case in cases} == insecure.keys()
    assert {case.service for case in cases if case.open} == OPEN.get(name, set())
    assert all(case.account == "bob@example.com" for case in cases)


@pytest.mark.parametrize("name", TRUTHS)
def test_exposures_are_of_passwords_that_were_sent_as_they_are(name: str) -> None:
    exposed = sum(count for (*_, crossed), count in TRUTHS[name].items() if crossed)
    with logs_of(LOGS / name) as logs:
        rows = logs.rows(Exposure, EVERY)
    assert sum(row.accepted for row in rows) == exposed
    assert all(row.refused == 0 for row in rows)


@pytest.mark.parametrize("name", TRUTHS)
def test_cutoff_names_whom_it_breaks_and_absent_nobody(name: str) -> None:
    with logs_of(LOGS / name) as logs:
        breaks = logs.rows(Cutoff, EVERY)
        last = logs.totals(EVERY).last
        absent = logs.rows(Absent, EVERY, expected=Expected(now=last)) if last is not None else []
    assert [(row.service, row.account, row.address, row.verdict) for row in breaks] == BREAKS.get(
        name, []
    )
    assert absent == []


def test_a_login_in_two_files_counts_once(tmp_path: Path) -> None:
    log, copy = LOGS / "postfix-3.7.11-loglevel0.log", tmp_path / "copy"
    shutil.copyfile(log, copy)
    with logs_of(log, copy) as logs:
        assert logs.totals(EVERY).logins == made(log.name).total()


def test_what_the_log_does_not_tell_is_unknown_and_never_secure(tmp_path: Path) -> None:
    """Courier before 5.2.6 tells of TLS when a session ends: here none does."""
    text = (LOGS / "courier-imap-5.0.13-logins.log").read_text()
    cut = tmp_path / "mail.log"
    cut.write_text("".join(line for line in text.splitlines(True) if "LOGOUT" not in line))
    with opened_logs(sources_of_files([cut])) as opened:
        logs = opened.logs
        totals = logs.totals(EVERY)
        assert (totals.logins, totals.unsecure, totals.unknown) == (8, 0, 5)
        verdicts = Counter(row.verdict for row in logs.rows(Login, EVERY))
        assert verdicts == {"UNKNOWN": 5, "SECURE": 3}
        assert not logs.rows(Insecure, EVERY)
        assert not logs.rows(Case, EVERY)
        summary = summarize(
            logs, EVERY, seen_tls_ports(opened.tables, opened.sources), by_network=True
        )
    assert summary.verdict == "5 unknown (62 %)"
    assert summary.to_do.startswith("To do: make the log show whether TLS was used")


def test_a_client_of_which_nobody_knows_may_break_when_cleartext_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(
        "Nov 24 15:50:21 mail imapd: LOGIN, user=mary, ip=[::ffff:192.0.2.7], port=[44605], "
        "protocol=IMAP\n"
    )
    with logs_of(log) as logs:
        assert [(row.account, row.verdict) for row in logs.rows(Cutoff, EVERY)] == [
            ("mary", "UNKNOWN")
        ]
        [absent] = logs.rows(Absent, EVERY, expected=Expected(now=logs.totals(EVERY).last))  # type: ignore[arg-type]
        assert (absent.never_secure, absent.unknown) == (True, 1)


def test_a_network_is_left_out(tmp_path: Path) -> None:
    log = LOGS / "dovecot-2.3.19-default.log"
    with logs_of(log) as every, logs_of(log, ignored="192.0.2.0/24") as rest:
        assert every.totals(EVERY).logins > rest.totals(EVERY).logins == 1
        assert rest.accounts() == ["bob@example.com"]


def test_advice_names_the_well_known_port() -> None:
    with opened_logs(sources_of_files([LOGS / "dovecot-2.3.19-default.log"])) as opened:
        summary = summarize(opened.logs, EVERY, seen_tls_ports(opened.tables, opened.sources))
    assert "change to port 993, SSL/TLS" in summary.open[0].advice


def nameless(ip: str, starttls: str) -> str:
    return (
        f"Nov 24 15:41:10 mail postfix/submission/smtpd[5]: connect from unknown[{ip}]\n"
        f"Nov 24 15:41:10 mail postfix/submission/smtpd[5]: disconnect from unknown[{ip}] "
        f"ehlo=1{starttls} auth=1 quit=1 commands=3\n"
    )


def test_what_nobody_is_named_for_is_told_apart_by_its_address(tmp_path: Path) -> None:
    """Another client's TLS mends nothing."""
    log = tmp_path / "mail.log"
    log.write_text(nameless("192.0.2.7", "") + nameless("192.0.2.8", " starttls=1"))
    with opened_logs(sources_of_files([log])) as opened:
        [row] = opened.logs.rows(Insecure, EVERY)
        assert (row.account, row.address, row.open) == ("", "192.0.2.7", True)
        [breaks] = opened.logs.rows(Cutoff, EVERY)
        assert breaks.address == "192.0.2.7"
        assert opened.logs.rows(Case, EVERY) == []
        summary = summarize(
            opened.logs, EVERY, seen_tls_ports(opened.tables, opened.sources), by_network=True
        )
    assert summary.to_do.startswith("To do: find out who logs in from 1 address")
