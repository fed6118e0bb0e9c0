"""``playlista playlist``: a playlist file by tempo, key, tag and mood, or the look at one that keeps itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.filter_options import (
    BpmOption,
    EnergyOption,
    KeyOption,
    MoodOption,
    TagOption,
    VoiceOption,
    filter_of,
)
from playlista.cli.library import reading
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, settings_from
from playlista.cli.output_options import ForceOption, write_playlist
from playlista.cli.terminal import duration, number, table, write_json_line
from playlista.config import Settings

if TYPE_CHECKING:
    from playlista.library.track_filter import TrackFilter
    from playlista.library.track_summaries import TrackSummary

CountOption = Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many tracks.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(playlist)


def playlist(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The playlist file (M3U) to write; - is stdout.")
    ] = None,
    preview: Annotated[
        str | None, typer.Option(metavar="NAME", help="List a playlist of playlists.toml instead; write nothing.")
    ] = None,
    bpm: BpmOption = None,
    energy: EnergyOption = None,
    voice: VoiceOption = None,
    key: KeyOption = None,
    tags: TagOption = None,
    moods: MoodOption = None,
    count: CountOption = 50,
    force: ForceOption = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write a playlist by tempo, key, tag and mood. The best tracks come first.

    With --preview, list a playlist of playlists.toml.
    """
    settings = settings_from(config, data_dir=data, music_dir=music)
    if (file is None) == (preview is None):
        raise typer.BadParameter("name the file to write, or a playlist with --preview NAME", param_hint="FILE")
    if preview is not None:
        _show(_tracks_of(preview, settings), json_lines=json_lines)
    elif file is not None:
        wanted = filter_of(bpm=bpm, energy=energy, voice=voice, keys=key, tags=tags, moods=moods)
        _write(file, wanted, count, settings, force=force)


def _write(file: str, track_filter: TrackFilter, count: int, settings: Settings, *, force: bool) -> None:
    from playlista.library.ranking import Ranking  # noqa: PLC0415
    from playlista.library.track_summaries import TrackLookup  # noqa: PLC0415

    with reading(settings) as database:
        found = TrackLookup(database).summaries(Ranking(database).ids(track_filter, limit=count))
    write_playlist(file, [one.path for one in found], settings, force=force)


def _tracks_of(name: str, settings: Settings) -> list[TrackSummary]:
    """The tracks that a playlist of playlists.toml has now."""
    from playlista.outputs.playlists.choice import PlaylistChoice  # noqa: PLC0415
    from playlista.outputs.playlists.kept import rule_named  # noqa: PLC0415
    from playlista.outputs.similarity.engine import Similarity  # noqa: PLC0415

    rule = rule_named(name, settings)
    with reading(settings) as database:
        return PlaylistChoice(database, Similarity(database, data_dir=settings.data_dir).make).tracks(rule)


def _show(tracks: list[TrackSummary], *, json_lines: bool) -> None:
    if json_lines:
        for one in tracks:
            write_json_line(one.to_json())
        return
    rows = [(one.path, duration(one.duration_seconds), number(one.bpm), one.camelot or "-") for one in tracks]
    table(("track", "length", "bpm", "key"), rows, right=("length", "bpm"), nothing="no track fits this playlist")
