"""Faults of logins with a correct password: the login is refused and recorded as such."""

from collections.abc import Sequence

from mailauth.faults.catalogue import Fault, FaultKind, of_kind
from mailauth.login.accounts import Account
from mailauth.login.admission import Admission, Unavailable
from mailauth.login.decision import Decision


class FaultyAdmission:
    """Refuses authenticated accounts when a fault says so (`login.admission.Admission`)."""

    def __init__(self, faults: Sequence[Fault], admission: Admission | None) -> None:
        self._turns_away = of_kind(faults, FaultKind.LOGIN)
        self._admission = admission
        self._turned_away = False

    def admit(self, account: Account) -> None:
        """Admit the account; raises `Unavailable`."""
        if self._turns_away is not None:
            self._turned_away = True
            raise Unavailable(Decision.NOT_ADMITTED, f"fault: {self._turns_away.value}")
        if self._admission is not None:
            self._admission.admit(account)

    def release(self) -> None:
        """Release what `admit` took."""
        if self._admission is not None:
            self._admission.release()

    def take(self) -> bool:
        """Return whether an account was refused since the last call."""
        turned_away, self._turned_away = self._turned_away, False
        return turned_away
