"""The folded network as a TensorFlow ``GraphDef``, for essentia's bundled TensorFlow and for tensorflow-cpu.

Input: a :class:`~playlista.musicnn.network.Network`. Output: the bytes of a frozen graph with the published
names of its input (``model/Placeholder`` [batch, 187, 96]) and outputs (``model/Sigmoid`` [batch, 50] and
``model/dense/BiasAdd`` [batch, 200]), so that essentia's own predictors take it as well.

Only operations are used that TensorFlow has known since version 1, as the bundled one is 2.5. Schema: TensorFlow's
``core/framework/{graph,node_def,attr_value,tensor,types}.proto``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.models import protobuf as pb
from playlista.musicnn.bands import BANDS_AT_ONCE, FRAMES_AT_ONCE, widen_in_frequency, widen_in_time
from playlista.musicnn.network import Branch, Convolution, Dense, Network
from playlista.tracks.patches import MEL_BANDS, PATCH_FRAMES

INPUT = "model/Placeholder"
ACTIVATIONS = "model/Sigmoid"
EMBEDDING = "model/dense/BiasAdd"

_DT_FLOAT, _DT_INT32 = 1, 3
_PRODUCER = 561  # graph version of TensorFlow 2.4: old enough for essentia's, new enough for all operations here
_TIME, _FREQUENCY = 1, 2


def tensorflow_graph(network: Network) -> bytes:
    """The frozen graph of `network` as a serialized ``GraphDef``."""
    graph = _Graph()
    graph.placeholder(INPUT, (-1, PATCH_FRAMES, MEL_BANDS))
    scaled = graph.binary("Mul", "input/scaled", INPUT, graph.constant("input/scale", network.input_scale))
    normal = graph.binary("AddV2", "input/normal", scaled, graph.constant("input/shift", network.input_shift))
    image = graph.node("ExpandDims", "input/image", normal, graph.axes("input/axis", 3), T=_DT_FLOAT, Tdim=_DT_INT32)
    branches = [_branch(graph, f"branch_{i}", image, branch) for i, branch in enumerate(network.branches)]
    channels = [graph.concat("front", branches, axis=2)]
    for i, convolution in enumerate(network.convolutions):
        answer = _convolution(graph, f"middle_{i}", channels[-1], convolution)
        channels.append(graph.binary("AddV2", f"middle_{i}/residual", answer, channels[-1]) if i else answer)
    pooled = _pool(graph, graph.concat("channels", channels, axis=2))
    embedding = _dense(graph, EMBEDDING, pooled, network.embedding)
    rectified = graph.node("Relu", "model/dense/Relu", embedding, T=_DT_FLOAT)
    logits = _dense(graph, "model/dense_1/BiasAdd", rectified, network.tags)
    graph.node("Sigmoid", ACTIVATIONS, logits, T=_DT_FLOAT)
    return graph.serialized()


class _Graph:
    """A ``GraphDef`` in the making: each method adds a node and answers its name."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []

    def serialized(self) -> bytes:
        return b"".join([*self._nodes, pb.message(4, pb.integer(1, _PRODUCER))])

    def node(self, operation: str, name: str, *inputs: str, **attributes: int | bytes) -> str:
        """A node; an attribute given as int is a type, given as bytes a ready-made ``AttrValue``."""
        parts = [pb.text(1, name), pb.text(2, operation), *(pb.text(3, source) for source in inputs)]
        for key, value in attributes.items():
            encoded = pb.integer(6, value) if isinstance(value, int) else value
            parts.append(pb.message(5, pb.text(1, key), pb.message(2, encoded)))
        self._nodes.append(pb.message(1, *parts))
        return name

    def placeholder(self, name: str, shape: tuple[int, ...]) -> str:
        return self.node("Placeholder", name, dtype=_DT_FLOAT, shape=pb.message(7, _shape(shape)))

    def constant(self, name: str, array: NDArray[np.float32] | np.float32) -> str:
        return self._constant(name, _DT_FLOAT, np.asarray(array, dtype="<f4"))

    def axes(self, name: str, *values: int) -> str:
        """One or several axis numbers as an int32 constant: a scalar if one."""
        return self._constant(name, _DT_INT32, np.array(values[0] if len(values) == 1 else values, dtype="<i4"))

    def _constant(self, name: str, dtype: int, array: NDArray[np.generic]) -> str:
        tensor = pb.integer(1, dtype) + pb.message(2, _shape(array.shape)) + pb.message(4, array.tobytes())
        return self.node("Const", name, dtype=dtype, value=pb.message(8, tensor))

    def binary(self, operation: str, name: str, left: str, right: str) -> str:
        return self.node(operation, name, left, right, T=_DT_FLOAT)

    def concat(self, name: str, sources: list[str], axis: int) -> str:
        axis_name = self.axes(f"{name}/axis", axis)
        return self.node(
            "ConcatV2", name, *sources, axis_name, N=pb.integer(3, len(sources)), T=_DT_FLOAT, Tidx=_DT_INT32
        )

    def reduce(self, operation: str, name: str, source: str, axis: int) -> str:
        axis_name = self.axes(f"{name}/axis", axis)
        keep = pb.integer(5, 0)
        return self.node(operation, name, source, axis_name, T=_DT_FLOAT, Tidx=_DT_INT32, keep_dims=keep)

    def clip(self, name: str, source: str, low: NDArray[np.float32], high: NDArray[np.float32]) -> str:
        floor = self.binary("Maximum", f"{name}/floor", source, self.constant(f"{name}/low", low))
        return self.binary("Minimum", name, floor, self.constant(f"{name}/high", high))

    def pad(self, name: str, image: str, time: tuple[int, int], frequency: tuple[int, int] = (0, 0)) -> str:
        """Zeros around [batch, time, frequency, channel]."""
        amounts = np.array([(0, 0), time, frequency, (0, 0)], dtype="<i4")
        paddings = self._constant(f"{name}/amounts", _DT_INT32, amounts)
        return self.node("Pad", name, image, paddings, T=_DT_FLOAT, Tpaddings=_DT_INT32)

    def convolve(self, name: str, image: str, kernel: NDArray[np.float32], step: int = 1) -> str:
        """Of [batch, time, frequency, channel] without padding, in steps of `step` along the third axis."""
        kernel_name = self.constant(f"{name}/kernel", kernel)
        strides = pb.message(1, pb.integers(3, (1, 1, step, 1)))
        return self.node(
            "Conv2D", name, image, kernel_name, T=_DT_FLOAT, strides=strides, padding=pb.message(2, b"VALID")
        )

    def reshape(self, name: str, source: str, shape: tuple[int, ...]) -> str:
        return self.node("Reshape", name, source, self.axes(f"{name}/shape", *shape), T=_DT_FLOAT, Tshape=_DT_INT32)

    def slice(self, name: str, source: str, size: tuple[int, ...]) -> str:
        """The first `size` of each axis; -1 takes all of it."""
        begin = self.axes(f"{name}/begin", *(0 for _ in size))
        return self.node("Slice", name, source, begin, self.axes(f"{name}/size", *size), T=_DT_FLOAT, Index=_DT_INT32)


