"""What is known is not analyzed again, and what is not the same is: with the real analyzer and a real library."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from mutagen.flac import FLAC

from playlista.analysis.audio_analyzer import EVERYTHING, AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.tracks import Analysis, TrackFile
from playlista.tracks.metadata import Metadata
from tests import signals
from tests.daemon.workers import worker_of
from tests.ffmpeg import ffmpeg
from tests.libraries import Parts, open_parts


class Counting(AudioAnalyzer):
    """Notes which groups were computed of which file."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.computed: list[tuple[str, list[str]]] = []

    def analyze(self, path: str, *, shown_as: str | None = None, how: Pass = EVERYTHING) -> Analysis:
        analysis = super().analyze(path, shown_as=shown_as, how=how)
        self.computed.append((os.path.basename(path), sorted(analysis.versions)))
        return analysis


def work(parts: Parts, music: Path, analyzer: Counting, *names: str) -> list[tuple[str, list[str]]]:
    """Let the worker look at these files; what it computed."""
    before = len(analyzer.computed)
    parts.queue.enqueue([TrackFile.from_stat(name, (music / name).stat()) for name in names], "scan")
    worker_of(parts, music, analyzer).run(until_empty=True)
    return analyzer.computed[before:]


def retag(path: Path) -> None:
    tags = FLAC(path)
    tags["title"] = "another name"
    tags.save()


def test_a_retagged_copy_takes_over_the_result_and_its_stereo_twin_does_not(tmp_path: Path) -> None:
    analyzer, song = Counting(Settings(musicnn_runtime="off")), signals.song(8)
    signals.write(tmp_path / "a.flac", song)
    (tmp_path / "copy.flac").write_bytes((tmp_path / "a.flac").read_bytes())
    retag(tmp_path / "copy.flac")
    mono = song.reshape(len(song), -1)[:, :1]
    signals.write(tmp_path / "twin.flac", np.hstack([mono, mono]) if song.ndim == 1 else mono)
    with open_parts(tmp_path) as parts:
        assert [name for name, _ in work(parts, tmp_path, analyzer, "a.flac")] == ["a.flac"]
        assert work(parts, tmp_path, analyzer, "copy.flac") == []
        assert [name for name, _ in work(parts, tmp_path, analyzer, "twin.flac")] == ["twin.flac"]
        first, copy = parts.store.get("a.flac"), parts.store.get("copy.flac")
    assert first is not None
    assert copy is not None
    assert (copy.rhythm, copy.loudness, copy.path) == (first.rhythm, first.loudness, "copy.flac")


def test_names_follow_the_tags_and_the_path_of_each_file_without_an_analysis(tmp_path: Path) -> None:
    analyzer = Counting(Settings(musicnn_runtime="off"))
    signals.write(tmp_path / "a.flac", signals.song(6))
    with open_parts(tmp_path) as parts:
        assert len(work(parts, tmp_path, analyzer, "a.flac")) == 1
        assert parts.store.get("a.flac").metadata == Metadata("a", has_cover=False, from_path=("title",))
        (tmp_path / "Artist").mkdir()
        (tmp_path / "Artist" / "b.flac").write_bytes((tmp_path / "a.flac").read_bytes())  # the same bytes
        retag(tmp_path / "a.flac")
        assert work(parts, tmp_path, analyzer, "Artist/b.flac", "a.flac") == []
        assert parts.store.get("a.flac").metadata.title == "another name"
        assert parts.store.get("Artist/b.flac").metadata.title == "b"


def test_another_rate_recomputes_what_depends_on_it_and_a_retry_everything(tmp_path: Path) -> None:
    signals.write(tmp_path / "a.flac", signals.song(6))
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, Counting(Settings(musicnn_runtime="off")), "a.flac")
        kept = Counting(Settings(musicnn_runtime="off", memory_optimized_sample_rate=16000, on_settings_change="keep"))
        assert list(parts.store.outdated(kept.outdated_groups)) == []
        analyzer = Counting(Settings(musicnn_runtime="off", memory_optimized_sample_rate=16000))
        for groups, files in parts.store.outdated(analyzer.outdated_groups):
            parts.queue.enqueue(files, "outdated", groups=groups)
        worker_of(parts, tmp_path, analyzer).run(until_empty=True)
        assert analyzer.computed == [("a.flac", ["rhythm", "spectral", "tonal"])]
        parts.queue.retry(["a.flac"])
        worker_of(parts, tmp_path, analyzer).run(until_empty=True)
        result = parts.store.get("a.flac")
    assert analyzer.computed[1:] == [("a.flac", ["fingerprint", "health", "loudness", "rhythm", "spectral", "tonal"])]
    assert result is not None
    assert result.settings["rhythm"] == {"sample_rate_hz": 16000, "bit_depth": 16}


