"""Convolution kernels widened to answer several neighbouring places at once.

What is left of MusiCNN's front end is a handful of filters over one channel, and matrix libraries are slow on matrices
that are a handful wide: TensorFlow without oneDNN needs 38 ms for 0.13 billion multiplications. A kernel of `count`
times as many filters, each set of them shifted by one place, moved in steps of `count`, costs a few multiplications by
zero and is several times as fast (see docs/adr/0004-musicnn-runtimes.md). The sums are the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Neighbouring frames answered at once; divides the 187 frames of a patch.
FRAMES_AT_ONCE = 11

#: Neighbouring mel bands answered at once; divides the 30 places of the widest kernel.
BANDS_AT_ONCE = 6


def widen_in_time(kernel: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """[shape=(taps, frequency taps, filters)] -> [shape=(taps + count - 1, frequency taps, count * filters)]."""
    taps, frequency_taps, filters = kernel.shape
    wide = np.zeros((taps + count - 1, frequency_taps, count, filters), dtype=np.float32)
    for place in range(count):
        wide[place : place + taps, :, place] = kernel
    return wide.reshape(taps + count - 1, frequency_taps, count * filters)


def widen_in_frequency(kernel: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """[shape=(time taps, taps, filters)] -> [shape=(time taps, taps + count - 1, count * filters)]."""
    return widen_in_time(kernel.transpose(1, 0, 2), count).transpose(1, 0, 2)
