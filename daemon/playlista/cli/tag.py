"""``playlista tag``: what was found, into the music files' own tags."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.library import reading, writing
from playlista.cli.library_paths import place_in_library
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, native_settings_from
from playlista.cli.tag_outcome import Done, TagOutcome, show_outcomes
from playlista.cli.terminal import printable
from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from playlista.config import Settings
    from playlista.library.database import Database
    from playlista.outputs.file_tags.writer import TagWriter


class Overwrite(StrEnum):
    """As TAG_OVERWRITE."""

    MISSING = "missing"
    OURS = "ours"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(tag)


def tag(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help="Tracks of the library, and folders of tracks.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every analyzed track.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Only tags that a file lacks.")] = False,
    overwrite: Annotated[
        Overwrite | None,
        typer.Option(help="Replace no tags (missing), those that Playlista wrote (ours), or all. Default: all."),
    ] = None,
    chosen: Annotated[
        str | None,
        typer.Option("--fields", metavar="LIST", help="Such as bpm,key. Default: TAG_WRITE, or else all."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the tags; without it, only show what would change.")
    ] = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write tempo, key, gain, mood into the files' own tags. A dry run unless --write.

    A file is replaced by a tagged copy only when that decodes to the same sound, sample by sample, and when the file
    has not changed meanwhile. Exit code 3 when some files were not tagged; each says why.
    """
    if bool(paths) == every and not (missing and not paths):
        raise typer.BadParameter("name tracks or folders, or --all, or --missing alone for every file that lacks tags")
    if chosen is not None and not chosen.strip(", "):
        raise typer.BadParameter(
            "names no field; it takes some of bpm, key, replaygain, mood, energy", param_hint="--fields"
        )
    replaced = _replaced(overwrite, missing=missing)
    settings = native_settings_from(config, data_dir=data, music_dir=music, tag_write=chosen)
    with (writing if write else reading)(settings) as database:
        tagger = _Tagger(database, settings, replaced, write=write)
        outcomes = _outcomes(tagger, _chosen(database, paths, settings), only_changes=missing)
        failures = show_outcomes(outcomes, as_json=json_lines)
    raise typer.Exit(3 if failures else 0)


def _outcomes(tagger: _Tagger, names: Iterable[str], *, only_changes: bool) -> Iterator[TagOutcome]:
    """Tag tracks, one after the other; those that are left as they are go unsaid with `only_changes`."""
    for name in names:
        try:
            outcome = tagger.tag(name)
        except PlaylistaError as error:
            yield TagOutcome(name, Done.FAILED, error=str(error))
            continue
        if outcome.shown or not only_changes:
            yield outcome


def _replaced(overwrite: Overwrite | None, *, missing: bool) -> Overwrite:
    """Which tags may be replaced; --missing is short for --overwrite missing."""
    if not missing:
        return overwrite or Overwrite.ALL
    if overwrite not in {None, Overwrite.MISSING}:
        raise typer.BadParameter("--missing and --overwrite contradict each other")
    return Overwrite.MISSING


def _chosen(database: Database, paths: list[str] | None, settings: Settings) -> Iterator[str]:
    """The tracks that are meant; of folders, and of all, those that can be tagged, in the order of their paths."""
    from playlista.library.files import Library  # noqa: PLC0415

    library = Library(database)
    for path in [""] if paths is None else paths:
        name = place_in_library(path, settings) if path else ""
        if name and library.get(name) is not None:
            yield name
            continue
        below = _taggable_below(database, name)
        first = next(below, None)
        if first is None and paths is not None:
            yield name  # which is said to be unknown
        elif first is not None:
            yield from chain([first], below)


def _taggable_below(database: Database, folder: str) -> Iterator[str]:
    from playlista.library.files import Library  # noqa: PLC0415
    from playlista.library.results import Store  # noqa: PLC0415
    from playlista.outputs.file_tags.tagging import is_taggable  # noqa: PLC0415

    library, store, after = Library(database), Store(database, clock=time.time), ""
    while page := library.page(folder=folder, after=after):
        after = page[-1].file.path
        for known in page:
            analysis = store.readable(known.file_id)
            if analysis is not None and is_taggable(analysis):
                yield known.file.path


class _Tagger:
    """Tags single tracks by the rules of this command; without `write`, says what it would do."""

    def __init__(self, database: Database, settings: Settings, overwrite: Overwrite, *, write: bool) -> None:
        from playlista.library.album_tracks import Albums  # noqa: PLC0415
        from playlista.library.files import Library  # noqa: PLC0415
        from playlista.library.results import Store  # noqa: PLC0415
        from playlista.library.written_tags import WrittenTags  # noqa: PLC0415
        from playlista.outputs.file_tags.tagging import Tagging  # noqa: PLC0415 - native libraries, after the environment

        self._settings = settings
        self._library = Library(database)
        self._store = Store(database, clock=time.time)
        self._albums = Albums(database)
        self._tagging = Tagging(
            os.path.abspath(settings.music_dir),
            WrittenTags(database),
            overwrite=overwrite.value,
            key_names=settings.tag_key_names,
            most_rewrites=None,
        )
        self._writer = _writer(settings) if write else None

    def tag(self, name: str) -> TagOutcome:
        """Tag one track."""
        from playlista.outputs.file_tags.album_gain import album_gain  # noqa: PLC0415
        from playlista.outputs.file_tags.fields import FIELDS_OF_CHOICE, tag_fields  # noqa: PLC0415
        from playlista.outputs.file_tags.tagging import is_taggable  # noqa: PLC0415

        analysis, known = self._store.get(name), self._library.get(name)
        if analysis is None or known is None:
            raise PlaylistaError(f"{name}: not analyzed yet; `playlista list` shows what is")
        if not is_taggable(analysis):
            what = f"{name}: {analysis.status}; only tracks that were analyzed whole are tagged"
            raise PlaylistaError(f"{what}; `playlista failures` says why")
        album = self._albums.of_track(known.file_id, time.time())
        fields = tag_fields(
            analysis,
            choices=self._settings.tag_write or tuple(FIELDS_OF_CHOICE),
            notation=self._settings.tag_key_notation,
            album=album_gain(album.tracks) if album is not None and album.is_settled else None,
        )
        if not fields:
            raise PlaylistaError(f"{name}: nothing was found that could be written")
        plan = self._tagging.plan(known, fields)
        written, kept = dict(plan.fields), tuple(sorted(plan.kept))
        if not written:
            return TagOutcome(name, Done.KEPT if kept else Done.UNCHANGED, kept=kept)
        if self._writer is None:
            return TagOutcome(name, Done.WOULD_WRITE, written, kept)
        self._tagging.write(known, analysis, plan, self._writer)
        return TagOutcome(name, Done.WROTE, written, kept)


def _writer(settings: Settings) -> TagWriter:
    """A writer, once what killed ones left behind is removed."""
    from playlista.outputs.file_tags.journal import remove_leftovers  # noqa: PLC0415
    from playlista.outputs.file_tags.sound import Bounds  # noqa: PLC0415
    from playlista.outputs.file_tags.writer import TagWriter  # noqa: PLC0415

    data_dir = os.fspath(settings.data_dir)
    for trouble in remove_leftovers(data_dir):
        typer.echo(f"playlista: {printable(trouble)}", err=True)
    return TagWriter(data_dir, Bounds(settings.track_timeout_seconds), key_names=settings.tag_key_names)
