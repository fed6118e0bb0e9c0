"""Uncompressed samples straight from the bytes of a large WAV: no call of a library for every few kilobytes.

Input is an open file, mapped or read in windows, and its parsed header. Output is frames as float32, equal to the bit
to what libsndfile makes of them, at a fifth of the CPU time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from playlista.decode.containers import Container
from playlista.decode.readers.windowed import OpenBytes
from playlista.decode.source import Deadline, StreamInfo
from playlista.decode.wave_header import WAVE_FLOAT, WAVE_PCM, WaveHeader

#: Frames a step: bounds the temporary array of 24-bit samples and the time between a check and the use of a page.
_STEP_FRAMES = 16384

_Widen = Callable[[NDArray[np.uint8], NDArray[np.float32]], None]


def _widen_unsigned8(raw: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    np.subtract(raw, np.float32(128), out=samples)
    samples *= np.float32(1 / 128)


def _widen_int16(raw: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    np.multiply(raw.view("<i2"), np.float32(1 / 2**15), out=samples)


def _widen_int24(raw: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    padded = np.zeros((len(samples), 4), np.uint8)
    padded[:, 1:] = raw.reshape(-1, 3)
    np.multiply(padded.reshape(-1).view("<i4"), np.float32(1 / 2**31), out=samples, casting="same_kind")


def _widen_int32(raw: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    samples[:] = raw.view("<i4")
    samples *= np.float32(1 / 2**31)


def _widen_float32(raw: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    samples[:] = raw.view("<f4")


def _widen_float64(raw: NDArray[np.uint8], samples: NDArray[np.float32]) -> None:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is then counted and silenced
        samples[:] = raw.view("<f8")


_WIDENINGS: dict[tuple[int, int], _Widen] = {
    (WAVE_PCM, 8): _widen_unsigned8,
    (WAVE_PCM, 16): _widen_int16,
    (WAVE_PCM, 24): _widen_int24,
    (WAVE_PCM, 32): _widen_int32,
    (WAVE_FLOAT, 32): _widen_float32,
    (WAVE_FLOAT, 64): _widen_float64,
}


def is_plain_pcm(header: WaveHeader) -> bool:
    """Whether `PcmReader` can read what `header` describes; anything unusual is for libsndfile to judge."""
    usual = (header.coding, header.bits) in _WIDENINGS and not header.is_big_endian
    return usual and header.channels > 0 and header.block_bytes == header.channels * header.bits // 8


class PcmReader:
    """Frames of a large WAV, RF64 or Wave64 file. See ``FrameReader`` for the members.

    Parameters
    ----------
    data : the file; it is closed with the reader.
    header : its header, for which ``is_plain_pcm`` holds.
    container : its kind, for the name of the format.
    deadline : asked between steps.
    """

    def __init__(self, data: OpenBytes, header: WaveHeader, container: Container, deadline: Deadline) -> None:
        self.info = StreamInfo(header.sample_rate_hz, header.channels, container.name, header.declared_frames)
        self._data = data
        self._deadline = deadline
        self._widen = _WIDENINGS[header.coding, header.bits]
        self._frame_bytes = header.block_bytes
        claimed = data.size if header.data_bytes is None else header.data_bytes
        self._position = header.data_start
        self._end = min(data.size, header.data_start + claimed)

    def read_into(self, frames: NDArray[np.float32]) -> int:
        """Fill `frames` and return how many were filled; 0 at the end."""
        filled = 0
        while filled < len(frames):
            self._deadline.check()
            step = frames[filled : filled + _STEP_FRAMES]
            count = min(len(step), max(0, self._end - self._position) // self._frame_bytes)
            if count == 0 or not self._convert(step[:count]):
                break
            filled += count
        if filled == 0 and self._data.failure:
            raise self._data.failure
        return filled

    def _convert(self, frames: NDArray[np.float32]) -> bool:
        """The next frames into `frames`; False where their pages cannot be had."""
        length = len(frames) * self._frame_bytes
        raw = self._data.view(self._position, length)
        if raw is None:
            return False
        self._widen(np.frombuffer(raw, np.uint8), frames.reshape(-1))
        self._position += length
        return True

    def position(self) -> int:
        """See ``FrameReader``; what follows the data chunk is other chunks, however large."""
        return self._position

    def close(self) -> None:
        """Let go of the file's bytes."""
        self._data.close()
