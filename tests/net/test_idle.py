"""What is left of clients, by the real cores: of those that say nothing, and those that leave."""

import gc
import weakref
from collections.abc import Callable
from functools import partial
from itertools import count

import pytest

from mailauth.config import ServiceName, TlsMode
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.net.connection import MailConnection, SessionAndCore
from mailauth.net.interfaces import Application
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.server.cores import Cores
from mailauth.wire.effects import Core
from tests.net.conftest import Toys
from tests.support.mail import NOON

LONGEST = 600  # seconds that any protocol gives a client that has not logged in

MAIL: tuple[ServiceName, ...] = ("imap", "pop3", "smtp")


def mail_of(toys: Toys) -> Cores:
    store = MemoryStore(count(1).__next__, lambda _: NewMessage(b"Subject: hi\r\n\r\n", NOON))
    return Cores(store, "localhost", lambda: NOON, toys.clock.callLater)


@pytest.mark.parametrize("protocol", MAIL)
@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT], ids=lambda each: each.value)
def test_a_hundred_idle_clients_are_dropped(
    toys: Toys, protocol: ServiceName, tls: TlsMode
) -> None:
    """After their deadline, and nothing of them is left."""
    mail = mail_of(toys)

    def stand(listener: Listener, link: Link) -> Application:
        return MailConnection(link, partial(mail.new_core, listener, link), toys.wheel, toys.clock)

    listener = toys.listener(tls, protocol=protocol, stand=stand)
    wires = [toys.connect(listener) for _ in range(100)]
    assert len(listener.links) == 100
    waited = 0
    while listener.links and waited <= LONGEST:
        toys.pass_time(10)
        waited += 11
    assert waited >= 30
    assert all(wire.lost for wire in wires)
    assert listener.links == {}
    assert toys.wheel.holds == 0
    assert len(toys.reasons) == 100
    assert {(reason or "").partition(":")[0] for reason in toys.reasons} == {"timeout"}


LOGINS = {
    "imap": [b"a LOGIN mary secret\r\n", b"b LOGOUT\r\n"],
    "pop3": [b"USER mary\r\n", b"PASS secret\r\n", b"QUIT\r\n"],
    "smtp": [
        b"EHLO me\r\n",
        b"AUTH PLAIN AG1hcnkAc2VjcmV0\r\n",
        b"QUIT\r\n",
    ],
}


@pytest.mark.parametrize("protocol", MAIL)
def test_a_client_that_was_here_needs_no_collector(toys: Toys, protocol: ServiceName) -> None:
    """What is left goes at once: to look for cycles would keep logins waiting."""
    mail = mail_of(toys)
    cores: list[weakref.ref[Core]] = []

    def stand(listener: Listener, link: Link) -> Application:
        def new_core(changed: Callable[[], None]) -> SessionAndCore:
            spoken = mail.new_core(listener, link, changed)
            cores.append(weakref.ref(spoken.core))
            return spoken

        return MailConnection(link, new_core, toys.wheel, toys.clock)

    gc.disable()
    try:
        wire = toys.connect(toys.listener(protocol=protocol, stand=stand))
        for line in LOGINS[protocol]:
            wire.deliver(line)
        toys.pass_time(1)
        assert wire.lost
        assert len(toys.logins) == 1
        assert cores[0]() is None
    finally:
        gc.enable()
