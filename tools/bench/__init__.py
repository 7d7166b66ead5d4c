"""Benchmarks: what logins, mailboxes, reports and the console cost; `scripts/bench` runs them."""
