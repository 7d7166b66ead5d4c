"""The decision: what each way of logging in ends in, what is recorded, and what is exposed."""

from collections.abc import Callable

import msgspec
import pytest

from mailauth.login.accounts import Account
from mailauth.login.admission import Unavailable
from mailauth.login.authority import Authority
from mailauth.login.decision import Decision
from mailauth.login.ended import Ended, Ending
from mailauth.login.event import Kind, Result, Service
from mailauth.login.hop import Handshake, Security, TlsFacts, proxy_said
from mailauth.login.outcome import Answer, Challenge, Outcome, Step
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret
from mailauth.login.session import MAX_FAILURES, LoginSession
from mailauth.sasl import PasswordClaim, TokenVerdict
from mailauth.testing.fakes import (
    FakeClock,
    MemoryRecorder,
    accounts,
    authority,
    session_for,
    shake_hands,
)
from mailauth.wire.pending import Pending

TLS = Handshake(TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", sni="localhost"))
MARY, DISABLED = "mary@mydomain.com", "gone@mydomain.com"
GONE = Account(name=DISABLED, secret=PlaintextSecret(b"hunter22"), disabled=True)

Way = Callable[[LoginSession, bytes, bytes], Step]


def by_login(session: LoginSession, name: bytes, password: bytes) -> Step:
    """IMAP LOGIN."""
    return session.password("IMAP-LOGIN", PasswordClaim(authcid=name, password=password))


def by_plain(session: LoginSession, name: bytes, password: bytes) -> Step:
    """AUTHENTICATE PLAIN with an initial response."""
    return session.begin("plain", b"\0" + name + b"\0" + password)


def by_login_mechanism(session: LoginSession, name: bytes, password: bytes) -> Step:
    """AUTHENTICATE LOGIN, two challenges."""
    for response in (None, name):
        step = session.begin("LOGIN", None) if response is None else session.respond(response)
        if not isinstance(step, Challenge):
            return step
    return session.respond(password)


WAYS = {"IMAP-LOGIN": by_login, "PLAIN": by_plain, "LOGIN": by_login_mechanism}


@pytest.fixture
def recorder() -> MemoryRecorder:
    """What is recorded."""
    return MemoryRecorder()


@pytest.fixture
def shared(recorder: MemoryRecorder) -> Authority:
    """The demo accounts and a disabled one."""
    return authority(recorder, accounts(GONE))


def answer(step: Step) -> Answer:
    """The answer of an attempt that is decided."""
    assert isinstance(step, Outcome)
    return step.answer


@pytest.mark.parametrize(("mechanism", "way"), WAYS.items())
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("name", "password", "result", "answered", "user", "right"),
    [
        (MARY, b"secret", Result.SUCCESS, Answer.SUCCESS, MARY, True),
        ("MARY@MyDomain.COM", b"secret", Result.SUCCESS, Answer.SUCCESS, MARY, True),
        ("mary", b"secret", Result.SUCCESS, Answer.SUCCESS, MARY, True),
        (MARY, b"wrong", Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS, MARY, False),
        ("nobody", b"secret", Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS, None, False),
        (DISABLED, b"hunter22", Result.DISABLED, Answer.BAD_CREDENTIALS, DISABLED, True),
        (DISABLED, b"wrong", Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS, DISABLED, False),
    ],
)
def test_a_password_is_judged_alike_by_every_mechanism(
    recorder: MemoryRecorder,
    shared: Authority,
    mechanism: str,
    way: Way,
    tls: bool,
    name: str,
    password: bytes,
    result: Result,
    answered: Answer,
    user: str | None,
    right: bool,
) -> None:
    """One record each; exposed when the right secret crossed without TLS, whatever the result."""
    session = session_for(Service.IMAP, shared)
    if tls:
        shake_hands(session, TLS, implicit=False)
    assert answer(way(session, name.encode(), password)) is answered
    [event] = recorder.events
    assert (event.kind, event.result, event.user) == (Kind.LOGIN, result, user)
    assert (event.mechanism, event.authcid, event.authzid) == (mechanism, name, None)
    assert event.secure is tls
    assert event.security is (Security.STARTTLS if tls else Security.CLEARTEXT)
    assert event.exposed is (right and not tls)
    assert (session.account is not None) is (result is Result.SUCCESS)


