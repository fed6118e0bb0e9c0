"""Music for the benchmarks: what is found, and that files are made of it with the wanted length, size and content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.music import RATE_HZ, Request, find_music, make_music
from tests import signals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tracks, one of them mono at another rate, and what must be left out: too short, silent, broken, no audio."""
    music = tmp_path / "music"
    music.mkdir()
    signals.write(music / "b-song.flac", signals.song(6))
    signals.write(music / "c-tone.wav", signals.sine(440, 5, 22050), 22050)
    signals.write(music / "short.flac", signals.song(2))
    signals.write(music / "silent.wav", signals.sine(440, 6, peak=0.0))
    (music / "a-broken.flac").write_bytes((music / "b-song.flac").read_bytes()[:400])
    (music / "notes.txt").write_text("no audio")
    return music


def test_only_tracks_that_decode_are_long_enough_and_sound_are_found(folder: Path) -> None:
    found = find_music(folder, total_seconds=60, least_seconds=4)
    assert [(Path(source.path).name, source.seconds) for source in found] == [("b-song.flac", 6.0), ("c-tone.wav", 5.0)]


def test_no_more_is_looked_for_than_was_asked(folder: Path) -> None:
    assert len(find_music(folder, total_seconds=5, least_seconds=4)) == 1


def test_a_folder_without_music_is_said(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no track"):
        find_music(tmp_path, total_seconds=60)


def test_a_file_of_a_length_is_the_sources_end_to_end_again_and_again(folder: Path, tmp_path: Path) -> None:
    sources = find_music(folder, total_seconds=60, least_seconds=4)
    (path,) = make_music(sources, tmp_path / "made", [Request(".wav", seconds=12.5)])
    samples, rate_hz = soundfile.read(path, dtype="float32")
    song, _ = soundfile.read(folder / "b-song.flac", dtype="float32")
    assert (rate_hz, samples.shape) == (RATE_HZ, (round(12.5 * RATE_HZ), 2))
    np.testing.assert_array_equal(samples[: len(song)], song)
    np.testing.assert_array_equal(samples[-RATE_HZ:], song[RATE_HZ // 2 :][:RATE_HZ])


def test_a_file_begins_where_it_was_told_to(folder: Path, tmp_path: Path) -> None:
    sources = find_music(folder, total_seconds=5, least_seconds=4)
    (path,) = make_music(sources, tmp_path / "made", [Request(".flac", seconds=1.0, skip_seconds=20.0)])
    samples, _ = soundfile.read(path, dtype="float32")
    song, _ = soundfile.read(folder / "b-song.flac", dtype="float32")
    np.testing.assert_array_equal(samples, song[2 * RATE_HZ : 3 * RATE_HZ])  # 20 s into 6 s again and again


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_a_file_of_a_size_has_it_to_a_second(folder: Path, tmp_path: Path, suffix: str) -> None:
    sources = find_music(folder, total_seconds=60, least_seconds=4)
    (path,) = make_music(sources, tmp_path / "made", [Request(suffix, megabytes=0.6)])
    assert 0.6e6 <= path.stat().st_size < 0.8e6


def test_a_file_that_is_there_is_kept_until_its_sources_change(folder: Path, tmp_path: Path) -> None:
    wanted = [Request(".flac", seconds=1.0)]
    sources = find_music(folder, total_seconds=5, least_seconds=4)
    (first,) = make_music(sources, tmp_path / "made", wanted)
    before = first.stat().st_mtime_ns
    assert make_music(sources, tmp_path / "made", wanted) == [first]
    assert first.stat().st_mtime_ns == before
    signals.write(folder / "b-song.flac", signals.song(7))
    changed = find_music(folder, total_seconds=5, least_seconds=4)
    assert make_music(changed, tmp_path / "made", wanted) != [first]
