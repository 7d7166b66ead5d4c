"""Connections of clients: sockets, the PROXY header, TLS, and the link that mail cores speak on.

This is Twisted's side: it moves octets, keeps deadlines, and decides nothing about mail.
"""
