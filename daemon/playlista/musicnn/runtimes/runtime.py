"""One small protocol for everything that can carry MusiCNN, and the one place that starts it.

Input: the name of a runtime and the prepared files. Output: a :class:`TaggerRuntime`. Which one to take is
decided in ``choice``. The libraries are imported only when their runtime starts. All give the same answers to 1e-5
(tested on real music).
"""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from playlista.errors import ModelError
from playlista.musicnn.arrays import read_network
from playlista.musicnn.files import ModelFiles
from playlista.musicnn.runtimes.essentia import EssentiaRuntime
from playlista.musicnn.runtimes.numpy import NumpyRuntime
from playlista.musicnn.runtimes.onnx import OnnxRuntime
from playlista.musicnn.runtimes.tensorflow import TensorflowRuntime
from playlista.system.processor import cpu_flags, has_avx

Array = NDArray[np.float32]


class TaggerRuntime(Protocol):
    """Carries the network."""

    @property
    def name(self) -> str:
        """ "numpy", "onnx", "tensorflow" or "essentia"."""

    def activations(self, patches: Array) -> tuple[Array, Array]:
        """Run the network.

        Parameters
        ----------
        patches : [shape=(b, 187, 96), float32, log10(1 + 10000 mel power)]

        Returns
        -------
        activations : [shape=(b, 50), 0..1], in the order of the labels.
        embeddings : [shape=(b, 200)], the penultimate layer before its ReLU (``model/dense/BiasAdd``).
        """

    def close(self) -> None:
        """Give back what is held."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a runtime is found and started: what must be installed, whether that needs AVX, and its starter.

    package : the distribution to install.
    is_alone : whether only that distribution will do, as others bring the module without what is needed of it.
    machines : what ``uname -m`` says where the package has wheels; empty for everywhere.
    """

    module: str
    package: str
    start: Callable[[ModelFiles, int], TaggerRuntime]
    needs_avx: bool = False
    is_alone: bool = False
    machines: frozenset[str] = frozenset()

    def is_installed(self) -> bool:
        """Whether it is; nothing is imported."""
        if importlib.util.find_spec(self.module) is None:
            return False
        return not self.is_alone or any(metadata.distributions(name=self.package))


def load_runtime(
    name: str, files: ModelFiles, threads: int = 1, *, flags: Collection[str] | None = None
) -> TaggerRuntime:
    """Start the runtime `name` on the model in `files`.

    Parameters
    ----------
    threads : width of its thread pool, at least 1; numpy's BLAS is set through the environment instead.
    flags : instruction sets of the processor; by default the kernel is asked.

    Raises
    ------
    ModelError
        It is not installed, this processor cannot run it, or it does not take the model.
    """
    kind = _KINDS[name]
    if kind.needs_avx and not has_avx(cpu_flags() if flags is None else flags):
        raise ModelError(f"the {name} runtime needs a processor with AVX; set MUSICNN_RUNTIME=numpy")
    if not kind.is_installed():
        raise ModelError(f"the {name} runtime cannot start: {absence(name)}; set MUSICNN_RUNTIME=auto or numpy")
    try:
        return kind.start(files, threads)
    except ModelError:
        raise
    except Exception as error:  # ONNX Runtime's and protobuf's errors have no base but this
        reason = " ".join(str(error).split())
        raise ModelError(f"the {name} runtime does not start: {reason}; try another MUSICNN_RUNTIME") from error


def installed_runtimes() -> frozenset[str]:
    """Names of the runtimes whose packages are here; nothing is imported."""
    return frozenset(name for name, kind in _KINDS.items() if kind.is_installed())


def absence(name: str) -> str:
    """Why the runtime `name`, which is not installed, is not: its package is missing, or this machine has none."""
    kind = _KINDS[name]
    machine = platform.machine()
    if kind.machines and machine not in kind.machines:
        return f"{kind.package} does not exist for this processor ({machine})"
    return f"its package {kind.package} is not installed"


def needs_avx(name: str) -> bool:
    """Whether the runtime `name` ends the process with SIGILL or SIGABRT on a processor without AVX."""
    return _KINDS[name].needs_avx


def _start_numpy(files: ModelFiles, threads: int) -> TaggerRuntime:  # noqa: ARG001 one signature for all
    return NumpyRuntime(read_network(files.arrays))


def _start_onnx(files: ModelFiles, threads: int) -> TaggerRuntime:
    if files.onnx is None:
        raise ModelError(f"{files.folder} has no ONNX model; run: playlista models prepare")
    return OnnxRuntime(files.onnx, threads)


def _start_tensorflow(files: ModelFiles, threads: int) -> TaggerRuntime:
    return TensorflowRuntime(files.graph, threads)


def _start_essentia(files: ModelFiles, threads: int) -> TaggerRuntime:  # noqa: ARG001 set by TF_NUM_INTRAOP_THREADS
    return EssentiaRuntime(files.graph)


_X86_64 = frozenset({"x86_64", "AMD64"})

_KINDS = {
    "numpy": _Kind("numpy", "numpy", _start_numpy),
    "onnx": _Kind("onnxruntime", "onnxruntime", _start_onnx),
    "tensorflow": _Kind("tensorflow", "tensorflow-cpu", _start_tensorflow, needs_avx=True, machines=_X86_64),
    # Its TensorFlow takes its kernels at run time: it answers rightly without AVX (docs/deploy/old-cpus.md).
    "essentia": _Kind("essentia", "essentia-tensorflow", _start_essentia, is_alone=True, machines=_X86_64),
}
