"""The description of the API (OpenAPI 3.1), generated from its routes and their types."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import msgspec

from mailauth.web.access import Access, scope_needed
from mailauth.web.routes import Parameter, Route

_REF = "#/components/schemas/{name}"

_STATUSES = {
    "400": "The request is not valid",
    "401": "A valid token or correct credentials are required",
    "403": "This account or token is not allowed to do this, or the login was refused",
    "503": "The login or the change cannot be recorded at the moment",
}


_PAGING = {
    "X-Total-Count": {
        "description": "The total number of rows",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Link": {
        "description": 'Links to the rows before and after: rel="prev", rel="next" (RFC 8288)',
        "schema": {"type": "string"},
    },
}


class Problem(msgspec.Struct, frozen=True):
    """An error in one sentence."""

    error: str


def described(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the description of these routes."""
    known = tuple(routes)
    types = [Problem, *(route.answers for route in known)]
    types += [parameter.type for route in known for parameter in route.parameters]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in known:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mailauth", "version": version("mailauth")},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "login": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    assert route.handler.__doc__ is not None, f"{route.path} says nothing about itself"
    summary = " ".join(route.handler.__doc__.split())
    if route.access is Access.ADMIN:
        summary += " For administrators."
    problems = dict(_STATUSES)
    path_parameters = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    if path_parameters:
        problems["404"] = "Not found"
    return {
        "operationId": _operation_id(route),
        "summary": summary,
        "security": [{"token": [scope_needed(route.method).value]}, {"login": []}],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in path_parameters
            ),
            *(_query_parameter(parameter, schema_of) for parameter in route.parameters),
        ],
        "responses": {
            "200": _answer(route, schema_of[repr(route.answers)]),
            **{
                status: _content(meaning, schema_of[repr(Problem)])
                for status, meaning in problems.items()
            },
        },
    }


def _operation_id(route: Route) -> str:
    """Return an operation's name for generated code: the method, and the words of its path."""
    words = re.findall(r"[a-z0-9]+", route.path.removeprefix("/api/v1/").lower())
    return "".join((route.method.lower(), *(word.capitalize() for word in words)))


def _query_parameter(parameter: Parameter, schema_of: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.summary,
        "schema": schema_of[repr(parameter.type)],
    }


def _answer(route: Route, schema: Any) -> dict[str, Any]:
    answer = _content("The answer", schema)
    for medium in route.formats:
        answer["content"][medium] = {"schema": {"type": "string"}}
    if route.paged:
        answer["headers"] = _PAGING
    return answer


def _content(meaning: str, schema: Any) -> dict[str, Any]:
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}
