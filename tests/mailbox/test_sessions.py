"""Several sessions do anything in any order: each client's picture stays true."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.mailbox.message import DELETED, FLAGGED, SEEN, FlagChange, Operation
from mailauth.mailbox.store import Copying, Limits, Mailbox
from mailauth.mailbox.view import Changed, Exists, Expunged, View
from tests.mailbox.conftest import MakeStore, mail


class Client:
    """A client that knows what it was told, and nothing else."""

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        self.view = View(box)
        self.copying: Copying | None = None
        self.uids: list[int] = []
        self.flags: dict[int, frozenset[str]] = {}
        self._meet(self.view.exists)

    def hear(self, *, expunge: bool) -> None:
        """Take untagged responses in."""
        for update in self.view.updates(expunge=expunge):
            match update:
                case Expunged(number=number):
                    del self.flags[self.uids.pop(number - 1)]
                case Exists(messages=messages):
                    assert messages > len(self.uids)
                    self._meet(messages)
                case Changed(number=number, message=message):
                    assert self.uids[number - 1] == message.uid
                    self.flags[message.uid] = message.flags

    def copy_many(self, numbers: list[int], choice: random.Random) -> None:
        """Begin a copy of many, go on with it, or end it in either way."""
        if self.copying is None:
            self.copying = self.view.copying("Box")
        self.copying.add(self.view.uid(number) for number in numbers)
        match choice.randrange(3):
            case 0:
                self.copying.commit()
                self.end()
            case 1:
                self.end()

    def end(self) -> None:
        """End a copy of many that may be on its way."""
        if self.copying is not None:
            self.copying.close()
            self.copying = None

    def _meet(self, messages: int) -> None:
        """Fetch the flags of new messages; some may be gone already."""
        for number in range(len(self.uids) + 1, messages + 1):
            message = self.view.message(number)
            self.uids.append(self.view.uid(number))
            self.flags[self.uids[-1]] = message.flags if message else frozenset()

    def store(self, numbers: list[int], change: FlagChange, *, silent: bool) -> None:
        """STORE, whose result a silent client works out by itself."""
        stored = self.view.store(numbers, change, silent=silent)
        for changed in stored.messages:
            uid = self.uids[changed.number - 1]
            assert uid == changed.message.uid
            self.flags[uid] = change.apply(self.flags[uid]) if silent else changed.message.flags


def act(client: Client, choice: random.Random) -> None:
    """One client does one thing, and may hear what others did."""
    some = [n for n in range(1, len(client.uids) + 1) if choice.random() < 0.4]
    match choice.randrange(8):
        case 0:
            client.box.append(
                [mail("x", *choice.sample([SEEN, FLAGGED, DELETED], choice.randrange(3)))]
            )
        case 1 | 2:
            flags = frozenset(choice.sample([SEEN, FLAGGED, DELETED], 2))
            change = FlagChange(choice.choice(list(Operation)), flags)
            client.store(some, change, silent=choice.random() < 0.5)
        case 3:
            client.view.expunge(client.view.deleted(some if choice.random() < 0.5 else None))
        case 4:
            client.view.copy(some[:2], "Box")
        case 5:
            client.view.move(some[:1], "Box")
        case 6:
            client.copy_many(some[:2], choice)
        case _:
            client.hear(expunge=True)
    if choice.random() < 0.5:
        client.hear(expunge=False)


def check(clients: list[Client]) -> None:
    """Every client has heard everything, and the mailbox agrees with itself."""
    for client in clients:
        client.end()
    for client in clients:
        client.hear(expunge=True)
        truth = {message.uid: message.flags for message in client.box.messages()}
        assert client.uids == list(client.box.uids()) == sorted(truth)
        assert client.flags == truth
        assert client.flags == clients[0].flags
        counts = client.box.counts()
        assert counts.messages == len(truth)
        flags = Counter(flag for flags in truth.values() for flag in flags)
        assert counts.unseen == counts.messages - flags[SEEN]
        assert counts.deleted == flags[DELETED] == len(client.box.deleted())
        assert counts.size == sum(message.size for message in client.box.messages())


@pytest.mark.parametrize("vanished", [3, 1000])
def test_every_client_ends_with_the_truth(make_store: MakeStore, vanished: int) -> None:
    """RFC 3501 §5.2: a client that has heard everything knows the mailbox."""

    @given(st.integers(min_value=0, max_value=2**32), st.integers(min_value=0, max_value=80))
    @settings(max_examples=30)
    def scenario(seed: int, steps: int) -> None:
        choice = random.Random(seed)
        box = make_store(Limits(vanished=vanished)).account("bob").create("Box")
        box.append([mail() for _ in range(4)])
        clients = [Client(box) for _ in range(3)]
        for _ in range(steps):
            act(choice.choice(clients), choice)
        check(clients)

    scenario()
