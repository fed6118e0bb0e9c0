"""The model's files in the data folder: which there are, and whether they are what ``models prepare`` wrote.

Input: a folder. Output: :class:`ModelFiles`, whose checksums have been verified (4 MB, a hundredth of a
second), or None where there is no model.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from playlista.errors import ModelError

#: Of the files' content. Raised when the same weights are written in another way, so that older files are made anew.
FORMAT = 1

MANIFEST = "msd-musicnn.json"
GRAPH = "msd-musicnn.pb"
ARRAYS = "msd-musicnn.npz"
LICENCE = "msd-musicnn.LICENSE"
ONNX = "msd-musicnn.onnx"

REQUIRED = frozenset({GRAPH, ARRAYS, LICENCE})
_REMEDY = "run: playlista models prepare"


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
        manifest = _manifest(models_dir / MANIFEST)
        if manifest is None:
            return None
        try:
            files = cls(models_dir, tuple(manifest["labels"]), dict(manifest["files"]), dict(manifest["source"]))
            if manifest["format"] != FORMAT or not files.checksums.keys() >= REQUIRED:
                raise ModelError(f"the model in {models_dir} is of another version of playlista; {_REMEDY}")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{models_dir / MANIFEST} is not a valid file of the model; {_REMEDY}") from error
        for name, expected in files.checksums.items():
            _verify(models_dir / name, expected)
        return files


def _manifest(path: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read {path}: {error}; {_REMEDY}") from error
    if not isinstance(manifest, dict):
        raise ModelError(f"{path} is not a valid file of the model; {_REMEDY}")
    return manifest


def _verify(path: Path, expected: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read the model file {path}: {error.strerror}; {_REMEDY}") from error
    if found != expected:
        raise ModelError(f"the model file {path} is damaged (its checksum differs); {_REMEDY}")
