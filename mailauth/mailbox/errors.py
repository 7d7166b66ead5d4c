"""What a store refuses, by name: each protocol has its own words for it (RFC 5530, RFC 3206)."""


class MailboxError(Exception):
    """The store refuses; the message is one clear line that may be shown to the client."""


class NoSuchMailbox(MailboxError):
    """The mailbox does not exist (NONEXISTENT, or TRYCREATE for APPEND, COPY and MOVE)."""


class MailboxExists(MailboxError):
    """The name is taken (ALREADYEXISTS)."""


class MailboxNotAllowed(MailboxError):
    """The name cannot be used, or not for this (CANNOT)."""


class OverQuota(MailboxError):
    """The account, or the server as a whole, has no room for this (OVERQUOTA)."""


class MessageTooBig(MailboxError):
    """One message exceeds the limit for messages (TOOBIG)."""


class LimitReached(MailboxError):
    """The account has as many mailboxes, subscriptions or keywords as it may (LIMIT)."""


class MessageGone(MailboxError):
    """The message was removed by another session (EXPUNGEISSUED)."""


class MaildropLocked(MailboxError):
    """Another POP3 session has the maildrop (IN-USE)."""


class StoreUnavailable(MailboxError):
    """The store cannot do it now, as with a full disk (UNAVAILABLE, SYS/TEMP)."""
