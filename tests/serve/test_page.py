"""The page for people reads what the API says, by the names that the API has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from playlista.config import Settings
from playlista.daemon.status import read_progress
from playlista.errors import FailureReason
from playlista.library.instance_lock import instance_lock
from playlista.serve.api.table import ROUTES
from playlista.serve.assets import load_assets
from playlista.serve.routes import find
from playlista.tracks import Status
from playlista.tracks.finding_words import WORDS
from playlista.tracks.findings import Finding
from tests.libraries import open_parts

SCRIPTS = {path: asset.body.decode() for path, asset in load_assets("token").items() if path.endswith(".js")}
NOW = SCRIPTS["/js/now.js"]


def fields_of(part: str) -> set[str]:
    """The fields of an object that `now.js` reads: ``part.field``, and ``{ field, other: name } = part``."""
    taken = re.findall(rf"\{{([^{{}}]*)\}}(?: = {part}|[^{{}}]*\) \{{ // {part})", NOW)
    named = {field.partition(":")[0].strip() for fields in taken for field in fields.split(",")}
    return named | set(re.findall(rf"\b{part}\.(\w+)", NOW))


@pytest.mark.parametrize("part", ["tracks", "queue", "rate"])
def test_every_figure_of_the_page_is_in_the_status(tmp_path: Path, part: str) -> None:
    with open_parts(tmp_path) as parts, instance_lock(str(tmp_path)):
        report = read_progress(parts.database, Settings(data_dir=tmp_path), now=parts.clock.now)
    shown = fields_of(part) - {"length", "map"}  # of the list of tracks
    assert shown
    assert shown <= set(report[part])


def test_what_is_left_is_every_state_of_the_queue(tmp_path: Path) -> None:
    with open_parts(tmp_path) as parts:
        assert fields_of("queue") == set(parts.overview.job_counts())


@pytest.mark.parametrize("path", sorted(SCRIPTS))
def test_every_path_of_the_api_that_the_page_asks_is_served(path: str) -> None:
    script = SCRIPTS[path]
    asked = {("GET", name) for name in re.findall(r'(?<![.\w])get(?:WhenReady)?\([`"]([^`"]+)[`"]', script)}
    asked |= {("GET", name) for name in re.findall(r'path: "([^"]+)"', script)}
    asked |= {("POST", name) for name in re.findall(r'\bpost\("([^"]+)"', script)}
    asked |= {("GET", name) for name in re.findall(r'[`"]api/v1/([^`"$]+(?:\$\{id\}[^`"$]*)?)[`"]', script)}
    for method, name in asked - {("GET", "openapi.json")}:
        found = find(ROUTES, method, re.sub(r"\$\{.*?\}+", "1", name))
        assert isinstance(found, tuple), f"{path}: {method} {name}"


def test_the_paths_that_the_page_asks_are_found_in_its_scripts() -> None:
    text = "".join(SCRIPTS.values())
    assert len(set(re.findall(r'(?<![.\w])get(?:WhenReady)?\([`"]([^`"]+)[`"]', text))) >= 8


def words_of(name: str) -> set[str]:
    """The keys of an object of `meanings.js`."""
    text = SCRIPTS["/js/meanings.js"]
    return set(re.findall(r"(\w+): \"", text[text.index(f"export const {name} = ") :].partition("};")[0]))


def test_every_reason_for_a_failure_has_words() -> None:
    assert words_of("REASONS") == set(FailureReason)


def test_every_status_has_words() -> None:
    assert words_of("STATUSES") == set(Status) | {"waiting"}


@pytest.mark.parametrize("name", ["FINDINGS", "ADVICE"])
def test_every_finding_has_words_and_an_advice(name: str) -> None:
    assert words_of(name) == set(Finding)


def test_findings_have_the_same_names_on_the_page_and_in_reports() -> None:
    text = SCRIPTS["/js/meanings.js"].partition("export const FINDINGS = ")[2].partition("};")[0]
    assert dict(re.findall(r'(\w+): "([^"]+)"', text)) == {str(finding): words.name for finding, words in WORDS.items()}
