"""The welcome message of each account: its settings, and what is recorded."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailauth.mailbox.message import NewMessage
from mailauth.setup.services import Mode, OfferedService, settings

_MODES = {
    Mode.TLS: "implicit TLS",
    Mode.STARTTLS: "STARTTLS",
    Mode.PLAIN: "no encryption",
}


def welcome(
    account: str, hostname: str, services: Sequence[OfferedService], now: datetime
) -> NewMessage:
    """Make the welcome message of an account."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"mailauth <postmaster@{hostname}>"
    message["To"] = account if account.isascii() and "@" in account else "undisclosed-recipients:;"
    message["Subject"] = "Welcome to mailauth"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<welcome.{int(now.timestamp())}@{hostname}>"
    text = _text(account, hostname, services)
    message.set_content(text, cte="7bit" if text.isascii() else "8bit")
    return NewMessage(content=message.as_bytes(), internal_date=now)


def _text(account: str, hostname: str, services: Sequence[OfferedService]) -> str:
    lines = [
        f"The settings of {account} on {hostname}:",
        "",
        *(
            f"  {setting.service.protocol.value:<5} port {setting.service.port:<5} "
            f"{_MODES[setting.mode]}"
            for setting in settings(services, tuple(Mode))
        ),
        "",
        "Every login is recorded, as {SECURE} if TLS protected it and as {UNSECURE} otherwise.",
        "The login with which you read this message is recorded, too.",
    ]
    return "\n".join(lines) + "\n"
