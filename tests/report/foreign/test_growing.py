"""A log that goes on: what later lines decide, what is given up, and what a restart needs."""

from datetime import UTC, datetime

from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.foreign.growing import GrowingLog, Memory

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IP = "192.0.2.10"


def log(memory: Memory | None = None, recognised: list[Format] | None = None) -> GrowingLog:
    return GrowingLog(
        zone=UTC,
        modified=NOW,
        formats=FORMATS,
        memory=memory or Memory(),
        recognised=(recognised if recognised is not None else []).append,
    )


def dovecot(name: str, rest: str = "", second: int = 0) -> str:
    return (
        f"Nov 24 11:00:{second:02} mx dovecot: imap-login: Login: user=<{name}>, method=PLAIN, "
        f"rip={IP}, lip=192.0.2.1, mpid=1{rest}"
    )


def postfix(text: str, second: int = 0) -> str:
    return f"Nov 24 11:00:{second:02} mx postfix/smtpd[7]: {text}"


def test_a_dovecot_login_is_undecided_until_the_log_shows_how_it_writes_tls() -> None:
    growing = log()
    growing.begin(3)
    assert growing.read(dovecot("bob")) == []
    assert growing.oldest == 3
    growing.begin(4)
    found = growing.read(dovecot("amy", ", TLS", 1))
    assert [(each.user, each.secure) for each in found] == [("bob", False), ("amy", True)]
    assert growing.oldest is None
    assert [each.secure for each in growing.read(dovecot("bob", second=2))] == [False]


def test_what_a_log_has_shown_outlasts_a_restart() -> None:
    before = log()
    before.read(dovecot("amy", ", TLS"))
    after = log(before.memory)
    assert [each.secure for each in after.read(dovecot("bob", second=2))] == [False]


def test_a_login_of_which_no_line_tells_tls_is_given_up_as_unknown() -> None:
    growing = log()
    growing.begin(1)
    growing.read(dovecot("bob"))
    growing.begin(2)
    assert growing.give_up(before=1) == []
    assert [each.secure for each in growing.give_up(before=2)] == [None]


def test_a_long_postfix_session_that_was_given_up_is_not_told_again_at_its_end() -> None:
    growing = log()
    growing.begin(1)
    growing.read(postfix(f"connect from unknown[{IP}]"))
    mail = postfix(f"3FD7427E450: client=unknown[{IP}], sasl_method=PLAIN, sasl_username=bob", 1)
    growing.read(mail)
    growing.begin(2)
    assert [each.user for each in growing.give_up(before=2)] == ["bob"]
    end = postfix(f"disconnect from unknown[{IP}] ehlo=1 auth=1 mail=1 commands=3", 50)
    assert growing.read(end) == []


def test_postfix_sessions_are_named_alike_wherever_reading_begins() -> None:
    first = postfix(f"connect from unknown[{IP}]")
    failed = postfix(f"warning: unknown[{IP}]: SASL PLAIN authentication failed: x", 2)
    end = postfix(f"disconnect from unknown[{IP}] auth=0/1 commands=0/1", 3)
    second = [postfix(f"connect from unknown[{IP}]", 4), failed, end]
    whole = log().read("\n".join([first, failed, end, *second]))
    part = log().read("\n".join(second))
    assert whole[1].session == part[0].session
    assert whole[0].session != whole[1].session


def test_lines_before_those_that_count_make_no_record_but_are_known() -> None:
    recognised: list[Format] = []
    growing = log(recognised=recognised)
    growing.look_at(dovecot("amy", ", TLS"))
    assert [known.name for known in recognised] == ["dovecot"]
    assert growing.servers == {("mx", "dovecot")}
    assert [each.secure for each in growing.read(dovecot("bob", second=1))] == [False]


def test_an_equal_line_after_a_restart_is_another_record() -> None:
    line = dovecot("amy", ", TLS")
    [first, second] = log().read(f"{line}\n{line}")
    after = log()
    after.note_known("dovecot", first.id)
    assert [each.id for each in after.read(line)] == [second.id]
