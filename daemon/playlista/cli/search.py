"""``playlista search``: tracks, artists, albums and tags by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from playlista.cli.library import reading
from playlista.cli.options import ConfigOption, DataOption, JsonOption, settings_from
from playlista.cli.terminal import duration, number, table, write_json_line, write_line

if TYPE_CHECKING:
    from playlista.library.search import Found, Named
    from playlista.library.track_summaries import TrackSummary


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(search)


def search(
    text: Annotated[list[str], typer.Argument(metavar="TEXT…", help="Words of a title, artist, album or genre.")],
    count: Annotated[int, typer.Option("-n", min=1, max=500, help="How many of each kind.")] = 20,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Find tracks, artists, albums and tags by their names. Beginnings of words are enough; accents do not count."""
    settings = settings_from(config, data_dir=data)
    from playlista.library.search import Search  # noqa: PLC0415

    with reading(settings) as database:
        found = Search(database).search(" ".join(text), limit=count)
    if json_lines:
        for one in found.tracks:
            write_json_line(one.to_json())
        return
    for kind, named in (("artist", found.artists), ("album", found.albums), ("tag", found.tags)):
        if named:
            table((kind, "tracks"), map(_counted, named), right=("tracks",), nothing="")
            write_line()
    table(
        ("title", "artist", "length", "bpm", "track"),
        map(_listed, found.tracks),
        right=("length", "bpm"),
        nothing=_nothing(found),
    )


def _counted(one: Named) -> tuple[str, str]:
    return (f"{one.name} ({one.artist})" if one.artist else one.name), str(one.tracks)


def _listed(one: TrackSummary) -> tuple[str, ...]:
    return one.title or "", one.artist or "", duration(one.duration_seconds), number(one.bpm), one.path


def _nothing(found: Found) -> str:
    others: list[Any] = [*found.artists, *found.albums, *found.tags]
    return "no track has these words in its names" if others else "nothing found"
