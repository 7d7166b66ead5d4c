"""Clients that connect and say nothing, to the real cores, with an advanced clock."""

from datetime import UTC, datetime
from functools import partial
from itertools import count

import pytest

from mailauth.config import ListenerProtocol, TlsMode
from mailauth.mail import Mail
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.net.connection import MailConnection
from mailauth.net.interfaces import Upper
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from tests.net.conftest import Toys

NOON = datetime(2020, 7, 28, 12, 0, tzinfo=UTC)
LONGEST = 600  # seconds that any protocol gives a client that has not logged in

MAIL = [ListenerProtocol.IMAP, ListenerProtocol.POP3, ListenerProtocol.SMTP]


@pytest.mark.parametrize("protocol", MAIL, ids=lambda each: each.value)
@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT], ids=lambda each: each.value)
def test_a_hundred_idle_clients_are_dropped(
    toys: Toys, protocol: ListenerProtocol, tls: TlsMode
) -> None:
    """DESIGN 8: after their deadline, and nothing of them is left."""
    store = MemoryStore(count(1).__next__, lambda _: NewMessage(b"Subject: hi\r\n\r\n", NOON))
    mail = Mail(store, "localhost", lambda: NOON, toys.clock.callLater)

    def stand(listener: Listener, link: Link) -> Upper:
        return MailConnection(link, partial(mail.speak, listener, link), toys.wheel, toys.clock)

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
