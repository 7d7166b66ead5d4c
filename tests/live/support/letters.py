"""What is written to whom."""

import msgspec

from tests.live.support.ways import BOB, MARY


class Letter(msgspec.Struct, frozen=True):
    """A message, with LF line endings."""

    sender: str
    recipient: str
    subject: str
    body: str

    def __str__(self) -> str:
        return (
            f"From: {self.sender}\nTo: {self.recipient}\nDate: Tue, 28 Jul 2020 16:12:02 +0000\n"
            f"Subject: {self.subject}\n\n{self.body}"
        )


# A line that is a dot, or begins with one, is what POP3 and SMTP have to hide (RFC 5321 §4.5.2).
DOTS = ".one\n..two\n.\nend\n"
TO_MARY = Letter(BOB, MARY, "Dots", DOTS)
TO_BOB = Letter(MARY, BOB, "Dots", DOTS)
