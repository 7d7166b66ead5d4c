"""The logs of other mail servers, read as records of LoginAttempts.jsonl.

`envelope` takes a line out of what syslog, journald or a container put around it, `calendar` gives
it an instant, and a reader for each format (`dovecot`, `postfix`, …) says which logins it tells of.
What they found is judged in one place, `verdict`, and written as records by `records`.
"""
