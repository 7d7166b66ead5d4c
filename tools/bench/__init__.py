"""Benchmarks of logins, mailboxes, reports and the console; `scripts/bench` runs them."""
