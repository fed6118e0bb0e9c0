"""The folded network on disk: a ``.npz`` of plain arrays, for the runtime that needs nothing but numpy."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playlista.errors import ModelError
from playlista.musicnn.network import Branch, Convolution, Dense, Network


def network_arrays(network: Network) -> bytes:
    """`network` as the content of a ``.npz`` file."""
    arrays: dict[str, NDArray[np.float32] | np.float32] = {
        "input/scale": network.input_scale,
        "input/shift": network.input_shift,
        "embedding/kernel": network.embedding.kernel,
        "embedding/bias": network.embedding.bias,
        "tags/kernel": network.tags.kernel,
        "tags/bias": network.tags.bias,
    }
    layers: dict[str, Branch | Convolution] = {f"branch_{i}": branch for i, branch in enumerate(network.branches)}
    layers |= {f"convolution_{i}": convolution for i, convolution in enumerate(network.convolutions)}
    for prefix, layer in layers.items():
        arrays[f"{prefix}/kernel"], arrays[f"{prefix}/shift"] = layer.kernel, layer.shift
        arrays[f"{prefix}/low"], arrays[f"{prefix}/high"] = layer.low, layer.high
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_network(path: Path) -> Network:
    """The network that :func:`network_arrays` wrote.

    Raises
    ------
    ModelError
        The file cannot be read or is something else.
    """
    try:
        # From memory: np.load leaves the file open if it turns out to be no archive.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return _network(arrays)
    except (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot read the model {path}: {error}; run: playlista models prepare") from error


def _network(arrays: Mapping[str, NDArray[np.float32]]) -> Network:
    return Network(
        input_scale=np.float32(arrays["input/scale"]),
        input_shift=np.float32(arrays["input/shift"]),
        branches=tuple(Branch(*_layer(arrays, f"branch_{index}")) for index in range(5)),
        convolutions=tuple(Convolution(*_layer(arrays, f"convolution_{index}")) for index in range(3)),
        embedding=Dense(arrays["embedding/kernel"], arrays["embedding/bias"]),
        tags=Dense(arrays["tags/kernel"], arrays["tags/bias"]),
    )


def _layer(arrays: Mapping[str, NDArray[np.float32]], prefix: str) -> tuple[NDArray[np.float32], ...]:
    return tuple(arrays[f"{prefix}/{name}"] for name in ("kernel", "shift", "low", "high"))
