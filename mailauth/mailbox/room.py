"""Checks how much mail one account, and all accounts together, may have."""

from collections.abc import Sequence

import msgspec

from mailauth.mailbox.errors import MessageTooBig, OverQuota
from mailauth.mailbox.store import Limits, Quota


class Used(msgspec.Struct, frozen=True):
    """The usage of an account, and the total octets of all accounts."""

    messages: int
    size: int
    total: int


def check_room(limits: Limits, used: Used, sizes: Sequence[int]) -> None:
    """Raises `MessageTooBig` or `OverQuota` unless messages of these sizes fit."""
    if max(sizes, default=0) > limits.message_size:
        raise MessageTooBig(f"A message may have at most {limits.message_size} octets")
    if used.messages + len(sizes) > limits.account_messages:
        raise OverQuota(f"An account may have at most {limits.account_messages} messages")
    if used.size + sum(sizes) > limits.account_size:
        raise OverQuota(f"An account may have at most {limits.account_size} octets of mail")
    if used.total + sum(sizes) > limits.total_size:
        raise OverQuota("The server has no room for more mail")


def quota(limits: Limits, used: Used) -> Quota:
    """Return the usage and limits for QUOTA."""
    return Quota(used.size, limits.account_size, used.messages, limits.account_messages)
