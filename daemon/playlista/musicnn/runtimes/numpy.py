"""MusiCNN with nothing but numpy: the folded network as a dozen matrix products.

Input: a :class:`~playlista.musicnn.network.Network` and patches. Output: activations and embeddings.

With its dead filters gone the network is so small that a general inference engine has no advantage left: the products
below run in numpy's own BLAS, on slices of the patch that are matrices already, so that little is copied and each
intermediate result stays in the processor's cache. It needs no AVX (the BLAS chooses its kernels at run time).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.musicnn.bands import BANDS_AT_ONCE, FRAMES_AT_ONCE, widen_in_frequency, widen_in_time
from playlista.musicnn.network import Branch, Convolution, Dense, Network
from playlista.tracks.patches import MEL_BANDS, PATCH_FRAMES

Array = NDArray[np.float32]


class NumpyRuntime:
    """A :class:`~playlista.musicnn.runtimes.runtime.TaggerRuntime`; keeps about 2 MB of matrices."""

    name = "numpy"

    def __init__(self, network: Network) -> None:
        self._network = network
        self._over_places = [_OverPlaces(branch) for branch in network.branches if branch.kernel.shape[1] > 1]
        self._over_bands = [_OverBands(branch) for branch in network.branches if branch.kernel.shape[1] == 1]

    def activations(self, patches: Array) -> tuple[Array, Array]:
        """Activations [shape=(b, 50), 0..1] and embeddings [shape=(b, 200)] of `patches` [shape=(b, 187, 96)]."""
        pooled = np.stack([self._pool(patch) for patch in patches])
        embeddings = _dense(pooled, self._network.embedding)
        logits = _dense(np.maximum(embeddings, 0), self._network.tags)
        return _sigmoid(logits), embeddings

    def close(self) -> None:
        """Nothing is held that must be given back."""

    def _pool(self, patch: Array) -> Array:
        """Maximum and mean over time of all channels [shape=(512,)]."""
        normal = patch * self._network.input_scale + self._network.input_shift
        windows = _windows(normal, self._over_places[0].taps)
        branches = [branch.run(windows) for branch in self._over_places]
        branches += [branch.run(normal) for branch in self._over_bands]
        channels = [np.concatenate(branches, axis=1)]
        for index, convolution in enumerate(self._network.convolutions):
            answer = _convolve(channels[-1], convolution)
            channels.append(answer + channels[-1] if index else answer)
        everything = np.concatenate(channels, axis=1)
        return np.concatenate([everything.max(axis=0), everything.mean(axis=0)])


class _OverPlaces:
    """A branch over time and frequency: the maximum over its places in frequency."""

    def __init__(self, branch: Branch) -> None:
        self.taps, width, self._filters = branch.kernel.shape
        self._branch = branch
        wide = widen_in_frequency(branch.kernel, BANDS_AT_ONCE).transpose(1, 0, 2)
        self._columns = wide.shape[0] * self.taps
        self._kernel = np.ascontiguousarray(wide).reshape(self._columns, -1)
        last = MEL_BANDS - width + 1 - BANDS_AT_ONCE
        # The last step overlaps the one before rather than leave the patch: a maximum may see a place twice.
        self._starts = [min(start, last) * self.taps for start in range(0, last + BANDS_AT_ONCE, BANDS_AT_ONCE)]

    def run(self, windows: Array) -> Array:
        """[shape=(187, filters)] from `windows` [shape=(187, 96 * taps)], in which a range of bands is a slice."""
        highest = np.full((PATCH_FRAMES, self._kernel.shape[1]), -np.inf, dtype=np.float32)
        product = np.empty_like(highest)
        for start in self._starts:
            np.matmul(windows[:, start : start + self._columns], self._kernel, out=product)
            np.maximum(highest, product, out=highest)
        return _clip(highest.reshape(PATCH_FRAMES, BANDS_AT_ONCE, self._filters).max(axis=1), self._branch)


class _OverBands:
    """A branch over time alone: the maximum over the mel bands."""

    def __init__(self, branch: Branch) -> None:
        self._taps, _, self._filters = branch.kernel.shape
        self._branch = branch
        self._kernel = widen_in_time(branch.kernel, FRAMES_AT_ONCE)[:, 0]

    def run(self, normal: Array) -> Array:
        """[shape=(187, filters)] from the patch [shape=(187, 96)]."""
        padded = _pad(normal, self._taps)
        highest = np.empty((PATCH_FRAMES // FRAMES_AT_ONCE, self._kernel.shape[1]), dtype=np.float32)
        for step, row in enumerate(highest):
            start = step * FRAMES_AT_ONCE
            np.maximum.reduce(padded[start : start + len(self._kernel)].T @ self._kernel, axis=0, out=row)
        return _clip(highest.reshape(PATCH_FRAMES, self._filters), self._branch)


def _windows(normal: Array, taps: int) -> Array:
    """For each frame the `taps` frames around it, band by band [shape=(187, 96 * taps)]."""
    view = np.lib.stride_tricks.sliding_window_view(_pad(normal, taps), taps, axis=0)
    return np.ascontiguousarray(view).reshape(PATCH_FRAMES, -1)


def _convolve(channels: Array, convolution: Convolution) -> Array:
    """[shape=(187, channels)] "same" over time, as one product: the frames around a frame lie one after another."""
    taps, inputs, outputs = convolution.kernel.shape
    padded = _pad(channels, taps).reshape(-1)
    rows = np.lib.stride_tricks.sliding_window_view(padded, taps * inputs)[::inputs]
    product = np.ascontiguousarray(rows) @ convolution.kernel.reshape(-1, outputs)
    return _clip(product, convolution)


def _clip(sums: Array, layer: Branch | Convolution) -> Array:
    clipped: Array = np.clip(sums + layer.shift, layer.low, layer.high)
    return clipped


def _sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)) without its overflow."""
    half: Array = np.tanh(logits * np.float32(0.5)) * np.float32(0.5)
    return half + np.float32(0.5)


def _dense(inputs: Array, dense: Dense) -> Array:
    return inputs @ dense.kernel + dense.bias


def _pad(frames: Array, taps: int) -> Array:
    """Zeros before and after in time, one more after if `taps` is even, as the network was trained."""
    padded = np.zeros((PATCH_FRAMES + taps - 1, frames.shape[1]), dtype=np.float32)
    before = (taps - 1) // 2
    padded[before : before + PATCH_FRAMES] = frames
    return padded
