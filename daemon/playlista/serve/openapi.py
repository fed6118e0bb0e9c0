"""The description of the API, as OpenAPI 3.1, made of the table that is served.

Input: routes. Output: a document of plain types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from playlista import __version__
from playlista.serve.api.schemas import result_schema
from playlista.serve.routes import API, Route

_ERRORS = {
    "400": "A parameter or the body is wrong; the text says what is allowed.",
    "401": "AUTH_TOKEN is set, and was not sent.",
    "403": "The name of this machine is not known to be one, or the change does not come from our own page.",
    "404": "Nothing there.",
    "503": "The library does not answer at the moment.",
}


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The document for `routes`."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = f"/{route.path.replace(':path}', '}')}"
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Playlista", "version": __version__, "license": {"name": "AGPL-3.0-or-later"}},
        "servers": [{"url": API.rstrip("/")}],
        "paths": paths,
        "components": {
            "schemas": {"Result": result_schema()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "AUTH_TOKEN, where one is set."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "playlista", "description": "From `login`."},
            },
        },
        "security": [{}, {"bearer": []}, {"cookie": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.about,
        "operationId": f"{route.method.lower()}_{''.join(one if one.isalnum() else '_' for one in route.path)}",
        "parameters": [*_in_path(route), *_in_query(route)],
        "responses": {
            "200": {"description": "Good.", "content": {route.kind: {"schema": dict(route.answer)}}},
            **{status: {"description": text} for status, text in _ERRORS.items()},
        },
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": dict(route.body)}}}
    return operation


def _in_path(route: Route) -> list[dict[str, Any]]:
    _, brace, rest = route.path.partition("{")
    if not brace:
        return []
    name, _, kind = rest.partition("}")[0].partition(":")
    schema = {"type": "string"} if kind else {"type": "integer"}
    return [{"name": name, "in": "path", "required": True, "schema": schema}]


def _in_query(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "schema": parameter.schema()}
        for name, parameter in route.parameters.items()
    ]
