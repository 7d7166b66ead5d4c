"""A store in Maildirs, which survives a restart and is shared with other processes and programs.

Folders are Maildir++: INBOX is the account's directory, and `.Lists.python` in it is the mailbox
`Lists.python`. The standard library's `mailbox` only creates them, since it does not support what
IMAP needs: it has no UIDs, rewrites a message to change its flags, and lists a folder to find a
change.
"""

from mailauth.mailbox.maildir.store import MaildirStore

__all__ = ["MaildirStore"]
