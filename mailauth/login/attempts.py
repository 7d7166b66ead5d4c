"""The attempts of one connection: each is decided, recorded, and only then answered.

Every login, with any protocol and mechanism, ends here. The recorder writes the attempt before
there is an `Outcome`, so a protocol cannot tell a client that it is logged in without a line on
disk.
"""

from mailauth.login.accounts import Account
from mailauth.login.admission import Admission, Unavailable
from mailauth.login.authority import Authority
from mailauth.login.client import Client
from mailauth.login.decision import Counts, Decision, Exposure, Row, decide
from mailauth.login.event import LoginEvent
from mailauth.login.evidence import Evidence
from mailauth.login.hop import Hop
from mailauth.login.outcome import Answer, Outcome
from mailauth.sasl import Claim, ProvenClaim
from mailauth.wire.pending import Pending, then


class LoginAttempts:
    """The attempts of a connection, how many failed, and which account has logged in."""

    __slots__ = ("_admission", "_authority", "account", "evidence", "failures")

    def __init__(
        self, client: Client, authority: Authority, hop: Hop, admission: Admission | None
    ) -> None:
        self.evidence = Evidence(client, authority, hop)
        self.account: Account | None = None
        self.failures = 0
        self._authority = authority
        self._admission = admission

    def decide(self, claim: Claim) -> Outcome | Pending[Outcome]:
        """Decide on a claim that is allowed."""
        if self._authority.blocking.is_blocked(self.evidence.client.ip):
            return self.refuse(claim, Decision.BLOCKED)
        accounts, prepare = self._authority.accounts, self._authority.prepare
        account = accounts.find(claim.authcid, prepare)
        if isinstance(claim, ProvenClaim):
            return self._judge(claim, account, claim.proven)
        right = accounts.matches(account, claim.password, prepare)
        return then(right, lambda right: self._judge(claim, account, right))

    def refuse(self, claim: Claim | None, decision: Decision, reason: str | None = None) -> Outcome:
        """Answer without checking the secret; whether it is exposed is found out separately."""
        row, evidence = decision.value, self.evidence
        self._count(row)
        if claim is None:
            evidence.record_attempt(row, reason, exposed=False)
            return Outcome(row.answer)
        account = self._authority.accounts.find(claim.authcid, self._authority.prepare)
        at = self._authority.now()

        def found(exposed: bool | None) -> None:
            exposed = exposed if account is not None else False
            evidence.record_attempt(row, reason, exposed, claim, account, at)

        if not evidence.exposes:
            found(False)
        elif isinstance(claim, ProvenClaim):
            found(claim.proven)
        else:  # an unknown name costs as much as a known one
            whose = account or self._authority.accounts.nobody
            self._authority.exposure.check(whose, claim.password, found)
        return Outcome(row.answer)

    def conclude(
        self,
        decision: Decision,
        reason: str | None = None,
        claim: Claim | None = None,
        account: Account | None = None,
        *,
        came: bool = True,
    ) -> Outcome | Pending[Outcome]:
        """End an attempt, with a claim if it has one; `came`: whether the client sent anything."""
        row = decision.value
        self._count(row)
        exposed = self._exposed(row) if came else False

        def answered(event: LoginEvent | None) -> Outcome:
            return Outcome(row.answer if event is not None else Answer.UNAVAILABLE)

        return then(self.evidence.record_attempt(row, reason, exposed, claim, account), answered)

    def _judge(
        self, claim: Claim, account: Account | None, right: bool | None
    ) -> Outcome | Pending[Outcome]:
        find = self._authority.accounts.find
        acts_for_itself = not claim.authzid or find(claim.authzid) is account
        decision = decide(account, right=right, acts_for_itself=acts_for_itself)
        if decision is Decision.SUCCESS:
            assert account is not None, "nobody succeeds"
            return self._admit(claim, account)
        reason = None
        if decision is Decision.WRONG_SECRET and isinstance(claim, ProvenClaim):
            reason = claim.reason
        return self.conclude(decision, reason, claim, account)

    def _admit(self, claim: Claim, account: Account) -> Outcome | Pending[Outcome]:
        if self._admission is not None:
            try:
                self._admission.admit(account)
            except Unavailable as error:
                return self.conclude(error.decision, error.reason, claim, account)

        def admitted(outcome: Outcome) -> Outcome:
            if outcome.answer is Answer.SUCCESS:
                self.account = account
                self._authority.blocking.succeeded(self.evidence.client.ip)
                return Outcome(Answer.SUCCESS, account)
            if self._admission is not None:
                self._admission.release()
            return outcome

        return then(self.conclude(Decision.SUCCESS, None, claim, account), admitted)

    def _exposed(self, row: Row) -> bool | None:
        """Return whether the client's secret is exposed, or `None` if unknown."""
        if row.exposure is Exposure.NEVER or not self.evidence.exposes:
            return False
        return True if row.exposure is Exposure.SENT else None

    def _count(self, row: Row) -> None:
        """Count an attempt as its row says."""
        if row.counts is Counts.NOT:
            return
        self.failures += 1
        if row.counts is Counts.ADDRESS:
            self._authority.blocking.failed(self.evidence.client.ip)
        elif row.counts is Counts.LENGTHENS_BLOCK:
            self._authority.blocking.attempted(self.evidence.client.ip)
