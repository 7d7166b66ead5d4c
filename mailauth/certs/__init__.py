"""Certificates: the CA that clients trust, the CA for clients, and what they issue."""
