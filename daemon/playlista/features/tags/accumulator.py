"""Tags and embedding from MusiCNN, as means over a track.

Input: mono samples at 16 kHz in chunks of any length, and a runtime that carries the network. Output: a
:class:`~playlista.tracks.Tagging`. Which runtime it is, and where its weights come from, is not known here.

How a track is cut (any change raises :data:`VERSION`):

* Frame k is centred on sample 256 k, with zeros before the start and after the end, as the authors' own extractor and
  essentia's predictor do; a track of n samples has 1 + n // 256 frames.
* A patch is 187 frames (3 s); patches begin every `patch_hop_frames` frames. At 187 they do not overlap.
* The end is not lost: if frames are left behind the last whole patch, one more patch lies flush with the end, and
  counts in the mean by the share of a hop that it newly covers.
* A track shorter than a patch is repeated until it fills one, as was done with short clips when the network was trained
  ("repeat-pad" in its training configuration), and the result says ``padded``.

Source: Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging", ISMIR
late breaking/demo, 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.features.tags.musicnn_mel import FRAME_SAMPLES, HOP_SAMPLES, MusicnnMel
from playlista.native.kernels import Kernels
from playlista.tracks import Tagging
from playlista.tracks.patches import MEL_BANDS, PATCH_FRAMES

VERSION: int = 1


#: Frames computed at once: a patch's worth, 0.2 MB of samples.
_BLOCK_FRAMES = 187

_NO_FRAMES = np.zeros((0, MEL_BANDS), dtype=np.float32)


class Tagger(Protocol):
    """What tagging needs of a runtime."""

    @property
    def name(self) -> str:
        """Its name for the result."""

    def activations(self, patches: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Activations [shape=(b, tags)] and embeddings [shape=(b, units)] of patches [shape=(b, 187, 96)]."""


