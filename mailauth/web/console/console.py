"""What the console's pages need: each page is a function of this, a request and a viewer."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from mailauth.events.feed import Feed
from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.event import Service
from mailauth.web.access import Viewer
from mailauth.web.administration import Administration
from mailauth.web.filters import Filters
from mailauth.web.forms import FormTokens
from mailauth.web.http.message import Request
from mailauth.web.operations import Operations
from mailauth.web.pages import Pages
from mailauth.web.raw_logs import LogFiles
from mailauth.web.reports import Answering


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """The server and its logs for pages, and what pages and forms are made with.

    `viewer_of` returns the viewer of a request's session, `expected` the accounts that should log
    in, and `tls_ports` the ports where TLS begins at once.
    """

    authority: Authority
    operations: Operations
    administration: Administration
    reports: Answering
    filters: Filters
    feed: Feed
    log_files: LogFiles
    form_tokens: FormTokens
    pages: Pages
    viewer_of: Callable[[Request], Viewer | None]
    expected: Callable[[], Iterable[Account]]
    tls_ports: Callable[[], Mapping[Service, int]]
