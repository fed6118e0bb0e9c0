"""Writes an ONNX graph: nodes, constants, inputs and outputs, as bytes of a ``ModelProto`` (opset 13).

Schema: ONNX's ``onnx.proto3``. Without the onnx package, which the machines that we are made for do not have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from playlista.models import protobuf as pb

_FLOAT, _INT64 = 1, 7
_IR_VERSION, _OPSET = 7, 13
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


class GraphWriter:
    """A ``GraphProto`` in the making: each method adds something and answers the name of its output."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._ends: list[bytes] = []

    def serialized(self) -> bytes:
        """The whole ``ModelProto``."""
        graph = [*self._nodes, pb.text(2, self._name), *self._constants, *self._ends]
        opset = pb.message(8, pb.integer(2, _OPSET))
        return pb.integer(1, _IR_VERSION) + pb.text(2, "playlista") + pb.message(7, *graph) + opset

    def input(self, name: str, *shape: int | None, is_integer: bool = False) -> str:
        """An input of float32, or int64; None is a free dimension."""
        self._ends.append(pb.message(11, _value(name, _INT64 if is_integer else _FLOAT, shape)))
        return name

    def output(self, name: str, *shape: int | None) -> str:
        """Make the node's output `name` one of the graph's."""
        self._ends.append(pb.message(12, _value(name, _FLOAT, shape)))
        return name

    def node(self, operation: str, output: str, *inputs: str, **attributes: int | tuple[int, ...]) -> str:
        """One operation with one output."""
        parts = [pb.text(1, source) for source in inputs]
        parts += [pb.text(2, output), pb.text(3, output), pb.text(4, operation)]
        parts += [pb.message(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(pb.message(1, *parts))
        return output

    def constant(self, name: str, array: NDArray[np.float32] | np.float32) -> str:
        """A constant of float32."""
        return self._tensor(name, _FLOAT, np.asarray(array, dtype="<f4"))

    def integers(self, name: str, *values: int) -> str:
        """A constant row of int64."""
        return self._tensor(name, _INT64, np.array(values, dtype="<i8"))

    def _tensor(self, name: str, dtype: int, array: NDArray[np.generic]) -> str:
        shape = b"".join(pb.integer(1, size) for size in array.shape)
        self._constants.append(
            pb.message(5, shape, pb.integer(2, dtype), pb.text(8, name), pb.message(9, array.tobytes()))
        )
        return name


def _attribute(name: str, value: int | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return pb.text(1, name) + pb.integer(3, value) + pb.integer(20, _ATTRIBUTE_INT)
    return pb.text(1, name) + b"".join(pb.integer(8, item) for item in value) + pb.integer(20, _ATTRIBUTE_INTS)


def _value(name: str, dtype: int, shape: tuple[int | None, ...]) -> bytes:
    """A ``ValueInfoProto``; free dimensions bear a name each."""
    dims = [pb.text(2, f"{name}_{axis}") if size is None else pb.integer(1, size) for axis, size in enumerate(shape)]
    content = b"".join(pb.message(1, dim) for dim in dims)
    return pb.text(1, name) + pb.message(2, pb.message(1, pb.integer(1, dtype) + pb.message(2, content)))
