"""The prepared network in the models folder: whether it is there, and what ``models prepare --mood`` wrote.

Input: a folder. Output: :class:`VibenetFiles`, whose checksums were verified (17 MB, 10 ms), or None.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from playlista.config import Settings
from playlista.models.prepared import PreparedModel
from playlista.vibenet.arrays import REMEDY

ARRAYS = "vibenet.npz"
LICENCE = "vibenet.LICENSE"

MODEL = PreparedModel(
    name="vibenet",
    title="VibeNet",
    manifest="vibenet.json",
    format=1,
    required=frozenset({ARRAYS, LICENCE}),
    remedy=REMEDY,
)


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
        return MODEL.find(models_dir, lambda made: cls(models_dir, dict(made["files"]), dict(made["source"])))


def prepared_vibenet(settings: Settings) -> VibenetFiles | None:
    """The network in the models folder or, where that is part of an image, in ``DATA_DIR/models``; None if in neither.

    Raises
    ------
    ModelError : see `VibenetFiles.find`.
    """
    return VibenetFiles.find(settings.models_path) or VibenetFiles.find(settings.data_dir / "models")
