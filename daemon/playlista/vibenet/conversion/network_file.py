"""All that the prepared network consists of, from the published weights.

Input: the bytes of the published ONNX model. Output: those of our file, see :mod:`playlista.vibenet.arrays`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from playlista.errors import ModelError
from playlista.vibenet.architecture import BLOCKS, VALUES, Block
from playlista.vibenet.arrays import arrays_file
from playlista.vibenet.conversion.graphs import PREFIX, first_graph, last_graph, middle_graph
from playlista.vibenet.conversion.weights import Weights, read_weights


def network_file(model: bytes) -> bytes:
    """Our file.

    Raises
    ------
    ModelError : the model is another one.
    """
    weights = read_weights(model)
    try:
        arrays = {f"part_{number:02}/graph": np.frombuffer(graph, np.uint8) for number, graph in _graphs(weights)}
        for number, block in enumerate(BLOCKS, 1):
            arrays |= {f"part_{number:02}/{name}": array for name, array in _gate(weights, block).items()}
        return arrays_file(arrays | {f"trunk/{name}": array for name, array in _trunk(weights).items()})
    except KeyError as error:
        raise ModelError(f"the published VibeNet lacks the variable {error}") from error


def _graphs(weights: Weights) -> list[tuple[int, bytes]]:
    middle = [middle_graph(weights, number) for number in range(1, len(BLOCKS))]
    return list(enumerate([first_graph(weights), *middle, last_graph(weights)]))


def _gate(weights: Weights, block: Block) -> dict[str, NDArray[Any]]:
    """The two layers behind the means, which are convolutions over a single place."""
    place = 1 if block.expanded == block.channels_in else 2
    name = f"{PREFIX}.{block.stage}.{block.repeat}.block.{place}"
    layers = {"squeeze": f"{name}.fc1", "excite": f"{name}.fc2"}
    return {
        **{f"{ours}_kernel": weights[f"{theirs}.weight"][:, :, 0, 0] for ours, theirs in layers.items()},
        **{f"{ours}_bias": weights[f"{theirs}.bias"] for ours, theirs in layers.items()},
    }


def _trunk(weights: Weights) -> dict[str, NDArray[Any]]:
    """The scale and shift of the normalization are folded into the layer behind it."""
    kernel = weights["trunk.1.weight"].astype(np.float64)
    shift = kernel @ weights["trunk.0.bias"]
    return {
        "hidden_kernel": (kernel * weights["trunk.0.weight"]).astype(np.float32),
        "hidden_bias": (weights["trunk.1.bias"] + shift).astype(np.float32),
        "answers_kernel": np.concatenate([weights[f"heads.{name}.weight"] for name in VALUES]),
        "answers_bias": np.concatenate([weights[f"heads.{name}.bias"] for name in VALUES]),
    }
