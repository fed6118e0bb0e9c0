"""Commands on how tracks sound: ``similar``, and ``path`` from one track to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.library import reading
from playlista.cli.library_paths import in_library
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, settings_from
from playlista.cli.output_options import ForceOption, write_playlist
from playlista.cli.terminal import table, write_json_line
from playlista.config import Settings
from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from playlista.library.database import Database
    from playlista.library.track_summaries import TrackSummary

CountOption = Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many tracks.")]
StepsOption = Annotated[int, typer.Option("-n", min=3, max=1000, help="How many tracks, both ends included.")]
M3uOption = Annotated[str | None, typer.Option("--m3u", metavar="F", help="Write a playlist file (- is stdout).")]
PerArtistOption = Annotated[int, typer.Option("--per-artist", min=0, help="Tracks of one artist at most; 0 = any.")]
_TRACK = "A track: its file, its path in the library, or words of artist and title."


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (similar, path):
        app.command()(command)


def similar(
    track: Annotated[str, typer.Argument(metavar="TRACK", help=_TRACK)],
    count: CountOption = 10,
    per_artist: PerArtistOption = 0,
    m3u_file: M3uOption = None,
    force: ForceOption = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """List the tracks that sound most like one."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.track_summaries import TrackLookup  # noqa: PLC0415
    from playlista.outputs.similarity.engine import Similarity  # noqa: PLC0415
    from playlista.outputs.similarity.listing import listed  # noqa: PLC0415

    with reading(settings) as database:
        of = _named(track, settings, database)
        similarity = Similarity(database, data_dir=settings.data_dir).make()
        most = _size_of(database) if per_artist else count
        found = listed(
            similarity.nearest(of.id, most=most), TrackLookup(database), count=count, of=of, per_artist=per_artist
        )
    if m3u_file:
        write_playlist(m3u_file, [one.track.path for one in found], settings, force=force)
    elif json_lines:
        for one in found:
            write_json_line({"path": one.track.path, "similarity": round(one.similarity, 6)})
    else:
        rows = [(one.track.path, f"{one.similarity:.3f}") for one in found]
        table(("track", "similarity"), rows, right=("similarity",), nothing="no other track has an embedding yet")


def path(
    first: Annotated[str, typer.Argument(metavar="FROM", help=_TRACK)],
    last: Annotated[str, typer.Argument(metavar="TO", help=_TRACK)],
    count: StepsOption = 10,
    m3u_file: M3uOption = None,
    force: ForceOption = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Go from one track to another in small steps."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.track_summaries import TrackLookup  # noqa: PLC0415
    from playlista.outputs.similarity.engine import Similarity  # noqa: PLC0415

    with reading(settings) as database:
        ends = [_named(text, settings, database).id for text in (first, last)]
        if ends[0] == ends[1]:
            raise PlaylistaError(f"{first} and {last} are one track; name two")
        similarity = Similarity(database, data_dir=settings.data_dir).make()
        steps = {one.file_id: one.step for one in similarity.way(ends[0], ends[1], count)}
        found = TrackLookup(database).summaries(steps)
    if m3u_file:
        write_playlist(m3u_file, [one.path for one in found], settings, force=force)
    elif json_lines:
        for one in found:
            write_json_line({"path": one.path, "step": round(steps[one.id], 6)})
    else:
        table(("track", "step"), [(one.path, f"{steps[one.id]:.2f}") for one in found], right=("step",), nothing="")


def _named(text: str, settings: Settings, database: Database) -> TrackSummary:
    """The track that somebody names; a path counts from the current folder or the music folder."""
    from playlista.library.track_naming import track_named  # noqa: PLC0415

    return track_named(text, database, path=in_library(text, settings))


def _size_of(database: Database) -> int:
    """How many files the library has."""
    from playlista.library.files import Library  # noqa: PLC0415

    return Library(database).count()
