"""What the health of tracks is tried on: genuine sound, the same made lossy and back, and faults put into it.

Input: folders with lossless recordings and MIDI files, which are played. Output: samples as 16-bit sound, some made
here (``health_renderings`` and arithmetic). A recording is cut to its middle 30 seconds; by its name it belongs to
those that the regression may be fitted to or to those that are held out.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from benchmarks.health_renderings import RATE_HZ as RENDERED_RATE_HZ
from benchmarks.health_renderings import can_render, played, rendered

Samples = NDArray[np.float32]

SECONDS = 30
LEAST_SECONDS = 1.9
LEAST_RATE_HZ = 44_100
SUFFIXES = {".flac", ".wav", ".aiff", ".aif"}
#: Of the recordings in ../shared/audio these are no genuine sound: test signals of FLAC decoders, a tone, a recording
#: that has the grid of an MP3 encoder in it, excerpts of one file, one channel after the other.
LEFT_OUT = (
    "faulty/",
    "uncommon/",
    "subset/59",
    "subset/60",
    "subset/6",
    "sine_1000",
    "1770-2",
    "vocadito",
    "(3.0)",
    "(4.0)",
    "(5.0)",
    "(5.1)",
    "(6.1)",
    "(7.1)",
    "whitenoise",
)

#: Recordings of which nobody knows whether they were lossy once: faults may be put into them, no more.
UNKNOWN_ORIGIN = ("sonic-pi/", "beets/", "pyloudnorm/", "librosa", "mirdata/", "BeatNet/", "subset/23")
#: Pieces that are rendered, where the synthesizer is installed.
PIECES = 16

#: How a recording is made lossy: suffix and options of ffmpeg.
ENCODERS = {
    "MP3 128": ("mp3", ("-c:a", "libmp3lame", "-b:a", "128k")),
    "MP3 192": ("mp3", ("-c:a", "libmp3lame", "-b:a", "192k")),
    "MP3 192, lowpass 17 kHz": ("mp3", ("-c:a", "libmp3lame", "-b:a", "192k", "-cutoff", "17000")),
    "MP3 V2": ("mp3", ("-c:a", "libmp3lame", "-q:a", "2")),
    "MP3 V0": ("mp3", ("-c:a", "libmp3lame", "-q:a", "0")),
    "MP3 256": ("mp3", ("-c:a", "libmp3lame", "-b:a", "256k")),
    "MP3 320": ("mp3", ("-c:a", "libmp3lame", "-b:a", "320k")),
    "AAC 96": ("m4a", ("-c:a", "aac", "-b:a", "96k")),
    "AAC 128": ("m4a", ("-c:a", "aac", "-b:a", "128k")),
    "AAC 192": ("m4a", ("-c:a", "aac", "-b:a", "192k")),
    "AAC 256": ("m4a", ("-c:a", "aac", "-b:a", "256k")),
    "Vorbis q2": ("ogg", ("-c:a", "libvorbis", "-q:a", "2")),
    "Vorbis q5": ("ogg", ("-c:a", "libvorbis", "-q:a", "5")),
    "Opus 96": ("opus", ("-c:a", "libopus", "-b:a", "96k")),
    "Opus 160": ("opus", ("-c:a", "libopus", "-b:a", "160k")),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """Genuine sound [shape=(n, channels)] at its own rate; whether it was never lossy may not be known."""

    name: str
    samples: Samples
    rate_hz: int
    is_origin_known: bool = True

    @property
    def is_held_out(self) -> bool:
        """Whether the regression may not be fitted to it: a third of all, by name."""
        return sha256(self.name.encode()).digest()[0] % 3 == 0


def recordings(folders: list[Path]) -> Iterator[Recording]:
    """The recordings in `folders`, then rendered pieces, and some sound made by arithmetic."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() == ".mid" and can_render():
                yield _middle(path.name, played(path), RENDERED_RATE_HZ, is_origin_known=True)
            is_wanted = path.suffix.lower() in SUFFIXES and not any(part in str(path) for part in LEFT_OUT)
            if is_wanted and (found := _recording(path)) is not None:
                yield found
    if can_render():
        for number in range(PIECES):
            yield Recording(f"piece{number:02}.flac", rendered(number), RENDERED_RATE_HZ)
    yield from _synthesized()


def _recording(path: Path) -> Recording | None:
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError:  # such as 12 bits
        return None
    if info.samplerate < LEAST_RATE_HZ or not LEAST_SECONDS <= info.duration < 86_400:
        return None
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    is_known = not any(part in str(path) for part in UNKNOWN_ORIGIN)
    return _middle(path.name, samples, rate_hz, is_origin_known=is_known)


