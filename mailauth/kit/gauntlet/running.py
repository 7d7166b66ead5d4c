"""The gauntlet's server, and running clients against it."""

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from mailauth.config import ServiceName
from mailauth.kit.gauntlet.cases import Case, configuration
from mailauth.kit.gauntlet.judging import Judgement, Verdict, judge, without_control
from mailauth.kit.gauntlet.trying import BY_EXIT_CODE, Ended, Oracle, run
from mailauth.login.event import LoginEvent
from mailauth.testing.mailauth import MailAuth
from mailauth.testing.temporary_home import TemporaryHome

GRACE_SECONDS = 1.0  # for a first record, if none was made during the command


class Gauntlet:
    """A server with a listener for each case, while the `with` block lasts."""

    def __init__(self, tried: Sequence[Case]) -> None:
        self.cases = tried
        self.password = secrets.token_hex(8)
        self._server = MailAuth(configuration(tried, self.password))
        self._public: TemporaryHome

    def __enter__(self) -> "Gauntlet":
        self._public = TemporaryHome()
        try:
            self._server.start()
            shutil.copyfile(self._server.ca, self.ca)
            Path(self.ca).chmod(0o644)
            self._public.path.chmod(0o755)
        except BaseException:
            self._public.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._server.stop()
        finally:
            self._public.remove()

    @property
    def ca(self) -> str:
        """The path of the CA that the client must trust; every user can read it."""
        return str(self._public.path / "ca.pem")

    def port(self, case: Case) -> int:
        """Return the port of a case."""
        return self._server.port(case.listener)

    def values(self, case: Case) -> dict[str, str]:
        """Return the values for the placeholders in the command of a case.

        Each case has its own account, since simultaneous clients would lock each other's maildrop.
        """
        return {
            "host": self._server.host,
            "port": str(self.port(case)),
            "ca": self.ca,
            "user": case.user,
            "password": self.password,
            "protocol": case.protocol,
            "tls": case.tls.value,
            "case": case.name,
        }

    def try_command(
        self, template: str, seconds: float, jobs: int, oracle: Oracle = BY_EXIT_CODE
    ) -> Iterator[Judgement]:
        """Run a command on every case, several at a time, and judge each as it ends.

        It runs first on the listener without a fault. If it does not log in there, the other cases
        would prove nothing and are not tried. A client that was locked out by another instance of
        itself is run again later.
        """
        controls = [case for case in self.cases if case.fault is None]
        failed: dict[ServiceName, Judgement] = {}
        for judgement in self._try(controls, template, seconds, jobs, oracle):
            if not judgement.passed:
                failed[judgement.case.protocol] = judgement
            yield judgement
        others = [case for case in self.cases if case.fault is not None]
        for case in others:
            if case.protocol in failed:
                yield without_control(case, failed[case.protocol])
        tried = [case for case in others if case.protocol not in failed]
        yield from self._try(tried, template, seconds, jobs, oracle)

    def watch(self, judged: Callable[[Judgement], None]) -> None:
        """Judge the clients that connect, again after each record, until interrupted."""
        known: dict[Case, Judgement] = {}
        while True:
            self._server.wait_for_record(60)
            for case in self.cases:
                judgement = self.judgement(case)
                if judgement.verdict is not Verdict.NOT_SEEN and known.get(case) != judgement:
                    known[case] = judgement
                    judged(judgement)

    def judgement(self, case: Case) -> Judgement:
        """Judge a case by its records so far.

        A refusal counts only after the client has logged in to the listener without a fault.
        """
        judgement = judge(case, self._records(case))
        if judgement.verdict is not Verdict.REFUSED or self._has_control(case.protocol):
            return judgement
        return without_control(case, None)

    def _has_control(self, protocol: ServiceName) -> bool:
        return any(
            judge(case, self._records(case)).passed
            for case in self.cases
            if case.fault is None and case.protocol is protocol
        )

    def _try(
        self,
        tried: Sequence[Case],
        template: str,
        seconds: float,
        jobs: int,
        oracle: Oracle,
    ) -> Iterator[Judgement]:
        locked = []
        with ThreadPoolExecutor(jobs) as pool:
            running: dict[Future[Ended], Case] = {
                pool.submit(run, template, self.values(case), seconds, oracle): case
                for case in tried
            }
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    case, ended = running.pop(future), future.result()
                    if ended.is_locked:
                        locked.append(case)
                    else:
                        yield self._judged(case, ended)
        for case in locked:
            yield self._judged(case, run(template, self.values(case), seconds, oracle))

    def _judged(self, case: Case, ended: Ended) -> Judgement:
        judgement = judge(case, self._records_after(case), ended)
        code = "killed" if ended.code is None else f"exit code {ended.code}"
        words = f"{code}, {ended.words}" if ended.words else code
        verdict = judgement.verdict
        if ended.is_locked and verdict in (Verdict.REFUSED, Verdict.NOT_SEEN, Verdict.NO_LOGIN):
            verdict = Verdict.INCONCLUSIVE  # it did not get far enough to be judged
        return Judgement(case, verdict, f"{judgement.evidence}; client: {words}")

    def _records_after(self, case: Case) -> list[LoginEvent]:
        """Return the records of a case whose command has ended.

        The server has processed everything that reached it. If that was nothing, data that the
        command left to other processes may still be on its way.
        """
        deadline = time.monotonic() + GRACE_SECONDS
        while not (records := self._records(case)):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                break
            self._server.wait_for_record(remaining)
        return records

    def _records(self, case: Case) -> list[LoginEvent]:
        return [record for record in self._server.records() if record.listener == case.listener]
