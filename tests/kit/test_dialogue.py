"""Lines to and from a server, for the clients of the kit."""

import socket

from mailauth.kit.dialogue import Dialogue


def test_a_line_is_sent_at_once() -> None:
    """Otherwise a line that follows another waits 40 ms for the server's acknowledgement."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialogue = Dialogue(socket.create_connection(server.getsockname()), 5)
        assert dialogue.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        dialogue.close()
