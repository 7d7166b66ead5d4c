"""What is said, and what is closed, in the tests of `watch` as in those of the record."""

from tests.record.conftest import _nothing_stays_open, limit, said

__all__ = ["_nothing_stays_open", "limit", "said"]
