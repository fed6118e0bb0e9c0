"""The folded network as an ONNX model, for ONNX Runtime.

Input: a :class:`~playlista.musicnn.network.Network`. Output: the bytes of a ``ModelProto`` (opset 13) with
input ``patches`` [batch, 187, 96] and outputs ``activations`` [batch, 50] and ``embedding`` [batch, 200].

Schema: ONNX's ``onnx.proto3``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.models.onnx_graph import GraphWriter
from playlista.musicnn.bands import FRAMES_AT_ONCE, widen_in_time
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


def onnx_model(network: Network) -> bytes:
    """`network` as a serialized ``ModelProto``. Convolutions are [batch, channels, time, frequency]."""
    graph = _Graph("msd-musicnn")
    graph.input(INPUT, None, PATCH_FRAMES, MEL_BANDS)
    graph.output(ACTIVATIONS, None, TAG_COUNT)
    graph.output(EMBEDDING, None, EMBEDDING_SIZE)
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


class _Graph(GraphWriter):
    """With the operations that this network repeats."""

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
