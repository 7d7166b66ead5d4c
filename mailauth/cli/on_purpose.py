"""The deliberate faults of listeners, for the operator."""

from collections.abc import Iterable, Iterator

from mailauth.config import ListenerConfig


def told(listeners: Iterable[ListenerConfig]) -> Iterator[str]:
    """Name the listeners with faults in one line, if there are any."""
    faulty = [
        f"{each.name} ({', '.join(fault.value for fault in each.faults)})"
        for each in listeners
        if each.faults
    ]
    if faulty:
        yield f"Deliberate faults: {', '.join(faulty)}"
