"""MusiCNN as arrays: the published variables folded into the least arithmetic that gives the same answers.

Input: the variables of the MSD_musicnn checkpoint by name. Output: a :class:`Network`, from which the graphs
of the runtimes are written. Nothing here runs the network.

Three things are folded away, all without changing what the network computes:

* **Batch normalisation.** Every convolution is followed by a bias, a ReLU and a normalisation ``a * relu(v) + b``. With
  the kernel scaled by ``a`` this is ``clip(conv + shift, low, high)``, where the bound at ``b`` is the lower one if
  ``a`` is positive and the upper one if it is negative; it commutes with the maximum over frequency that follows.
* **Dead filters.** Weight decay has driven 497 of the 561 filters of the front end to kernels of 1e-9 and less, so each
  answers with one constant, whatever the music. They are left out, and their constants are added where the next layers
  would have read them. That is nine tenths of the network's multiplications.
* **Training.** Dropout and the batch statistics are not there.

Source of the architecture: Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio
tagging", ISMIR late breaking/demo, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playlista.tracks.patches import PATCH_FRAMES

#: Outputs of the network.
TAG_COUNT = 50
EMBEDDING_SIZE = 200

#: Taps in time of the convolutions of the middle part.
MIDDLE_TAPS = 7

#: Added to every variance by the normalisation of TensorFlow 1.
EPSILON = float(np.float32(1e-3))

#: Largest log-compressed mel value to reckon with, log10(1 + 10000 x); white noise of full scale reaches 5.7.
LARGEST_MEL = 6.0

#: A filter whose output cannot move by more than this is a constant. Live filters of these weights can move by 0.01 and
#: more, dead ones by 3e-9 at most, so nothing hangs on the exact figure.
DEAD_BELOW = 1e-6

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]
Variables = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Branch:
    """A convolution of the front end and its maximum over frequency: ``clip(max(conv) + shift, low, high)``.

    kernel : [shape=(time taps, frequency taps, filters)], "same" in time, "valid" in frequency.
    shift, low, high : [shape=(filters,)]
    """

    kernel: Array32
    shift: Array32
    low: Array32
    high: Array32


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution of the middle part over time, "same": ``clip(conv + shift, low, high)``.

    kernel : [shape=(7, channels in, channels out)]
    shift : [shape=(187, channels out)] it differs near both ends of the patch where constants are cut by the padding.
    low, high : [shape=(channels out,)]
    """

    kernel: Array32
    shift: Array32
    low: Array32
    high: Array32


@dataclass(frozen=True, slots=True)
class Dense:
    """``x @ kernel + bias``: kernel [shape=(n in, n out)], bias [shape=(n out,)]."""

    kernel: Array32
    bias: Array32


@dataclass(frozen=True, slots=True)
class Network:
    """The whole network for one patch x [shape=(187, 96)].

    ``x * input_scale + input_shift`` goes to the five `branches`; their channels, side by side, to the three
    `convolutions` in a row, the second and third of which add their input to their output; the maximum over time of all
    channels (front end, then the three), followed by the mean over time, goes to `embedding`; its ReLU to `tags`; the
    sigmoid of that are the activations.
    """

    input_scale: np.float32
    input_shift: np.float32
    branches: tuple[Branch, ...]
    convolutions: tuple[Convolution, ...]
    embedding: Dense
    tags: Dense


@dataclass(frozen=True, slots=True)
class _Normalisation:
    scale: Array
    shift: Array


@dataclass(frozen=True, slots=True)
class _FrontEnd:
    branches: tuple[Branch, ...]
    live: NDArray[np.intp]
    constants: Array


def fold(variables: Variables) -> Network:
    """Fold the checkpoint's variables into a :class:`Network`, in float64 up to the last step.

    Parameters
    ----------
    variables : arrays by their names in the checkpoint, e.g. ``conv2d_5/kernel``.

    Raises
    ------
    KeyError
        A variable is missing.
    """
    entrance = _normalisation(variables, 0)
    front = _front_end(variables, entrance)
    convolutions = (
        _first_convolution(variables, front),
        _convolution(variables, 6),
        _convolution(variables, 7),
    )
    return Network(
        input_scale=np.float32(entrance.scale[0]),
        input_shift=np.float32(entrance.shift[0]),
        branches=front.branches,
        convolutions=convolutions,
        embedding=_embedding(variables, front),
        tags=_tags(variables),
    )


