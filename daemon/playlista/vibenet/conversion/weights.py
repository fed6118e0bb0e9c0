"""Reads the weights out of an ONNX model, and folds each normalization into the convolution before it.

Input: the bytes of a ``ModelProto``. Output: its initializers as arrays, and kernels with a bias. Schema: ONNX's
``onnx.proto3``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.errors import ModelError
from playlista.models.protobuf import as_message, fields, packed_integers

Array = NDArray[np.float32]
Weights = Mapping[str, Array]

_GRAPH = 7  # of a ModelProto
_INITIALIZER = 5  # of a GraphProto
_DIMENSIONS, _TYPE, _NAME, _RAW = 1, 2, 8, 9  # of a TensorProto
_FLOAT = 1

#: PyTorch's own for normalizations; the model says the same.
EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Convolution:
    """Kernel [shape=(filters, channels, rows, columns)] and bias [shape=(filters,)]."""

    kernel: Array
    bias: Array


def read_weights(model: bytes) -> dict[str, Array]:
    """The float32 initializers by name; those of other types are left out.

    Raises
    ------
    ModelError
        The bytes are no such model.
    """
    try:
        graph = as_message(dict(fields(model))[_GRAPH])
        tensors = [as_message(value) for tag, value in fields(graph) if tag == _INITIALIZER]
        return dict(found for tensor in tensors if (found := _tensor(tensor)) is not None)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the published VibeNet cannot be read: {error}") from error


def folded(weights: Weights, convolution: str, normalization: str) -> Convolution:
    """A convolution without bias and the normalization behind it, as one with a bias."""
    scale = weights[f"{normalization}.weight"] / np.sqrt(
        weights[f"{normalization}.running_var"].astype(np.float64) + EPSILON
    )
    kernel = weights[f"{convolution}.weight"] * scale[:, np.newaxis, np.newaxis, np.newaxis]
    bias = weights[f"{normalization}.bias"] - weights[f"{normalization}.running_mean"] * scale
    return Convolution(kernel.astype(np.float32), bias.astype(np.float32))


def _tensor(message: bytes) -> tuple[str, Array] | None:
    """Name and values of a ``TensorProto``; None if it is not of float32 in the raw form."""
    parts = list(fields(message))
    single = dict(parts)
    if single.get(_TYPE) != _FLOAT or _RAW not in single:
        return None
    values = np.frombuffer(as_message(single[_RAW]), dtype="<f4")
    shape = _shape([value for tag, value in parts if tag == _DIMENSIONS])
    return as_message(single[_NAME]).decode(), values.reshape(shape)


def _shape(dimensions: list[int | bytes]) -> tuple[int, ...]:
    """Dimensions as single numbers or packed, both of which are legal."""
    sizes: list[int] = []
    for value in dimensions:
        sizes += [value] if isinstance(value, int) else packed_integers(value)
    return tuple(sizes)
