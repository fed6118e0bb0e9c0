"""The chart refuses wrong values: every key of the schema, by the schema's own rules; and Helm goes by that schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.checks.chart import CHART
from deploy.checks.tools import PROJECT, Outcome, ToolMissing, run
from playlista import __version__
from playlista.config import Settings
from tests.deploy.wrong_values import WRONG

SCHEMA: dict[str, Any] = json.loads((PROJECT / CHART / "values.schema.json").read_text("utf-8"))
VALUES: dict[str, Any] = yaml.safe_load((PROJECT / CHART / "values.yaml").read_text("utf-8"))

#: Settings that the image fixes: its folders. And secrets, which belong in no ConfigMap.
FIXED_SETTINGS = {"MUSIC_DIR", "DATA_DIR", "MODELS_DIR", "AUTH_TOKEN", "MEDIA_SERVER_PASSWORD"}


def places(schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key below `schema` with the schema of its value; entries of lists are ``[]``."""
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    if place:
        yield place, schema
    for key, child in schema.get("properties", {}).items():
        yield from places(child, f"{place}.{key}" if place else key)
    # Entries whose only rule is their type are told wrong with their list.
    if "items" in schema and schema["items"] != {"type": "string"}:
        yield from places(schema["items"], f"{place}[]")


#: What an entry of a list has to have, whatever else it says.
REQUIRED: dict[str, dict[str, Any]] = {
    "imagePullSecrets": {"name": "a"},
    "env": {"name": "a"},
    "extraEnv": {"name": "a"},
    "parentRefs": {"name": "a"},
    "extraVolumeMounts": {"name": "a", "mountPath": "/a"},
    "volumeMounts": {"name": "a", "mountPath": "/a"},
    "initContainers": {"name": "a", "image": "a"},
}

#: Every object of the schema, the whole included.
OBJECTS = ["", *(place for place, schema in places(SCHEMA) if "properties" in schema)]


def nested(place: str, value: Any) -> Any:
    """`value` at `place`, as values would be written, with the fields that it requires."""
    head, _, rest = place.partition(".")
    inner = nested(rest, value) if rest else value
    if head.endswith("[]"):
        required = {key: value for key, value in REQUIRED.get(head.removesuffix("[]"), {}).items() if key != rest}
        inner = [{**required, **inner} if isinstance(inner, dict) and inner and rest else inner]
    if head == "ipBlock" and rest.startswith("except"):
        inner["cidr"] = "10.0.0.0/8"
    return {head.removesuffix("[]"): inner}


def merged(values: Any, defaults: Any = VALUES) -> Any:
    """`values` over the chart's own, as Helm puts them together: maps key by key, everything else as a whole."""
    if not (isinstance(values, dict) and isinstance(defaults, dict)):
        return values
    return {**defaults, **{key: merged(value, defaults.get(key)) for key, value in values.items()}}


def complaints(values: Any) -> list[str]:
    """What the schema has against the chart with `values`, each as Helm words it: at a pointer, a message."""
    found: list[str] = []
    errors = list(jsonschema.Draft7Validator(SCHEMA).iter_errors(merged(values)))
    while errors:
        error = errors.pop()
        found.append(f"at '{''.join(f'/{part}' for part in error.absolute_path)}': {error.message}")
        errors += error.context or ()  # of the alternatives that it fits none of
    return found


def pointer(place: str) -> str:
    """The start of a complaint about `place`."""
    return f"at '/{place.replace('[]', '/0').replace('.', '/')}"


def helm(tmp_path: Path, values: Any, template: str = "templates/service.yaml") -> Outcome:
    """Render one template of the chart with `values`."""
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values), "utf-8")
    try:
        return run("helm", "template", PROJECT / CHART, "--values", file, "--show-only", template)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def test_every_key_of_the_schema_has_wrong_values_here() -> None:
    assert {place for place, _ in places(SCHEMA)} == set(WRONG)


def test_the_charts_own_values_are_accepted() -> None:
    assert complaints({}) == []


@pytest.mark.parametrize("place", WRONG)
def test_a_wrong_value_is_refused_and_its_key_named(place: str) -> None:
    for value in WRONG[place]:
        found = complaints(nested(place, value))
        assert any(complaint.startswith(pointer(place)) for complaint in found), f"{place}: {value!r}: {found}"


@pytest.mark.parametrize("place", OBJECTS)
def test_an_unknown_key_is_refused(place: str) -> None:
    found = complaints(nested(place, {"unknown": "key"}) if place else {"unknown": "key"})
    assert any("'unknown' was unexpected" in complaint for complaint in found), found


