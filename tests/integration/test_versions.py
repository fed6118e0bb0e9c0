"""A library whose results were made by an older version of one feature group, under a daemon of today."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from playlista.features.analyzer import VERSIONS
from playlista.tracks.mood import MOOD_VERSION
from tests.integration.daemon import Daemon
from tests.signals import song, write

#: Marks of values that nothing has touched: no track has them.
MARKED = {"tonal": ("strength", 0.123456), "loudness": ("range_lu", 77.0), "spectral": ("flatness", 0.987654)}
OLD_BPM = 61.0


@pytest.fixture
def library(tmp_path: Path, clean_environment: dict[str, str]) -> Daemon:
    once = Daemon(tmp_path, clean_environment, MUSICNN_RUNTIME="off")
    write(once.music / "song.flac", song(seconds=12))
    assert once.run("run", "--once").returncode == 0
    return once


def shown(library: Daemon) -> dict[str, Any]:
    return dict(json.loads(library.run("show", "song.flac", "--json").stdout))


def mark_as_old(library: Daemon) -> None:
    """Give rhythm another value and the version before today's, and every other group a value that it cannot have."""
    (file,) = library.data.glob("*.db")
    with sqlite3.connect(file) as connection:
        ((number, text, versions),) = connection.execute(
            "SELECT version_sets.id, result, versions FROM analyses JOIN version_sets ON version_sets.id = version_set"
        )
        result = json.loads(text)
        result["rhythm"]["bpm"] = OLD_BPM
        result["versions"]["rhythm"] -= 1
        for group, (field, value) in MARKED.items():
            result[group][field] = value
        older = json.dumps({**json.loads(versions), "rhythm": VERSIONS["rhythm"] - 1})
        connection.execute("UPDATE version_sets SET versions = ? WHERE id = ?", (older, number))
        connection.execute("UPDATE analyses SET result = ?, bpm = ?", (json.dumps(result), OLD_BPM))
    connection.close()


def test_when_one_version_rises_that_group_alone_is_computed_anew(library: Daemon) -> None:
    before = shown(library)
    mark_as_old(library)
    assert shown(library)["rhythm"]["bpm"] == OLD_BPM
    assert shown(library)["versions"]["rhythm"] == VERSIONS["rhythm"] - 1
    assert library.run("run", "--once").returncode == 0
    after = shown(library)
    assert after["rhythm"] == before["rhythm"]
    assert after["versions"] == before["versions"]
    assert {group: after[group][field] for group, (field, _) in MARKED.items()} == {
        group: value for group, (_, value) in MARKED.items()
    }
    assert after["timings"]["rhythm_seconds"] > 0


def test_when_nothing_rises_nothing_is_computed_anew(library: Daemon) -> None:
    before = shown(library)
    assert library.run("run", "--once").returncode == 0
    assert shown(library) == before


def test_every_row_says_which_versions_made_it(library: Daemon) -> None:
    analyzed = {group: number for group, number in VERSIONS.items() if group not in {"tags", "vibenet"}}
    assert shown(library)["versions"] == analyzed | {"mood": MOOD_VERSION}
