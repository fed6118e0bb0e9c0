"""The published graph in its two forms, where `make bench` has made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from playlista.musicnn.arrays import read_network
from playlista.musicnn.runtimes.numpy import NumpyRuntime


@pytest.fixture(scope="module")
def graphs(project_root: Path) -> Path:
    folder = project_root / "build" / "bench" / "model"
    if not (folder / "published.onnx").is_file():
        pytest.skip("no published graph in build/bench/model; `make bench` makes it")
    return folder


def test_the_floors_graph_answers_as_our_folded_one_does(graphs: Path, models_dir: Path) -> None:
    """Both are the same weights; 1e-5 is float32 through eight layers, summed in another order."""
    onnxruntime = pytest.importorskip("onnxruntime")
    patches = np.abs(np.random.default_rng(3).normal(0, 1.5, (3, 187, 96))).astype(np.float32)
    session = onnxruntime.InferenceSession(graphs / "published.onnx", providers=["CPUExecutionProvider"])
    activations, _embedding = session.run(None, {"patch": patches})
    ours, _ = NumpyRuntime(read_network(models_dir / "msd-musicnn.npz")).activations(patches)
    np.testing.assert_allclose(activations, ours, atol=1e-5)
