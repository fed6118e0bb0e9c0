"""What the tests of tag writing share: a writer, and what an analysis would have found out about a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from playlista.outputs.file_tags.fields import Fields
from playlista.outputs.file_tags.sound import Bounds, sound_of
from playlista.outputs.file_tags.writer import Measured, TagWriter
from playlista.tracks import TrackFile

FIELDS: Fields = {
    "bpm": "127.98",
    "key": "F#m",
    "mood": "calm; sad",
    "energy": "7",
    "replaygain_track_gain": "-8.50 dB",
    "replaygain_track_peak": "0.944061",
}
BOUNDS = Bounds(60.0)

Write = Callable[[Path], None]


def measured(path: Path) -> Measured:
    """What the library knows of the file at `path` once it is analyzed."""
    hashed = sound_of(os.fspath(path), BOUNDS).music_hash
    return Measured(TrackFile.from_stat(path.name, path.stat()), hashed)


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def writer(data_dir: Path) -> TagWriter:
    """A writer over that folder."""
    return TagWriter(os.fspath(data_dir), BOUNDS)


@pytest.fixture
def write(writer: TagWriter) -> Write:
    """Analyze and tag a file with `FIELDS`."""
    return lambda path: writer.write(os.fspath(path), FIELDS, measured(path))
