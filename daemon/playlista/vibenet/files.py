"""The prepared network in the models folder: whether it is there, and what ``models prepare --mood`` wrote.

Input: a folder. Output: :class:`VibenetFiles`, whose checksums were verified (17 MB, 10 ms), or None.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from playlista.config import Settings
from playlista.errors import ModelError
from playlista.vibenet.arrays import REMEDY

#: Of the file's content; raised when the same weights are written in another way.
FORMAT = 1

MANIFEST = "vibenet.json"
ARRAYS = "vibenet.npz"
LICENCE = "vibenet.LICENSE"


@dataclass(frozen=True, slots=True)
class VibenetFiles:
    """The prepared and verified network.

    checksums : sha256 of each file by its name.
    source : where the weights come from, for people: package, version, sha256, licence, labels.
    """

    folder: Path
    checksums: dict[str, str]
    source: dict[str, str]

    @property
    def arrays(self) -> Path:
        """The file of the network."""
        return self.folder / ARRAYS

    @classmethod
    def find(cls, models_dir: Path) -> Self | None:
        """The network in `models_dir`; None if none was prepared there.

        Raises
        ------
        ModelError
            There is one, but a file is missing, damaged, or of another version.
        """
        manifest = _manifest(models_dir / MANIFEST)
        if manifest is None:
            return None
        try:
            files = cls(models_dir, dict(manifest["files"]), dict(manifest["source"]))
            if manifest["format"] != FORMAT or not files.checksums.keys() >= {ARRAYS, LICENCE}:
                raise ModelError(f"VibeNet in {models_dir} is of another version of playlista; {REMEDY}")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{models_dir / MANIFEST} is not a valid file of VibeNet; {REMEDY}") from error
        for name, expected in files.checksums.items():
            _verify(models_dir / name, expected)
        return files


def prepared_vibenet(settings: Settings) -> VibenetFiles | None:
    """The network in the models folder or, where that is part of an image, in ``DATA_DIR/models``; None if in neither.

    Raises
    ------
    ModelError : see `VibenetFiles.find`.
    """
    return VibenetFiles.find(settings.models_path) or VibenetFiles.find(settings.data_dir / "models")


def _manifest(path: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read {path}: {error}; {REMEDY}") from error
    if not isinstance(manifest, dict):
        raise ModelError(f"{path} is not a valid file of VibeNet; {REMEDY}")
    return manifest


def _verify(path: Path, expected: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read the model file {path}: {error.strerror}; {REMEDY}") from error
    if found != expected:
        raise ModelError(f"the model file {path} is damaged (its checksum differs); {REMEDY}")
