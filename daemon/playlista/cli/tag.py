"""``playlista tag``: what was found, into the music files' own tags."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.library import in_library, reading
from playlista.cli.options import ConfigOption, DataOption, MusicOption, native_settings_from
from playlista.cli.terminal import printable, write_line
from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from playlista.config import Settings
    from playlista.library.database import Database
    from playlista.outputs.file_tags.fields import Fields
    from playlista.outputs.file_tags.writer import Measured, TagWriter


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(tag)


def tag(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help="Tracks of the library, and folders of tracks.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every analyzed track.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Only files that lack one of the tags.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the tags; without it, only show what would change.")
    ] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write tempo, key, ReplayGain and mood into the files' own tags. A dry run unless --write.

    A file is replaced by a tagged copy only when that decodes to the same sound, sample by sample, and when the file
    has not changed meanwhile. Exit code 3 when some files were not tagged; each says why.
    """
    if bool(paths) == every and not (missing and not paths):
        raise typer.BadParameter("name tracks or folders, or --all, or --missing alone for every file that lacks tags")
    settings = native_settings_from(config, data_dir=data, music_dir=music)
    writer = _writer(settings) if write else None
    failures = 0
    with reading(settings) as database:
        for name in _chosen(database, paths, settings):
            try:
                fields = _tag(database, name, writer, os.path.join(settings.music_dir, name), only_missing=missing)
            except PlaylistaError as error:
                failures += 1
                typer.echo(f"playlista: {printable(str(error))}", err=True)
                continue
            if fields:
                shown = ", ".join(f"{field}={text}" for field, text in fields.items())
                write_line(f"{'wrote' if write else 'would write'}  {printable(name)}  {shown}")
    raise typer.Exit(3 if failures else 0)


def _chosen(database: Database, paths: list[str] | None, settings: Settings) -> Iterator[str]:
    """The tracks that are meant; those in folders, and all, are the ones with numbers, in the order of their paths."""
    from playlista.library.files import Library  # noqa: PLC0415

    library = Library(database)
    for path in [""] if paths is None else paths:
        name = in_library(path, settings) if path else ""
        name = "" if name == os.curdir else name
        if name and library.get(name) is not None:
            yield name
            continue
        below = _analyzed_below(database, name)
        first = next(below, None)
        if first is None and paths is not None:
            yield name  # which is said to be unknown
        elif first is not None:
            yield from chain([first], below)


def _analyzed_below(database: Database, folder: str) -> Iterator[str]:
    from playlista.library.files import Library  # noqa: PLC0415
    from playlista.library.results import Store  # noqa: PLC0415

    library, store, after = Library(database), Store(database, clock=time.time), ""
    while page := library.page(folder=folder, after=after):
        after = page[-1].file.path
        for known in page:
            analysis = store.of_file(known.file_id)
            if analysis is not None and analysis.audio is not None:
                yield known.file.path


def _writer(settings: Settings) -> TagWriter:
    """A writer, once what killed ones left behind is removed."""
    from playlista.outputs.file_tags.journal import remove_leftovers  # noqa: PLC0415
    from playlista.outputs.file_tags.writer import TagWriter  # noqa: PLC0415 - native libraries, after the environment

    for trouble in remove_leftovers(os.fspath(settings.data_dir)):
        typer.echo(f"playlista: {printable(trouble)}", err=True)
    return TagWriter(os.fspath(settings.data_dir), settings.track_timeout_seconds)


def _tag(database: Database, name: str, writer: TagWriter | None, path: str, *, only_missing: bool) -> Fields:
    """What is written for one track, or would be; nothing where it has all of it and `only_missing` is wanted."""
    fields, measured = _found(database, name)
    if not fields:
        raise PlaylistaError(f"{name}: nothing was found that could be written")
    if only_missing and not _lacks(path, fields):
        return {}
    if writer is not None:
        writer.write(path, fields, measured)
    return fields


def _lacks(path: str, fields: Fields) -> bool:
    """Whether the file has not all of `fields`. The peak does not count, since not every format has one."""
    from playlista.outputs.file_tags.formats import fields_in  # noqa: PLC0415

    try:
        return not fields.keys() - {"replaygain_track_peak"} <= fields_in(path)
    except PlaylistaError as error:  # which knows the format and not the file
        raise PlaylistaError(f"{path}: {error}") from error
    except Exception as error:  # mutagen raises whatever its parsers stumble over, and no file may end the batch
        raise PlaylistaError(f"{path}: its tags cannot be read ({type(error).__name__})") from error


def _found(database: Database, name: str) -> tuple[Fields, Measured]:
    from playlista.library.files import Library  # noqa: PLC0415
    from playlista.library.results import Store  # noqa: PLC0415
    from playlista.outputs.file_tags.fields import tag_fields  # noqa: PLC0415
    from playlista.outputs.file_tags.writer import Measured  # noqa: PLC0415

    analysis, known = Store(database, clock=time.time).get(name), Library(database).get(name)
    if analysis is None or analysis.audio is None or known is None:
        raise PlaylistaError(f"{name}: not analyzed yet; `playlista list` shows what is")
    return tag_fields(analysis), Measured(known.file, analysis.music_hash, analysis.origin.encoded)
