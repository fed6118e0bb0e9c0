"""Audio files for the tests of decoding: made on the spot, read back whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from playlista.decode.blocks import AudioSource
from playlista.decode.opening import open_source
from playlista.decode.source import StreamInfo
from playlista.errors import DecodeError, FailureReason
from tests.ffmpeg import ffmpeg
from tests.signals import sine

MIB = 1024 * 1024


@dataclass(frozen=True)
class Decoded:
    """One pass over a file: what it is, all its samples [shape=(n, channels)], and how it ended."""

    info: StreamInfo
    samples: NDArray[np.float32]
    block_lengths: list[int]
    error: DecodeError | None

    @property
    def reason(self) -> FailureReason | None:
        return self.error.reason if self.error else None


def opened(path: Path | str, **how: Any) -> AudioSource:
    """An open source, with the settings of the daemon unless `how` says otherwise."""
    settings: dict[str, Any] = {
        "block_seconds": 3.0,
        "max_block_bytes": 4 * MIB,
        "mapping_min_bytes": None,
        "timeout_seconds": 60.0,
    }
    return open_source(str(path), **(settings | how))


def decoded(path: Path | str, **how: Any) -> Decoded:
    """Decode `path` to its end."""
    blocks, error = [], None
    with opened(path, **how) as source:
        try:
            blocks.extend(source.blocks())
        except DecodeError as caught:
            error = caught
        samples = np.concatenate(blocks)
        assert source.frames_decoded == len(samples)
        return Decoded(source.info, samples, [len(block) for block in blocks], error)


def outcome(path: Path | str, **how: Any) -> str:
    """How `path` ends, in a word: "whole", "partial: reason" or "failed: reason"."""
    try:
        result = decoded(path, **how)
    except DecodeError as error:
        return f"failed: {error.reason}"
    return f"partial: {result.reason}" if result.reason else "whole"


def chord(seconds: float, rate_hz: int, channels: int, peak: float = 0.4) -> NDArray[np.float32]:
    """A sine of its own frequency in each channel [shape=(n, channels)]."""
    return np.stack([sine(110.0 * (1 + channel), seconds, rate_hz, peak) for channel in range(channels)], axis=1)


def encoded(samples: NDArray[np.float32], rate_hz: int, path: Path, *arguments: str) -> Path:
    """`samples` in whatever format the name of `path` and ffmpeg's `arguments` ask for."""
    wav = path.with_name(f"{path.name}.source.wav")
    soundfile.write(wav, samples, rate_hz, "FLOAT")
    ffmpeg("-i", f"file:{wav}", *arguments, f"file:{path}")
    wav.unlink()
    return path


def correlation(one: NDArray[np.float32], other: NDArray[np.float32], search_frames: int = 4096) -> float:
    """The best normalized correlation of two mono signals over shifts of up to `search_frames` frames."""
    size = 1 << (len(one) + len(other) - 1).bit_length()
    products = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))
    near = np.concatenate([products[: search_frames + 1], products[-search_frames:]])
    return float(near.max() / (np.linalg.norm(one) * np.linalg.norm(other)))
