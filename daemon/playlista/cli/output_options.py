"""What the commands that write files share: ``--force``, ``-`` for stdout, and the files that no output may touch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, BinaryIO

import typer

from playlista.cli.terminal import printable, write_line
from playlista.config import Settings
from playlista.errors import PlaylistaError
from playlista.system.output_files import OutputKind, output_stream

ForceOption = Annotated[bool, typer.Option("--force", help="Replace an existing file of any kind.")]

#: Suffixes of the files that SQLite keeps next to the database.
_COMPANIONS = ("", "-wal", "-shm", "-journal", ".restored")


@contextmanager
def opened_for_writing(path: str, kind: OutputKind, settings: Settings, *, force: bool) -> Iterator[BinaryIO]:
    """A stream whose content goes to the file at `path`, or to stdout for ``-``.

    Raises
    ------
    PlaylistaError : the file cannot be written, or must not be replaced.
    """
    refuse_library_files(path, settings)
    with output_stream(path, kind, force=force) as stream:
        yield stream


def write_playlist(path: str, tracks: Sequence[str], settings: Settings, *, force: bool) -> None:
    """Write the playlist of these tracks, given as paths in the music folder, as M3U, and say so."""
    from playlista.outputs.playlists.m3u import PLAYLIST, PathStyle, m3u  # noqa: PLC0415

    style = PathStyle.absolute(os.path.abspath(settings.music_dir), settings.playlist_path)
    with opened_for_writing(path, PLAYLIST, settings, force=force) as stream:
        stream.write(m3u(tracks, style))
    say_written(path, f"{len(tracks)} tracks")


def refuse_library_files(path: str, settings: Settings) -> None:
    """Raise PlaylistaError where `path` is the library's database, one of its companions, or a lock."""
    from playlista.library import data_owner, database, instance_lock  # noqa: PLC0415
    from playlista.outputs import similarity  # noqa: PLC0415

    names = {f"{database.FILE_NAME}{companion}" for companion in _COMPANIONS}
    names |= {instance_lock.FILE_NAME, data_owner.CHALLENGE_NAME, similarity.FILE_NAME}
    own = {os.path.realpath(os.path.join(settings.data_dir, name)) for name in names}
    if path != "-" and os.path.realpath(path) in own:
        raise PlaylistaError(f"{path}: is a file of the library itself; name another file")


def say_written(path: str, text: str) -> None:
    """Say what was written into the file at `path`; on stderr where the content went to stdout."""
    if path == "-":
        sys.stderr.write(f"{text}\n")
    else:
        write_line(f"{printable(path)}: {text}")
