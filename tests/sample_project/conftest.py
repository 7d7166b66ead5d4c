"""The accounts that the tests log in to."""

import pytest


@pytest.fixture(scope="session")
def mailauth_config() -> str:
    """A mailauth.toml."""
    return """
        [[user]]
        name = "ann@example.org"
        password = "a long one"
        aliases = ["ann@example.net"]

        [[user]]
        name = "ben@example.org"
        password = "another"
    """