@pytest.mark.parametrize(
    ("authzid", "password", "result", "answered"),
    [
        (b"", b"secret", Result.SUCCESS, Answer.SUCCESS),
        (b"Mary", b"secret", Result.SUCCESS, Answer.SUCCESS),
        (b"bob", b"secret", Result.DENIED, Answer.DENIED),
        (b"nobody", b"secret", Result.DENIED, Answer.DENIED),
        (b"bob", b"wrong", Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS),
    ],
)
def test_another_accounts_authzid_is_denied_after_the_password_proved_right(
    recorder: MemoryRecorder,
    shared: Authority,
    authzid: bytes,
    password: bytes,
    result: Result,
    answered: Answer,
) -> None:
    """RFC 4616 §2: an authorization identity is another matter than the proof."""
    session = session_for(Service.IMAP, shared)
    assert answer(session.begin("PLAIN", authzid + b"\0mary\0" + password)) is answered
    assert recorder.events[0].result is result
    assert recorder.events[0].exposed is (password == b"secret")


@pytest.mark.parametrize(
    ("hop_tls", "secure", "security"),
    [(None, False, Security.CLEARTEXT), (TlsFacts(), True, Security.PROXIED)],
)
def test_a_trusted_proxys_word_about_tls_counts(
    recorder: MemoryRecorder,
    shared: Authority,
    hop_tls: TlsFacts | None,
    secure: bool,
    security: Security,
) -> None:
    """Also when it opened implicit TLS to us; a STARTTLS handshake afterwards is the client's."""
    for starttls in (False, True):
        session = session_for(Service.IMAP, shared)
        session.evidence.hop = proxy_said(hop_tls)
        shake_hands(session, TLS, implicit=True)
        if starttls:
            shake_hands(session, TLS, implicit=False)
        by_login(session, b"mary", b"secret")
        event = recorder.events[-1]
        assert event.secure is (secure or starttls)
        assert event.security is (Security.STARTTLS if starttls else security)
        assert event.exposed is not (secure or starttls)


@pytest.mark.parametrize(("mechanism", "way"), WAYS.items())
@pytest.mark.parametrize("password", [b"secret", b"wrong"])
def test_a_refused_cleartext_password_is_exposed_all_the_same(
    recorder: MemoryRecorder, shared: Authority, mechanism: str, way: Way, password: bytes
) -> None:
    """The reply does not depend on the password, and the account's failures are not counted."""
    session = session_for(Service.IMAP, shared, cleartext=Cleartext.REFUSE)
    assert session.offered == ()
    assert session.cleartext_refused
    assert answer(way(session, b"mary", password)) is Answer.CLEARTEXT_REFUSED
    [event] = recorder.events
    assert (event.result, event.mechanism) == (Result.CLEARTEXT_REFUSED, mechanism)
    sent = mechanism != "LOGIN"  # LOGIN was refused before the client sent anything
    assert event.exposed is (sent and password == b"secret")
    assert event.user == (MARY if sent else None)
    shake_hands(session, TLS, implicit=False)
    assert "PLAIN" in session.offered
    assert not session.cleartext_refused


def test_a_password_sent_without_waiting_for_the_refusal_is_exposed(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """AUTHENTICATE PLAIN without an initial response is refused at once; this client went on."""
    session = session_for(Service.IMAP, shared, cleartext=Cleartext.REFUSE)
    assert answer(session.begin("PLAIN", None)) is Answer.CLEARTEXT_REFUSED
    assert session.sent_anyway(b"\0mary\0secret")
    assert [event.exposed for event in recorder.events] == [False, True]
    assert {event.result for event in recorder.events} == {Result.CLEARTEXT_REFUSED}
    assert not session.sent_anyway(b"\0mary\0secret")


def test_login_sent_without_waiting_takes_two_responses(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """The name first, then the password; what is no response is left to the protocol."""
    session = session_for(Service.SMTP, shared, cleartext=Cleartext.REFUSE)
    assert answer(session.begin("LOGIN", None)) is Answer.CLEARTEXT_REFUSED
    assert session.sent_anyway(b"mary")
    assert session.sent_anyway(b"secret")
    assert [event.exposed for event in recorder.events] == [False, True]
    session.begin("PLAIN", None)
    assert not session.sent_anyway(b"no NULs in here")


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "SCRAM-SHA-256"])
def test_a_withheld_mechanism_is_refused_for_want_of_tls_and_not_unknown(
    recorder: MemoryRecorder, shared: Authority, mechanism: str
) -> None:
    """What is refused is the cleartext, whatever the mechanism; an unknown one stays unknown."""
    session = session_for(Service.IMAP, shared, cleartext=Cleartext.REFUSE)
    assert answer(session.begin(mechanism, None)) is Answer.CLEARTEXT_REFUSED
    assert answer(session.begin("KERBEROS_V4", None)) is Answer.MECHANISM_UNKNOWN
    assert [event.result for event in recorder.events] == [
        Result.CLEARTEXT_REFUSED,
        Result.MECHANISM_UNKNOWN,
    ]


