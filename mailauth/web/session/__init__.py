"""Signing in: by password, by one-time link, by token, and what is kept of it."""
