"""The faults of logins whose password is right: they are turned away, and recorded so."""

from collections.abc import Sequence

from mailauth.faults.catalogue import Fault, FaultKind, of_kind
from mailauth.login.accounts import Account
from mailauth.login.admission import Admission, Unavailable
from mailauth.login.decision import Decision


class FaultyAdmission:
    """Turns right accounts away where a fault says so (`login.admission.Admission`)."""

    def __init__(self, faults: Sequence[Fault], admission: Admission | None) -> None:
        self._turns_away = of_kind(faults, FaultKind.LOGIN)
        self._admission = admission
        self._turned_away = False

    def admit(self, account: Account) -> None:
        """Take what is needed; raises `Unavailable`."""
        if self._turns_away is not None:
            self._turned_away = True
            raise Unavailable(Decision.NOT_ADMITTED, f"fault: {self._turns_away.value}")
        if self._admission is not None:
            self._admission.admit(account)

    def release(self) -> None:
        """Give back what `admit` took."""
        if self._admission is not None:
            self._admission.release()

    def take(self) -> bool:
        """Say whether somebody was turned away since this was asked last."""
        turned_away, self._turned_away = self._turned_away, False
        return turned_away
