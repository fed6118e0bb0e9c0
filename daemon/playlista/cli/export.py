"""The command that writes all results for other programs: export."""

from __future__ import annotations

import os
from array import array
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from playlista.cli.library import reading
from playlista.cli.options import ConfigOption, DataOption, MusicOption, settings_from
from playlista.cli.output_options import ForceOption, opened_for_writing, say_written

if TYPE_CHECKING:
    from playlista.library.database import Database


#: Results in memory at a time, some 30 KB each.
PAGE_ROWS = 200


class ExportKind(StrEnum):
    """The formats of ``export``."""

    JSONL = "jsonl"
    CSV = "csv"
    ACOUSTICBRAINZ = "acousticbrainz"
    REKORDBOX = "rekordbox"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(export)


def export(
    kind: Annotated[
        ExportKind,
        typer.Option(
            "--format", help="jsonl, csv, AcousticBrainz' low-level documents, or rekordbox XML for DJ programs."
        ),
    ] = ExportKind.JSONL,
    output: Annotated[str, typer.Option("--output", "-o", metavar="F", help="A file instead of stdout (-).")] = "-",
    music_path: Annotated[
        str | None,
        typer.Option(
            "--music-path",
            metavar="DIR",
            help="The music folder as the DJ program sees it, such as D:/Music (PLAYLIST_PATH).",
        ),
    ] = None,
    force: ForceOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Export all results."""
    if music_path is not None and kind is not ExportKind.REKORDBOX:
        raise typer.BadParameter("only --format rekordbox writes absolute paths", param_hint="--music-path")
    settings = settings_from(config, data_dir=data, music_dir=music, playlist_path=music_path)
    from playlista.library.stored_results import StoredResults  # noqa: PLC0415
    from playlista.outputs.export import EXPORT_KINDS, write_results  # noqa: PLC0415
    from playlista.outputs.rekordbox import music_url  # noqa: PLC0415

    is_collection = kind is ExportKind.REKORDBOX
    url = music_url(settings.playlist_path or os.path.abspath(settings.music_dir)) if is_collection else ""
    opened = opened_for_writing(output, EXPORT_KINDS[kind.value], settings, force=force)
    with reading(settings) as database, opened as stream:
        if is_collection:
            count = _write_collection(database, url, stream)
        else:
            stored = StoredResults(database, with_fingerprints=kind is ExportKind.JSONL)
            count = write_results(stored.iterate(page_rows=PAGE_ROWS), kind.value, stream)
    if output != "-":
        say_written(output, f"{count} results")


def _write_collection(database: Database, url: str, stream: BinaryIO) -> int:
    """Write the tracks with sound as rekordbox XML. Which they are is settled first, since its head counts them."""
    from playlista.library.stored_results import StoredResults  # noqa: PLC0415
    from playlista.library.track_filter import TrackFilter  # noqa: PLC0415
    from playlista.library.track_pages import TrackPages  # noqa: PLC0415
    from playlista.outputs.rekordbox import write_rekordbox  # noqa: PLC0415

    tracks = TrackPages(database).select(TrackFilter(), sort="path")
    ids = array("q", (one.id for one in tracks if one.duration_seconds is not None))
    results = StoredResults(database).of_ids(ids, page_rows=PAGE_ROWS)
    return write_rekordbox(((one.file_id, one.analysis()) for one in results), len(ids), url, stream)
