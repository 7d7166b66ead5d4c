"""What tests of the HTTP service stand on."""

import pytest

from tests.web.browser import Browser, Server


@pytest.fixture
def server() -> Server:
    """A server with the demo accounts and an administrator."""
    return Server()


@pytest.fixture
def browser(server: Server) -> Browser:
    """A visitor without TLS."""
    return Browser(server)
