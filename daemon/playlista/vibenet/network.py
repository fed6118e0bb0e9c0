"""Runs the network over a whole track, a few columns at a time.

Input: mel bands of a track, bounded in number. Output: the seven values. It is the published network to within
rounding, not an approximation by windows: each gate sees the mean over everything, since a part is run over all columns
before the next one begins. What lies between two parts is kept in tiles, which are given back as they are read. A
part's graph is loaded when its turn comes and given up behind it, so that the weights of the wide parts and the long
signals of the early ones are never held at one time.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.vibenet.architecture import BLOCKS, HEAD_CHANNELS, LIKELIHOODS, VALUES, Block
from playlista.vibenet.arrays import Array, NetworkFile
from playlista.vibenet.tiles import Ring, Tiles

_ERRORS_ONLY = 3
#: The widest tensor of a tile: small enough for a core's cache, and for several to be alive at one time.
_TILE_BYTES = 1024**2 // 2
#: Tiles that are held on top of a signal, since they are given back whole, and a little after they were read.
_TILES_UNDER_WAY = 4
#: From this part on signals are so short that another ring holds them, and the first can be given back.
_SHORT_FROM = 4
_EPSILON = 1e-5  # of the layer normalization


class VibeNet:
    """The prepared network on ONNX Runtime, on one thread.

    Parameters
    ----------
    file : what ``models prepare --mood`` wrote.
    """

    def __init__(self, file: NetworkFile) -> None:
        self._file = file
        self._onnxruntime = importlib.import_module("onnxruntime")

    def values(self, bands: Array, checkpoint: Callable[[], None]) -> dict[str, float]:
        """The values of a track, each 0..1.

        Parameters
        ----------
        bands : np.ndarray [shape=(128, columns), float32, dB, one column or more, in any order of memory]
        checkpoint : called before each tile; what it raises ends the run.

        Raises
        ------
        ModelError : the file is damaged or gone.
        """
        ring = Ring(ring_size(bands.shape[1], 0))
        signal = self._first(bands, ring, checkpoint)
        for number in range(1, len(BLOCKS)):
            if number == _SHORT_FROM:
                ring.trim()
                ring = Ring(ring_size(bands.shape[1], number))
            signal = self._middle(number, signal, ring, checkpoint)
        answers = _trunk(self._last(signal, checkpoint), self._file)
        return {name: _share(name, float(answer)) for name, answer in zip(VALUES, answers, strict=True)}

    def _first(self, bands: Array, ring: Ring, checkpoint: Callable[[], None]) -> _Signal:
        """Through the stem, which halves the columns, to the first gate."""
        session, block = self._session(0), BLOCKS[0]
        columns = (bands.shape[1] - 1) // 2 + 1
        signal = _Signal(block, ring)
        for span in _spans(block, columns):
            checkpoint()
            tile = _with_zeros(bands, 2 * span.start - 1, 2 * span.stop)
            signal.put(*session.run(["convolved", "mean"], {"bands": tile, "zeros": span.zeros}))
        return signal

    def _middle(self, number: int, before: _Signal, ring: Ring, checkpoint: Callable[[], None]) -> _Signal:
        """From one gate to the next."""
        session, block = self._session(number), BLOCKS[number]
        gate = before.gate(self._file, f"part_{number:02}")
        signal = _Signal(block, ring)
        outputs = ["convolved", "mean", *(["block_input"] if block.is_residual else [])]
        for span in _spans(block, before.tiles.columns):
            checkpoint()
            inputs = before.inputs(span.start, span.stop) | {"gate": gate, "zeros": span.zeros}
            convolved, mean, *block_input = session.run(outputs, inputs)
            signal.put(convolved, mean)
            for one in block_input:
                signal.former.put(one[..., span.inner])
        before.close()
        return signal

    def _last(self, before: _Signal, checkpoint: Callable[[], None]) -> NDArray[np.float64]:
        """From the last gate to the mean of the 1280 features over the track."""
        session = self._session(len(BLOCKS))
        gate = before.gate(self._file, f"part_{len(BLOCKS):02}")
        total, columns = np.zeros(HEAD_CHANNELS), before.tiles.columns
        step = _TILE_BYTES // (HEAD_CHANNELS * before.rows * 4)
        for start in range(0, columns, step):
            checkpoint()
            inputs = before.inputs(start, min(start + step, columns)) | {"gate": gate}
            total += session.run(["features"], inputs)[0][0].sum(axis=1, dtype=np.float64)
        return total / columns

    def _session(self, number: int) -> Any:
        options = self._onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # it would lay out memory anew for the shape of each tile
        options.log_severity_level = _ERRORS_ONLY
        graph = self._file.graph(number)
        return self._onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _with_zeros(bands: Array, start: int, stop: int) -> Array:
    """Columns `start` to `stop` [shape=(1, 128, columns)], zeros for those beyond the ends of `bands`."""
    tile = np.zeros((1, len(bands), stop - start), dtype=np.float32)
    first, last = max(0, start), min(stop, bands.shape[1])
    tile[0, :, first - start : last - start] = bands[:, first:last]
    return tile


def ring_size(columns: int, first: int) -> int:
    """Numbers of float32 that the tiles behind block `first` and later ones take, for so many columns of bands."""
    columns, sizes = (columns - 1) // 2 + 1, []
    for block in BLOCKS:
        former = block.channels_in * block.rows * columns if block.is_residual else 0
        columns = block.columns_out(columns)
        sizes.append(former + block.expanded * (block.rows // block.stride) * columns)
    return max(sizes[first:]) + _TILES_UNDER_WAY * _TILE_BYTES // 4


class _Span:
    """The columns of a block's input that one tile of its output is made from.

    start, stop : those that there are. zeros : pads of the ONNX operator, for those beyond the ends of the track.
    inner : where among them the columns lie that belong to this tile alone; of blocks that keep the length.
    """

    def __init__(self, block: Block, first: int, last: int, columns: int) -> None:
        start, stop = first * block.stride - block.reach, (last - 1) * block.stride + block.reach + 1
        self.start, self.stop = max(0, start), min(columns, stop)
        self.zeros = np.array([0, 0, 0, self.start - start, 0, 0, 0, stop - self.stop], dtype=np.int64)
        self.inner = slice(first - self.start, last - self.start)


def _spans(block: Block, columns: int) -> Iterator[_Span]:
    """Tiles over all of `columns`, the widest tensor of each within ``_TILE_BYTES``."""
    step = max(8, _TILE_BYTES // (4 * block.expanded * block.rows * block.stride))
    there = block.columns_out(columns)
    for first in range(0, there, step):
        yield _Span(block, first, min(first + step, there), columns)


class _Signal:
    """What stands before the gate of `block`: its tiles, their mean by channel, and the block's own input."""

    def __init__(self, block: Block, ring: Ring) -> None:
        self.rows = block.rows // block.stride
        self.tiles, self.former = Tiles(ring), Tiles(ring)
        self._is_residual = block.is_residual
        self._sums = np.zeros(block.expanded)

    def put(self, convolved: Array, mean: Array) -> None:
        """The next tile and its mean over rows and columns."""
        self.tiles.put(convolved)
        self._sums += mean[0].astype(np.float64) * convolved.shape[3]

    def close(self) -> None:
        """Give the memory of its tiles back."""
        self.tiles.close()
        self.former.close()

    def gate(self, file: NetworkFile, part: str) -> Array:
        """The factor of each channel [shape=(1, channels, 1, 1)]."""
        squeezed = file.layer(f"{part}/squeeze")(self._sums / self.tiles.columns)
        opened = _sigmoid(file.layer(f"{part}/excite")(squeezed * _sigmoid(squeezed)))
        return opened.astype(np.float32)[np.newaxis, :, np.newaxis, np.newaxis]

    def inputs(self, start: int, stop: int) -> dict[str, Array]:
        """What the next part takes of these columns."""
        taken = {"columns": self.tiles.take(start, stop)}
        return taken | ({"former": self.former.take(start, stop)} if self._is_residual else {})


def _trunk(features: NDArray[np.float64], file: NetworkFile) -> NDArray[np.float64]:
    """The answers: normalization, whose scale is in the next layer, a layer with GELU, and that of the answers."""
    normal = (features - features.mean()) / math.sqrt(features.var() + _EPSILON)
    hidden = file.layer("trunk/hidden")(normal)
    bent = np.array([0.5 * one * (1 + math.erf(one / math.sqrt(2))) for one in hidden])
    return file.layer("trunk/answers")(bent)


def _share(name: str, answer: float) -> float:
    """An answer as a share 0..1, to four digits."""
    return round(float(_sigmoid(np.float64(answer))) if name in LIKELIHOODS else min(max(answer, 0.0), 1.0), 4)


def _sigmoid(values: Any) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-values)))
