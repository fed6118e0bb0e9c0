"""MusiCNN computed the long way round, from its variables and its paper: the truth for the folded network.

Every layer of the published architecture is here, one after another, in float64: nothing is folded, left out or
widened. It shares no code with the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]
Variables = dict[str, NDArray[np.float32]]

FRAMES, BANDS = 187, 96
#: Kernel sizes in time and frequency, and filters, of the five branches of the front end.
BRANCHES = ((7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51))


@dataclass(frozen=True)
class Answer:
    """Activations [shape=(50,)] and embedding [shape=(200,)] of one patch."""

    activations: Array
    embedding: Array


def answer(variables: Mapping[str, NDArray[np.float32]], patch: NDArray[np.float32]) -> Answer:
    """The published network's answer to one patch [shape=(187, 96)]."""
    values = {name: value.astype(np.float64) for name, value in variables.items()}
    image = normalise(values, 0, patch.astype(np.float64)[..., np.newaxis])[..., 0]
    front = np.concatenate([branch(values, index, image) for index in range(5)], axis=1)
    first = middle(values, 5, front)
    second = middle(values, 6, first) + first
    third = middle(values, 7, second) + second
    channels = np.concatenate([front, first, second, third], axis=1)
    pooled = np.stack([channels.max(axis=0), channels.mean(axis=0)], axis=1).reshape(-1)
    embedding = normalise(values, 9, pooled) @ values["dense/kernel"] + values["dense/bias"]
    rectified = normalise(values, 10, np.maximum(embedding, 0))
    logits = rectified @ values["dense_1/kernel"] + values["dense_1/bias"]
    return Answer(1 / (1 + np.exp(-logits)), embedding)


def branch(values: Mapping[str, Array], index: int, image: Array) -> Array:
    """Convolution, ReLU, normalisation, maximum over frequency [shape=(187, filters)]."""
    kernel, bias = values[f"{name('conv2d', index)}/kernel"][:, :, 0], values[f"{name('conv2d', index)}/bias"]
    taps, width, _ = kernel.shape
    padded = np.pad(image, (((taps - 1) // 2, taps - 1 - (taps - 1) // 2), (0, 0)))
    windows = sliding_window_view(padded, (taps, width))
    convolved = np.tensordot(windows, kernel, axes=((2, 3), (0, 1)))
    return normalise(values, index + 1, np.maximum(convolved + bias, 0)).max(axis=1)


def middle(values: Mapping[str, Array], index: int, channels: Array) -> Array:
    """Convolution over all channels and seven frames, ReLU, normalisation [shape=(187, 64)]."""
    kernel = values[f"conv2d_{index}/kernel"]
    kernel = kernel.reshape(7, channels.shape[1], 64)
    windows = sliding_window_view(np.pad(channels, ((3, 3), (0, 0))), 7, axis=0)
    convolved = np.tensordot(windows, kernel, axes=((2, 1), (0, 1)))
    return normalise(values, index + 1, np.maximum(convolved + values[f"conv2d_{index}/bias"], 0))


def normalise(values: Mapping[str, Array], index: int, inputs: Array) -> Array:
    """Batch normalisation with the trained statistics; TensorFlow 1 adds 0.001 to the variance."""
    layer = name("batch_normalization", index)
    deviation = np.sqrt(values[f"{layer}/moving_variance"] + 0.001)
    centred = (inputs - values[f"{layer}/moving_mean"]) / deviation
    return centred * values[f"{layer}/gamma"] + values[f"{layer}/beta"]


def name(kind: str, index: int) -> str:
    return f"{kind}_{index}" if index else kind


def random_variables(seed: int = 0, dead_share: float = 0.7) -> Variables:
    """Variables of the published shapes. As in the published ones, most filters of the front end are dead, and scales
    are of either sign."""
    rng = np.random.default_rng(seed)
    variables: Variables = {}
    for index, (taps, width, filters) in enumerate(BRANCHES):
        kernel = rng.normal(0, 1 / np.sqrt(taps * width), (taps, width, 1, filters))
        kernel[..., rng.random(filters) < dead_share] *= 1e-28
        variables |= convolution(rng, index, kernel)
    for index, inputs in ((5, 561), (6, 64), (7, 64)):
        shape = (7, inputs, 1, 64) if index == 5 else (7, 64, 1, 64)
        variables |= convolution(rng, index, rng.normal(0, 1 / np.sqrt(7 * inputs), shape))
    for index, (inputs, outputs) in enumerate(((1506, 200), (200, 50))):
        layer = name("dense", index)
        variables[f"{layer}/kernel"] = single(rng.normal(0, 1 / np.sqrt(inputs), (inputs, outputs)))
        variables[f"{layer}/bias"] = single(rng.normal(0, 0.3, outputs))
    for index, size in ((0, 1), (9, 1506), (10, 200)):
        variables |= normalisation(rng, index, size)
    return variables


def convolution(rng: np.random.Generator, index: int, kernel: Array) -> Variables:
    """A convolution and the normalisation that follows it."""
    layer, filters = name("conv2d", index), kernel.shape[-1]
    both = {f"{layer}/kernel": single(kernel), f"{layer}/bias": single(rng.normal(0, 0.3, filters))}
    return both | normalisation(rng, index + 1, filters)


def normalisation(rng: np.random.Generator, index: int, size: int) -> Variables:
    layer = name("batch_normalization", index)
    return {
        f"{layer}/gamma": single(rng.normal(0.3, 0.6, size)),
        f"{layer}/beta": single(rng.normal(0, 0.3, size)),
        f"{layer}/moving_mean": single(rng.normal(0.3, 0.3, size)),
        f"{layer}/moving_variance": single(rng.uniform(0.2, 2.0, size)),
    }


def single(array: Array) -> NDArray[np.float32]:
    return array.astype(np.float32)


def patches(count: int, seed: int = 1) -> NDArray[np.float32]:
    """Something like mel patches: 0..5, loud and silent bands and frames [shape=(count, 187, 96)]."""
    rng = np.random.default_rng(seed)
    loudness = rng.uniform(0, 5, (count, FRAMES, 1)) * rng.uniform(0, 1, (count, 1, BANDS))
    return (loudness * rng.uniform(0, 1, (count, FRAMES, BANDS)) * (rng.random((count, FRAMES, 1)) > 0.1)).astype("f4")
