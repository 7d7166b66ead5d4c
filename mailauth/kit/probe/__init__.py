"""The probe: a client that tries every port, TLS mode and mechanism of a server.

`speaking` has the little of IMAP, POP3 and SMTP that leads up to a login, `sasl` the client's side
of the mechanisms, `certificate` what a certificate says, and `probing` puts the matrix together.
"""
