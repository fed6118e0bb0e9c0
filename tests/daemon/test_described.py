"""Every answer of the API is as its description says, and holds no field that is not described.

The server is that of the page's visit: what the daemon answers, over an invented library with failures, findings and
duplicates, and without a daemon that would analyze.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from benchmarks import synthetic_library
from playlista.errors import FailureReason
from playlista.library.database import FILE_NAME, open_database
from playlista.library.files import IGNORED_FACT, Library
from playlista.library.instance_lock import instance_lock
from playlista.serve.api.status_schema import STATUS
from playlista.serve.api.table import ROUTES
from playlista.watch.ignore import IgnoredReport
from tests.page.serving import Served, serve

TRACKS, FAILED_EVERY = 150, 50
#: How each path is asked, so that it has something to say. The rest have no JSON, or are asked below.
ASKED = {
    "status": ["status"],
    "settings": ["settings"],
    "tracks": [
        "tracks?limit=3&fields=summary&health=clipped",
        "tracks?limit=3",
        "tracks?limit=3&sort=-bpm",
        "tracks?ids=1,2",
    ],
    "search": ["search?q=night"],
    "duplicates": ["duplicates", "duplicates?id=31&same_audio=true&limit=5&after=0"],
    "stats": ["stats"],
    "similar": ["similar?id=20"],
    "path": ["path?from=20&to=120"],
    "blend": ["blend?add=20&subtract=120"],
    "map": ["map", "map?colour=key"],
    "playlists": ["playlists"],
    "playlists/preview": ["playlists/preview?name=Fast"],
    "tracks/{name:path}": ["tracks/19", "tracks/50"],
    "failures": ["failures", "failures?group=reason"],
}
POSTED: dict[str, dict[str, Any]] = {
    "playlists": {"rule": {"limit": 3}},
    "retry": {"ids": [1]},
}
#: Answers that are no JSON, and those for which an invented library has no file.
NOT_ASKED = {
    "events",
    "tracks/{id}/cover",
    "tracks/{id}/audio",
    "tracks/{id}/report",
    "tracks/{id}/evidence",
    "login",
    "logout",
}


def serve_with(patch: pytest.MonkeyPatch, folder: Path) -> AbstractContextManager[Served]:
    """A small library in which some tracks failed nevertheless."""
    patch.setattr(synthetic_library, "FAILED_EVERY", FAILED_EVERY)
    return serve(folder, TRACKS)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("described")
    with pytest.MonkeyPatch.context() as patch, serve_with(patch, folder) as served:
        (folder / "data" / "playlists.toml").write_text('["Fast"]\nbpm = "100.."\nlimit = 3\n')
        ignored = IgnoredReport()
        with open_database(str(folder / "data" / FILE_NAME)) as database:
            Library(database).remember(IGNORED_FACT, json.dumps(ignored.to_json()))
        with instance_lock(str(folder / "data")):
            yield int(served.address.rsplit(":", 1)[1].strip("/"))


def ask(port: int, path: str, body: object = None) -> Any:
    """The JSON of an answer; what is not ready yet is asked again."""
    for _ in range(300):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        text = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", f"/api/v1/{path}", text, _headers(port, body))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 503:
            break
    assert answer.status == 200, content
    return json.loads(content)


def _headers(port: int, body: object) -> dict[str, str]:
    """Of a change: those that the page sends, with its token."""
    if body is None:
        return {}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/")
    token = re.search(r'playlista-token" content="([^"]+)"', connection.getresponse().read().decode())
    connection.close()
    assert token is not None
    origin = f"http://127.0.0.1:{port}"
    return {"Content-Type": "application/json", "Origin": origin, "X-Playlista-Token": token[1]}


def undescribed(value: Any, schema: dict[str, Any], components: dict[str, Any], place: str = "") -> list[str]:
    """Places of fields in `value` that no part of `schema` names."""
    parts = list(_alternatives(schema, components))
    if isinstance(value, list):
        items = [part["items"] for part in parts if "items" in part]
        return [found for one in value for found in undescribed(one, {"anyOf": items}, components, f"{place}[]")]
    if not isinstance(value, dict) or {} in parts:
        return []
    found = []
    for name, one in value.items():
        of_field = [part["properties"][name] for part in parts if name in part.get("properties", {})]
        others = [part["additionalProperties"] for part in parts if isinstance(part.get("additionalProperties"), dict)]
        if not (of_field or others):
            found.append(f"{place}.{name}")
        else:
            found += undescribed(one, {"anyOf": of_field or others}, components, f"{place}.{name}")
    return found


def _alternatives(schema: dict[str, Any], components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        yield from _alternatives(components["schemas"][schema["$ref"].rpartition("/")[2]], components)
    elif kinds := {"anyOf", "allOf", "oneOf"} & schema.keys():
        for part in (one for kind in kinds for one in schema[kind]):
            yield from _alternatives(part, components)
    else:
        yield schema


def check(answer: Any, path: str, method: str, description: dict[str, Any]) -> None:
    operation = description["paths"][f"/{path.replace(':path', '')}"][method]
    must_be(answer, operation["responses"]["200"]["content"]["application/json"]["schema"], description)


def must_be(answer: Any, schema: dict[str, Any], description: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    whole = {**schema, "components": description["components"]}
    faults = [f"{error.json_path}: {error.message[:300]}" for error in Draft202012Validator(whole).iter_errors(answer)]
    assert not faults
    assert undescribed(answer, schema, description["components"]) == []


@pytest.fixture(scope="module")
def description(port: int) -> dict[str, Any]:
    found = ask(port, "openapi.json")
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("path", "asked"), [(path, one) for path, several in ASKED.items() for one in several])
def test_an_answer_is_as_described(port: int, description: dict[str, Any], path: str, asked: str) -> None:
    check(ask(port, asked), path, "get", description)


@pytest.mark.parametrize(("path", "body"), POSTED.items())
def test_an_answer_to_a_post_is_as_described(port: int, description: dict[str, Any], path: str, body: object) -> None:
    check(ask(port, path, body), path, "post", description)


def test_every_path_is_asked_here_or_has_no_json() -> None:
    paths = {("GET", path) for path in ASKED} | {("POST", path) for path in POSTED}
    assert {(route.method, route.path) for route in ROUTES if route.path not in NOT_ASKED} == paths


def test_the_lists_that_are_checked_are_not_empty(port: int) -> None:
    assert len(ask(port, "tracks?limit=3&fields=summary&health=clipped")["tracks"]) == 3
    for path, name in (("search?q=night", "tracks"), ("duplicates", "recordings"), ("similar?id=20", "tracks")):
        assert ask(port, path)[name]
    assert ask(port, "playlists")["playlists"]
    assert ask(port, "failures")[0]["reason"] in set(FailureReason)
    assert ask(port, "status")["memory"] is not None


def test_the_status_of_a_cluster_is_as_described(description: dict[str, Any]) -> None:
    pytest.importorskip("distributed")
    from playlista.cluster.dispatcher import ClusterReading
    from playlista.cluster.roster import Member, states
    from playlista.daemon.cluster_work import ClusterWork

    members = states([Member("tcp://10.0.0.1:1", "nas")])
    reading = ClusterReading("tcp://10.0.0.1:2", True, None, {"new": 1}, {"version": 1}, 0, {}, members)
    work = cast("ClusterWork", SimpleNamespace(_dispatcher=SimpleNamespace(reading=lambda: reading)))
    must_be(ClusterWork.status(work), STATUS["properties"]["cluster"], description)