def test_the_sixth_failure_blocks_and_a_right_password_is_refused_alike(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """Xeams' rule: more than five failures of one address; no success line appears."""
    for _ in range(6):
        by_login(session_for(Service.IMAP, shared), b"mary", b"wrong")
    blocked = session_for(Service.POP3, shared)
    for way in WAYS.values():
        assert answer(way(blocked, b"mary", b"secret")) is Answer.BAD_CREDENTIALS
    assert [event.result for event in recorder.events[6:]] == [Result.BLOCKED] * 3
    assert [event.exposed for event in recorder.events[6:]] == [True] * 3
    elsewhere = session_for(Service.IMAP, shared, ip="192.0.2.8")
    assert answer(by_login(elsewhere, b"mary", b"secret")) is Answer.SUCCESS


def test_a_block_ends_ten_minutes_after_the_last_attempt() -> None:
    """An attempt while blocked makes it last longer."""
    clock = FakeClock()
    shared = authority(clock=clock)
    for _ in range(6):
        by_login(session_for(Service.IMAP, shared), b"mary", b"wrong")
    clock.advance(599)
    assert answer(by_login(session_for(Service.IMAP, shared), b"mary", b"secret")) is (
        Answer.BAD_CREDENTIALS
    )
    clock.advance(599)
    assert shared.blocking.is_blocked("192.0.2.7")
    clock.advance(1)
    assert answer(by_login(session_for(Service.IMAP, shared), b"mary", b"secret")) is (
        Answer.SUCCESS
    )


def test_a_login_that_cannot_be_recorded_is_unavailable(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """Fail closed: neither a right password nor a wrong one is told so."""
    recorder.failing = True
    session = session_for(Service.IMAP, shared)
    assert answer(by_login(session, b"mary", b"secret")) is Answer.UNAVAILABLE
    assert answer(by_login(session, b"mary", b"wrong")) is Answer.UNAVAILABLE
    assert session.account is None
    recorder.failing = False
    assert answer(by_login(session, b"mary", b"secret")) is Answer.SUCCESS


def test_a_record_that_takes_time_leaves_the_client_waiting(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """Nobody is logged in before the record says so."""
    recorder.slow = True
    session = session_for(Service.IMAP, shared)
    step = by_login(session, b"mary", b"secret")
    assert isinstance(step, Pending)
    assert session.account is None
    outcomes: list[Outcome] = []
    step.listen(outcomes.append)
    recorder.release()
    assert [outcome.answer for outcome in outcomes] == [Answer.SUCCESS]
    assert session.account is not None


class Maildrop:
    """An admission that can be refused."""

    def __init__(self) -> None:
        self.locked = False
        self.held = 0

    def admit(self, account: Account) -> None:
        """Take the maildrop."""
        if self.locked:
            raise Unavailable(Decision.MAILDROP_LOCKED)
        self.held += 1

    def release(self) -> None:
        """Give it back."""
        self.held -= 1


def test_the_maildrop_is_taken_before_the_record_and_given_back_without_one(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """A locked maildrop is `unavailable` in the journal, without a line."""
    maildrop = Maildrop()
    session = session_for(Service.POP3, shared, admission=maildrop)
    maildrop.locked = True
    assert answer(by_login(session, b"mary", b"secret")) is Answer.MAILDROP_LOCKED
    assert (recorder.events[-1].result, recorder.events[-1].exposed) == (Result.UNAVAILABLE, True)
    maildrop.locked, recorder.failing = False, True
    assert answer(by_login(session, b"mary", b"secret")) is Answer.UNAVAILABLE
    assert maildrop.held == 0
    recorder.failing = False
    assert answer(by_login(session, b"mary", b"secret")) is Answer.SUCCESS
    assert maildrop.held == 1
    assert len(recorder.logins) == 1


@pytest.mark.parametrize(("mechanism", "way"), WAYS.items())
def test_a_second_login_is_malformed_but_its_password_is_looked_at(
    recorder: MemoryRecorder, shared: Authority, mechanism: str, way: Way
) -> None:
    """Already authenticated: the secret has crossed the wire once more."""
    session = session_for(Service.IMAP, shared)
    by_login(session, b"mary", b"secret")
    assert answer(way(session, b"bob", b"secret")) is Answer.ALREADY_AUTHENTICATED
    event = recorder.events[-1]
    assert (event.result, event.reason) == (Result.MALFORMED, "already authenticated")
    assert event.mechanism == mechanism
    assert event.exposed is (mechanism != "LOGIN")


@pytest.mark.parametrize(
    ("trouble", "result", "answered"),
    [
        (lambda session: session.cancel(), Result.CANCELLED, Answer.CANCELLED),
        (lambda session: session.malformed("not base64"), Result.MALFORMED, Answer.MALFORMED),
        (lambda session: session.respond(b"no NUL"), Result.MALFORMED, Answer.MALFORMED),
        (lambda session: session.line_too_long(), Result.MALFORMED, Answer.LINE_TOO_LONG),
    ],
)
def test_an_exchange_that_goes_wrong_is_recorded(
    recorder: MemoryRecorder,
    shared: Authority,
    trouble: Callable[[LoginSession], Step],
    result: Result,
    answered: Answer,
) -> None:
    """And another may begin. Whether what cannot be read was the password, nobody knows."""
    session = session_for(Service.IMAP, shared)
    assert session.begin("PLAIN", None) == Challenge(b"")
    assert answer(trouble(session)) is answered
    assert (recorder.events[-1].result, recorder.events[-1].mechanism) == (result, "PLAIN")
    assert recorder.events[-1].exposed is (False if result is Result.CANCELLED else None)
    assert answer(by_plain(session, b"mary", b"secret")) is Answer.SUCCESS


def test_a_connection_is_exhausted_after_ten_failures(shared: Authority) -> None:
    """Whatever kind of failure it is."""
    session = session_for(Service.IMAP, shared)
    for _ in range(MAX_FAILURES):
        assert not session.exhausted
        session.begin("NONE-SUCH", None)
    assert session.exhausted


@pytest.mark.parametrize(
    ("name", "password", "shown"),
    [
        (b"secret", b"secret", "*"),  # a password of some account, typed as a name
        (b"p4ssw0rd", b"p4ssw0rd", "*"),  # the same text twice is a password
        (b"mary", b"mary", "mary"),  # unless it names an account
        (b"secret", b"", "*"),
        (b"\xff\xfe", b"x", "%FF%FE"),
        ("ä\u202eb".encode(), b"x", "ä\u202eb"),
        (b"x" * 2000, b"y", "x" * 512),
    ],
)
def test_a_name_that_is_a_password_is_masked(
    recorder: MemoryRecorder, shared: Authority, name: bytes, password: bytes, shown: str
) -> None:
    """People type the password into the name field."""
    session = session_for(Service.IMAP, shared)
    session.client_named(b"secret", b"secret")
    by_login(session, name, password)
    event = recorder.events[-1]
    assert event.authcid == shown
    assert (event.client_name, event.client_version) == ("*", "*")
    assert b"secret" not in msgspec.json.encode(event)


def test_a_client_that_names_itself_after_its_login_is_recorded_again(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """RFC 2971: many clients send ID when they are logged in."""
    session = session_for(Service.IMAP, shared)
    by_login(session, b"mary", b"secret")
    session.client_named(b"Thunderbird", b"153.0")
    session.client_named(b"Thunderbird", b"153.0")
    login, client = recorder.events
    assert login.client_name is None
    assert (client.kind, client.user, client.client_name, client.client_version) == (
        Kind.CLIENT,
        MARY,
        "Thunderbird",
        "153.0",
    )
    assert client.session == login.session


def test_what_was_learnt_before_starttls_is_forgotten(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """RFC 3207 §4.2: a man in the middle may have said it."""
    session = session_for(Service.SMTP, shared)
    session.client_named(b"injected")
    session.begin("PLAIN", None)
    shake_hands(session, TLS, implicit=False)
    by_plain(session, b"mary", b"secret")
    assert recorder.events[-1].client_name is None
    assert recorder.events[-1].tls_sni == "localhost"


def test_a_connection_without_an_attempt_is_recorded_once(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """With one, its own record is enough."""
    session = session_for(Service.IMAP, shared)
    session.ended(Ending(Ended.NO_ATTEMPT))
    session.ended(Ending(Ended.TIMEOUT))
    tried = session_for(Service.IMAP, shared)
    by_login(tried, b"mary", b"wrong")
    tried.ended(Ending(Ended.NO_ATTEMPT))
    assert [event.reason for event in recorder.connections] == ["no-attempt"]


def test_a_client_that_only_looks_is_recorded_with_what_it_did(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """Each command once, and no more than a few."""
    session = session_for(Service.IMAP, shared)
    for command in ("CAPABILITY", "ID", "CAPABILITY", "LOGOUT"):
        session.evidence.note_command(command)
    session.ended(Ending(Ended.NO_ATTEMPT))
    busy = session_for(Service.IMAP, shared)
    for number in range(20):
        busy.evidence.note_command(f"X{number}")
    busy.ended(Ending(Ended.NO_ATTEMPT))
    assert [event.reason for event in recorder.connections] == [
        "no-attempt (CAPABILITY, ID, LOGOUT)",
        "no-attempt (X0, X1, X2, X3, X4, X5, X6, X7)",
    ]


@pytest.mark.parametrize("tls", [False, True])
def test_a_token_in_the_clear_is_exposed(
    recorder: MemoryRecorder, shared: Authority, tls: bool
) -> None:
    """A bearer token is a reusable secret; one that has lapsed is none any more."""
    tokens = {
        b"good": TokenVerdict(MARY.encode(), valid=True),
        b"old": TokenVerdict(MARY.encode(), valid=False, reason="token expired"),
    }
    shared.verify_token = tokens.__getitem__
    for token, result in ((b"good", Result.SUCCESS), (b"old", Result.BAD_CREDENTIALS)):
        session = session_for(Service.IMAP, shared)
        if tls:
            shake_hands(session, TLS, implicit=True)
        step = session.begin("OAUTHBEARER", b"n,a=mary,\x01auth=Bearer " + token + b"\x01\x01")
        if isinstance(step, Challenge):
            session.respond(b"\x01")
        event = recorder.events[-1]
        assert (event.result, event.user) == (result, MARY)
        assert event.exposed is (token == b"good" and not tls)
    assert recorder.events[-1].reason == "token expired"


def test_a_good_token_of_a_blocked_client_is_answered_like_one_that_has_expired(
    shared: Authority,
) -> None:
    """DESIGN 2.6: nobody can tell by the reply; RFC 7628 §3.2.2 has an error for both."""
    shared.verify_token = lambda token: TokenVerdict(MARY.encode(), valid=token == b"good")
    for _ in range(6):
        answer(by_login(session_for(Service.IMAP, shared), MARY.encode(), b"wrong"))
    steps = []
    for token in (b"good", b"old"):
        session = session_for(Service.IMAP, shared)
        steps.append(session.begin("OAUTHBEARER", b"n,,\x01auth=Bearer " + token + b"\x01\x01"))
        assert answer(session.respond(b"\x01")) is Answer.BAD_CREDENTIALS
    assert isinstance(steps[0], Challenge)
    assert steps[0] == steps[1]


def test_mechanisms_that_keep_the_password_at_home_expose_nothing(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """The verdict is UNSECURE all the same: it is about the connection."""
    session = session_for(Service.POP3, shared)
    digest = b"b7a3e8f0a9d3d0b0d0a5e0c9e1f2a3b4"
    assert answer(session.apop(b"mary", digest, b"<1@localhost>")) is Answer.BAD_CREDENTIALS
    assert recorder.events[-1].exposed is False
    assert recorder.events[-1].mechanism == "APOP"
    assert recorder.events[-1].secure is False


@pytest.mark.parametrize("protocol", [Service.IMAP, Service.POP3, Service.SMTP])
def test_a_channel_is_bound_by_imap_alone_unless_it_is_configured(
    shared: Authority, protocol: Service
) -> None:
    """mutt and NeoMutt made with GNU SASL stop at a -PLUS that they cannot do, but with IMAP."""
    bound = msgspec.structs.replace(TLS, channel_bindings={"tls-server-end-point": b"hash"})
    session = session_for(protocol, shared)
    shake_hands(session, bound, implicit=True)
    assert ("SCRAM-SHA-256-PLUS" in session.offered) is (protocol is Service.IMAP)
    assert "SCRAM-SHA-256" in session.offered
    names = ("SCRAM-SHA-256-PLUS", "PLAIN")
    configured = session_for(protocol, shared, mechanisms=names)
    shake_hands(configured, bound, implicit=True)
    assert configured.offered == names


def test_only_what_works_here_is_offered(shared: Authority) -> None:
    """-PLUS wants a channel to bind to, EXTERNAL a certificate."""
    session = session_for(Service.IMAP, shared)
    assert {"SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"} <= set(session.offered)
    assert not {"SCRAM-SHA-256-PLUS", "EXTERNAL"} & set(session.offered)
    shake_hands(
        session,
        msgspec.structs.replace(
            TLS,
            channel_bindings={"tls-server-end-point": b"hash"},
            certificate_names=(MARY,),
        ),
        implicit=False,
    )
    assert {"SCRAM-SHA-256-PLUS", "EXTERNAL"} <= set(session.offered)
    assert answer(session.begin("EXTERNAL", b"")) is Answer.SUCCESS
    assert session.offered == ()


def test_configured_mechanisms_are_offered_in_their_order(shared: Authority) -> None:
    """And no other is begun."""
    session = session_for(Service.IMAP, shared, mechanisms=("LOGIN", "PLAIN"))
    assert session.offered == ("LOGIN", "PLAIN")
    assert answer(session.begin("CRAM-MD5", None)) is Answer.MECHANISM_UNKNOWN


@pytest.mark.parametrize("way", [by_login, by_plain], ids=["LOGIN", "PLAIN"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_password_that_a_listener_does_not_take_is_exposed_all_the_same(
    recorder: MemoryRecorder, shared: Authority, way: Way, tls: bool
) -> None:
    """The commands that send it as it is are permitted where PLAIN is; what was sent was sent."""
    session = session_for(Service.IMAP, shared, mechanisms=("SCRAM-SHA-256",))
    if tls:
        shake_hands(session, TLS, implicit=False)
    assert not session.takes_passwords
    for password in (b"secret", b"wrong"):
        assert answer(way(session, MARY.encode(), password)) is Answer.MECHANISM_UNKNOWN
        event = recorder.events[-1]
        assert (event.result, event.reason) == (
            Result.MECHANISM_UNKNOWN,
            "mechanism not offered here",
        )
        assert event.user == MARY
        assert event.exposed is (password == b"secret" and not tls)


def test_a_response_that_follows_the_refusal_of_its_mechanism_is_exposed(
    recorder: MemoryRecorder, shared: Authority
) -> None:
    """A client that does not wait for the answer has sent its password."""
    session = session_for(Service.SMTP, shared, mechanisms=("CRAM-MD5",))
    assert answer(session.begin("PLAIN", None)) is Answer.MECHANISM_UNKNOWN
    assert session.sent_anyway(b"\0mary\0secret")
    assert [event.exposed for event in recorder.events] == [False, True]


def test_apop_is_there_where_it_is_named(shared: Authority) -> None:
    for mechanisms, there in ((None, True), (("PLAIN",), False), (("PLAIN", "APOP"), True)):
        session = session_for(Service.POP3, shared, mechanisms=mechanisms)
        assert (session.apop_timestamp() is not None) is there
        assert "APOP" not in session.offered


def test_external_is_offered_to_whom_an_account_is_named_alone(shared: Authority) -> None:
    """RFC 4422 appendix A: a certificate that names nobody here is no way in."""
    for names, offered in (((), False), (("nobody",), False), (("nobody", "mary"), True)):
        session = session_for(Service.IMAP, shared)
        shake_hands(session, msgspec.structs.replace(TLS, certificate_names=names), implicit=True)
        assert ("EXTERNAL" in session.offered) is offered
