"""Changes while the server runs: what closes an exposure is in the journal."""

import pytest

from mailauth.login.accounts import Account, Accounts, AppPassword
from mailauth.login.changes import replace_accounts, set_disabled, unblock
from mailauth.login.event import Kind
from mailauth.login.secrets import PlaintextSecret
from mailauth.testing.fakes import FakeClock, MemoryRecorder, authority

OLD, NEW = PlaintextSecret(b"old"), PlaintextSecret(b"new")


@pytest.mark.parametrize(
    ("before", "after", "recorded"),
    [
        (Account("mary", OLD), Account("mary", OLD), []),
        (Account("mary", OLD), Account("MARY", OLD, aliases=("m",)), []),
        (Account("mary", OLD), Account("mary", NEW), ["password-changed"]),
        (Account("mary", OLD), Account("mary", OLD, disabled=True), ["disabled"]),
        (Account("mary", OLD, disabled=True), Account("mary", OLD), ["enabled"]),
        (
            Account("mary", OLD),
            Account("mary", NEW, disabled=True),
            ["password-changed", "disabled"],
        ),
        (
            Account("mary", OLD, app_passwords=(AppPassword("phone", OLD),)),
            Account("mary", OLD),
            ["password-changed"],
        ),
        (Account("mary", OLD), Account("bob", OLD), ["disabled"]),
        (Account("mary", OLD, disabled=True), Account("bob", OLD), []),
    ],
)
def test_accounts_that_were_changed_are_recorded(
    before: Account, after: Account, recorded: list[str]
) -> None:
    """By their canonical name; one that is gone cannot log in, so its exposure is closed."""
    recorder = MemoryRecorder()
    shared = authority(recorder, Accounts([before]))
    accounts = Accounts([after])
    replace_accounts(shared, accounts)
    assert shared.accounts is accounts
    assert [(event.kind, event.user, event.reason) for event in recorder.events] == [
        (Kind.ACCOUNT, "mary", reason) for reason in recorded
    ]


def test_accounts_count_at_once_though_it_cannot_be_recorded() -> None:
    """A password that was changed is not good for a while longer because the disk is full."""
    recorder = MemoryRecorder()
    recorder.failing = True
    shared = authority(recorder, Accounts([Account("mary", OLD)]))
    replace_accounts(shared, Accounts([Account("mary", NEW)]))
    mary = shared.accounts.find(b"mary")
    assert mary is not None
    assert mary.matches(b"old") is False


def test_what_an_administrator_has_switched_outlasts_a_reload() -> None:
    """For as long as the server runs; everything else is as the files say."""
    recorder = MemoryRecorder()
    shared = authority(recorder, Accounts([Account("mary", OLD), Account("sue", OLD)]))
    set_disabled(shared, "mary", disabled=True)
    replace_accounts(shared, Accounts([Account("mary", NEW), Account("sue", OLD)]))
    mary, sue = shared.accounts
    assert (mary.disabled, mary.secret, sue.disabled) == (True, NEW, False)
    assert [event.reason for event in recorder.events] == ["password-changed"]
    set_disabled(shared, "mary", disabled=False)
    replace_accounts(shared, Accounts([Account("mary", NEW, disabled=True)]))
    assert [account.disabled for account in shared.accounts] == [False]
    replace_accounts(shared, Accounts([]))
    assert len(shared.accounts) == 0


def test_an_address_is_unblocked_when_the_record_says_so() -> None:
    """Not before, and not if it cannot say so."""
    clock = FakeClock()
    recorder = MemoryRecorder(clock)
    shared = authority(recorder, clock=clock)
    for _ in range(6):
        shared.blocking.failed("192.0.2.7")
    recorder.failing = True
    assert unblock(shared, "192.0.2.7") is None
    assert shared.blocking.is_blocked("192.0.2.7")
    recorder.failing, recorder.slow = False, True
    unblock(shared, "192.0.2.7")
    assert shared.blocking.is_blocked("192.0.2.7")
    recorder.release()
    assert not shared.blocking.is_blocked("192.0.2.7")
    assert [(event.reason, event.ip) for event in recorder.events] == [("unblocked", "192.0.2.7")]
