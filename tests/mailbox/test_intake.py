"""The bound on messages that have come in part."""

import pytest

from mailauth.mailbox.errors import StoreUnavailable
from mailauth.mailbox.intake import UNCOUNTED_OCTETS, Intake


def test_connections_share_what_there_is() -> None:
    intake = Intake(1_000_000)
    one, other = intake.portion(), intake.portion()
    one.resize(600_000)
    other.resize(400_000)
    with pytest.raises(StoreUnavailable):
        other.resize(400_001)
    one.resize(1_000_000)  # the other keeps nothing any more
    one.resize(0)
    other.resize(1_000_000)


def test_small_messages_do_not_count() -> None:
    """However many there are."""
    intake = Intake(UNCOUNTED_OCTETS)
    for _ in range(10):
        intake.portion().resize(UNCOUNTED_OCTETS)
