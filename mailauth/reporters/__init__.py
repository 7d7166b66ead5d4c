"""Reporters: other mail servers that report their logins while these happen.

A kind of reporter (`dovecot_policy`) converts a report to an `Attempt`, and `verdict` judges the
client's hop. `endpoint` takes reports over HTTP, and `listener` has the socket. A report does not
delay the other server's answer, so the record's `source` names the kind.
"""
