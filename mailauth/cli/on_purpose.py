"""What listeners do wrong on purpose, as the operator is told of it."""

from collections.abc import Iterable, Iterator

from mailauth.config import ListenerConfig


def told(listeners: Iterable[ListenerConfig]) -> Iterator[str]:
    """Say in one line what is wrong with which, if anything is."""
    faulty = [
        f"{each.name} ({', '.join(fault.value for fault in each.faults)})"
        for each in listeners
        if each.faults
    ]
    if faulty:
        yield f"Wrong on purpose: {', '.join(faulty)}"
