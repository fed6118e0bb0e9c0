"""MusiCNN on tensorflow-cpu: fast, and 450 MB to import."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.musicnn.conversion.graph_tensorflow import ACTIVATIONS, EMBEDDING, INPUT
from playlista.system.native_stderr import notices_withheld
from playlista.tracks.patches import MEL_BANDS, PATCH_FRAMES

Array = NDArray[np.float32]


class TensorflowRuntime:
    """A ``TaggerRuntime`` over a session of TensorFlow 1's kind on the frozen graph."""

    name = "tensorflow"

    def __init__(self, graph: Path, threads: int) -> None:
        with notices_withheld():
            tensorflow = importlib.import_module("tensorflow")
            self._session = _session(tensorflow, graph, threads)
            self.activations(np.zeros((1, PATCH_FRAMES, MEL_BANDS), dtype=np.float32))  # kernels speak up at first use

    def activations(self, patches: Array) -> tuple[Array, Array]:
        """See :meth:`~playlista.musicnn.runtimes.runtime.TaggerRuntime.activations`."""
        outputs = [f"{ACTIVATIONS}:0", f"{EMBEDDING}:0"]
        activations, embeddings = self._session.run(outputs, {f"{INPUT}:0": patches})
        return activations, embeddings

    def close(self) -> None:
        """End the session; the libraries stay in memory."""
        self._session.close()


def _session(tensorflow: Any, path: Path, threads: int) -> Any:
    """One op at a time: the branches side by side would hold all their buffers at once and be no faster for it."""
    v1 = tensorflow.compat.v1
    graph = tensorflow.Graph()
    with graph.as_default():
        tensorflow.import_graph_def(v1.GraphDef.FromString(path.read_bytes()), name="")
    config = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
    return v1.Session(graph=graph, config=config)
