"""The same without pytest's fixtures: `MailAuth` for unittest."""

import ssl
import unittest

from mail_client import count_by_pop3

from mailauth.testing import MailAuth


class SecureLogins(unittest.TestCase):
    """One server for all tests of the class."""

    server: MailAuth

    @classmethod
    def setUpClass(cls) -> None:
        """Start it, and have it stopped."""
        cls.server = cls.enterClassContext(MailAuth())

    def setUp(self) -> None:
        """Begin with a fresh record."""
        self.server.reset()

    def test_pop3_is_secure(self) -> None:
        """Exactly one login, and no password in the clear."""
        count_by_pop3(
            "localhost",
            self.server.port("pop3s"),
            *self.server.user(),
            self.server.ssl_context(),
        )
        self.assertTrue(self.server.login().secure)
        self.server.assert_no_exposure()

    def test_pop3_refuses_an_expired_certificate(self) -> None:
        """No password for whoever shows one."""
        with self.server.fault("pop3s", "expired"), self.assertRaises(ssl.SSLError):
            count_by_pop3(
                "localhost",
                self.server.port("pop3s"),
                *self.server.user(),
                self.server.ssl_context(),
            )
        self.server.wait_for_connection("certificate expired")
        self.assertEqual(self.server.attempts(), [])


if __name__ == "__main__":
    unittest.main()
