"""The memory optimization guide's own test script, made real: its settings, its examples, its promises.

Each setting of the guide is shown by what it changes, measured: arrays, bytes, page tables, the process's own memory.
"""

from __future__ import annotations

import gc
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from playlista.analysis.audio_analyzer import AudioAnalyzer
from playlista.analysis.track_stream import Assembly
from playlista.config import Settings
from playlista.memory_optimized_loader import (
    MemoryOptimizedLoader,
    get_memory_optimized_loader,
    safe_essentia_load,
)
from playlista.system.units import MEBIBYTE
from tests import signals

RATE_HZ = 44100
SECONDS = 30.0


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of stereo, 16 bit."""
    return signals.write(tmp_path_factory.mktemp("guide") / "song.wav", signals.song(SECONDS))


def loader(**changed: object) -> MemoryOptimizedLoader:
    return MemoryOptimizedLoader(replace(Settings(), **changed))  # type: ignore[arg-type]


def held_bytes(path: Path, **changed: object) -> int:
    """Most bytes of samples that one pass over `path` held at a time."""
    with loader(**changed).open(path) as stream:
        for _chunk in stream:
            pass
        return stream.held_bytes


# -- the guide's examples, as written but for the package's name -----------------------------------------------------


def test_the_guides_memory_example_prints_current_usage() -> None:
    memory_info = get_memory_optimized_loader().get_memory_info()
    status = dict(
        line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert memory_info["current_usage"] == pytest.approx(resident, rel=0.2)
    assert 0 < memory_info["budget_bytes"] <= 100 * MEBIBYTE


def test_the_guides_streaming_example_covers_the_file_without_gap_or_overlap(recording: Path) -> None:
    end = 0.0
    samples = 0
    for chunk, start_time, end_time in loader().load_audio_streaming(recording):
        assert start_time == end
        assert chunk.dtype == np.float16
        assert end_time - start_time == pytest.approx(len(chunk) / 22050)
        end, samples = end_time, samples + len(chunk)
        gc.collect()
    assert end == pytest.approx(SECONDS, abs=1 / 22050)
    assert samples == round(SECONDS * 22050)


def test_the_guides_capped_example_returns_the_whole_of_a_short_track(recording: Path) -> None:
    audio, sample_rate = loader().load_audio_memory_capped(recording, max_mb=100)
    assert sample_rate == 22050
    assert audio.dtype == np.float16
    assert len(audio) == round(SECONDS * 22050)


def test_the_guides_logger_tells_what_was_loaded(recording: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "playlista.memory_optimized_loader"):
        loader().load_audio_memory_capped(recording, max_mb=0.5)
    messages = [record.getMessage() for record in caplog.records]
    assert any("cut after 262144 samples" in message for message in messages)
    assert any("0.5 MB" in message for message in messages)


def test_streaming_and_the_capped_array_carry_the_same_samples(recording: Path) -> None:
    streamed = np.concatenate([chunk for chunk, _, _ in loader().load_audio_streaming(recording)])
    audio, _ = loader().load_audio_memory_capped(recording)
    np.testing.assert_array_equal(streamed, audio)


# -- the cap ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("max_mb", "itemsize", "float16"), [(0.5, 2, True), (0.5, 4, False), (0.123, 2, True)])
def test_the_cap_is_exact_to_the_sample(recording: Path, max_mb: float, itemsize: int, float16: bool) -> None:
    audio, _ = loader(memory_use_float16=float16).load_audio_memory_capped(recording, max_mb=max_mb)
    assert len(audio) == int(max_mb * MEBIBYTE) // itemsize


def test_the_percentage_binds_where_it_is_the_lesser_bound(recording: Path) -> None:
    by_share = loader(memory_optimized_memory_limit_percent=0.1)
    limit_bytes = by_share.get_memory_info()["limit_bytes"]
    assert by_share.budget().budget_bytes == min(int(limit_bytes * 0.1 / 100), 100 * MEBIBYTE)
    assert loader(memory_optimized_max_mb_per_track=1).budget().budget_bytes == MEBIBYTE


def test_a_cut_ends_all_signals_at_the_same_time(recording: Path) -> None:
    capped = loader(memory_optimized_max_mb_per_track=0.5)
    native = model = analysis = 0
    with capped.open(recording, assembly=Assembly.CAPPED) as stream:
        for chunk in stream:
            native += len(chunk.native)
            model += len(chunk.model)
            analysis += len(chunk.analysis)
        assert stream.truncation is not None
        assert stream.truncation.reason == "max_mb_per_track"
        assert analysis == stream.truncation.kept_samples == MEBIBYTE // 4
        assert stream.frames_delivered == native == analysis * 2
        assert model == pytest.approx(analysis * 16000 / 22050, abs=1600)


# -- what each setting buys, measured ----------------------------------------------------------------------------------


def test_reducing_the_sample_rate_halves_the_array(recording: Path) -> None:
    full, full_rate = loader(memory_reduce_sample_rate=False).load_audio_memory_capped(recording)
    reduced, reduced_rate = loader().load_audio_memory_capped(recording)
    assert (full_rate, reduced_rate) == (44100, 22050)
    assert reduced.nbytes / full.nbytes == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("switch", [{"memory_use_float16": False}, {"memory_optimized_bit_depth": 32}])
def test_float16_halves_the_array_and_keeps_it_within_its_step(recording: Path, switch: dict[str, object]) -> None:
    wide, _ = loader(**switch).load_audio_memory_capped(recording)
    narrow, _ = loader().load_audio_memory_capped(recording)
    assert narrow.nbytes * 2 == wide.nbytes
    np.testing.assert_allclose(narrow.astype(np.float32), wide, atol=2**-11)  # half a step of float16 below 1


def test_streaming_holds_a_fraction_of_the_array_whatever_the_length(recording: Path, tmp_path: Path) -> None:
    longer = signals.write(tmp_path / "longer.wav", signals.song(4 * SECONDS))
    streamed, capped = held_bytes(longer), held_bytes(longer, memory_streaming_enabled=False)
    assert streamed == held_bytes(recording)
    assert capped > 4 * SECONDS * 22050 * 2
    assert streamed < 0.5 * capped


def test_a_shorter_chunk_holds_less(recording: Path) -> None:
    three, one = held_bytes(recording), held_bytes(recording, memory_optimized_chunk_duration_seconds=1.0)
    assert one / three == pytest.approx(1 / 3, abs=0.05)


def test_the_master_switch_loads_everything_at_full_rate(recording: Path) -> None:
    off = loader(memory_optimization_enabled=False)
    assert off.assembly(recording) is Assembly.WHOLE
    with off.open(recording) as stream:
        (chunk,) = stream
    assert chunk.native.shape == (round(SECONDS * RATE_HZ), 2)
    assert chunk.analysis.dtype == np.float32
    assert len(chunk.analysis) == len(chunk.native)


def test_the_guides_optimization_saves_seven_eighths_of_the_raw_audio(recording: Path) -> None:
    with loader(memory_optimization_enabled=False).open(recording) as stream:
        (whole,) = stream
    audio, _ = loader().load_audio_memory_capped(recording)
    assert audio.nbytes / whole.native.nbytes == pytest.approx(1 / 8, abs=0.001)


def test_a_file_below_the_threshold_is_loaded_at_full_rate(recording: Path) -> None:
    size_mb = recording.stat().st_size / MEBIBYTE
    assert loader(memory_optimized_min_file_mb=size_mb - 1).assembly(recording) is Assembly.STREAMED
    with loader(memory_optimized_min_file_mb=size_mb + 1).open(recording) as stream:
        *_, last = stream
    assert last.analysis.dtype == np.float32
    assert len(last.analysis) == round(SECONDS * RATE_HZ)
    assert stream.truncation is None


def test_a_small_file_that_is_long_is_cut_at_the_budget_and_the_cut_is_counted(tmp_path: Path) -> None:
    seconds, max_mb = 900, 8.0
    path = tmp_path / "silence.flac"
    soundfile.write(path, np.zeros(RATE_HZ * seconds, np.int16), RATE_HZ)
    assert path.stat().st_size < MEBIBYTE
    settings = Settings(
        memory_optimized_min_file_mb=5.0, memory_optimized_max_mb_per_track=max_mb, musicnn_runtime="off"
    )
    analysis = AudioAnalyzer(settings).analyze(str(path))
    samples_that_fit = int(max_mb * MEBIBYTE) // 4
    assert analysis.audio is not None
    assert analysis.memory is not None
    assert analysis.audio.truncated
    assert analysis.audio.truncation_reason == "max_mb_per_track"
    assert analysis.audio.analyzed_seconds == pytest.approx(samples_that_fit / RATE_HZ, abs=0.01)
    # The array is the budget; a chunk of 3 s in three signals and what the features keep are as much again at most.
    assert analysis.memory.retained_bytes < 2 * max_mb * MEBIBYTE


def test_safe_essentia_load_gives_the_conventional_array(recording: Path) -> None:
    audio, rate = safe_essentia_load(recording)
    assert (audio.dtype, rate, len(audio)) == (np.float32, RATE_HZ, round(SECONDS * RATE_HZ))
    reduced, reduced_rate = safe_essentia_load(recording, 16000)
    assert (reduced_rate, len(reduced)) == (16000, round(SECONDS * 16000))


def test_mapping_changes_how_a_file_is_read_and_not_what_is_read(recording: Path) -> None:
    def samples(**changed: object) -> np.ndarray:
        with loader(**changed).open(recording) as stream:
            return np.concatenate([chunk.native for chunk in stream])

    np.testing.assert_array_equal(samples(memory_mapping_min_mb=0.0), samples(memory_mapping_enabled=False))


def test_a_mapped_file_is_not_copied_through_read_calls(recording: Path) -> None:
    def read_bytes(**changed: object) -> int:
        before = _bytes_read_by_calls()
        held_bytes(recording, **changed)
        return _bytes_read_by_calls() - before

    size = recording.stat().st_size
    assert read_bytes(memory_mapping_enabled=False) > 0.99 * size
    # Its first MiB is searched for DTS and AC-3 in the guise of samples, however long the file is.
    assert read_bytes(memory_mapping_min_mb=0.0) < 0.05 * size + MEBIBYTE
    assert read_bytes(memory_mapping_min_mb=2 * size / MEBIBYTE) > 0.99 * size


def _bytes_read_by_calls() -> int:
    """What this process got by ``read`` and its kin, from the page cache or not."""
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["rchar"])
