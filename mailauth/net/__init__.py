"""Client connections: sockets, the PROXY header, TLS, and the links to the protocol cores.

This package uses Twisted. It moves octets and keeps deadlines, and decides nothing about mail.
"""
