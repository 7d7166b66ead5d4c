"""Loading a configuration: what it resolves to (DESIGN 3)."""

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from mailauth.config import (
    ClientCertificates,
    Config,
    ConfigError,
    ListenerConfig,
    TlsMode,
    accounts_of,
    load,
    load_watching,
)
from mailauth.faults import Fault
from mailauth.login.accounts import Accounts, Role
from mailauth.login.policy import Cleartext
from mailauth.login.secrets import PlaintextSecret

NONE = ClientCertificates.NONE
ALICE = '[[user]]\nname = "alice"\npassword = "correct horse"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mailauth.toml"


def loaded(file: Path, text: str) -> Config:
    file.write_text(text + ALICE)
    return load(file)


def made(config: Config) -> Accounts:
    return accounts_of(config, Path(), lambda stored: PlaintextSecret(stored.encode()))


def listener(config: Config, name: str) -> ListenerConfig:
    return next(listener for listener in config.listener if listener.name == name)


def test_without_a_file_the_demo_is_served() -> None:
    config = load(None)
    assert [account.name for account in made(config)] == [
        f"{name}@mydomain.com"
        for name in ("mary", "charle", "jimmy", "sue", "derek", "michael", "bob")
    ]
    assert all(account.secret.matches(b"secret") for account in made(config))
    assert {listener.address for listener in config.listener} == {"127.0.0.1"}


def test_the_standard_listeners_come_in_the_order_of_the_table() -> None:
    assert [
        (each.name, each.protocol, each.port, each.tls.value) for each in load(None).listener
    ] == [
        ("smtp", "smtp", 2025, "starttls"),
        ("submission", "smtp", 2587, "starttls"),
        ("smtps", "smtp", 2465, "implicit"),
        ("imap", "imap", 2143, "starttls"),
        ("imaps", "imap", 2993, "implicit"),
        ("pop3", "pop3", 2110, "starttls"),
        ("pop3s", "pop3", 2995, "implicit"),
        ("http", "http", 5272, "none"),
        ("https", "http", 2443, "implicit"),
    ]


def test_an_offset_moves_all_ports_but_the_console(file: Path) -> None:
    ports = {each.name: each.port for each in loaded(file, "[listen]\nport_offset = 0\n").listener}
    assert (ports["smtp"], ports["imaps"], ports["https"], ports["http"]) == (25, 993, 443, 5272)


def test_the_option_overrides_the_offset_of_the_file(file: Path) -> None:
    file.write_text("[listen]\nport_offset = 0\n" + ALICE)
    assert listener(load(file, port_offset=9000), "imap").port == 9143


def test_ephemeral_frees_every_port(file: Path) -> None:
    assert {each.port for each in load(None, ephemeral=True).listener} == {0}
    file.write_text(
        '[[listener]]\nname = "imap"\nprotocol = "imap"\naddress = "::1"\nport = 143\n' + ALICE
    )
    assert [(each.address, each.port) for each in load(file, ephemeral=True).listener] == [
        ("::1", 0)
    ]


def test_listen_gives_its_address_and_policy_to_all_nine(file: Path) -> None:
    config = loaded(file, '[listen]\naddress = "::1"\ncleartext = "refuse"\n')
    assert len(config.listener) == 9
    assert {(each.address, each.cleartext) for each in config.listener} == {
        ("::1", Cleartext.REFUSE)
    }


def test_only_the_standard_listener_smtp_takes_mail_without_a_login() -> None:
    open_to_all = [each.name for each in load(None).listener if each.takes_mail_without_login]
    assert open_to_all == ["smtp"]


@pytest.mark.parametrize(
    ("name", "said", "is_optional"),
    [
        ("smtp", "", True),
        ("smtp", "required", False),
        ("inbound", "", False),
        ("inbound", "optional", True),
        ("submission", "required", False),
    ],
)
def test_the_key_decides_about_logins_of_smtp_and_the_name_only_without_it(
    file: Path, name: str, said: str, is_optional: bool
) -> None:
    key = f'authentication = "{said}"\n' if said else ""
    text = f'[[listener]]\nname = "{name}"\nprotocol = "smtp"\nport = 0\n{key}'
    assert loaded(file, text).listener[0].takes_mail_without_login is is_optional


