"""The folded network as an ONNX model, for ONNX Runtime.

Input: a :class:`~playlista.musicnn.network.Network`. Output: the bytes of a ``ModelProto`` (opset 13) with
input ``patches`` [batch, 187, 96] and outputs ``activations`` [batch, 50] and ``embedding`` [batch, 200].

Schema: ONNX's ``onnx.proto3``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.musicnn.bands import FRAMES_AT_ONCE, widen_in_time
from playlista.musicnn.conversion import protobuf as pb
from playlista.musicnn.network import (
    EMBEDDING_SIZE,
    TAG_COUNT,
    Branch,
    Convolution,
    Dense,
    Network,
)
from playlista.tracks.patches import MEL_BANDS, PATCH_FRAMES

INPUT = "patches"
ACTIVATIONS = "activations"
EMBEDDING = "embedding"

_FLOAT, _INT64 = 1, 7
_IR_VERSION, _OPSET = 7, 13
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


def onnx_model(network: Network) -> bytes:
    """`network` as a serialized ``ModelProto``. Convolutions are [batch, channels, time, frequency]."""
    graph = _Graph()
    scaled = graph.node("Mul", "scaled", INPUT, graph.constant("input_scale", network.input_scale))
    normal = graph.node("Add", "normal", scaled, graph.constant("input_shift", network.input_shift))
    image = graph.node("Unsqueeze", "image", normal, graph.integers("image_axis", 1))
    branches = [_branch(graph, f"branch_{i}", image, branch) for i, branch in enumerate(network.branches)]
    channels = [graph.node("Concat", "front", *branches, axis=1)]
    for i, convolution in enumerate(network.convolutions):
        answer = _convolution(graph, f"middle_{i}", channels[-1], convolution)
        channels.append(graph.node("Add", f"middle_{i}_residual", answer, channels[-1]) if i else answer)
    everything = graph.node("Concat", "channels", *channels, axis=1)
    highest = graph.node("ReduceMax", "highest", everything, axes=(2,), keepdims=0)
    mean = graph.node("ReduceMean", "mean", everything, axes=(2,), keepdims=0)
    pooled = graph.node("Concat", "pooled", highest, mean, axis=1)
    embedding = _dense(graph, EMBEDDING, pooled, network.embedding)
    logits = _dense(graph, "logits", graph.node("Relu", "rectified", embedding), network.tags)
    graph.node("Sigmoid", ACTIVATIONS, logits)
    return graph.serialized()


class _Graph:
    """A ``GraphProto`` in the making: each method adds something and answers the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def serialized(self) -> bytes:
        """The whole ``ModelProto``."""
        graph = [
            *self._nodes,
            pb.text(2, "msd-musicnn"),
            *self._constants,
            pb.message(11, _value(INPUT, PATCH_FRAMES, MEL_BANDS)),
            pb.message(12, _value(ACTIVATIONS, TAG_COUNT)),
            pb.message(12, _value(EMBEDDING, EMBEDDING_SIZE)),
        ]
        opset = pb.message(8, pb.integer(2, _OPSET))
        return pb.integer(1, _IR_VERSION) + pb.text(2, "playlista") + pb.message(7, *graph) + opset

    def node(self, operation: str, output: str, *inputs: str, **attributes: int | tuple[int, ...]) -> str:
        parts = [pb.text(1, source) for source in inputs]
        parts += [pb.text(2, output), pb.text(3, output), pb.text(4, operation)]
        parts += [pb.message(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(pb.message(1, *parts))
        return output

    def constant(self, name: str, array: NDArray[np.float32] | np.float32) -> str:
        return self._tensor(name, _FLOAT, np.asarray(array, dtype="<f4"))

    def integers(self, name: str, *values: int) -> str:
        return self._tensor(name, _INT64, np.array(values, dtype="<i8"))

    def _tensor(self, name: str, dtype: int, array: NDArray[np.generic]) -> str:
        shape = b"".join(pb.integer(1, size) for size in array.shape)
        self._constants.append(
            pb.message(5, shape, pb.integer(2, dtype), pb.text(8, name), pb.message(9, array.tobytes()))
        )
        return name

    def convolve(self, output: str, image: str, kernel: NDArray[np.float32], **attributes: tuple[int, ...]) -> str:
        """Of [batch, 1, time, frequency] with a kernel [shape=(time taps, frequency taps, filters)]."""
        weights = self.constant(f"{output}_kernel", kernel.transpose(2, 0, 1)[:, np.newaxis])
        return self.node("Conv", output, image, weights, **attributes)

    def clip(self, output: str, source: str, low: NDArray[np.float32], high: NDArray[np.float32]) -> str:
        """Bounds by channel [shape=(channels, 1)]."""
        floor = self.node("Max", f"{output}_floor", source, self.constant(f"{output}_low", low[:, np.newaxis]))
        return self.node("Min", output, floor, self.constant(f"{output}_high", high[:, np.newaxis]))


def _branch(graph: _Graph, name: str, image: str, branch: Branch) -> str:
    """[batch, filters, 187]"""
    along_frequency = branch.kernel.shape[1] > 1
    highest = (_highest_over_places if along_frequency else _highest_over_bands)(graph, name, image, branch.kernel)
    shift = graph.constant(f"{name}_shift", branch.shift[:, np.newaxis])
    return graph.clip(name, graph.node("Add", f"{name}_shifted", highest, shift), branch.low, branch.high)


def _highest_over_places(graph: _Graph, name: str, image: str, kernel: NDArray[np.float32]) -> str:
    """Maximum over all places in frequency of a kernel over time and frequency."""
    before, after = _same(kernel.shape[0])
    convolved = graph.convolve(f"{name}_convolved", image, kernel, pads=(before, 0, after, 0))
    return graph.node("ReduceMax", f"{name}_highest", convolved, axes=(3,), keepdims=0)


def _highest_over_bands(graph: _Graph, name: str, image: str, kernel: NDArray[np.float32]) -> str:
    """Maximum over all mel bands of a kernel over time, widened (ONNX Runtime gains by it, but not in frequency)."""
    before, after = _same(kernel.shape[0])
    wide = widen_in_time(kernel, FRAMES_AT_ONCE)
    pads, strides = (before, 0, after, 0), (FRAMES_AT_ONCE, 1)
    convolved = graph.convolve(f"{name}_convolved", image, wide, pads=pads, strides=strides)
    highest = graph.node("ReduceMax", f"{name}_highest", convolved, axes=(3,), keepdims=0)
    ordered = graph.node("Transpose", f"{name}_ordered", highest, perm=(0, 2, 1))
    shape = graph.integers(f"{name}_shape", 0, PATCH_FRAMES, kernel.shape[2])
    apart = graph.node("Reshape", f"{name}_apart", ordered, shape)
    return graph.node("Transpose", f"{name}_by_filter", apart, perm=(0, 2, 1))


def _same(taps: int) -> tuple[int, int]:
    """Zeros before and after, one more after if `taps` is even, as the network was trained."""
    before = (taps - 1) // 2
    return before, taps - 1 - before


def _convolution(graph: _Graph, name: str, channels: str, convolution: Convolution) -> str:
    """[batch, channels out, 187]"""
    kernel = graph.constant(f"{name}_kernel", convolution.kernel.transpose(2, 1, 0))
    reach = convolution.kernel.shape[0] // 2
    convolved = graph.node("Conv", f"{name}_convolved", channels, kernel, pads=(reach, reach))
    shift = graph.constant(f"{name}_shift", convolution.shift.T)
    shifted = graph.node("Add", f"{name}_shifted", convolved, shift)
    return graph.clip(name, shifted, convolution.low, convolution.high)


def _dense(graph: _Graph, output: str, source: str, dense: Dense) -> str:
    kernel = graph.constant(f"{output}_kernel", dense.kernel)
    return graph.node("Gemm", output, source, kernel, graph.constant(f"{output}_bias", dense.bias))


def _attribute(name: str, value: int | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return pb.text(1, name) + pb.integer(3, value) + pb.integer(20, _ATTRIBUTE_INT)
    return pb.text(1, name) + b"".join(pb.integer(8, item) for item in value) + pb.integer(20, _ATTRIBUTE_INTS)


def _value(name: str, *shape: int) -> bytes:
    """A ``ValueInfoProto`` of a float tensor with a free first dimension."""
    batch = pb.message(1, pb.text(2, "batch"))
    dims = b"".join(pb.message(1, pb.integer(1, size)) for size in shape)
    return pb.text(1, name) + pb.message(2, pb.message(1, pb.integer(1, _FLOAT) + pb.message(2, batch, dims)))
