"""Lossless files that were lossy once, by real encoders, against the same sound untouched and filtered."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from playlista.analysis.audio_analyzer import AudioAnalyzer, Pass
from playlista.config import Settings
from playlista.decode.readers.ffmpeg_child import ffmpeg_path
from playlista.features.health.accumulator import HealthAccumulator
from playlista.features.health.codecs import grid as grid_module
from playlista.features.health.codecs.grid import OPUS_EMPHASIS, codec_grids, grids_of_long_frames
from playlista.tracks import Health
from playlista.tracks.health import IntegrityState
from tests import signals
from tests.kernels import way

RATE_HZ = 44100
ENCODERS = {
    "MP3 128": ("mp3", ["-c:a", "libmp3lame", "-b:a", "128k"]),
    "MP3 192": ("mp3", ["-c:a", "libmp3lame", "-b:a", "192k"]),
    "MP3 320": ("mp3", ["-c:a", "libmp3lame", "-b:a", "320k"]),
    "AAC 192": ("m4a", ["-c:a", "aac", "-b:a", "192k"]),
    "AAC 256": ("m4a", ["-c:a", "aac", "-b:a", "256k"]),
    "Vorbis": ("ogg", ["-c:a", "libvorbis", "-q:a", "5"]),
    "Opus 96": ("opus", ["-c:a", "libopus", "-b:a", "96k"]),
}

#: Samples [shape=(n, channels)] and their rate.
Sound = tuple[NDArray[np.float32], int]

pytestmark = pytest.mark.usefixtures("each_way")


def health(samples: NDArray[np.floating], rate_hz: int = RATE_HZ) -> Health:
    accumulator = HealthAccumulator(rate_hz, samples.shape[1], kernels=way.kernels)
    accumulator.update(samples.astype(np.float32))
    return accumulator.result()


@pytest.fixture(scope="session")
def music() -> NDArray[np.float32]:
    """Ten seconds of chords, drums and hiss up to the top of the band, dithered to 16 bits [shape=(n, 2)]."""
    random = np.random.default_rng(3)
    bursts = signals.clicks(127, 10) + 0.4 * np.repeat(signals.noise(10, peak=1.0)[:, np.newaxis], 1, axis=1)[:, 0] * (
        np.exp(-((np.arange(10 * RATE_HZ) % 11025) / 1500)).astype(np.float32)
    )
    chords = signals.song(10, bpm=127)
    sides = np.stack([bursts, 0.8 * bursts], axis=1) + chords + 0.02 * random.standard_normal(chords.shape)
    dither = random.random(sides.shape) - random.random(sides.shape)
    rounded: NDArray[np.float32] = (np.round(0.5 * sides * 32768 + dither) / 32768).astype(np.float32)
    return rounded


@pytest.fixture(scope="session")
def lossy(tmp_path_factory: pytest.TempPathFactory, music: NDArray[np.float32]) -> Callable[[str], Sound]:
    """The music through an encoder of `ENCODERS`, each time anew only for another encoder."""
    return cache(lambda encoder: transcoded(music, tmp_path_factory.mktemp("lossy"), encoder))


@pytest.fixture(scope="session")
def soft_music(music: NDArray[np.float32]) -> NDArray[np.float32]:
    """The music 20 dB down and without what is above 6 kHz, dithered to 16 bits."""
    hz = np.fft.rfftfreq(len(music), 1 / RATE_HZ)[:, np.newaxis]
    dull = 0.1 * np.fft.irfft(np.fft.rfft(music, axis=0) / np.sqrt(1 + (hz / 6_000) ** 16), len(music), axis=0)
    random = np.random.default_rng(4)
    dither = random.random(dull.shape) - random.random(dull.shape)
    rounded: NDArray[np.float32] = (np.round(dull * 32768 + dither) / 32768).astype(np.float32)
    return rounded


@pytest.fixture(scope="session")
def soft_lossy(tmp_path_factory: pytest.TempPathFactory, soft_music: NDArray[np.float32]) -> Callable[[str], Sound]:
    """The soft music through an encoder, as `lossy`."""
    return cache(lambda encoder: transcoded(soft_music, tmp_path_factory.mktemp("lossy"), encoder))


def transcoded(samples: NDArray[np.float32], folder: Path, encoder: str) -> Sound:
    """`samples` encoded and decoded again to 16 bits, and their rate."""
    suffix, options = ENCODERS[encoder]
    source, lossy, back = folder / "source.wav", folder / f"lossy.{suffix}", folder / "back.wav"
    soundfile.write(source, samples, RATE_HZ, subtype="PCM_16")
    for command in ([str(source), *options, str(lossy)], [str(lossy), "-c:a", "pcm_s16le", str(back)]):
        subprocess.run([ffmpeg_path(), "-v", "error", "-y", "-i", *command], check=True, timeout=120)
    decoded, rate_hz = soundfile.read(back, dtype="float32")
    return decoded, rate_hz


@pytest.mark.parametrize("encoder", [name for name in ENCODERS if "Opus" not in name])
def test_what_was_lossy_once_is_suspected_and_the_evidence_said(lossy: Callable[[str], Sound], encoder: str) -> None:
    found = health(*lossy(encoder))
    assert found.lossy_suspicion is not None
    assert found.lossy_suspicion >= 0.5
    assert found.suspicion_evidence


@pytest.mark.parametrize("encoder", ["MP3 128", "Vorbis"])
def test_the_grid_of_the_encoder_is_found_and_named(lossy: Callable[[str], Sound], encoder: str) -> None:
    evidence = health(*lossy(encoder)).suspicion_evidence
    assert any(encoder.partition(" ")[0] in words for words in evidence)


@pytest.mark.parametrize("encoder", ["MP3 320", "AAC 256"])
def test_the_steps_of_a_quantizer_are_found_in_soft_music_without_treble(
    soft_lossy: Callable[[str], Sound], encoder: str
) -> None:
    """Hardly anything is rounded to 0 there."""
    found = health(*soft_lossy(encoder))
    assert (found.lossy_suspicion or 0.0) >= 0.5
    assert encoder.partition(" ")[0] in found.suspicion_evidence[0]


@pytest.mark.parametrize("encoder", ["MP3 320", "AAC 256"])
def test_the_steps_of_a_quantizer_are_found_though_the_start_was_cut_off(
    lossy: Callable[[str], Sound], encoder: str
) -> None:
    """The grid is where nobody would look for it first."""
    decoded, rate_hz = lossy(encoder)
    found = health(decoded[12_345:], rate_hz)
    assert (found.lossy_suspicion or 0.0) >= 0.5
    assert encoder.partition(" ")[0] in found.suspicion_evidence[0]


def test_soft_music_without_treble_is_not_suspected(soft_music: NDArray[np.float32]) -> None:
    assert (health(soft_music).lossy_suspicion or 0.0) < 0.5


def test_opus_leaves_a_wall_at_20_khz_and_no_grid(music: NDArray[np.float32], lossy: Callable[[str], Sound]) -> None:
    found = health(*lossy("Opus 96"))
    assert found.lossy_suspicion is not None
    assert found.lossy_suspicion > 0.3 + (health(music).lossy_suspicion or 0.0)
    assert any("20.1 kHz" in words for words in found.suspicion_evidence)


def test_what_never_was_is_not_suspected(music: NDArray[np.float32]) -> None:
    found = health(music)
    assert found.lossy_suspicion is not None
    assert found.lossy_suspicion < 0.5
    assert found.bandwidth_hz == pytest.approx(22050, abs=100)
    assert found.upsampled_from_hz is None


def test_a_drum_that_keeps_time_with_the_frames_of_a_codec_is_not_suspected() -> None:
    """At 48 kHz four hits a second are 12.5 frames of Opus apart, and a hum of 50 Hz lasts one frame."""
    rate_hz = 48_000
    seconds = np.arange(12 * rate_hz) / rate_hz
    noise = np.random.default_rng(2).standard_normal((len(seconds), 2))
    hits = 0.1 * noise * np.exp(-(seconds % 0.25) / 0.03)[:, np.newaxis]
    track = hits + 0.3 * np.sin(2 * np.pi * 50 * seconds)[:, np.newaxis] + 1e-4 * noise
    found = health(np.round(track * 32768) / 32768, rate_hz)
    assert found.lossy_suspicion is not None
    assert found.lossy_suspicion < 0.5


def test_low_tones_one_after_the_other_are_not_suspected() -> None:
    """Rounding makes lines of its own in the treble, and the last of them looks like an edge."""
    seconds = np.arange(40 * RATE_HZ) / RATE_HZ
    tones = np.concatenate([np.sin(2 * np.pi * hz * seconds) for hz in (261.0, 392.0)])[:, np.newaxis]
    found = health(np.round(tones * 4096) / 32768)
    assert found.lossy_suspicion is not None
    assert found.lossy_suspicion < 0.5


def test_a_low_tone_alone_is_not_suspected() -> None:
    assert (health(signals.sine(40.0, 12, peak=0.8)[:, np.newaxis]).lossy_suspicion or 0.0) < 0.5


def test_an_old_recording_without_treble_is_not_suspected(music: NDArray[np.float32]) -> None:
    spectrum = np.fft.rfft(music, axis=0)
    hz = np.fft.rfftfreq(len(music), 1 / RATE_HZ)[:, np.newaxis]
    dull = np.fft.irfft(spectrum / np.sqrt(1 + (hz / 5000) ** 6), len(music), axis=0)
    old = np.round((dull + 1e-3 * np.random.default_rng(1).standard_normal(dull.shape)) * 32768) / 32768
    assert (health(old).lossy_suspicion or 0) < 0.5


@pytest.mark.parametrize("low_hz", [32000, 22050])
def test_what_was_resampled_from_a_lower_rate_says_so_and_is_not_suspected(
    music: NDArray[np.float32], low_hz: int
) -> None:
    low = soxr.resample(soxr.resample(music, RATE_HZ, low_hz, "HQ"), low_hz, RATE_HZ, "HQ")
    found = health(np.round(low * 32768) / 32768)
    assert found.upsampled_from_hz == low_hz
    assert (found.lossy_suspicion or 0) < 0.5
    assert found.bandwidth_hz == pytest.approx(0.47 * low_hz, rel=0.06)


@pytest.mark.parametrize("low_hz", [32000, 22050])
def test_a_part_from_another_rate_is_told_with_its_place(music: NDArray[np.float32], low_hz: int) -> None:
    half = 4 * RATE_HZ
    low = soxr.resample(soxr.resample(music[half : 2 * half], RATE_HZ, low_hz, "HQ"), low_hz, RATE_HZ, "HQ")
    found = health(np.round(np.concatenate([music[:half], low]) * 32768) / 32768)
    assert found.rate_changes == 1
    assert found.positions["rate_changes"][0] == pytest.approx(4.0, abs=1.3)  # a look is taken each second


def test_a_part_from_another_rate_is_told_though_its_treble_gets_softer() -> None:
    """The softer it is, the lower the filter takes it under the rounding: some looks end 190 Hz before others."""
    noise = 0.1 * np.random.default_rng(3).standard_normal((8 * RATE_HZ, 2))
    first, second = noise[: 4 * RATE_HZ], noise[4 * RATE_HZ :]
    second = second * np.repeat([1.0, 0.003, 0.5, 0.002], RATE_HZ)[:, np.newaxis]
    low = soxr.resample(soxr.resample(second, RATE_HZ, 22_050, "HQ"), 22_050, RATE_HZ, "HQ")
    tone = 0.2 * signals.sine(330.0, 8)[:, np.newaxis]
    found = health(np.round((np.concatenate([first, low]) + tone) * 32768) / 32768)
    assert found.rate_changes == 1


def test_music_whose_treble_comes_and_goes_has_no_parts_of_another_rate(music: NDArray[np.float32]) -> None:
    low = soxr.resample(soxr.resample(music, RATE_HZ, 22050, "HQ"), 22050, RATE_HZ, "HQ")
    seconds = [(low if second % 2 else music)[second * RATE_HZ : (second + 1) * RATE_HZ] for second in range(9)]
    assert health(np.round(np.concatenate(seconds) * 32768) / 32768).rate_changes == 0
    assert health(music).rate_changes == 0


def test_the_verdict_is_that_of_the_samples_whatever_lossless_file_holds_them(
    music: NDArray[np.float32], tmp_path: Path
) -> None:
    """FLAC, WAV and AIFF, ALAC, WavPack, and 16 bits in a file of 24."""
    decoded, rate_hz = transcoded(music[: 5 * RATE_HZ], tmp_path, "MP3 192")
    soundfile.write(tmp_path / "padded.flac", decoded, rate_hz, subtype="PCM_24")
    soundfile.write(tmp_path / "samples.wav", decoded, rate_hz, subtype="PCM_16")
    for name, encoder in {"flac": "flac", "aiff": "pcm_s16be", "m4a": "alac", "wv": "wavpack"}.items():
        command = [ffmpeg_path(), "-v", "error", "-y", "-i", str(tmp_path / "samples.wav"), "-c:a", encoder]
        subprocess.run([*command, str(tmp_path / f"same.{name}")], check=True, timeout=120)
    found = {}
    for path in (tmp_path / "samples.wav", tmp_path / "padded.flac", *sorted(tmp_path.glob("same.*"))):
        analysis = AudioAnalyzer(Settings()).analyze(str(path), how=Pass(groups=("health",)))
        assert analysis.health is not None
        # Whether the file has a checksum is the file's own matter.
        found[path.name] = replace(analysis.health, integrity=IntegrityState.NO_CHECKSUM, integrity_detail=None)
    assert len(found) == 6
    assert found["samples.wav"].lossy_suspicion is not None
    assert all(one == found["samples.wav"] for one in found.values()), found


def test_a_lossy_file_is_not_suspected_of_being_lossy(music: NDArray[np.float32], tmp_path: Path) -> None:
    path = tmp_path / "song.ogg"
    soundfile.write(path, music[: 3 * RATE_HZ], RATE_HZ, format="OGG", subtype="VORBIS")
    analysis = AudioAnalyzer(Settings()).analyze(str(path), how=Pass(groups=("health",)))
    assert analysis.health is not None
    assert (analysis.health.lossy_suspicion, analysis.health.suspicion_evidence) == (None, ())
    assert analysis.health.bandwidth_hz is not None


@pytest.mark.parametrize("number", range(5))
def test_the_coefficients_of_a_grid_are_those_of_its_transform(number: int) -> None:
    """Of noise under a transform of energy 1: the mean log of the magnitude of a normal variable."""
    grid = codec_grids()[number]
    random = np.random.default_rng(number)
    noise = random.standard_normal((8, grid.segment_frames)).astype(np.float32)
    if grid.name == "Opus":
        for nth in range(1, grid.segment_frames):  # as its decoder does last
            noise[:, nth] += OPUS_EMPHASIS * noise[:, nth - 1]
    logs = np.mean([grid.smallness(segment) for segment in noise], axis=0)
    assert logs.shape == (grid.period_frames,)
    if grid.name != "Vorbis":  # the smallest of eight
        assert logs.mean() == pytest.approx(-(np.log(2) + np.euler_gamma) / 2, abs=0.15)


def forget_grids() -> None:
    codec_grids.cache_clear()
    grids_of_long_frames.cache_clear()


@pytest.mark.parametrize("number", range(5))
def test_both_steps_compute_the_same_coefficients(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_module, "SEARCH_EVERY", 1)
    forget_grids()
    grid = codec_grids()[number]
    segment = np.random.default_rng(number).standard_normal(9_216).astype(np.float32)
    at_all, at_some = grid.smallness(segment), grid.smallness_at(segment, [3, 100])
    forget_grids()
    np.testing.assert_allclose(at_some[:, 0], at_all[[3, 100]], atol=1e-4)


def test_joined_parts_of_another_rate_are_told_with_their_place(tmp_path: Path) -> None:
    parts = [signals.write(tmp_path / f"{rate}.flac", signals.song(2, rate), rate) for rate in (44100, 48000)]
    joined = tmp_path / "joined.flac"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    analysis = AudioAnalyzer(Settings()).analyze(str(joined), how=Pass(groups=("health",)))
    assert analysis.health is not None
    assert analysis.health.rate_changes == 1
    assert analysis.health.positions["rate_changes"] == (pytest.approx(2.0, abs=0.01),)
