"""The files of a prepared model in a folder, and the manifest next to them that names their checksums.

Input: a folder, and which model. Output: the manifest of a model whose checksums were verified, or the files as
``models prepare`` writes them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playlista.errors import ModelError
from playlista.system.atomic_write import write_bytes

FilesT = TypeVar("FilesT")

#: The daemon may run as another user than `models prepare` did.
_READABLE_BY_ALL = 0o644


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """Which model it is.

    name : in the manifest.
    title : in messages.
    manifest : name of the file that is written last.
    format : of the files' content; raised when the same weights are written in another way, so that older files are
        made anew.
    required : names of the files that must be there.
    remedy : what to do about a damaged one, for people.
    """

    name: str
    title: str
    manifest: str
    format: int
    required: frozenset[str]
    remedy: str

    def find(self, folder: Path, files_of: Callable[[Mapping[str, Any]], FilesT]) -> FilesT | None:
        """What `files_of` makes of the manifest, once all checksums are verified; None if none was prepared there.

        Raises
        ------
        ModelError
            There is one, but a file is missing, damaged, or of another version.
        """
        manifest = self._manifest(folder / self.manifest)
        if manifest is None:
            return None
        try:
            files, checksums = files_of(manifest), dict(manifest["files"])
            if manifest["format"] != self.format or not checksums.keys() >= self.required:
                raise ModelError(f"{self.title} in {folder} is of another version of playlista; {self.remedy}")
        except (KeyError, TypeError, ValueError) as error:
            raise self._not_valid(folder / self.manifest) from error
        for name, expected in checksums.items():
            self._verify(folder / name, expected)
        return files

    def write(self, folder: Path, contents: Mapping[str, bytes], about: Mapping[str, object]) -> None:
        """Write all files, each at once or not at all; the manifest last, so that it never names what is not there.

        Parameters
        ----------
        folder : made if absent.
        contents : of the files, by name.
        about : what else the manifest says.

        Raises
        ------
        ModelError
            A full disk, or no right to write.
        """
        checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        manifest = {"name": self.name, "format": self.format, **about, "files": checksums}
        everything = {**contents, self.manifest: (json.dumps(manifest, indent=2) + "\n").encode()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / self.manifest).unlink(missing_ok=True)
            for name, content in everything.items():
                write_bytes(os.fspath(folder / name), content, mode=_READABLE_BY_ALL)
        except OSError as error:
            raise ModelError(
                f"cannot write the model to {folder}: {error.strerror}; free some space or choose another DATA_DIR"
            ) from error

    def _manifest(self, path: Path) -> dict[str, Any] | None:
        try:
            manifest = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot read {path}: {error}; {self.remedy}") from error
        if not isinstance(manifest, dict):
            raise self._not_valid(path)
        return manifest

    def _not_valid(self, path: Path) -> ModelError:
        return ModelError(f"{path} is not a valid file of {self.title}; {self.remedy}")

    def _verify(self, path: Path, expected: str) -> None:
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"cannot read the model file {path}: {error.strerror}; {self.remedy}") from error
        if found != expected:
            raise ModelError(f"the model file {path} is damaged (its checksum differs); {self.remedy}")
