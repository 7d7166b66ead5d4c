"""Reporters: other mail servers tell of their logins while these happen.

A kind of reporter (`dovecot_policy`) says what a report means, as an `Attempt`; `verdict` says what
it proves of the client's hop. `endpoint` takes reports over HTTP, `listener` has the socket.
What a report tells is recorded beside the login and not before it is answered, so `source` of the
record names the kind.
"""
