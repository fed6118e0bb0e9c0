"""The model's files in the data folder: which there are, and whether they are what ``models prepare`` wrote.

Input: a folder. Output: :class:`ModelFiles`, whose checksums have been verified (4 MB, a hundredth of a
second), or None where there is no model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from playlista.models.prepared import PreparedModel

GRAPH = "msd-musicnn.pb"
ARRAYS = "msd-musicnn.npz"
LICENCE = "msd-musicnn.LICENSE"
ONNX = "msd-musicnn.onnx"

MODEL = PreparedModel(
    name="msd-musicnn",
    title="the model",
    manifest="msd-musicnn.json",
    format=1,
    required=frozenset({GRAPH, ARRAYS, LICENCE}),
    remedy="run: playlista models prepare",
)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A prepared and verified model.

    labels : the 50 tags in the order of the network's outputs.
    checksums : sha256 of each file by its name.
    source : where the weights come from, for people: package, version, sha256, licence.
    """

    folder: Path
    labels: tuple[str, ...]
    checksums: dict[str, str]
    source: dict[str, str]

    @property
    def graph(self) -> Path:
        """The frozen graph for both TensorFlow runtimes."""
        return self.folder / GRAPH

    @property
    def arrays(self) -> Path:
        """The folded network for the numpy runtime."""
        return self.folder / ARRAYS

    @property
    def onnx(self) -> Path | None:
        """The ONNX model, or None if it was not written."""
        return self.folder / ONNX if ONNX in self.checksums else None

    @classmethod
    def find(cls, models_dir: Path) -> Self | None:
        """The model in `models_dir`; None if none was prepared there.

        Raises
        ------
        ModelError
            There is one, but a file is missing, damaged, or of another version.
        """
        return MODEL.find(
            models_dir,
            lambda made: cls(models_dir, tuple(made["labels"]), dict(made["files"]), dict(made["source"])),
        )
