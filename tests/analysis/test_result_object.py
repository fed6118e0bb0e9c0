"""The result object: whole, as its schema has it, the same again and again, and readable back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.analysis.tagger import load_tagger
from playlista.config import Settings
from playlista.errors import DecodeError, FailureReason
from playlista.features.tags.accumulator import TagsAccumulator
from playlista.memory.cgroup import Cgroup
from playlista.outputs.export import write_results
from playlista.tracks import Analysis, Status
from tests import signals
from tests.libraries import as_stored


@pytest.fixture(scope="module")
def tagger(models_dir: Path) -> TagsAccumulator:
    loaded = load_tagger(Settings(models_dir=models_dir), Cgroup())
    assert loaded.accumulator is not None
    return loaded.accumulator


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signals.write(tmp_path_factory.mktemp("songs") / "song.flac", signals.song(24))


def measures(analysis: Analysis) -> dict[str, Any]:
    """All that must not depend on when and where."""
    return {key: value for key, value in analysis.to_json().items() if key not in ("timings", "memory", "path")}


def check_schema(analysis: Analysis, root: Path) -> None:
    schema = json.loads((root / "daemon/playlista/result.schema.json").read_text())
    jsonschema.validate(json.loads(json.dumps(analysis.to_json(), allow_nan=False)), schema)


def test_a_song_gets_the_whole_result_object(song: Path, tagger: TagsAccumulator, project_root: Path) -> None:
    analysis = AudioAnalyzer(Settings(), tagger=tagger).analyze(str(song))
    check_schema(analysis, project_root)
    document = analysis.to_json()
    assert [group for group, value in document.items() if value is None] == ["reason", "detail", "vibenet"]
    assert document["audio"]["analyzed_seconds"] == 24.0
    assert document["rhythm"]["bpm"] == pytest.approx(120, rel=0.01)
    assert (document["tonal"]["key"], document["tonal"]["scale"], document["tonal"]["camelot"]) == ("C", "major", "8B")
    assert len(document["tags"]) == 50
    assert len(document["embedding"]) == 200


def test_a_second_run_gives_the_same_numbers_whatever_came_between(
    song: Path, tagger: TagsAccumulator, tmp_path: Path
) -> None:
    analyzer = AudioAnalyzer(Settings(), tagger=tagger)
    other = signals.write(tmp_path / "other.wav", signals.noise(7), 48000)
    first = analyzer.analyze(str(song))
    analyzer.analyze(str(other))
    assert measures(analyzer.analyze(str(song))) == measures(first)


@pytest.mark.parametrize("seconds", [1.0, 7.3, 30.0])
def test_another_chunk_length_gives_the_same_numbers(song: Path, tagger: TagsAccumulator, seconds: float) -> None:
    usual = AudioAnalyzer(Settings(), tagger=tagger).analyze(str(song))
    changed = replace(Settings(), memory_optimized_chunk_duration_seconds=seconds)
    other = AudioAnalyzer(changed, tagger=tagger).analyze(str(song))
    assert other.music_hash == usual.music_hash
    assert (other.rhythm, other.tonal) == (usual.rhythm, usual.tonal)
    assert other.spectral == usual.spectral
    assert other.tagging is not None
    assert usual.tagging is not None
    np.testing.assert_allclose(other.tagging.embedding, usual.tagging.embedding, rtol=1e-5, atol=1e-6)
    assert other.loudness == usual.loudness


def test_silence_and_noise_have_no_beat_and_no_key(tmp_path: Path, tagger: TagsAccumulator, project_root: Path) -> None:
    analyzer = AudioAnalyzer(Settings(), tagger=tagger)
    silence = analyzer.analyze(str(signals.write(tmp_path / "silence.wav", np.zeros((44100 * 5, 2), np.float32))))
    noise = analyzer.analyze(str(signals.write(tmp_path / "noise.wav", signals.noise(10))))
    for analysis in (silence, noise):
        check_schema(analysis, project_root)
        assert analysis.rhythm is not None
        assert analysis.rhythm.bpm is None
        assert analysis.tonal is not None
        assert analysis.tonal.key is None
    assert silence.spectral is None
    assert silence.loudness is not None
    assert silence.loudness.integrated_lufs is None


def test_without_a_model_the_rest_is_there_and_no_tag_is_invented(song: Path, project_root: Path) -> None:
    analysis = AudioAnalyzer(Settings()).analyze(str(song))
    check_schema(analysis, project_root)
    assert analysis.tagging is None
    assert "tags" not in analysis.versions
    assert analysis.rhythm is not None


def test_a_short_track_has_tags_and_says_that_it_was_padded(tmp_path: Path, tagger: TagsAccumulator) -> None:
    short = signals.write(tmp_path / "short.wav", signals.song(2))
    analysis = AudioAnalyzer(Settings(), tagger=tagger).analyze(str(short))
    assert analysis.tagging is not None
    assert (analysis.tagging.padded, analysis.tagging.patches) == (True, 1)


def test_only_the_groups_that_were_asked_for_are_computed(song: Path) -> None:
    analysis = AudioAnalyzer(Settings()).analyze(str(song), how=Pass(groups={"loudness"}))
    assert set(analysis.versions) == {"loudness"}
    assert (analysis.rhythm, analysis.tonal, analysis.spectral) == (None, None, None)
    assert analysis.timings.resample_seconds < analysis.timings.total_seconds


def test_a_cut_is_on_the_result_with_its_reason(song: Path, project_root: Path) -> None:
    capped = replace(Settings(), memory_streaming_enabled=False, memory_optimized_max_mb_per_track=0.5)
    analysis = AudioAnalyzer(capped).analyze(str(song))
    check_schema(analysis, project_root)
    assert analysis.audio is not None
    assert (analysis.audio.truncated, analysis.audio.truncation_reason) == (True, "max_mb_per_track")
    assert analysis.audio.analyzed_seconds == pytest.approx(2**18 / 22050, abs=1 / 44100)
    assert analysis.audio.duration_seconds == 24.0
    assert analysis.music_hash is None


def test_a_truncated_file_is_partial_and_what_was_decoded_is_analyzed(
    tmp_path: Path, song: Path, project_root: Path
) -> None:
    broken = tmp_path / "broken.flac"
    broken.write_bytes(song.read_bytes()[: song.stat().st_size // 2])
    analysis = AudioAnalyzer(Settings()).analyze(str(broken))
    check_schema(analysis, project_root)
    assert (analysis.status, analysis.reason) == (Status.PARTIAL, FailureReason.CORRUPT)
    assert analysis.audio is not None
    assert 5 < analysis.audio.analyzed_seconds < 20
    assert analysis.audio.declared_seconds == 24.0


def test_a_file_that_is_no_music_raises_with_its_reason(tmp_path: Path) -> None:
    text = tmp_path / "text.mp3"
    text.write_text("once upon a time\n" * 100)
    with pytest.raises(DecodeError) as caught:
        AudioAnalyzer(Settings()).analyze(str(text))
    assert caught.value.reason is FailureReason.NOT_AUDIO


def test_a_result_reads_back_from_its_json(song: Path, tagger: TagsAccumulator) -> None:
    analysis = AudioAnalyzer(Settings(), tagger=tagger).analyze(str(song))
    assert Analysis.from_json(json.loads(json.dumps(analysis.to_json()))) == analysis


def test_exports_hold_every_result(song: Path, tagger: TagsAccumulator) -> None:
    analysis = AudioAnalyzer(Settings(), tagger=tagger).analyze(str(song), shown_as="a, song\udcff.flac")
    failed = Analysis("lost.mp3", Status.FAILED, FailureReason.EMPTY, "not a single sample in it")
    written = {}
    for kind in ("jsonl", "csv", "acousticbrainz"):
        stream = io.BytesIO()
        assert write_results([as_stored(analysis), as_stored(failed)], kind, stream) == (
            1 if kind == "acousticbrainz" else 2
        )
        written[kind] = stream.getvalue()
    lines = [json.loads(line) for line in written["jsonl"].splitlines()]
    assert [line["path"] for line in lines] == ["a, song\udcff.flac", "lost.mp3"]
    rows = list(csv.DictReader(io.StringIO(written["csv"].decode(errors="surrogateescape"))))
    assert rows[0]["path"] == "a, song\udcff.flac"
    assert float(rows[0]["rhythm_bpm"]) == analysis.rhythm.bpm  # type: ignore[union-attr]
    assert rows[1]["reason"] == "empty"
    (document,) = (json.loads(line) for line in written["acousticbrainz"].splitlines())
    assert document["tonal"]["key_key"] == "C"
