"""Makes the model's files out of the published weights.

Input: the ``musicnn`` wheel, given or fetched by pip. Output, in the models folder: ``msd-musicnn.pb``
(frozen graph), ``.npz`` (the same as arrays), ``.onnx``, ``.LICENSE`` and, written last, ``.json`` (labels, names of
inputs and outputs, checksums, source).

It needs numpy alone, half a second and 72 MB: the checkpoint is read and the graphs are written without TensorFlow and
without onnx, which the small machines that we are made for could not hold, or do not have.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np

from playlista import __version__
from playlista.errors import ModelError
from playlista.musicnn import files
from playlista.musicnn.arrays import network_arrays
from playlista.musicnn.conversion import graph_onnx, graph_tensorflow
from playlista.musicnn.conversion import wheel as published
from playlista.musicnn.conversion.checkpoint import read_checkpoint
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.network import Network, fold
from playlista.tracks.patches import MEL_BANDS, PATCH_FRAMES

Say = Callable[[str], None]


def prepare_model(models_dir: Path, *, wheel: Path | None = None, onnx: bool = True, say: Say) -> ModelFiles:
    """Have a good model in `models_dir`: keep the one that is there, or make it.

    Parameters
    ----------
    models_dir : made if absent.
    wheel : the ``musicnn`` 0.1.0 wheel where it cannot be fetched; by default the machine's own pip fetches it.
    onnx : whether to write the file for ONNX Runtime, too.
    say : takes a line about what is being done.

    Raises
    ------
    ModelError
        One line: no network, another wheel than the known one, a full disk, no right to write.
    """
    kept = _kept(models_dir, onnx, say)
    if kept is not None:
        say(f"model: {kept.folder} is ready, its checksums are right; nothing to do")
        return kept
    with _source(wheel, say) as source:
        say("model: folding MSD_musicnn into graphs")
        files.MODEL.write(models_dir, _contents(_network(source), source, onnx), _about(source))
    prepared = ModelFiles.find(models_dir)
    if prepared is None:
        raise ModelError(f"the model files in {models_dir} vanished while they were written; try again")
    say(f"model: wrote {', '.join(sorted(prepared.checksums))} to {models_dir}")
    return prepared


def _kept(models_dir: Path, onnx: bool, say: Say) -> ModelFiles | None:
    try:
        found = ModelFiles.find(models_dir)
    except ModelError as error:
        say(f"model: {error}".split(";")[0] + "; making it anew")
        return None
    return found if found is not None and (found.onnx or not onnx) else None


def _source(path: Path | None, say: Say) -> published.Wheel:
    if path is not None:
        say(f"model: taking the weights from {path}")
        return published.open_wheel(path)
    say(f"model: fetching {published.NAME} {published.VERSION} with pip (26 MB)")
    return published.fetch_wheel()


def _network(source: published.Wheel) -> Network:
    index, data = (source.read_checkpoint_file(name) for name in (".index", ".data-00000-of-00001"))
    try:
        return fold(read_checkpoint(index, data))
    except KeyError as error:
        raise ModelError(f"the checkpoint in the {published.NAME} wheel lacks the variable {error}") from error


def _contents(network: Network, source: published.Wheel, onnx: bool) -> dict[str, bytes]:
    contents = {
        files.GRAPH: graph_tensorflow.tensorflow_graph(network),
        files.ARRAYS: network_arrays(network),
        files.LICENCE: source.licence().encode(),
    }
    if onnx:
        contents[files.ONNX] = graph_onnx.onnx_model(network)
    return contents


def _about(source: published.Wheel) -> dict[str, object]:
    return {
        "source": {
            "package": published.NAME,
            "version": published.VERSION,
            "sha256": published.SHA256,
            "licence": published.LICENCE,
        },
        "labels": list(source.labels()),
        "input": {
            "shape": ["batch", PATCH_FRAMES, MEL_BANDS],
            "tensorflow": graph_tensorflow.INPUT,
            "onnx": graph_onnx.INPUT,
        },
        "outputs": {
            "activations": {"tensorflow": graph_tensorflow.ACTIVATIONS, "onnx": graph_onnx.ACTIVATIONS},
            "embedding": {"tensorflow": graph_tensorflow.EMBEDDING, "onnx": graph_onnx.EMBEDDING},
        },
        "created_by": {"playlista": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }
