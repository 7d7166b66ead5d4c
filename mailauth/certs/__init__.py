"""Certificates: the CA that clients trust, the CA for client certificates, and issuing by both."""
