"""The probe: a client that tries every port, TLS mode and mechanism of a server.

`speaking` has the parts of IMAP, POP3 and SMTP that a login needs, `sasl` has the client's side of
the mechanisms, `certificate` reads certificates, and `probing` puts the matrix together.
"""
