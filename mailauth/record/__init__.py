"""The record: the log line and journal record of each login, written before the client's reply.

If recording fails, logins are affected as follows. No failure needs a restart.

- If the disk is full or a write fails, the partial data is removed. The login is refused as
  unavailable; later ones succeed as soon as a record can be written whole.
- If an fsync fails (`durability = "disk"`), the logins that wait for it are refused. Their lines
  stay, and a journal record names their ids.
- If a log or its directory was removed, it is created again before the next record. If that is not
  possible, logins are refused until it is.
- If permissions were removed, the open files are still written. Reopening and rotating fail, and
  are tried again every second.
- If a log was moved away, lines are written to it until SIGHUP, or for one second. Then a new file
  is created.
- If a log was truncated, the next line is written at its new end. If another program appended to
  it, that text is removed before the next line.
- If the clock was set back, the last time is used again until the clock has passed it.
- If a writer was killed, its partial data is removed by the next writer or at the next start.

The operator is told when a problem begins and, in most cases, when it ends. With
`on_failure = "allow"`, logins succeed that would be refused otherwise.
"""