def test_listeners_spelled_out_stand_alone(file: Path) -> None:
    config = loaded(
        file,
        """
        [[listener]]
        name = "inbound"
        protocol = "smtp"
        port = 0
        tls = "none"
        proxy_from = ["10.0.0.0/8", "2001:db8::1", "::ffff:192.0.2.0/120"]
        [[listener]]
        name = "web"
        protocol = "http"
        port = 0
        """,
    )
    assert config.listener == (
        ListenerConfig(
            name="inbound",
            protocol="smtp",
            port=0,
            tls=TlsMode.NONE,
            proxy_from=(
                IPv4Network("10.0.0.0/8"),
                IPv6Network("2001:db8::1/128"),
                IPv4Network("192.0.2.0/24"),
            ),
        ),
        ListenerConfig(name="web", protocol="http", port=0, tls=TlsMode.NONE),
    )


def test_a_listener_has_a_minimum_certificates_and_mechanisms_of_its_own(file: Path) -> None:
    config = loaded(
        file,
        """
        [[listener]]
        name = "old"
        protocol = "pop3"
        port = 0
        tls_minimum = "1.0"
        client_certificates = "required"
        mechanisms = ["PLAIN", "APOP", "SCRAM-SHA-256-PLUS"]
        """,
    )
    (old,) = config.listener
    assert old.tls_minimum == "1.0"
    assert old.client_certificates is ClientCertificates.REQUIRED
    assert old.mechanisms == ("PLAIN", "APOP", "SCRAM-SHA-256-PLUS")


def test_users_become_accounts(file: Path) -> None:
    file.write_text(
        """
        [[user]]
        name = "Mary@mydomain.com"
        password = "körrekt"
        aliases = ["m.smith@mydomain.com"]
        role = "admin"
        [[user]]
        name = "bob"
        password = "b"
        disabled = true
        """
    )
    accounts = made(load(file))
    mary = accounts.find(b"M.SMITH@mydomain.com")
    assert mary is not None
    assert (mary.name, mary.role, mary.disabled) == ("Mary@mydomain.com", Role.ADMIN, False)
    assert mary.secret.matches("körrekt".encode())
    bob = accounts.find(b"BOB")
    assert bob is not None
    assert bob.disabled


def test_the_example_of_every_key_loads(file: Path) -> None:
    file.write_text(
        """
        hostname = "mail.example.org"
        timezone = "Europe/Berlin"
        [listen]
        address = "0.0.0.0"
        port_offset = 2000
        client_certificates = "wanted"
        cleartext = "allow"
        [http]
        forwarded_from = ["127.0.0.1"]
        hosts = ["console.example"]
        [tls]
        certificate = "own.pem"
        key = "own.key"
        minimum = "1.3"
        client_ca = "clients.pem"
        [log]
        directory = "logs"
        durability = "disk"
        on_failure = "allow"
        rotate = "size"
        keep = 3
        [geoip]
        database = "GeoLite2-City.mmdb"
        overrides = { "79.80.81.82/32" = "United States" }
        lan = ["198.51.100.0/24"]
        [block]
        attempts = 3
        minutes = 0.5
        friendly = []
        [server]
        workers = 1
        [users]
        file = "users.passwd"
        """
    )
    config = load(file)
    assert config.tls.minimum == "1.3"
    assert config.tls.client_ca == "clients.pem"
    assert {each.name for each in config.listener if each.client_certificates is not NONE} == {
        each.name for each in config.listener if each.tls is not TlsMode.NONE
    }
    assert config.block.minutes == 0.5
    assert config.block.friendly == ()
    assert config.geoip.lan == (IPv4Network("198.51.100.0/24"),)


