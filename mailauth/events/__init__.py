"""Recorded events: the newest in memory, all of them in the journal."""
