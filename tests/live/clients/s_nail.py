"""s-nail, a mailx."""

from tests.live.programs import configuration, run
from tests.live.ways import HOST, Access


def _url(access: Access) -> str:
    name = access.name.replace("@", "%40")
    return f"{access.scheme}://{name}:{access.password}@{HOST}:{access.port}"


def _s_nail(access: Access, settings: str, *arguments: str, given: str) -> str:
    protocol = access.way.protocol.value.lower()
    rc = configuration(
        access.home / "mailrc",
        f"set v15-compat\nset tls-ca-file={access.ca}\nset tls-verify=strict\n"
        + (f"set {protocol}-use-starttls\n" if access.way.starttls else "")
        + settings,
    )
    return run("s-nail", "-:/", "-X", f"source {rc}", *arguments, home=access.home, given=given)


def send(access: Access, recipient: str, mail: str) -> None:
    """Send a mail; it makes the header itself."""
    header, _, body = mail.partition("\n\n")
    subject = next(line for line in header.splitlines() if line.startswith("Subject: "))
    settings = (
        f"set mta={_url(access)}\nset smtp-auth=plain\nset from={access.name}\nset sendwait\n"
    )
    _s_nail(access, settings, "-s", subject.partition(": ")[2], recipient, given=body)
