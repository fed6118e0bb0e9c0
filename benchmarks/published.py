"""The published MusiCNN graph as it is, for the peers and for the floor: frozen for TensorFlow, and written for ONNX
Runtime.

Input: the ``musicnn`` wheel, given or fetched by pip. Output: ``published.pb`` and ``published.onnx`` in a
folder, kept from run to run. ``python -m benchmarks.published FOLDER [WHEEL]`` makes them in a process of its own.

Our daemon runs the same weights folded (docs/adr/0004-musicnn-runtimes.md); a peer that nobody has told of that runs
all of the graph, so that is what it is measured with.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import python, run


@dataclass(frozen=True, slots=True)
class PublishedGraphs:
    """Files of the graph. Input [batch, 187, 96]; outputs ``model/Sigmoid`` and ``model/dense/BiasAdd`` in the first,
    ``activations`` and ``embedding`` in the second."""

    tensorflow: Path
    onnx: Path


def published_graphs(folder: Path, wheel: Path | None = None) -> PublishedGraphs:
    """Both files in `folder`, made if they are not there.

    Raises
    ------
    ChildFailed : the wheel cannot be had, or Python TensorFlow is not installed.
    """
    graphs = PublishedGraphs(folder / "published.pb", folder / "published.onnx")
    if not (graphs.tensorflow.exists() and graphs.onnx.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        run(python("-m", "benchmarks.published", str(folder), *([str(wheel)] if wheel else []))).checked()
    return graphs


def main(folder: Path, wheel_path: Path | None) -> None:
    from benchmarks.freeze import freeze_published_graph
    from benchmarks.published_onnx import published_onnx
    from playlista.musicnn.conversion.checkpoint import read_checkpoint
    from playlista.musicnn.conversion.wheel import fetch_wheel, open_wheel

    wheel = open_wheel(wheel_path) if wheel_path else fetch_wheel()
    index, data = (wheel.read_checkpoint_file(name) for name in (".index", ".data-00000-of-00001"))
    (folder / "published.onnx").write_bytes(published_onnx(read_checkpoint(index, data)))
    unfinished = folder / "unfinished.pb"
    freeze_published_graph(wheel, unfinished)
    unfinished.rename(folder / "published.pb")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
