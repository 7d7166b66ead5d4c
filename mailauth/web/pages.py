"""Pages: Jinja2 templates with automatic escaping, and their static files."""

import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailauth.report.values import duration
from mailauth.web.access import Viewer
from mailauth.web.console.menu import menu_for
from mailauth.web.forms import TOKEN_FIELD, FormTokens
from mailauth.web.http.message import HttpError, Request, Response
from mailauth.web.instants import Clockface, moment, second
from mailauth.web.offers import Offers, everything

_HERE = Path(__file__).parent

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

FOREVER = (b"Cache-Control", b"public, max-age=31536000, immutable")


class StaticFiles:
    """The style sheet and other files, read once, with a digest of the contents in the name."""

    def __init__(self) -> None:
        files = sorted(
            path for path in (_HERE / "static").iterdir() if path.suffix in CONTENT_TYPES
        )
        self._contents = {path.name: path.read_bytes() for path in files}

    def url(self, name: str) -> str:
        """Return the URL of a file, which changes with its contents."""
        digest = hashlib.sha256(self._contents[name]).hexdigest()[:12]
        return f"/static/{name}?{digest}"

    def serve(self, request: Request) -> Response:
        """Return a file. Raises `HttpError`."""
        content = self._contents.get(request.path[-1])
        if content is None:
            raise HttpError(404, "There is no such file.")
        content_type = CONTENT_TYPES[Path(request.path[-1]).suffix]
        return Response(body=content, content_type=content_type, headers=(FOREVER,))


class Pages:
    """Renders templates, and puts pages of the console into their layout."""

    def __init__(
        self,
        static: StaticFiles,
        tokens: FormTokens,
        clockface: Clockface,
        offers: Offers = everything,
    ) -> None:
        self._tokens = tokens
        self._offers = offers
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = static.url
        self._environment.filters["duration"] = duration
        self._environment.filters["moment"] = moment
        self._environment.filters["second"] = second
        self._environment.filters["local"] = clockface.local
        self._environment.globals["zone"] = clockface.zone
        self._environment.globals["offers"] = offers

    def render(self, template: str, **values: object) -> bytes:
        """Render a document."""
        return self._environment.get_template(template).render(**values).encode("utf-8")

    def page(
        self, request: Request, viewer: Viewer | None, template: str, **values: object
    ) -> Response:
        """Return a page of the console, or a page that visitors may see too."""
        body = self.render(
            template,
            viewer=viewer,
            hop=request.hop,
            here="/" + "/".join(request.path),
            menu=menu_for(viewer, self._offers),
            token_field=TOKEN_FIELD,
            token=self._tokens.for_session(request),
            **values,
        )
        return Response(body=body)
