"""A stream of samples, cut into overlapping frames and handed out in batches of one fixed size.

In: mono chunks of any length. Out: batches ``[shape=(frames, frame_length), float32]``, always cut at the same
samples whatever the chunks were, so that arithmetic on a batch is bit-equal for every split of one signal.
The memory is one buffer, as long as one batch of frames. No window is applied to them and nothing is centred: the
first frame starts at the first sample. Who wants centred frames pushes ``frame_length // 2`` zeros first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from playlista.native.fourier import is_transformable
from playlista.native.kernels import Kernels

Real = TypeVar("Real", bound=np.floating)


def frame_length_of(seconds: float, sample_rate_hz: int) -> int:
    """The power of two nearest (on a log scale) to `seconds` of samples, so that every rate gives like resolution."""
    return int(2 ** round(math.log2(seconds * sample_rate_hz)))


@lru_cache(maxsize=8)
def amplitude_window(frame_length: int) -> NDArray[np.float32]:
    """Periodic Hann window, scaled so that a sinusoid of amplitude a has magnitude a.

    The periodic one, because under it an offset reaches two bins and not one more.
    """
    window = np.hanning(frame_length + 1)[:-1]
    scaled: NDArray[np.float32] = (window * (2.0 / window.sum())).astype(np.float32)
    scaled.flags.writeable = False
    return scaled


def overlapping(samples: NDArray[Real], length: int, hop: int) -> NDArray[Real]:
    """The frames of `length` samples that begin every `hop` [shape=(frames, length), read-only], without a copy.

    As ``sliding_window_view(samples, length)[::hop]``, which takes forty microseconds for it.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)], side by side; n is at least `length`.
    """
    shape, strides = ((len(samples) - length) // hop + 1, length), (hop * samples.itemsize, samples.itemsize)
    frames: NDArray[Real] = np.ndarray(shape, samples.dtype, samples, 0, strides)  # looks whether it fits
    frames.flags.writeable = False
    return frames


class Spectra:
    """Fourier transforms of frames under a window.

    Asked for with a factor, numpy is 4 to 8 times as fast on float32 (seen with 2.0 to 2.4): without one it multiplies
    by the integer 1, for which it finds its loop for float64 first and converts there and back; ``norm="forward"``
    brings a factor in float32 and with it the loop for float32, which takes several frames at once. The factor, one
    over the length, is undone in the window. Lengths are powers of two, so both are exact; the transform is so to
    1.2e-7 of the greatest bin.

    Parameters
    ----------
    window : np.ndarray [shape=(frame_length,), float32]; frame_length is a power of two.
    kernels : compiled kernels to compute with; None for NumPy. Both agree to 5e-7 of the greatest bin.
    """

    def __init__(self, window: NDArray[np.float32], kernels: Kernels | None = None) -> None:
        self._kernels = kernels if is_transformable(len(window)) else None
        self._window = window * np.float32(0.5 if self._kernels else len(window))

    def of(self, frames: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Spectra [shape=(frames, 1 + frame_length // 2)] of `frames` [shape=(frames, frame_length)]."""
        if self._kernels:
            return self._kernels.spectra(frames, self._window)
        with np.errstate(over="ignore", invalid="ignore"):  # a hostile file's; its frames are judged by their power
            spectra = np.fft.rfft(frames * self._window, axis=1, norm="forward")
        return cast("NDArray[np.complex64]", spectra)  # numpy's stubs promise complex128, whatever comes in


class FrameStream:
    """Cuts pushed samples into frames of `frame_length` samples, every `hop_length`, in batches of `batch_frames`.

    ::

        frames = FrameStream(frame_length=2048, hop_length=1024, batch_frames=64)
        for chunk in chunks:
            for batch in frames.push(chunk):      # every batch has 64 frames
                measure(batch * window)
        for batch in frames.flush():              # at most one batch, of 1 to 64 frames
            measure(batch * window)

    Parameters
    ----------
    frame_length : int
        Samples in a frame.
    hop_length : int
        Samples from the start of a frame to the start of the next, 1..frame_length.
    batch_frames : int
        Frames in every batch but the last.

    Raises
    ------
    ValueError
        If a length is not positive or the hop is longer than a frame.
    """

    def __init__(self, frame_length: int, hop_length: int, batch_frames: int) -> None:
        if not 1 <= hop_length <= frame_length or batch_frames < 1:
            raise ValueError(f"no frames of {frame_length} samples every {hop_length}, {batch_frames} at a time")
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.batch_frames = batch_frames
        self._buffer = np.zeros((batch_frames - 1) * hop_length + frame_length, dtype=np.float32)
        self._frames = overlapping(self._buffer, frame_length, hop_length)
        self._filled = 0
        self._batches = 0

    @property
    def retained_bytes(self) -> int:
        """Bytes of the buffer; constant."""
        return self._buffer.nbytes

    def push(self, chunk: NDArray[np.floating]) -> Iterator[NDArray[np.float32]]:
        """Take samples and yield each batch that they complete.

        Parameters
        ----------
        chunk : np.ndarray [shape=(n,), float16 or float32, mono]
            The next samples; n may be 0. Widened to float32 as they are copied.

        Yields
        ------
        np.ndarray [shape=(batch_frames, frame_length), float32, read-only]
            Overlapping views into the buffer: valid until the next batch is asked for. The iterator must be
            exhausted, else the rest of the chunk is lost.
        """
        taken = 0
        while taken < chunk.size:
            count = min(chunk.size - taken, self._buffer.size - self._filled)
            self._buffer[self._filled : self._filled + count] = chunk[taken : taken + count]
            self._filled += count
            taken += count
            if self._filled == self._buffer.size:
                yield self._frames
                self._keep_overlap()

    def flush(self) -> Iterator[NDArray[np.float32]]:
        """Yield the whole frames that are left, and reset.

        A signal shorter than a frame gives one frame, padded with zeros; no signal gives nothing. The end of a
        longer signal, less than a hop, is dropped: cut off by padding, it would sound like a click.
        """
        whole = (self._filled - self.frame_length) // self.hop_length + 1
        if whole > 0:
            yield self._frames[:whole]
        elif self._filled and not self._batches:
            self._buffer[self._filled :] = 0.0
            yield self._frames[:1]
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._filled = 0
        self._batches = 0

    def _keep_overlap(self) -> None:
        overlap = self.frame_length - self.hop_length
        self._buffer[:overlap] = self._buffer[self._buffer.size - overlap :]
        self._filled = overlap
        self._batches += 1
