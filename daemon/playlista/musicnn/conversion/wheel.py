"""The wheel that carries the published MusiCNN weights: fetched, verified, opened.

Input: a wheel that the user has, or the machine's own pip. Output: a :class:`Wheel` whose bytes are the very
ones that we know. The package itself cannot be installed together with ours (it wants numpy below 1.17), and need not
be: only files are read from it, nothing of it is run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from playlista.errors import ModelError
from playlista.models.wheels import OpenWheel, Published, fetch_published, open_published

NAME = "musicnn"
VERSION = "0.1.0"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
LICENCE = "ISC"
PUBLISHED = Published(NAME, VERSION, SHA256)

#: TensorFlow's checkpoint of MSD_musicnn: the graph, the index of the variables, and their values.
CHECKPOINT_FILES = (".meta", ".index", ".data-00000-of-00001")

_CHECKPOINT_FOLDER = "musicnn/MSD_musicnn/"
_LICENCE_FILE = f"{NAME}-{VERSION}.dist-info/LICENSE.md"
_LABELS_FILE = "musicnn/configuration.py"
_LABELS_NAME = "MSD_LABELS"


@dataclass(frozen=True, slots=True)
class Wheel(OpenWheel):
    """The verified wheel, open; a context manager that closes it."""

    def read_checkpoint_file(self, name: str) -> bytes:
        """One of :data:`CHECKPOINT_FILES`."""
        return self.archive.read(_CHECKPOINT_FOLDER + name)

    def licence(self) -> str:
        """The licence under which the weights come, word for word."""
        return self.archive.read(_LICENCE_FILE).decode("utf-8")

    def labels(self) -> tuple[str, ...]:
        """The names of the 50 tags in the order of the network's outputs.

        They are a list literal in a Python module of the wheel, which is parsed and not run.
        """
        module = ast.parse(self.archive.read(_LABELS_FILE))
        for statement in module.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == _LABELS_NAME:
                    return tuple(ast.literal_eval(value))
        raise ModelError(f"{_LABELS_FILE} in the musicnn wheel does not name the tags")


def open_wheel(path: Path) -> Wheel:
    """Verify and open the wheel at `path`; see ``wheels.open_published``."""
    opened = open_published(PUBLISHED, path)
    return Wheel(opened.file, opened.archive)


def fetch_wheel() -> Wheel:
    """Have pip fetch the wheel; see ``wheels.fetch_published``."""
    opened = fetch_published(PUBLISHED)
    return Wheel(opened.file, opened.archive)
