"""MAIL, RCPT and RSET: the envelope of a message (RFC 5321 §3.3, RFC 6409 §4)."""

from mailauth.login.accounts import Account, Role
from mailauth.mailbox.errors import MailboxError, OverQuota
from mailauth.smtp.addresses import NULL, Addressed, AddressError, Path, read_path
from mailauth.smtp.limits import RECIPIENTS
from mailauth.smtp.parameters import mail_parameters, rcpt_parameters
from mailauth.smtp.replies import SmtpError, bad_sequence, bad_syntax, refused, reply
from mailauth.smtp.session import Recipient, SmtpSession, Transaction
from mailauth.wire.effects import Effect

POSTMASTER = "postmaster"


def mail(session: SmtpSession, argument: bytes) -> list[Effect]:
    """MAIL: begin a transaction."""
    if session.helo is None:
        raise bad_sequence("Send EHLO or HELO first")
    if session.transaction is not None:
        raise bad_sequence("A mail transaction is already in progress")
    _check_authenticated(session)
    addressed = _addressed(argument, b"FROM:", "5.1.7")
    parameters = mail_parameters(addressed.parameters)
    if addressed.parameters and not session.extended:
        raise SmtpError(555, "5.5.4", "Parameters require EHLO")
    _check_readable(addressed.path, 550, smtputf8=parameters.smtputf8)
    if parameters.size > session.message_size:
        raise SmtpError(552, "5.3.4", "The message is too big")
    session.transaction = Transaction(addressed.path, parameters)
    return [reply(250, "2.1.0", "Sender accepted")]


def rcpt(session: SmtpSession, argument: bytes) -> list[Effect]:
    """RCPT: add a recipient, which must be one of our accounts."""
    transaction = session.transaction
    if transaction is None:
        raise bad_sequence("Send MAIL first")
    if transaction.collected is not None:
        raise bad_sequence("The message has already begun")
    addressed = _addressed(argument, b"TO:", "5.1.3")
    parameters = rcpt_parameters(addressed.parameters)
    if addressed.parameters and not session.extended:
        raise SmtpError(555, "5.5.4", "Parameters require EHLO")
    if addressed.path == NULL:
        raise SmtpError(501, "5.1.3", "RCPT requires an address")
    _check_readable(addressed.path, 553, smtputf8=transaction.parameters.smtputf8)
    account = _account(session, addressed.path)
    if len(transaction.recipients) >= RECIPIENTS and account.name not in transaction.recipients:
        raise SmtpError(452, "4.5.3", "Too many recipients")
    _check_room(session, account, transaction.parameters.size)
    recipient = Recipient(account, addressed.path, parameters)
    transaction.recipients.setdefault(account.name, recipient)
    return [reply(250, "2.1.5", "Recipient accepted")]


def rset(session: SmtpSession, argument: bytes) -> list[Effect]:
    """RSET: abort the transaction."""
    if argument:
        raise bad_syntax("RSET takes no argument")
    session.transaction = None
    return [reply(250, "2.0.0", "Forgotten")]


def _check_authenticated(session: SmtpSession) -> None:
    if session.login.account is not None or not session.authentication_required:
        return
    if session.login.cleartext_refused and session.starttls_available:
        raise SmtpError(530, "5.7.0", "Authentication required: send STARTTLS, then AUTH")
    raise SmtpError(530, "5.7.0", "Authentication required")


def _addressed(argument: bytes, keyword: bytes, enhanced: str) -> Addressed:
    if argument[: len(keyword)].upper() != keyword:
        raise bad_syntax(f"{keyword.decode('ascii')}<address> is missing")
    try:
        return read_path(argument[len(keyword) :].lstrip(b" "))
    except AddressError as error:
        raise SmtpError(501, enhanced, f"Malformed: {error}") from None


def _check_readable(path: Path, code: int, *, smtputf8: bool) -> None:
    """Raises `SmtpError` with this code when the path requires SMTPUTF8 (RFC 6531 §3.5)."""
    if not (smtputf8 or path.is_ascii):
        raise SmtpError(code, "5.6.7", "This address requires SMTPUTF8")


def _account(session: SmtpSession, path: Path) -> Account:
    """Return the account that a forward-path names; raises `SmtpError` when there is none."""
    accounts = session.accounts()
    if path.domain is not None and not accounts.has_domain(path.domain):
        path = path.with_u_labels()
    account = accounts.find(path.mailbox.encode())
    is_ours = path.domain is None or path.domain.lower() in (session.hostname.lower(), "localhost")
    if account is None and is_ours:
        account = accounts.find(path.local_part.encode())
    is_ours = is_ours or (path.domain is not None and accounts.has_domain(path.domain))
    if account is None and is_ours and path.local_part.lower() == POSTMASTER:
        account = min(accounts, key=lambda each: each.role is not Role.ADMIN, default=None)
    if account is None and is_ours:
        raise SmtpError(550, "5.1.1", "The account does not exist")
    if account is None:
        raise SmtpError(
            550, "5.7.1", "Relaying denied: this server accepts mail only for its own accounts"
        )
    if account.disabled:
        raise SmtpError(550, "5.2.1", "This account is disabled")
    return account


def _check_room(session: SmtpSession, account: Account, size: int) -> None:
    try:
        session.store.account(account.name).check_room(size)
    except OverQuota as error:
        raise SmtpError(452, "4.2.2", str(error)) from None
    except MailboxError as error:
        raise refused(error) from None
