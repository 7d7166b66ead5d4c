"""The errors of a store. Each protocol maps them to its own codes (RFC 5530, RFC 3206)."""


class MailboxError(Exception):
    """The store refused an operation; the message is one line that may be shown to the client."""


class NoSuchMailbox(MailboxError):
    """The mailbox does not exist (NONEXISTENT, or TRYCREATE for APPEND, COPY and MOVE)."""


class MailboxExists(MailboxError):
    """The name is in use (ALREADYEXISTS)."""


class MailboxNotAllowed(MailboxError):
    """The name is not allowed, or not for this operation (CANNOT)."""


class OverQuota(MailboxError):
    """The account or the whole server has too little room (OVERQUOTA)."""


class MessageTooBig(MailboxError):
    """The message exceeds the size limit (TOOBIG)."""


class LimitReached(MailboxError):
    """A limit on mailboxes, subscriptions or keywords is reached (LIMIT)."""


class MessageGone(MailboxError):
    """Another session has removed the message (EXPUNGEISSUED)."""


class MaildropLocked(MailboxError):
    """Another POP3 session has locked the maildrop (IN-USE)."""


class StoreUnavailable(MailboxError):
    """The store has failed temporarily, for example on a full disk (UNAVAILABLE, SYS/TEMP)."""
