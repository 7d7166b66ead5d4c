"""Signing in by password, one-time link or token, and the sessions that follow."""
