"""The table of commands, by verb. Each command gets what follows its verb and one space."""

from collections.abc import Callable

from mailauth.smtp import any_state, data, greeting, login, transaction
from mailauth.smtp.session import SmtpSession
from mailauth.wire.effects import Effect
from mailauth.wire.http import HTTP

Handler = Callable[[SmtpSession, bytes], list[Effect]]

COMMANDS: dict[bytes, Handler] = {
    b"EHLO": greeting.ehlo,
    b"HELO": greeting.helo,
    b"STARTTLS": login.starttls,
    b"AUTH": login.auth,
    b"MAIL": transaction.mail,
    b"RCPT": transaction.rcpt,
    b"DATA": data.data,
    b"BDAT": data.bdat,
    b"RSET": transaction.rset,
    b"NOOP": any_state.noop,
    b"VRFY": any_state.vrfy,
    b"EXPN": any_state.expn,
    b"HELP": any_state.help_,
    b"QUIT": any_state.quit_,
    **dict.fromkeys(HTTP, any_state.http),
}
