"""Commands that choose tracks by their results: playlists."""

from __future__ import annotations

import os
import re
import time
from typing import Annotated

import typer

from playlista.cli.library import reading
from playlista.cli.options import ConfigOption, DataOption, MusicOption, settings_from
from playlista.cli.output_options import ForceOption, opened_for_writing, say_written

CountOption = Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many tracks.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(playlist)


def playlist(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The playlist file (M3U) to write; - is stdout.")],
    bpm: Annotated[str | None, typer.Option(metavar="LOW-HIGH", help="Tempo, such as 118-126.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Camelot code, such as 8A; can be repeated.")] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="MusiCNN tag, such as jazz; tracks must match all.")
    ] = None,
    count: CountOption = 50,
    force: ForceOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write a playlist by tempo, key and tag. The best tracks come first."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.results import Store  # noqa: PLC0415
    from playlista.outputs.playlists import PLAYLIST, m3u  # noqa: PLC0415
    from playlista.outputs.selection import TrackFilter, select  # noqa: PLC0415

    track_filter = TrackFilter(_tempo_range(bpm), _camelot_codes(key) if key else None, tuple(tags or ()))
    with reading(settings) as database:
        paths = select(Store(database, clock=time.time), track_filter, count)
    with opened_for_writing(file, PLAYLIST, settings, force=force) as stream:
        stream.write(m3u(paths, os.path.abspath(settings.music_dir)))
    say_written(file, f"{len(paths)} tracks")


def _tempo_range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split("-"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no LOW-HIGH, such as 118-126", param_hint="--bpm") from None
    if low > high:
        raise typer.BadParameter(f"{text!r} has its ends the wrong way round", param_hint="--bpm")
    return low, high


def _camelot_codes(texts: list[str]) -> frozenset[str]:
    codes = frozenset(text.upper() for text in texts)
    for code in codes:
        if not re.fullmatch(r"(1[0-2]|[1-9])[AB]", code):
            raise typer.BadParameter(f"{code!r} is no Camelot code, which go from 1A to 12B", param_hint="--key")
    return codes
