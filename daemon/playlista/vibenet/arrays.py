"""The file of the prepared network: graphs, gates and the last layers as named arrays, each read when it is needed.

Input: arrays by name, or the file. Output: the file's bytes, or arrays. The names are those of this module alone.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from playlista.errors import ModelError

Array = NDArray[np.float32]

REMEDY = "run: playlista models prepare --mood"


@dataclass(frozen=True, slots=True)
class Dense:
    """Kernel [shape=(out, in)] and bias [shape=(out,)]."""

    kernel: Array
    bias: Array

    def __call__(self, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The layer's answer to `values` [shape=(in,)], in float64."""
        return np.asarray(self.kernel.astype(np.float64) @ values + self.bias)


def arrays_file(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """`arrays` as the content of a ``.npz`` file, not compressed."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


class NetworkFile:
    """Reads the file, one array at a time: what is not needed now takes no memory. A context manager that closes it.

    Raises
    ------
    ModelError : the file is damaged or gone; also from each method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._faults_told():
            self._archive = np.load(path, allow_pickle=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def graph(self, number: int) -> bytes:
        """The ONNX graph of one part."""
        return self._read(f"part_{number:02}/graph").tobytes()

    def layer(self, name: str) -> Dense:
        """The dense layer of this name."""
        return Dense(self._read(f"{name}_kernel"), self._read(f"{name}_bias"))

    def _read(self, name: str) -> NDArray[Any]:
        with self._faults_told():
            return np.asarray(self._archive[name])

    @contextmanager
    def _faults_told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
            raise ModelError(f"cannot read the model {self._path}: {error}; {REMEDY}") from error
