"""One open track as a stream of chunks, with the three ways in which its samples may be put together.

Input: an ``AudioSource`` that yields native blocks. Output: ``AudioChunk``s with the signals that the
caller asked for, and afterwards what is known of the pass: the decode error, the truncation, the cost.
It opens no file and computes no feature.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from threading import Event
from time import thread_time
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from playlista.decode.blocks import AudioSource
from playlista.decode.identity import MusicHash
from playlista.decode.read_ahead import ReadAhead
from playlista.decode.resample import MonoResampler, downmix
from playlista.errors import DecodeError, Interrupted
from playlista.memory.budget import TrackBudget
from playlista.native.kernels import Kernels
from playlista.tracks.chunks import AudioChunk
from playlista.tracks.health import Integrity
from playlista.tracks.origin import Origin

MODEL_RATE_HZ = 16000


class Assembly(Enum):
    """How a track's samples reach the features."""

    STREAMED = "chunk by chunk, nothing kept"
    CAPPED = "the analysis signal as one array, cut at the budget"
    WHOLE = "every signal as one array, however large: what the other two are compared with"


@dataclass(frozen=True, slots=True)
class Signals:
    """Which signals of a chunk the caller needs; the others stay empty and cost nothing."""

    analysis: bool = True
    model: bool = True


@dataclass(frozen=True, slots=True)
class Truncation:
    """A cut at the budget: why, and after how many samples of the analysis signal."""

    reason: str
    kept_samples: int


