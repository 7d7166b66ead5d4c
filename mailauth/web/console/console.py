"""What the pages of the console are made of: each is a function of this, a request and a viewer."""

from collections.abc import Callable

import msgspec

from mailauth.events.feed import Feed
from mailauth.login.authority import Authority
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
    """The server and its logs as pages see them, and what pages and their forms are made with.

    `viewer_of` tells whose session a request belongs to.
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
