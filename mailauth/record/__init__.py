"""The record: lines and journal records of who logged in, written before a client is told.

What becomes of a login when the record is in trouble, and what ends it; never a restart:

- A disk is full, or a write fails: what was written is cut back, and the login refused as
  unavailable, until it can be written whole.
- An fsync fails (`durability = "disk"`): the logins that wait for it are refused, their lines stay,
  and a journal record names their ids.
- A log or the directory was removed: it is made again before the next record; where it cannot be,
  the login is refused until it can.
- Permissions were taken away: open files are written to; reopening and rotating fail, and are tried
  again every second.
- A log was moved away: lines go on into it until SIGHUP, or for a second; then a new file is made.
- A log was truncated: the next line stands at its new end. Something was appended to it: that is
  cut off before the next line.
- The clock was set back: the last instant is written again until it is passed.
- A writer was killed: what it did not finish is cut, by the next writer or the next start.

Each is told to the operator when it begins, and most when they end. `on_failure = "allow"` lets in
what would be refused.
"""
