"""Certificates for tests of certificates."""

from tests.support.certificates import certificates as certificates