def _middle(name: str, samples: Samples, rate_hz: int, *, is_origin_known: bool) -> Recording:
    start = max(0, (len(samples) - SECONDS * rate_hz) // 2)
    middle = np.ascontiguousarray(samples[start : start + SECONDS * rate_hz, :2])
    return Recording(name, middle, rate_hz, is_origin_known)


def _synthesized() -> Iterator[Recording]:
    random = np.random.default_rng(5)
    count, rate_hz = 10 * 44_100, 44_100
    seconds, hz = np.arange(count) / rate_hz, np.fft.rfftfreq(count, 1 / rate_hz)

    def noise(slope: float) -> Samples:
        spectrum = np.fft.rfft(random.standard_normal((count, 2)), axis=0) / np.maximum(hz, 20)[:, np.newaxis] ** slope
        spectrum[hz < 20] = 0.0  # an offset would be found, rightly
        shaped = np.fft.irfft(spectrum, count, axis=0)
        return (0.5 * shaped / np.abs(shaped).max()).astype(np.float32)

    def decay(period: float, length: float) -> Samples:
        return np.exp(-(seconds % period) / length)[:, np.newaxis].astype(np.float32)

    partials = np.arange(1, 180)[:, np.newaxis]
    pluck = (np.sin(2 * np.pi * 110.3 * partials * seconds) * np.exp(-(seconds % 0.5) * (2 + partials)) / partials).sum(
        0
    )
    pluck = pluck * np.minimum(seconds % 0.5 / 0.002, 1.0)  # without an attack each note would click
    sides = np.stack([pluck, np.roll(pluck, 500)], axis=1)
    drums = 0.4 * noise(0) * decay(0.25, 0.03) + 0.3 * np.sin(2 * np.pi * 50 * seconds)[:, np.newaxis] * decay(0.5, 0.1)
    for name, samples in {
        "white noise": noise(0),
        "pink noise": noise(0.5),
        "brown noise": noise(1),
        "drums": drums,
        "plucked string": 0.2 * sides + 1e-3 * noise(0),
        "band": 0.5 * drums + 0.1 * sides + 0.1 * noise(0.5),
    }.items():
        yield Recording(name, rounded(samples), rate_hz)


def rounded(samples: NDArray[np.floating]) -> Samples:
    """16 bits with triangular dither."""
    random = np.random.default_rng(0)
    dither = random.random(samples.shape) - random.random(samples.shape)
    return (np.clip(np.round(samples * 32768 + dither), -32768, 32767) / 32768).astype(np.float32)


def genuine(recording: Recording) -> Iterator[tuple[str, Samples, int]]:
    """The recording untouched and as studios and old machines leave it: none of these was ever lossy."""
    samples, rate_hz = recording.samples, recording.rate_hz
    other_hz = 44_100 if rate_hz == 48_000 else 48_000
    yield "untouched", samples, rate_hz
    yield "resampled", rounded(soxr.resample(samples, rate_hz, other_hz, "HQ")), other_hz
    narrow = soxr.resample(soxr.resample(samples, rate_hz, 32_000, "HQ"), 32_000, rate_hz, "HQ")
    yield "from 32 kHz", rounded(narrow), rate_hz
    yield "filtered at 14 kHz", rounded(_lowpass(samples, rate_hz, 14_000, 4)), rate_hz
    yield "filtered at 16 kHz, steep", rounded(_lowpass(samples, rate_hz, 16_000, 40)), rate_hz
    hiss = 1e-3 * np.random.default_rng(1).standard_normal(samples.shape)
    yield "old: 5 kHz and hiss", rounded(_lowpass(samples, rate_hz, 5_000, 3) + hiss), rate_hz


def _lowpass(samples: Samples, rate_hz: int, corner_hz: float, order: int) -> Samples:
    """A Butterworth filter's magnitude, without its phase."""
    hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)[:, np.newaxis]
    filtered = np.fft.irfft(
        np.fft.rfft(samples, axis=0) / np.sqrt(1 + (hz / corner_hz) ** (2 * order)), len(samples), axis=0
    )
    return filtered.astype(np.float32)


def transcoded(recording: Recording, encoder: str) -> tuple[Samples, int]:
    """The recording encoded, and decoded to 16 bits again; Opus knows 48 kHz alone. Mono gets half of the bit rate."""
    suffix, options = ENCODERS[encoder]
    if recording.samples.shape[1] == 1:
        options = tuple(f"{int(option[:-1]) // 2}k" if option.endswith("k") else option for option in options)
    channels, rate_hz = str(recording.samples.shape[1]), str(recording.rate_hz)
    with tempfile.TemporaryDirectory() as folder:
        lossy = str(Path(folder, f"lossy.{suffix}"))
        raw = ("-f", "f32le", "-ar", rate_hz, "-ac", channels, "-i", "pipe:0")
        _ffmpeg((*raw, *options, lossy), recording.samples.astype("<f4").tobytes())
        out_hz = 48_000 if suffix == "opus" else recording.rate_hz
        back = _ffmpeg(("-i", lossy, "-f", "s16le", "-ar", str(out_hz), "-ac", channels, "pipe:1"), b"")
    return np.frombuffer(back, "<i2").reshape(-1, int(channels)).astype(np.float32) / np.float32(32768), out_hz


def _ffmpeg(arguments: tuple[str, ...], given: bytes) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True, timeout=120).stdout
