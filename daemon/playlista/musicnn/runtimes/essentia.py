"""MusiCNN on the TensorFlow 2.5 that essentia-tensorflow bundles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playlista.musicnn.conversion.graph_tensorflow import ACTIVATIONS, EMBEDDING, INPUT
from playlista.system.essentia_algorithms import essentia_pool, essentia_standard

Array = NDArray[np.float32]


class EssentiaRuntime:
    """A :class:`~playlista.musicnn.runtimes.runtime.TaggerRuntime` over essentia's ``TensorflowPredict``.

    Its threads are set by ``TF_NUM_INTRAOP_THREADS`` and ``TF_NUM_INTEROP_THREADS``; it offers no other way.
    """

    name = "essentia"

    def __init__(self, graph: Path) -> None:
        self._pool = essentia_pool()
        self._predict = essentia_standard().TensorflowPredict(
            graphFilename=str(graph), inputs=[INPUT], outputs=[ACTIVATIONS, EMBEDDING]
        )

    def activations(self, patches: Array) -> tuple[Array, Array]:
        """See :meth:`~playlista.musicnn.runtimes.runtime.TaggerRuntime.activations`."""
        # It wants four axes, of which it drops those of length 1 by itself, and takes any memory for C-ordered.
        self._pool.set(INPUT, np.ascontiguousarray(patches[:, np.newaxis]))
        answer = self._predict(self._pool)
        return answer[ACTIVATIONS].reshape(len(patches), -1), answer[EMBEDDING].reshape(len(patches), -1)

    def close(self) -> None:
        """Its session ends with the object."""
        self._predict.reset()