class TrackStream:
    """One open track. Iterate it once, then read what is known of it.

    Parameters
    ----------
    stop : asked before every block; true ends the pass with ``Interrupted``. True once `leaving` is set.
    cleanup : called after every chunk, when the consumer is done with it.
    leaving : set when the stream is left, so that what is being decoded ahead is given up.
    ahead : decode and resample the next chunk in another thread while the consumer has the last; for streamed tracks.
    kernels : compiled kernels to compute with; None for NumPy.

    Attributes
    ----------
    info : what the header says.
    assembly : how the samples are put together.
    decode_error : the error at which decoding ended early, after at least one block; None for a sound file.
    truncation : the cut at the budget; None where the track was delivered whole.
    decode_seconds, resample_seconds : CPU seconds of the thread that decoded.
    held_bytes : most bytes of samples held at one time by this stream and its chunks, the one made ahead included.
    frames_delivered : frames at the native rate that the chunks stood for.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        analysis_rate_hz: int,
        analysis_dtype: DTypeLike,
        assembly: Assembly,
        budget: TrackBudget,
        signals: Signals,
        stop: Callable[[], bool],
        cleanup: Callable[[], object],
        leaving: Event,
        ahead: bool,
        kernels: Kernels | None = None,
    ) -> None:
        self.info = source.info
        self.decode_error: DecodeError | None = None
        self.truncation: Truncation | None = None
        self.decode_seconds = self.resample_seconds = 0.0
        self.held_bytes = 0
        self.frames_delivered = 0
        self._source = source
        self._budget = budget
        self._stop = stop
        self._cleanup = cleanup
        self.assembly = assembly
        self.analysis_rate_hz = analysis_rate_hz
        self._dtype = np.dtype(analysis_dtype)
        native = source.info.sample_rate_hz
        self._to_analysis = (
            MonoResampler(native, analysis_rate_hz, dtype=self._dtype, kernels=kernels) if signals.analysis else None
        )
        self._to_model = MonoResampler(native, MODEL_RATE_HZ) if signals.model else None
        self._hash = MusicHash(native)
        self._fault: DecodeError | None = None
        self._leaving = leaving
        self._ahead = ReadAhead(self._made()) if ahead and assembly is Assembly.STREAMED else None

    def __enter__(self) -> TrackStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leaving.set()
        if self._ahead:
            self._ahead.close()
        self._source.close()

    def __iter__(self) -> Iterator[AudioChunk]:
        ways = {Assembly.STREAMED: self._streamed, Assembly.CAPPED: self._capped, Assembly.WHOLE: self._whole}
        for chunk in ways[self.assembly]():
            held = chunk.native.nbytes + chunk.analysis.nbytes + chunk.model.nbytes
            self._note_held(2 * held if self._ahead else held)
            yield chunk
            del chunk  # the consumer is done with it: let it go before the next one is made
            self._cleanup()

    @property
    def is_ahead(self) -> bool:
        """Whether the next chunk is made while the consumer has the last."""
        return self._ahead is not None

    @property
    def music_hash(self) -> str:
        """Identity of the decoded audio, whatever the container and its tags."""
        return self._hash.hexdigest()

    @property
    def opening(self) -> bytes | None:
        """The hash of how the music begins; None until there was enough of it."""
        return self._hash.opening

    @property
    def origin(self) -> Origin:
        """Identity of the decoded audio in all its channels, and of how it begins."""
        return Origin(sound=self._hash.sound, opening=self._hash.opening)

    @property
    def rate_changes(self) -> list[int]:
        """Frames at which a joined part of another sample rate begins."""
        return self._source.rate_changes

    @property
    def integrity(self) -> Integrity:
        """What the file's own checksums say, once the stream has come to its end."""
        return self._source.integrity or Integrity()

    @property
    def frames_decoded(self) -> int:
        """Frames at the native rate that came out of the decoder."""
        return self._source.frames_decoded

    def _note_held(self, held: int) -> None:
        self.held_bytes = max(self.held_bytes, held)

    def _streamed(self) -> Iterator[AudioChunk]:
        for chunk in self._ahead or self._made():
            self.frames_delivered += len(chunk.native)
            yield chunk
        self.decode_error = self._fault

    def _made(self) -> Generator[AudioChunk]:
        """The chunks as they are made, perhaps in another thread than the one that takes them."""
        for native in self._blocks():
            yield self._split(native)
        yield self._flush()

    def _capped(self) -> Iterator[AudioChunk]:
        limit = self._budget.samples_that_fit(self._dtype.itemsize)
        kept = GrowingArray((), self._dtype, limit=limit)
        for chunk in self._streamed():
            cut = len(chunk.analysis) > limit - len(kept)
            kept.append(chunk.analysis[: limit - len(kept)])
            self._note_held(kept.nbytes + chunk.native.nbytes)
            if cut:
                yield self._cut(chunk, limit)
                break
            yield AudioChunk(chunk.native, chunk.analysis[:0], chunk.model)
        yield AudioChunk(np.zeros((0, self.info.channels), np.float32), kept.samples, np.zeros(0, np.float32))

    def _cut(self, chunk: AudioChunk, limit: int) -> AudioChunk:
        """`chunk` without analysis samples, its other signals ending where the array ends."""
        self.truncation = Truncation(self._budget.reason, limit)
        native_end = round(limit * self.info.sample_rate_hz / self.analysis_rate_hz)
        keep = max(0, len(chunk.native) - max(0, self.frames_delivered - native_end))
        self.frames_delivered = min(self.frames_delivered, native_end)
        model_keep = round(len(chunk.model) * keep / max(1, len(chunk.native)))
        return AudioChunk(chunk.native[:keep], chunk.analysis[:0], chunk.model[:model_keep])

    def _whole(self) -> Iterator[AudioChunk]:
        native = GrowingArray((self.info.channels,), np.dtype(np.float32))
        analysis = GrowingArray((), self._dtype)
        model = GrowingArray((), np.dtype(np.float32))
        for chunk in self._streamed():
            native.append(chunk.native)
            analysis.append(chunk.analysis)
            model.append(chunk.model)
        yield AudioChunk(native.samples, analysis.samples, model.samples)

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """Native blocks until the end, a stop, or the point of a decode error."""
        blocks = self._source.blocks()
        while True:
            if self._stop():
                raise Interrupted("asked to stop")
            started = thread_time()
            try:
                native = next(blocks, None)
            except DecodeError as error:
                if self._source.frames_decoded == 0:
                    raise
                # Its traceback leads back to this stream; the circle would keep the resamplers until the process ends.
                self._fault = error.with_traceback(None)
                native = None
            self.decode_seconds += thread_time() - started
            if native is None:
                return
            yield native

    def _split(self, native: NDArray[np.float32]) -> AudioChunk:
        started = thread_time()
        mono = downmix(native)
        self._hash.update(mono, native)
        chunk = AudioChunk(
            native,
            self._to_analysis.process(mono) if self._to_analysis else mono[:0],
            self._to_model.process(mono) if self._to_model else mono[:0],
        )
        self.resample_seconds += thread_time() - started
        return chunk

    def _flush(self) -> AudioChunk:
        empty = np.zeros(0, np.float32)
        return AudioChunk(
            np.zeros((0, self.info.channels), np.float32),
            self._to_analysis.finish() if self._to_analysis else empty,
            self._to_model.finish() if self._to_model else empty,
        )


class GrowingArray:
    """Samples appended to one block of memory that is never sized from a header.

    Growth is by a quarter, through ``realloc``, which moves pages of large blocks without copying them. `limit` is the
    length that will not be exceeded, and is not allocated beyond.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], *, limit: int | None = None) -> None:
        self._data = np.empty((0, *shape), dtype)
        self._used = 0
        self._limit = sys.maxsize if limit is None else limit

    def __len__(self) -> int:
        return self._used

    @property
    def nbytes(self) -> int:
        """Bytes that are allocated."""
        return int(self._data.nbytes)

    @property
    def samples(self) -> NDArray[Any]:
        """What was appended, without a copy."""
        return self._data[: self._used]

    def append(self, chunk: NDArray[Any]) -> None:
        """Add `chunk` at the end."""
        end = self._used + len(chunk)
        if end > len(self._data):
            length = min(end + end // 4, max(end, self._limit))
            self._data.resize((length, *self._data.shape[1:]), refcheck=False)
        self._data[self._used : end] = chunk
        self._used = end
