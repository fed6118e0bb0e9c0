"""Switched on for a library that is there, VibeNet alone is computed, and the members of a cluster must agree on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from playlista.analysis.attempt import attempt
from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.analysis.mood_model import MoodModel
from playlista.analysis.tagger import Tagger
from playlista.analysis.track_analysis import merged
from playlista.cluster.kinship import kinship_of
from playlista.cluster.messages import Refusal
from playlista.config import Settings
from playlista.errors import Blame
from playlista.memory.configuration import NETWORK_BYTES
from playlista.vibenet.arrays import NetworkFile, arrays_file
from playlista.vibenet.files import VibenetFiles
from tests import signals

_HEARD = dict.fromkeys(
    ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence"), 0.25
)


class Listener:
    """At the model's edge: hears the same in everything."""

    def values(self, _bands: NDArray[np.float32], _checkpoint: Callable[[], None]) -> dict[str, float]:
        return _HEARD


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    return str(signals.write(path, signals.song(6, 22_050, 100), 22_050))


def test_only_the_new_group_is_computed_and_put_to_the_others(song: str) -> None:
    former = AudioAnalyzer(Settings()).analyze(song)
    analyzer = AudioAnalyzer(Settings(mood_model="vibenet"), network=Listener())
    due = analyzer.outdated_groups(former.versions, former.settings)
    assert due == {"vibenet"}
    fresh = analyzer.analyze(song, how=Pass(due))
    assert fresh.versions.keys() == {"vibenet"}
    whole = merged(former, fresh)
    assert (whole.rhythm, whole.loudness, whole.health) == (former.rhythm, former.loudness, former.health)
    assert whole.mood is not None
    assert (whole.mood.valence, whole.mood.energy) == (0.25, former.mood and former.mood.energy)
    assert not analyzer.outdated_groups(whole.versions, whole.settings)


def test_switched_off_again_nothing_is_due_and_the_values_stay(song: str) -> None:
    heard = AudioAnalyzer(Settings(), network=Listener()).analyze(song)
    assert heard.vibenet is not None
    assert not AudioAnalyzer(Settings()).outdated_groups(heard.versions, heard.settings)


def test_no_track_is_blamed_for_a_network_whose_file_was_cut_while_it_is_in_use(song: str, tmp_path: Path) -> None:
    path = tmp_path / "vibenet.npz"
    path.write_bytes(arrays_file({"part_00/graph": np.zeros(100_000, np.uint8)}))
    with NetworkFile(path) as file:

        class Reader:
            def values(self, _bands: NDArray[np.float32], _checkpoint: Callable[[], None]) -> dict[str, float]:
                return {"read": float(file.graph(0)[0])}

        os.truncate(path, 50_000)
        ended = attempt(AudioAnalyzer(Settings(mood_model="vibenet"), network=Reader()), song)
    assert ended.blame is Blame.INSTALLATION
    assert "models prepare --mood" in (ended.analysis.detail or "")


def test_a_track_asks_for_the_memory_of_the_network(song: str) -> None:
    without, with_it = AudioAnalyzer(Settings()), AudioAnalyzer(Settings(), network=Listener())
    assert with_it.extra_bytes(song) - without.extra_bytes(song) == NETWORK_BYTES


def test_a_worker_without_the_daemons_network_is_refused(tmp_path: Path) -> None:
    tagger, settings = Tagger(None, "off", ""), Settings(models_dir=tmp_path)
    files = VibenetFiles(tmp_path, {"vibenet.npz": "ab" * 32}, {})
    analyzer = AudioAnalyzer(settings)
    daemon = kinship_of(settings, analyzer, tagger, MoodModel(None, "", files=files))
    worker = kinship_of(settings, analyzer, tagger, MoodModel(None, ""))
    refused = worker.difference(daemon)
    assert refused is not None
    assert refused[0] is Refusal.MODEL