def test_more_workers_than_there_can_be_are_refused(file: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        loaded(file, "[server]\nworkers = 65\n")
    assert str(refusal.value) == "server.workers: expected a whole number from 1 to 64, got 65"
    assert loaded(file, "[server]\nworkers = 2\n").server.workers == 2


def test_a_password_never_shows(file: Path) -> None:
    """DESIGN 2.2: no password reaches any log or exception text."""
    config = loaded(file, "")
    assert "correct horse" not in repr(config)


LISTENER = '[[listener]]\nname = "a"\nprotocol = "imap"\nport = 1\n'

MISTAKES = [
    # Keys and types.
    (
        LISTENER + LISTENER.replace('"a"', '"b"') + LISTENER + 'tls = "ssl"\n',
        'listener[2].tls: expected "none", "starttls" or "implicit", got "ssl"',
    ),
    ('[listen]\nadress = "::1"\n', 'listen.adress: unknown key, did you mean "address"?'),
    ("zzz = 1\n", "zzz: unknown key"),
    ('"a\\u001bb" = 1\n', "a\\u001bb: unknown key"),
    (LISTENER + "prot = 1\n", 'listener[0].prot: unknown key, did you mean "port"?'),
    ("hostname = 1\n", "hostname: expected a string, got 1"),
    ("hostname = []\n", "hostname: expected a string, got an array"),
    ("hostname = 2026-11-24\n", "hostname: expected a string, got the time 2026-11-24"),
    (
        LISTENER + 'authentication = "required"\n',
        "listener[0].authentication: only an SMTP listener has this key",
    ),
    (
        LISTENER.replace('"imap"', '"smtp"') + 'authentication = "no"\n',
        'listener[0].authentication: expected "required" or "optional", got "no"',
    ),
    ("listen = 3\n", "listen: expected a table, got 3"),
    ("listener = 3\n", "listener: expected an array of tables, got 3"),
    ("listener = [3]\n", "listener[0]: expected a table, got 3"),
    ('[[listener]]\nname = "x"\nport = 1\n', "listener[0].protocol: missing"),
    (
        LISTENER.replace('"imap"', '"IMAP"'),
        'listener[0].protocol: expected "smtp", "imap", "pop3" or "http", got "IMAP"',
    ),
    (
        LISTENER.replace("port = 1", "port = 65536"),
        "listener[0].port: expected a whole number from 0 to 65535, got 65536",
    ),
    (
        LISTENER.replace("port = 1", "port = true"),
        "listener[0].port: expected a whole number from 0 to 65535, got true",
    ),
    (
        LISTENER.replace("port = 1", f"port = {10**30}"),
        "listener[0].port: expected a whole number from 0 to 65535, got a very large number",
    ),
    ("[tls]\nminimum = 1.2\n", 'tls.minimum: expected "1.0", "1.1", "1.2" or "1.3", got 1.2'),
    (
        '[tls]\nminimum = "1.4"\n',
        'tls.minimum: expected "1.0", "1.1", "1.2" or "1.3", got "1.4"',
    ),
    ('[tls]\nkey = ""\n', 'tls.key: expected a string that is not empty, got ""'),
    ("[log]\nkeep = -1\n", "log.keep: expected a whole number of at least 0, got -1"),
    ("[block]\nminutes = 0\n", "block.minutes: expected a number greater than 0, got 0"),
    ('[log]\nrotate = "weekly"\n', 'log.rotate: expected "none", "daily" or "size", got "weekly"'),
    (
        '[block]\nfriendly = ["127.0.0.1", "10.0.0.0/33"]\n',
        "block.friendly[1]: expected a network such as "
        '"10.0.0.0/8" or "2001:db8::/32", got "10.0.0.0/33"',
    ),
    (
        '[http]\nforwarded_from = ["10.0.0.1/8"]\n',
        "http.forwarded_from[0]: expected the first address of a network, such as "
        '"10.0.0.0/8", got "10.0.0.1/8"',
    ),
    (
        '[http]\nhosts = ["console.example", "http://x"]\n',
        'http.hosts[1]: expected a host name such as "mail.example.org", got "http://x"',
    ),
    ("[block]\nfriendly = [5]\n", "block.friendly[0]: expected a network in quotes, got 5"),
    ('[block]\nfriendly = "::1"\n', 'block.friendly: expected an array, got "::1"'),
    # Listeners.
    (
        "[listen]\n" + LISTENER,
        "listen: cannot be combined with [[listener]] tables",
    ),
    ("listener = []\n", "listener: expected at least one listener, got none"),
    (
        "[listen]\nport_offset = 65000\n",
        "listen.port_offset: expected a whole number from -24 to 64540, got 65000",
    ),
    (
        "[listen]\nport_offset = 5129\n",
        'listen.port_offset: 5272 is the port of both "imap" and "http"',
    ),
    (
        '[listen]\naddress = "localhost"\n',
        'listen.address: expected an IP address such as "127.0.0.1" or "::1", got "localhost"',
    ),
    (LISTENER + LISTENER, 'listener[1].name: another listener is also called "a"'),
    (
        LISTENER + LISTENER.replace('"a"', '"b"') + 'address = "0.0.0.0"\n',
        'listener[1].port: 1 is the port of both "a" and "b"',
    ),
    (
        LISTENER.replace('"a"', '"a b"'),
        'listener[0].name: expected a short name of letters, digits, ".", "_" and "-", got "a b"',
    ),
    (
        LISTENER.replace("imap", "http") + 'tls = "starttls"\n',
        'listener[0].tls: expected "none" or "implicit" for HTTP, got "starttls"',
    ),
    (
        LISTENER + 'tls_minimum = "1"\n',
        'listener[0].tls_minimum: expected "1.0", "1.1", "1.2" or "1.3", got "1"',
    ),
    (
        LISTENER + 'tls = "none"\ntls_minimum = "1.3"\n',
        'listener[0].tls_minimum: there is no TLS where tls is "none"',
    ),
    (
        LISTENER + 'client_certificates = "maybe"\n',
        'listener[0].client_certificates: expected "none", "wanted" or "required", got "maybe"',
    ),
    (
        LISTENER + 'tls = "none"\nclient_certificates = "wanted"\n',
        'listener[0].client_certificates: expected "none" where tls is "none", got "wanted"',
    ),
    (LISTENER + 'mechanisms = "PLAIN"\n', 'listener[0].mechanisms: expected an array, got "PLAIN"'),
    (LISTENER + "mechanisms = [3]\n", "listener[0].mechanisms[0]: expected a string, got 3"),
    (
        LISTENER + "mechanisms = []\n",
        "listener[0].mechanisms: expected at least one mechanism, got none",
    ),
    (
        LISTENER + 'mechanisms = ["PLAIN", "LOGIN", "PLAIN"]\n',
        "listener[0].mechanisms[2]: PLAIN is listed twice",
    ),
    (
        LISTENER + 'mechanisms = ["PLAIN", "APOP"]\n',
        'listener[0].mechanisms[1]: expected "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS",'
        ' "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"'
        ' or "EXTERNAL", got "APOP"',
    ),
    (
        LISTENER.replace("imap", "http") + 'mechanisms = ["PLAIN"]\n',
        "listener[0].mechanisms: only listeners of SMTP, IMAP and POP3 have mechanisms",
    ),
    # Values that only look right.
    ('hostname = "-x"\n', 'hostname: expected a host name such as "mail.example.org", got "-x"'),
    ('hostname = ""\n', 'hostname: expected a host name such as "mail.example.org", got ""'),
    (
        'hostname = "127.0.0.1"\n',
        'hostname: expected a host name such as "mail.example.org", got "127.0.0.1"',
    ),
    (
        'timezone = "Europe/Berlln"\n',
        "timezone: expected "
        '"local" or an IANA time zone such as "Europe/Berlin", got "Europe/Berlln"',
    ),
    (
        'timezone = "Europe"\n',
        'timezone: expected "local" or an IANA time zone such as "Europe/Berlin", got "Europe"',
    ),
    (
        'timezone = "../etc"\n',
        'timezone: expected "local" or an IANA time zone such as "Europe/Berlin", got "../etc"',
    ),
    (
        '[geoip.overrides]\n"79.80.81.82/40" = "France"\n',
        'geoip.overrides."79.80.81.82/40": expected a network such as '
        '"10.0.0.0/8" or "2001:db8::/32"',
    ),
    (
        '[geoip.overrides]\n"79.80.81.82" = 7\n',
        'geoip.overrides."79.80.81.82": expected a string, got 7',
    ),
    (
        '[geoip.overrides]\n"79.80.81.82" = "a\\nb"\n',
        'geoip.overrides."79.80.81.82": expected the name of a country or a place, got "a\\nb"',
    ),
    # Accounts.
    ('[[user]]\nname = "x"\n', "user[0].password: missing"),
    (
        '[[user]]\nname = ""\npassword = "x"\n',
        'user[0].name: expected a string that is not empty, got ""',
    ),
    (
        '[[user]]\nname = "x"\npassword = ""\n',
        'user[0].password: expected a string that is not empty, got ""',
    ),
    (
        '[[user]]\nname = "x"\npassword = 4711\n',
        "user[0].password: expected a string that is not empty, got a number",
    ),
    (
        '[[user]]\nname = "x"\npassword = "p"\naliases = ["Y"]\n'
        '[[user]]\nname = "y"\npassword = "p"\n',
        'user[1].name: "y" is already the name in user[0].aliases[0]',
    ),
    (
        '[listen]\naddress = "0.0.0.0"\n[[user]]\nname = "x"\npassword = "secret"\n',
        "listen.address: expected a loopback address while an account has the demo password"
        ' ("x"), got "0.0.0.0"',
    ),
    (
        LISTENER + 'address = "::"\n[[user]]\nname = "x"\npassword = "secret"\n',
        "listener[0].address: expected a loopback address while an account has the demo password"
        ' ("x"), got "::"',
    ),
    # TOML itself.
    ("a = 1\nb =\n", "mailauth.toml, line 2, column 4: invalid value"),
    ("a = " + "[" * 5000, "mailauth.toml: nested too deeply"),
    ("a = " + "9" * 5000 + "\n", None),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_told_by_its_key(file: Path, text: str, message: str | None) -> None:
    """DESIGN 3: errors are one line that names the key, what was expected and what it got."""
    file.write_text(text + ALICE)
    with pytest.raises(ConfigError) as caught:
        load(file)
    if message is not None:
        assert str(caught.value) == message
    assert "\n" not in str(caught.value)


def test_a_file_without_accounts_is_refused(file: Path) -> None:
    file.write_text("")
    with pytest.raises(ConfigError, match=r"^user: expected at least one account"):
        load(file)


def test_a_file_that_is_not_utf8_is_told_with_its_line(file: Path) -> None:
    file.write_bytes(b'hostname = "x"\n# caf\xe9\n')
    with pytest.raises(ConfigError, match=r"^mailauth\.toml, line 2: not UTF-8$"):
        load(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing.toml: cannot be read: No such file"):
        load(tmp_path / "nothing.toml")


def test_a_listener_can_have_a_fault_that_fits_it(file: Path) -> None:
    table = '[[listener]]\nname = "a"\nprotocol = "%s"\nport = 1\nfault = "%s"\n'
    (imap,) = loaded(file, table % ("imap", "stripped")).listener
    assert imap.faults == (Fault.STRIPPED,)
    for protocol, fault, message in (
        ("pop3", "preauth", 'listener[0].fault: "preauth" is for an IMAP listener'),
        ("http", "expired", 'listener[0].fault: "expired" is for a listener with TLS'),
        (
            "http",
            "stripped",
            'listener[0].fault: "stripped" is for a listener with tls = "starttls"',
        ),
        ("imap", "expire", 'listener[0].fault: expected "expired", "not-yet-valid", '),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            loaded(file, table % (protocol, fault))


def test_a_listener_can_have_several_faults_that_do_not_contradict_each_other(file: Path) -> None:
    table = '[[listener]]\nname = "a"\nprotocol = "imap"\nport = 1\nfault = %s\n'
    (imap,) = loaded(file, table % '["expired", "stripped"]').listener
    assert imap.faults == (Fault.EXPIRED, Fault.STRIPPED)
    (imap,) = loaded(file, table % "[]").listener
    assert imap.faults == ()
    for faults, message in (
        ('["expired", "sha1"]', 'listener[0].fault: "expired" and "sha1" cannot be combined'),
        ('["slow", "expired", "slow"]', 'listener[0].fault: "slow" is listed twice'),
        ('["slow", "fast"]', 'listener[0].fault[1]: expected "expired", "not-yet-valid", '),
        ('["slow", 3]', 'listener[0].fault[1]: expected "expired", "not-yet-valid", '),
        ("3", 'listener[0].fault: expected "expired", "not-yet-valid", '),
        ("{}", 'listener[0].fault: expected "expired", "not-yet-valid", '),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            loaded(file, table % faults)


def test_an_offset_cannot_move_listeners_that_are_spelled_out(file: Path) -> None:
    file.write_text(LISTENER + ALICE)
    with pytest.raises(ConfigError, match=r"^--port-offset: "):
        load(file, port_offset=1)


def test_an_offset_option_out_of_range_is_told_as_the_option() -> None:
    with pytest.raises(ConfigError, match=r"^--port-offset: expected a whole number from -24"):
        load(None, port_offset=-25)


def test_demo_accounts_may_listen_on_any_loopback_address(file: Path) -> None:
    file.write_text('[listen]\naddress = "127.9.9.9"\n[[user]]\nname = "x"\npassword = "secret"\n')
    assert load(file).listen.address == "127.9.9.9"


def test_a_home_of_watch_needs_no_configuration(tmp_path: Path) -> None:
    """The console on loopback, nobody's account, and the logs of 90 days."""
    config = load_watching(None)
    [console] = config.listener
    assert (console.name, console.address, console.port) == ("http", "127.0.0.1", 5272)
    assert config.user == ()
    assert config.log.keep == 90
    assert load_watching(None, port=0).listener[0].port == 0
    file = tmp_path / "mailauth.toml"
    file.write_text("[log]\nkeep = 0\n")
    assert load_watching(file).log.keep == 0


def test_a_home_of_watch_has_no_mail_listeners(tmp_path: Path) -> None:
    file = tmp_path / "mailauth.toml"
    file.write_text('[[listener]]\nname = "imap"\nprotocol = "imap"\nport = 143\n')
    with pytest.raises(ConfigError, match=r'listener\[0\]\.protocol: expected "http"'):
        load_watching(file)
