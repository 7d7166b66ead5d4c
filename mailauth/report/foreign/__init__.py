"""The logs of other mail servers, read as records of LoginAttempts.jsonl.

`envelope` extracts a line from the format of syslog, journald or a container, `calendar` dates it,
and a reader for each format (`dovecot`, `postfix`, …) finds its logins. Only `verdict` judges them,
and `records` makes the records.
"""
