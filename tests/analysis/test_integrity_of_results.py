"""The integrity of a file is part of its result, and costs nothing where health is not asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.tracks import Status
from playlista.tracks.health import IntegrityState

HEALTH_ALONE = Pass(groups=frozenset({"health"}))


def flac(path: Path) -> Path:
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, (5 * 44100, 2)), 44100)
    return path


def test_a_result_says_that_the_checksum_of_its_file_fits(tmp_path: Path) -> None:
    result = AudioAnalyzer(Settings()).analyze(str(flac(tmp_path / "a.flac")), how=HEALTH_ALONE)
    assert result.health is not None
    assert result.health.integrity is IntegrityState.VERIFIED


def test_a_partial_result_is_a_mismatch_that_says_where(tmp_path: Path) -> None:
    path = flac(tmp_path / "a.flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = AudioAnalyzer(Settings()).analyze(str(path), how=HEALTH_ALONE)
    assert result.status is Status.PARTIAL
    assert result.health is not None
    assert result.health.integrity is IntegrityState.MISMATCH
    assert " s" in (result.health.integrity_detail or "")


def test_a_track_that_is_cut_at_its_budget_is_not_verified(tmp_path: Path) -> None:
    """1 MB of float16 at 22.05 kHz are 24 s: the rest was never read."""
    path = tmp_path / "long.flac"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 60 * 44100), 44100)
    settings = Settings(memory_streaming_enabled=False, memory_optimized_max_mb_per_track=1)
    result = AudioAnalyzer(settings).analyze(str(path), how=Pass(groups=frozenset({"health", "spectral"})))
    assert result.audio is not None
    assert result.audio.truncated
    assert result.health is not None
    assert result.health.integrity is IntegrityState.NO_CHECKSUM
