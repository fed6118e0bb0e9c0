"""The folder of the playlists that keep themselves: files are written at once, only if they differ, only over our own.

Input: names and contents. Output: files that carry our mark. A file without it belongs to somebody else and stays as it
is; a file with it that no rule makes any more is removed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from contextlib import suppress

from playlista.errors import PlaylistaError
from playlista.system.atomic_write import write_bytes
from playlista.system.output_files import OutputKind

#: In every file that we keep.
MARK = "Kept by Playlista from playlists.toml; changes to this file are lost"
_ENDINGS = (".m3u8", ".nsp")
_HEAD_BYTES = 4096
_LONGEST_BYTES = 200
#: What file systems of Linux, macOS or Windows do not have in names.
_FOREIGN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')

KEPT = OutputKind(
    "a playlist that Playlista keeps", lambda head: head.startswith((b"#EXTM3U", b"{")) and MARK.encode() in head
)


def file_name(playlist: str, ending: str) -> str:
    """The name of the file of a playlist, which every file system takes."""
    plain = _FOREIGN.sub("_", playlist).strip(" .") or "_"
    shortened = plain.encode()[:_LONGEST_BYTES].decode(errors="ignore")
    return f"{shortened}.{ending}"


class PlaylistFolder:
    """The files in one folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the folder where it is missing. Not in an empty one, which may be where a share is not mounted.

        Raises
        ------
        PlaylistaError : it is no folder, or cannot be made.
        """
        parent = os.path.dirname(os.path.abspath(self.path))
        try:
            if not os.path.isdir(self.path):
                if not os.listdir(parent):
                    raise PlaylistaError(f"{self.path}: there is no such folder; make it, or mount what it lies on")
                os.mkdir(self.path)
        except OSError as error:
            what = f"{self.path}: no folder, and cannot be made one ({error.strerror})"
            raise PlaylistaError(f"{what}; set PLAYLIST_DIR to a folder that can be written") from error

    def write(self, name: str, content: bytes) -> bool:
        """Make `content` the whole content of a file; whether it was another before.

        Raises
        ------
        PlaylistaError : the file is not ours, or cannot be written.
        """
        path = os.path.join(self.path, name)
        try:
            former = self._kept_content(path, len(content))
            if former == content:
                return False
            write_bytes(path, content)
        except OSError as error:
            raise PlaylistaError(f"{path}: cannot be written ({error.strerror}); give write rights there") from error
        return True

    def remove_others(self, names: Collection[str]) -> list[str]:
        """Remove the files that carry our mark and have none of these names; which."""
        removed = []
        with suppress(OSError), os.scandir(self.path) as entries:
            others = [one for one in entries if one.name.endswith(_ENDINGS) and one.name not in names]
            for one in sorted(others, key=lambda entry: entry.name):
                with suppress(OSError):
                    if one.is_file(follow_symlinks=False) and KEPT.matches(_head(one.path)):
                        os.unlink(one.path)
                        removed.append(one.name)
        return removed

    def _kept_content(self, path: str, length: int) -> bytes | None:
        """What our file has at present, as far as it matters; None where there is none."""
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode) or not KEPT.takes(path, _head(path)):
            raise PlaylistaError(f"{path}: exists and is not {KEPT.name}; rename that file or the playlist")
        if status.st_size != length:
            return b""
        with open(path, "rb") as file:
            return file.read()


def _head(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_HEAD_BYTES)
