"""MusiCNN layer by layer as ONNX, nothing folded and nothing left out: what a converter makes of the published graph.

Input: the variables of the checkpoint. Output: a serialized ``ModelProto`` that answers as the frozen
TensorFlow graph does (tests/benchmarks/test_published.py). ONNX Runtime does its own optimizations when it loads it.

Source: Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging", 2019; layers in
the order of the package's graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
EPSILON = 1e-3
PATCH_FRAMES, MEL_BANDS, EMBEDDING_SIZE, TAGS = 187, 96, 200, 50

Variables = Mapping[str, NDArray[np.float32]]


def published_onnx(variables: Variables) -> bytes:
    """Serialize the network: input ``patch``, outputs ``activations`` and ``embedding``."""
    net = _Layers(variables)
    image = net.normalize(net.op("Unsqueeze", "patch", net.integers(1)), 0)  # [batch, 1, 187, 96]
    branches = [net.branch(image, index) for index in range(5)]
    front = net.op("Concat", *branches, axis=1)  # [batch, 561, 187]
    first = net.middle(front, 5)
    second = net.op("Add", net.middle(first, 6), first)
    third = net.op("Add", net.middle(second, 7), second)
    everything = net.op("Concat", front, first, second, third, axis=1)
    highest = net.op("ReduceMax", everything, axes=[2], keepdims=1)
    mean = net.op("ReduceMean", everything, axes=[2], keepdims=1)
    pooled = net.op("Flatten", net.op("Concat", highest, mean, axis=2))
    embedding = net.dense(net.normalize(pooled, 9), 0)
    logits = net.dense(net.normalize(net.op("Relu", embedding), 10), 1)
    return net.model(activations=net.op("Sigmoid", logits), embedding=embedding)


class _Layers:
    """A graph in the making; every method adds nodes and answers the name of their output."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def normalize(self, source: str, index: int) -> str:
        """Batch normalization over axis 1, with its trained statistics."""
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        statistics = [self.constant(self._variable("batch_normalization", index, name)) for name in names]
        return self.op("BatchNormalization", source, *statistics, epsilon=EPSILON)

    def branch(self, image: str, index: int) -> str:
        """Convolution, ReLU, normalization, maximum over frequency: [batch, filters, 187]."""
        kernel = self._variable("conv2d", index, "kernel").transpose(3, 2, 0, 1)
        taps = kernel.shape[2]
        before = (taps - 1) // 2
        convolved = self._convolve(image, kernel, index, [before, 0, taps - 1 - before, 0])
        normal = self.normalize(self.op("Relu", convolved), index + 1)
        return self.op("ReduceMax", normal, axes=[3], keepdims=0)

    def middle(self, channels: str, index: int) -> str:
        """Convolution over 7 frames, ReLU, normalization: [batch, 64, 187]."""
        kernel = self._variable("conv2d", index, "kernel").transpose(3, 1, 0, 2)[..., 0]
        convolved = self._convolve(channels, kernel, index, [3, 3])
        return self.normalize(self.op("Relu", convolved), index + 1)

    def dense(self, source: str, index: int) -> str:
        kernel, bias = (self.constant(self._variable("dense", index, name)) for name in ("kernel", "bias"))
        return self.op("Gemm", source, kernel, bias)

    def model(self, **outputs: str) -> bytes:
        sizes = {"activations": TAGS, "embedding": EMBEDDING_SIZE}
        for name, source in outputs.items():
            self._nodes.append(helper.make_node("Identity", [source], [name]))
        graph = helper.make_graph(
            self._nodes,
            "msd-musicnn",
            [helper.make_tensor_value_info("patch", TensorProto.FLOAT, ["batch", PATCH_FRAMES, MEL_BANDS])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", sizes[name]]) for name in outputs],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        serialized: bytes = model.SerializeToString()
        return serialized

    def _convolve(self, source: str, kernel: NDArray[np.float32], index: int, pads: list[int]) -> str:
        weights, bias = self.constant(kernel), self.constant(self._variable("conv2d", index, "bias"))
        return self.op("Conv", source, weights, bias, pads=pads)

    def _variable(self, kind: str, index: int, name: str) -> NDArray[np.float32]:
        return self._variables[f"{kind}_{index}/{name}" if index else f"{kind}/{name}"]