@pytest.mark.slow
def test_helm_refuses_a_wrong_value_of_every_key_and_names_it(tmp_path: Path) -> None:
    said = {place: helm(tmp_path, nested(place, wrong[0])) for place, wrong in WRONG.items()}
    assert [place for place, outcome in said.items() if outcome.code == 0] == []
    assert [place for place, outcome in said.items() if pointer(place) not in outcome.output] == []


@pytest.mark.slow
def test_helm_refuses_an_unknown_key_in_every_object(tmp_path: Path) -> None:
    said = {place: helm(tmp_path, nested(place, {"unknown": "key"})).output for place in OBJECTS if place}
    refused = "additional properties 'unknown' not allowed"
    assert [place for place, output in said.items() if refused not in output] == []
    assert refused in helm(tmp_path, {"unknown": "key"}).output


def test_every_value_is_in_the_schema_and_every_object_of_the_schema_in_the_values() -> None:
    def keys(values: dict[str, Any], place: str = "") -> Iterator[str]:
        for key, value in values.items():
            name = f"{place}.{key}" if place else key
            yield name
            if isinstance(value, dict) and name not in {"settings", "dashboard.labels"}:
                yield from keys(value, name)

    in_schema = {place for place, _ in places(SCHEMA) if "[]" not in place and not place.startswith("settings.")}
    free = {"affinity.nodeAffinity", "affinity.podAffinity", "affinity.podAntiAffinity", "global"}
    assert set(keys(VALUES)) == in_schema - free


def test_the_settings_of_the_schema_are_those_of_the_daemon() -> None:
    known = {field.name.upper() for field in fields(Settings)}
    assert set(SCHEMA["properties"]["settings"]["properties"]) == known - FIXED_SETTINGS


@pytest.mark.parametrize("key", SCHEMA["properties"]["settings"]["properties"])
def test_a_setting_has_the_same_bounds_in_the_schema_as_in_the_daemon(key: str) -> None:
    """Bounds and words that the schema allows are parsed by the daemon, and what lies beyond is refused by both."""
    schema = SCHEMA["properties"]["settings"]["properties"][key]
    rule = next(field.metadata["rule"] for field in fields(Settings) if field.name.upper() == key)
    for allowed in schema.get("enum", [schema.get("minimum"), schema.get("maximum")]):
        if allowed is not None:
            rule.parse(str(allowed))
    step = 1 if schema.get("type") == "integer" else 0.01
    for beyond in ("minimum", "maximum"):
        if beyond in schema:
            text = str(schema[beyond] + (step if beyond == "maximum" else -step))
            with pytest.raises(ValueError, match=re.escape(text)):
                rule.parse(text)


def test_two_monitors_are_refused_with_the_reason(tmp_path: Path) -> None:
    values = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
    assert "would scrape everything twice" in helm(tmp_path, values).output


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ({"limits": {"memory": "191Mi"}, "requests": {"memory": "64Mi"}}, "is 191Mi; the daemon needs at least 192Mi"),
        ({"limits": {"memory": "0.1G"}}, "is 0.1G; the daemon needs at least 192Mi"),
        ({"limits": {"memory": "512Mi"}, "requests": {"memory": "0.6Gi"}}, "less than resources.requests.memory"),
        ({"limits": {"memory": "200Mi"}}, "is 200Mi, less than resources.requests.memory, which is 256Mi"),
    ],
)
def test_a_memory_limit_below_the_least_or_below_the_request_is_refused(
    resources: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    outcome = helm(tmp_path, {"resources": resources}, "templates/deployment.yaml")
    assert outcome.code != 0
    assert reason in outcome.output


@pytest.mark.parametrize(
    "resources",
    [
        {"limits": {"memory": "192Mi"}, "requests": {"memory": "201326592"}},
        {"limits": {"memory": "201326592"}, "requests": {"memory": "64Mi"}},
        {"limits": {"memory": ""}, "requests": {"memory": "8Gi"}},
        {"limits": {"memory": "1.5Gi"}, "requests": {"memory": "1536Mi"}},
    ],
)
def test_a_memory_limit_that_suffices_is_accepted(resources: dict[str, Any], tmp_path: Path) -> None:
    assert helm(tmp_path, {"resources": resources}, "templates/deployment.yaml").code == 0


def test_chart_and_daemon_have_one_version() -> None:
    chart = yaml.safe_load((PROJECT / CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["appVersion"] == __version__
    assert f"ARG VERSION={__version__}\n" in (PROJECT / "Dockerfile").read_text("utf-8")
    image = f"image: ${{REGISTRY:-ghcr.io/playlista}}/playlista:${{VERSION:-{__version__}}}\n"
    assert image in (PROJECT / "deploy/compose.yaml").read_text("utf-8")
    assert f"\nVERSION={__version__}\n" in (PROJECT / "deploy/env.example").read_text("utf-8")
