"""A library of 0.1, whose loudness knew no channel layouts: only files of more than two channels are computed anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from playlista.library import migrations
from playlista.library.database import FILE_NAME, open_database
from playlista.library.results import Store
from tests.libraries import Clock, analysis_of

STEP = migrations.STEPS.index("0004_loudness_of_two_channels.sql")
FILE = """INSERT INTO files (id, path, device, inode, size_bytes, mtime_ns, status)
          VALUES (?, ?, 1, ?, 1, 1, 'analyzed')"""
CHANNELS = {"mono.flac": 1, "stereo.flac": 2, "surround.flac": 6}


@pytest.fixture
def store_of_0_1(tmp_path: Path) -> Path:
    """A library as it was before the step, with a result of each number of channels."""
    path = tmp_path / FILE_NAME
    connection = sqlite3.connect(path)
    migrations.migrate(connection, until=STEP)
    versions = json.dumps({"loudness": 1, "rhythm": 2}, sort_keys=True)
    connection.execute("INSERT INTO version_sets VALUES (1, ?)", (versions,))
    for number, (name, channels) in enumerate(CHANNELS.items(), start=1):
        document = replace(analysis_of(name, loudness=1, rhythm=2), tagging=None).to_json()
        document["audio"] |= {"channels": channels}
        del document["path"], document["embedding"], document["audio"]["channel_layout"]
        connection.execute(FILE, (number, name.encode(), number))
        columns = "(file_id, version_set, finished_at, attempts, result)"
        connection.execute(f"INSERT INTO analyses {columns} VALUES (?, 1, 0, 1, ?)", (number, json.dumps(document)))
    connection.commit()
    connection.close()
    return path


def test_only_results_of_more_than_two_channels_are_outdated(store_of_0_1: Path) -> None:
    with open_database(str(store_of_0_1)) as database:
        store = Store(database, clock=Clock())
        outdated = [(groups, file.path) for groups, files in store.outdated(_older_than_today) for file in files]
    assert outdated == [(frozenset({"loudness"}), "surround.flac")]


def _older_than_today(versions: Mapping[str, int], _settings: object) -> frozenset[str]:
    today = {"loudness": 2, "rhythm": 2}
    return frozenset(group for group, number in today.items() if versions.get(group, 0) < number)


def test_the_results_of_one_and_two_channels_keep_every_value(store_of_0_1: Path) -> None:
    layouts = {"mono.flac": "mono", "stereo.flac": "stereo", "surround.flac": None}
    with open_database(str(store_of_0_1)) as database:
        store = Store(database, clock=Clock())
        for name, channels in CHANNELS.items():
            before = analysis_of(name, loudness=2 if channels <= 2 else 1, rhythm=2)
            assert before.audio is not None
            audio = replace(before.audio, channels=channels, channel_layout=layouts[name])
            found = store.get(name)
            assert found == replace(before, audio=audio, tagging=None)
