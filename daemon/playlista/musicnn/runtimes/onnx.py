"""MusiCNN on ONNX Runtime, where it is installed."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playlista.musicnn.conversion.graph_onnx import ACTIVATIONS, EMBEDDING, INPUT

Array = NDArray[np.float32]

_ERRORS_ONLY = 3


class OnnxRuntime:
    """A :class:`~playlista.musicnn.runtimes.runtime.TaggerRuntime` over an ``InferenceSession`` on the CPU."""

    name = "onnx"

    def __init__(self, model: Path, threads: int) -> None:
        onnxruntime = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = _ERRORS_ONLY
        # Threads that wait by spinning would burn a second core's worth between two patches.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def activations(self, patches: Array) -> tuple[Array, Array]:
        """See :meth:`~playlista.musicnn.runtimes.runtime.TaggerRuntime.activations`."""
        activations, embeddings = self._session.run([ACTIVATIONS, EMBEDDING], {INPUT: patches})
        return activations, embeddings

    def close(self) -> None:
        """Its session ends with the object."""
        del self._session
