"""Songs in a library for tests of playlists: what they are is given, not analyzed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.synthetic_library import MSD_TAGS
from playlista.tracks import Loudness, Tagging, Tonal
from playlista.tracks.metadata import Metadata
from tests.libraries import Parts, analysis_of, track_file


def add_song(
    parts: Parts,
    path: str,
    *,
    bpm: float = 120.0,
    camelot: str = "8A",
    tags: dict[str, float] | None = None,
    artist: str | None = None,
    title: str | None = None,
    year: int | None = None,
    loudness: float = -10.0,
    direction: int = 0,
    groups: Mapping[str, Any] | None = None,
) -> int:
    """Keep a song; its id. Songs of one `direction` sound alike; `groups` are of its result, in place of the usual."""
    chance = np.random.default_rng(len(path) * 7919 + direction)
    embedding = 5 + 3 * np.random.default_rng(direction).normal(size=200) + 0.1 * chance.normal(size=200)
    analysis = replace(
        analysis_of(path, bpm=bpm),
        tonal=Tonal("A", "minor" if camelot.endswith("A") else "major", 0.5, camelot, 440.0),
        loudness=Loudness(loudness, 5.5, -1.0, -4.0),
        tagging=Tagging(
            dict.fromkeys(MSD_TAGS, 0.0) | (tags or {}),
            tuple(map(float, embedding.astype(np.float32))),
            60,
            False,
            "numpy",
        ),
        metadata=Metadata(title=title or path, artist=artist, year=year),
    )
    analysis = replace(analysis, **(groups or {}))
    parts.queue.enqueue([track_file(path)], "scan")
    job = parts.queue.claim()
    assert job is not None
    assert parts.queue.finish(job, analysis)
    parts.clock.now += 1
    return job.file_id