class TagsAccumulator:
    """Means of activations and embeddings over the patches of one track.

    Parameters
    ----------
    runtime : carries the network.
    labels : the tags in the order of the network's outputs.
    patch_hop_frames : 1..187; 187 costs least and misses nothing.
    batch_size : patches handed to the runtime at once; memory grows with it, the result does not depend on it.
    """

    def __init__(
        self,
        runtime: Tagger,
        labels: Sequence[str],
        patch_hop_frames: int = PATCH_FRAMES,
        batch_size: int = 1,
        *,
        kernels: Kernels | None = None,
    ) -> None:
        if not 1 <= patch_hop_frames <= PATCH_FRAMES:
            raise ValueError(f"patch_hop_frames is {patch_hop_frames}, allowed are 1 to {PATCH_FRAMES}")
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, allowed is 1 and more")
        self._runtime = runtime
        self._labels = tuple(labels)
        self._hop = patch_hop_frames
        #: May be changed at any time; a smaller one needs less memory from the next inference on.
        self.batch_size = batch_size
        self._mel = MusicnnMel(_BLOCK_FRAMES, kernels)
        self._samples = np.zeros(self._mel.block_samples, dtype=np.float32)
        self._batch: list[NDArray[np.float32]] = []
        self._sums = _WeightedSums()
        self.reset()

    def reset(self) -> None:
        """As new."""
        self._samples[: FRAME_SAMPLES // 2] = 0.0
        self._filled = FRAME_SAMPLES // 2
        self._seen_samples = 0
        self._seen_frames = 0
        self._frames = _NO_FRAMES  # from the first frame of the next patch on, or of the last patch if that is nearer
        self._next_patch = 0  # where the next patch begins in them
        self._batch.clear()
        self._sums.reset()

    @property
    def retained_bytes(self) -> int:
        """Bytes of left-over samples, frames and waiting patches."""
        waiting = sum(patch.nbytes for patch in self._batch)
        return self._samples.nbytes + self._frames.nbytes + waiting

    def update(self, chunk: NDArray[np.floating]) -> None:
        """Take samples [shape=(n,), mono, 16 kHz, -1..1]."""
        self._seen_samples += len(chunk)
        position = 0
        while position < len(chunk):
            taken = min(len(chunk) - position, len(self._samples) - self._filled)
            self._samples[self._filled : self._filled + taken] = chunk[position : position + taken]
            self._filled += taken
            position += taken
            if self._filled == len(self._samples):
                self._take_block(_BLOCK_FRAMES)

    def result(self) -> Tagging | None:
        """Means over the track, tags 0..1; None if there was not one sample."""
        if self._seen_samples == 0:
            return None
        while (missing := 1 + self._seen_samples // HOP_SAMPLES - self._seen_frames) > 0:
            self._samples[self._filled :] = 0.0
            self._take_block(min(missing, _BLOCK_FRAMES))
        padded = self._seen_frames < PATCH_FRAMES
        self._take_end()
        self._run_batch()
        activations, embedding, patches = self._sums.means()
        return Tagging(
            tags=dict(zip(self._labels, activations, strict=True)),
            embedding=embedding,
            patches=patches,
            padded=padded,
            runtime=self._runtime.name,
        )

    def _take_block(self, frames: int) -> None:
        """The first `frames` frames of the full sample buffer; what overlaps the next block stays in it."""
        bands = self._mel.bands(self._samples)[:frames]
        consumed = _BLOCK_FRAMES * HOP_SAMPLES
        kept = len(self._samples) - consumed
        self._samples[:kept] = self._samples[consumed:]
        self._filled = max(0, self._filled - consumed)
        self._seen_frames += frames
        self._frames = np.concatenate([self._frames, bands])
        while len(self._frames) >= self._next_patch + PATCH_FRAMES:
            self._frames = self._frames[self._next_patch :]
            self._next_patch = self._hop
            self._infer(self._frames[:PATCH_FRAMES], 1.0)

    def _take_end(self) -> None:
        """What no whole patch has covered."""
        if self._seen_frames < PATCH_FRAMES:
            repeated = np.resize(self._frames, (PATCH_FRAMES, MEL_BANDS))
            self._infer(repeated, 1.0)
        elif left := len(self._frames) - PATCH_FRAMES:
            self._infer(self._frames[-PATCH_FRAMES:], left / self._hop)

    def _infer(self, patch: NDArray[np.float32], weight: float) -> None:
        self._batch.append(patch.copy())
        self._sums.expect(weight)
        if len(self._batch) >= self.batch_size:
            self._run_batch()

    def _run_batch(self) -> None:
        if self._batch:
            patches = self._batch[0][np.newaxis] if len(self._batch) == 1 else np.stack(self._batch)
            self._sums.add(*self._runtime.activations(patches))
            self._batch.clear()


class _WeightedSums:
    """Running sums in float64, patch by patch, so that neither length nor batch size shows in the means."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._weights: list[float] = []
        self._total_weight = 0.0
        self._patches = 0
        self._activations: NDArray[np.float64] | float = 0.0
        self._embedding: NDArray[np.float64] | float = 0.0

    def expect(self, weight: float) -> None:
        """The weight of the next patch that will be added."""
        self._weights.append(weight)

    def add(self, activations: NDArray[np.float32], embeddings: NDArray[np.float32]) -> None:
        """Answers for as many patches as were announced, in that order."""
        for weight, tags, units in zip(self._weights, activations, embeddings, strict=True):
            self._activations = self._activations + weight * tags.astype(np.float64)
            self._embedding = self._embedding + weight * units.astype(np.float64)
            self._total_weight += weight
        self._patches += len(self._weights)
        self._weights.clear()

    def means(self) -> tuple[list[float], tuple[float, ...], int]:
        """Mean activations, mean embedding, number of patches."""
        activations = np.asarray(self._activations) / self._total_weight
        embedding = np.asarray(self._embedding) / self._total_weight
        return activations.tolist(), tuple(embedding.tolist()), self._patches
