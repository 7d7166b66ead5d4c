"""The store in Maildirs: kept over a restart, and shared by processes and by other programs.

Folders are Maildir++: INBOX is the account's directory, and `.Lists.python` in it the mailbox
`Lists.python`. The standard library's `mailbox` lays them out; beyond that it does too little for
IMAP: it has no UIDs, rewrites a message to change its flags, and lists a folder to find a change.
"""

from mailauth.mailbox.maildir.store import MaildirStore

__all__ = ["MaildirStore"]