def test_a_result_of_version_0_1_is_kept_when_its_file_was_retagged(tmp_path: Path) -> None:
    analyzer = Counting(Settings(musicnn_runtime="off"))
    signals.write(tmp_path / "a.flac", signals.song(6))
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer, "a.flac")
        with parts.database.transaction() as connection:
            connection.execute("DELETE FROM origins")
        retag(tmp_path / "a.flac")
        assert work(parts, tmp_path, analyzer, "a.flac") == []
        found = parts.store.get("a.flac")
    assert found is not None
    assert None not in {found.origin.content, found.origin.sound, found.origin.opening}


def with_chapters(path: Path, *titles: str) -> None:
    """Tag a FLAC with a chapter a second, of these titles."""
    tags = FLAC(path)
    tags.delete()
    for number, title in enumerate(titles):
        tags[f"chapter{number:03d}"] = f"00:00:0{number}.000"
        tags[f"chapter{number:03d}name"] = title
    tags.save()


def titles_of(parts: Parts, name: str) -> list[str]:
    found = parts.store.get(name)
    return [] if found is None else [chapter.title for chapter in found.chapters]


def test_chapters_follow_the_tags_of_each_file_without_an_analysis(tmp_path: Path) -> None:
    analyzer = Counting(Settings(musicnn_runtime="off"))
    signals.write(tmp_path / "a.flac", signals.song(6))
    (tmp_path / "twin.flac").write_bytes((tmp_path / "a.flac").read_bytes())
    with_chapters(tmp_path / "a.flac", "one", "two")
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer, "a.flac")
        assert work(parts, tmp_path, analyzer, "twin.flac") == []
        assert (titles_of(parts, "a.flac"), titles_of(parts, "twin.flac")) == (["one", "two"], [])
        with_chapters(tmp_path / "a.flac", "one", "another", "three")
        assert work(parts, tmp_path, analyzer, "a.flac") == []
        assert titles_of(parts, "a.flac") == ["one", "another", "three"]


def test_the_cue_sheet_at_the_side_of_a_copy_is_its_own(tmp_path: Path) -> None:
    analyzer = Counting(Settings(musicnn_runtime="off"))
    signals.write(tmp_path / "a.flac", signals.song(6))
    (tmp_path / "b.flac").write_bytes((tmp_path / "a.flac").read_bytes())
    (tmp_path / "b.cue").write_text(
        'FILE "b.flac" WAVE\n TRACK 01 AUDIO\n  TITLE "x"\n  INDEX 01 00:00:00\n'
        ' TRACK 02 AUDIO\n  TITLE "y"\n  INDEX 01 00:03:00\n'
    )
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer, "a.flac")
        assert work(parts, tmp_path, analyzer, "b.flac") == []
        assert (titles_of(parts, "a.flac"), titles_of(parts, "b.flac")) == ([], ["x", "y"])


def test_chapters_of_which_only_ffmpeg_knows_are_read_without_an_analysis(tmp_path: Path) -> None:
    def matroska(name: str, title: str) -> None:
        chapters = tmp_path / "chapters.txt"
        chapters.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=3\ntitle={title}\n")
        command = ["-i", str(tmp_path / "a.wav"), "-i", str(chapters), "-map_metadata", "1", "-c:a", "flac"]
        ffmpeg(*command, tmp_path / name)

    analyzer = Counting(Settings(musicnn_runtime="off"))
    signals.write(tmp_path / "a.wav", signals.song(6))
    matroska("a.mka", "first")
    with open_parts(tmp_path) as parts:
        work(parts, tmp_path, analyzer, "a.mka")
        assert titles_of(parts, "a.mka") == ["first"]
        matroska("a.mka", "second")
        assert work(parts, tmp_path, analyzer, "a.mka") == []
        assert titles_of(parts, "a.mka") == ["second"]