def _front_end(variables: Variables, entrance: _Normalisation) -> _FrontEnd:
    """The five branches without their dead filters, and what the dead ones answer."""
    extremes = entrance.scale * np.array([0.0, LARGEST_MEL]) + entrance.shift
    branches, live, constants = [], [], []
    for index in range(5):
        kernel, bias = _layer(variables, "conv2d", index)
        norm = _normalisation(variables, index + 1)
        swing = np.abs(norm.scale) * np.abs(kernel).sum(axis=(0, 1, 2)) * np.abs(extremes).max()
        alive = swing > DEAD_BELOW
        low, high = _bounds(norm)
        branches.append(
            Branch(
                kernel=_single((kernel[:, :, 0] * norm.scale)[:, :, alive]),
                shift=_single((norm.scale * bias + norm.shift)[alive]),
                low=_single(low[alive]),
                high=_single(high[alive]),
            )
        )
        live.append(alive)
        constants.append(norm.scale * np.maximum(bias, 0.0) + norm.shift)
    return _FrontEnd(tuple(branches), np.flatnonzero(np.concatenate(live)), np.concatenate(constants))


def _first_convolution(variables: Variables, front: _FrontEnd) -> Convolution:
    """Reads the live channels; what it would have read from the dead ones goes into its shift, frame by frame."""
    kernel, bias = _layer(variables, "conv2d", 5)
    norm = _normalisation(variables, 6)
    kernel = kernel.transpose(0, 1, 3, 2)[..., 0] * norm.scale
    dead = np.ones(kernel.shape[1], dtype=bool)
    dead[front.live] = False
    per_tap = np.einsum("c,tco->to", front.constants[dead], kernel[:, dead])
    shift = norm.scale * bias + norm.shift + _sum_of_taps_inside(per_tap)
    low, high = _bounds(norm)
    return Convolution(_single(kernel[:, front.live]), _single(shift), _single(low), _single(high))


def _sum_of_taps_inside(per_tap: Array) -> Array:
    """For each frame of a patch the sum over those taps that do not lie in the padding [shape=(187, channels out)]."""
    reach = MIDDLE_TAPS // 2
    frame = np.arange(PATCH_FRAMES)[:, np.newaxis] + np.arange(-reach, reach + 1)
    inside = (frame >= 0) & (frame < PATCH_FRAMES)
    return inside.astype(np.float64) @ per_tap


def _convolution(variables: Variables, index: int) -> Convolution:
    kernel, bias = _layer(variables, "conv2d", index)
    norm = _normalisation(variables, index + 1)
    shift = np.tile(norm.scale * bias + norm.shift, (PATCH_FRAMES, 1))
    low, high = _bounds(norm)
    kernel = kernel.transpose(0, 1, 3, 2)[..., 0] * norm.scale
    return Convolution(_single(kernel), _single(shift), _single(low), _single(high))


def _embedding(variables: Variables, front: _FrontEnd) -> Dense:
    """The penultimate layer: its normalisation folded in, its inputs put as all maxima, then all means."""
    kernel, bias = _layer(variables, "dense", 0)
    norm = _normalisation(variables, 9)
    bias = bias + norm.shift @ kernel
    by_pool = (kernel * norm.scale[:, np.newaxis]).reshape(-1, 2, EMBEDDING_SIZE)  # channel, (maximum, mean), unit
    front_count = len(front.constants)
    dead = np.setdiff1d(np.arange(front_count), front.live)
    bias = bias + np.einsum("c,cpu->u", front.constants[dead], by_pool[dead])
    kept = by_pool[np.concatenate([front.live, np.arange(front_count, len(by_pool))])]
    return Dense(_single(np.concatenate([kept[:, 0], kept[:, 1]])), _single(bias))


def _tags(variables: Variables) -> Dense:
    kernel, bias = _layer(variables, "dense", 1)
    norm = _normalisation(variables, 10)
    return Dense(_single(kernel * norm.scale[:, np.newaxis]), _single(bias + norm.shift @ kernel))


def _normalisation(variables: Variables, index: int) -> _Normalisation:
    """Batch normalisation with its trained statistics as ``scale * v + shift``."""
    prefix = _numbered("batch_normalization", index)
    gamma, beta, mean, variance = (
        variables[f"{prefix}/{name}"].astype(np.float64) for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return _Normalisation(scale, beta - scale * mean)


def _bounds(norm: _Normalisation) -> tuple[Array, Array]:
    """What the ReLU becomes behind the scale: at least `shift` where the scale is positive, at most where negative."""
    positive = norm.scale > 0
    return np.where(positive, norm.shift, -np.inf), np.where(positive, np.inf, norm.shift)


def _layer(variables: Variables, kind: str, index: int) -> tuple[Array, Array]:
    prefix = _numbered(kind, index)
    return variables[f"{prefix}/kernel"].astype(np.float64), variables[f"{prefix}/bias"].astype(np.float64)


def _numbered(kind: str, index: int) -> str:
    return f"{kind}_{index}" if index else kind


def _single(array: Array) -> Array32:
    return np.ascontiguousarray(array, dtype=np.float32)