def _branch(graph: _Graph, name: str, image: str, branch: Branch) -> str:
    """[batch, 187, filters]"""
    along_frequency = branch.kernel.shape[1] > 1
    highest = (_highest_over_places if along_frequency else _highest_over_bands)(graph, name, image, branch.kernel)
    shifted = graph.binary("AddV2", f"{name}/shifted", highest, graph.constant(f"{name}/shift", branch.shift))
    return graph.clip(name, shifted, branch.low, branch.high)


def _highest_over_places(graph: _Graph, name: str, image: str, kernel: NDArray[np.float32]) -> str:
    """Maximum over all places in frequency of a kernel over time and frequency."""
    taps, width, filters = kernel.shape
    places = MEL_BANDS - width + 1
    steps = -(-places // BANDS_AT_ONCE)
    padded = graph.pad(f"{name}/padded", image, time=_same(taps), frequency=(0, steps * BANDS_AT_ONCE - places))
    wide = widen_in_frequency(kernel, BANDS_AT_ONCE)[:, :, np.newaxis]
    convolved = graph.convolve(f"{name}/convolved", padded, wide, step=BANDS_AT_ONCE)
    apart = graph.reshape(f"{name}/apart", convolved, (-1, PATCH_FRAMES, steps * BANDS_AT_ONCE, filters))
    inside = graph.slice(
        f"{name}/inside", apart, (-1, -1, places, -1)
    )  # without the places that reach into the padding
    return graph.reduce("Max", f"{name}/highest", inside, _FREQUENCY)


def _highest_over_bands(graph: _Graph, name: str, image: str, kernel: NDArray[np.float32]) -> str:
    """Maximum over all mel bands of a kernel over time, for which time is turned to be the contiguous direction."""
    taps, _, filters = kernel.shape
    order = graph.axes(f"{name}/order", 0, 2, 1, 3)
    turned = graph.node("Transpose", f"{name}/turned", image, order, T=_DT_FLOAT, Tperm=_DT_INT32)
    padded = graph.pad(f"{name}/padded", turned, time=(0, 0), frequency=_same(taps))
    wide = widen_in_time(kernel, FRAMES_AT_ONCE).transpose(1, 0, 2)[:, :, np.newaxis]
    convolved = graph.convolve(f"{name}/convolved", padded, wide, step=FRAMES_AT_ONCE)
    highest = graph.reduce("Max", f"{name}/highest", convolved, 1)
    return graph.reshape(f"{name}/apart", highest, (-1, PATCH_FRAMES, filters))


def _same(taps: int) -> tuple[int, int]:
    """Zeros before and after, one more after if `taps` is even: TensorFlow's "same"."""
    before = (taps - 1) // 2
    return before, taps - 1 - before


def _convolution(graph: _Graph, name: str, channels: str, convolution: Convolution) -> str:
    """A convolution over time, as one over an image that is one wide: [batch, 187, 1, channels]."""
    axis = graph.axes(f"{name}/axis", 2)
    image = graph.node("ExpandDims", f"{name}/image", channels, axis, T=_DT_FLOAT, Tdim=_DT_INT32)
    kernel = convolution.kernel[:, np.newaxis]
    convolved = graph.convolve(f"{name}/convolved", graph.pad(f"{name}/padded", image, time=_same(len(kernel))), kernel)
    dims = pb.message(1, pb.integers(3, (2,)))
    flat = graph.node("Squeeze", f"{name}/flat", convolved, T=_DT_FLOAT, squeeze_dims=dims)
    shifted = graph.binary("AddV2", f"{name}/shifted", flat, graph.constant(f"{name}/shift", convolution.shift))
    return graph.clip(name, shifted, convolution.low, convolution.high)


def _pool(graph: _Graph, channels: str) -> str:
    highest = graph.reduce("Max", "pool/maximum", channels, _TIME)
    mean = graph.reduce("Mean", "pool/mean", channels, _TIME)
    return graph.concat("pool", [highest, mean], axis=1)


def _dense(graph: _Graph, name: str, source: str, dense: Dense) -> str:
    kernel = graph.constant(f"{name}/kernel", dense.kernel)
    product = graph.node("MatMul", f"{name}/product", source, kernel, T=_DT_FLOAT)
    return graph.node("BiasAdd", name, product, graph.constant(f"{name}/bias", dense.bias), T=_DT_FLOAT)


def _shape(shape: tuple[int, ...]) -> bytes:
    """A ``TensorShapeProto``; -1 is a dimension of any size."""
    return b"".join(pb.message(2, pb.integer(1, size)) for size in shape)
