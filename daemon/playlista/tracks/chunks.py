"""What travels from decoding to the features: one chunk of a track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """One step of a track on its way from decoding to the features: the same span of time in three signals.

    A signal may be empty in one chunk and longer in a later one, since resamplers answer late.

    native : [shape=(n, channels), float32, the file's own rate]
    analysis : [shape=(m,), float16 or float32, mono, the analysis rate]
    model : [shape=(k,), float32, mono, 16 kHz]
    """

    native: NDArray[np.float32]
    analysis: NDArray[np.floating]
    model: NDArray[np.float32]
