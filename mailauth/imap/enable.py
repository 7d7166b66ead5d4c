"""ENABLE (RFC 9051 §6.3.1, RFC 5161)."""

from mailauth.imap import condstore
from mailauth.imap.command import Command
from mailauth.imap.session import Extension, ImapSession
from mailauth.imap.updates import completed
from mailauth.wire.effects import Effect

_EXTENSIONS = {extension.value.upper(): extension for extension in Extension}


def enable(session: ImapSession, command: Command) -> list[Effect]:
    """ENABLE: ignore extensions that are unknown or need not be enabled."""
    parser = command.arguments
    wanted: list[str] = []
    while not parser.at_end() or not wanted:
        parser.sp()
        wanted.append(parser.atom().decode("ascii").upper())
    extensions = [_EXTENSIONS[name] for name in dict.fromkeys(wanted) if name in _EXTENSIONS]
    said = b""
    for extension in extensions:
        if extension is Extension.CONDSTORE:
            said += condstore.enable(session)
        session.enabled.add(extension)
    enabled = "".join(f" {extension.value}" for extension in extensions)
    return completed(session, command, said + f"* ENABLED{enabled}\r\n".encode("ascii"))
