"""The gauntlet's server, and what clients do on it."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from mailauth.kit.gauntlet.cases import Case, configuration
from mailauth.kit.gauntlet.judging import Judgement, Verdict, judge
from mailauth.kit.gauntlet.trying import Ended, run
from mailauth.login.event import LoginEvent
from mailauth.testing.mailauth import MailAuth


class Gauntlet:
    """A server with a listener for each case, while the `with` block lasts."""

    def __init__(self, tried: Sequence[Case]) -> None:
        self.cases = tried
        self.password = secrets.token_hex(8)
        self._server = MailAuth(configuration(tried, self.password))

    def __enter__(self) -> "Gauntlet":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def ca(self) -> str:
        """The path of the CA that the client is to trust."""
        return str(self._server.ca)

    def port(self, case: Case) -> int:
        """Return the port of a case."""
        return self._server.port(case.listener)

    def values(self, case: Case) -> dict[str, str]:
        """Return what a command is told of a case, by its placeholders.

        The account is its own: several clients at a time would lock each other's maildrop.
        """
        return {
            "host": self._server.host,
            "port": str(self.port(case)),
            "ca": self.ca,
            "user": case.user,
            "password": self.password,
            "protocol": case.protocol.value,
            "tls": case.tls.value,
            "case": case.name,
        }

    def try_command(self, template: str, seconds: float, jobs: int) -> Iterator[Judgement]:
        """Run a command on every case, several at a time, and judge each as it ends."""
        with ThreadPoolExecutor(jobs) as pool:
            running: dict[Future[Ended], Case] = {
                pool.submit(run, template, self.values(case), seconds): case for case in self.cases
            }
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    case = running.pop(future)
                    yield self._judged(case, future.result())

    def watch(self, judged: Callable[[Judgement], None]) -> None:
        """Judge whoever connects, again whenever more is recorded, until interrupted."""
        known: dict[Case, Judgement] = {}
        while True:
            self._server.wait_for_record(60)
            for case in self.cases:
                judgement = self.judgement(case)
                if judgement.verdict is not Verdict.NOT_SEEN and known.get(case) != judgement:
                    known[case] = judgement
                    judged(judgement)

    def judgement(self, case: Case) -> Judgement:
        """Judge a case by what is recorded of it until now."""
        return judge(case, self._records(case))

    def _judged(self, case: Case, ended: Ended) -> Judgement:
        judgement = judge(case, self._records(case), ended)
        code = "killed" if ended.code is None else f"exit code {ended.code}"
        words = f"{code}, {ended.words}" if ended.words else code
        return Judgement(case, judgement.verdict, f"{judgement.evidence}; client: {words}")

    def _records(self, case: Case) -> list[LoginEvent]:
        return [record for record in self._server.records() if record.listener == case.listener]
