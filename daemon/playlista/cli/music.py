"""Commands that use the results: similar tracks, playlists, tags in the files."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.library import in_library, opened_for_writing, reading
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, settings_from
from playlista.cli.terminal import printable, table, write_json_line, write_line
from playlista.errors import PlaylistaError

if TYPE_CHECKING:
    from playlista.library.results import Store
    from playlista.tracks import Analysis

CountOption = Annotated[int, typer.Option("-n", min=1, max=100_000, help="How many tracks.")]
M3uOption = Annotated[str | None, typer.Option("--m3u", metavar="F", help="Write a playlist file.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (similar, playlist, tag):
        app.command()(command)


def similar(
    path: Annotated[str, typer.Argument(metavar="PATH")],
    count: CountOption = 10,
    m3u_file: M3uOption = None,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """The tracks that sound most like PATH, by their embeddings."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.results import Store  # noqa: PLC0415
    from playlista.outputs.similarity import m3u, nearest  # noqa: PLC0415

    with reading(settings) as database:
        found = nearest(Store(database, clock=time.time), in_library(path, settings), count)
    if m3u_file:
        with opened_for_writing(m3u_file) as stream:
            stream.write(m3u((one.path for one in found), os.path.abspath(settings.music_dir)))
        write_line(f"{m3u_file}: {len(found)} tracks")
    elif json_lines:
        for one in found:
            write_json_line({"path": one.path, "likeness": round(one.likeness, 6)})
    else:
        rows = [(one.path, f"{one.likeness:.3f}") for one in found]
        table(("track", "likeness"), rows, right=("likeness",), nothing="no other track has an embedding yet")


def playlist(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The playlist file (M3U) to write.")],
    bpm: Annotated[str | None, typer.Option(metavar="LOW-HIGH", help="Tempo, such as 118-126.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Camelot code, such as 8A; may stand several times.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="MusiCNN tag, such as jazz; all count.")] = None,
    count: CountOption = 50,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write a playlist of what fits a tempo, keys and tags. The best comes first."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.results import Store  # noqa: PLC0415
    from playlista.outputs.similarity import Wish, granted, m3u  # noqa: PLC0415

    wish = Wish(_tempo_range(bpm), _camelot_codes(key) if key else None, tuple(tags or ()))
    with reading(settings) as database:
        paths = granted(Store(database, clock=time.time), wish, count)
    with opened_for_writing(file) as stream:
        stream.write(m3u(paths, os.path.abspath(settings.music_dir)))
    write_line(f"{file}: {len(paths)} tracks")


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


def tag(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Tracks of the library.")],
    write: Annotated[bool, typer.Option("--write", help="Really write; without it, only say what would be.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Write what was found into the files' own tags. Tempo, key, ReplayGain and mood; a dry run unless --write."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.results import Store  # noqa: PLC0415
    from playlista.outputs.file_tags import wished_fields, write_tags  # noqa: PLC0415

    failures = 0
    with reading(settings) as database:
        store = Store(database, clock=time.time)
        for path in paths:
            name = in_library(path, settings)
            try:
                fields = wished_fields(_analyzed(store, name))
                if write:
                    write_tags(os.path.join(settings.music_dir, name), fields)
            except PlaylistaError as error:
                failures += 1
                typer.echo(f"playlista: {printable(str(error))}", err=True)
            else:
                shown = ", ".join(f"{field}={text}" for field, text in fields.items())
                write_line(f"{'wrote' if write else 'would write'}  {printable(name)}  {shown}")
    raise typer.Exit(3 if failures else 0)


def _analyzed(store: Store, name: str) -> Analysis:
    analysis = store.get(name)
    if analysis is None or analysis.audio is None:
        raise PlaylistaError(f"{name}: not analyzed yet; `playlista list` shows what is")
    return analysis
