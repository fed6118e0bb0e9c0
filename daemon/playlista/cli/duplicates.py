"""``playlista duplicates``: recordings that the library has more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from playlista.cli.library import reading
from playlista.cli.library_paths import known_places
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, settings_from
from playlista.cli.terminal import counted, duration, megabytes, table, write_json_line, write_line

if TYPE_CHECKING:
    from playlista.library.duplicates import Duplicates, Recording


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(duplicates)


def duplicates(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH…", help="Only recordings with a copy in these files or folders.")
    ] = None,
    same_audio: Annotated[
        bool, typer.Option("--same-audio", help="Only recordings with copies that sound the same bit for bit.")
    ] = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """List recordings that are there more than once. With the best copy and why; nothing is deleted."""
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.duplicates import Duplicates  # noqa: PLC0415

    with reading(settings) as database:
        library = Duplicates(database)
        places = known_places(paths, settings, database) if paths else []
        found = _found(library, places, same_audio=same_audio)
        if json_lines:
            for one in found:
                write_json_line(one.to_json())
            return
        columns = ("recording", "best", "track", "audio", "length", "format", "kbit/s", "size")
        right = ("recording", "audio", "length", "kbit/s", "size")
        table(columns, _rows(found), right=right, nothing="no recording is there more than once")
        counts = library.counts()
    if counts.due:
        due = counted(counts.due, "track")
        write_line(f"{due} still to be compared; the daemon does it when it has nothing else to do")


def _found(library: Duplicates, places: list[str], *, same_audio: bool) -> Iterator[Recording]:
    """All of them, or those with a copy in one of `places`, each once."""
    if not places:
        yield from library.iterate(same_audio=same_audio)
        return
    told: set[int] = set()
    for place in places:
        for one in library.iterate(path=place, same_audio=same_audio):
            if one.number not in told:
                told.add(one.number)
                yield one


def _rows(found: Iterable[Recording]) -> Iterator[tuple[str, ...]]:
    """A row for each copy, the best first."""
    for one in found:
        for copy in sorted(one.copies, key=lambda copy: copy.id != one.best.id):
            yield (
                str(one.number),
                one.why if copy.id == one.best.id else "",
                copy.path,
                str(copy.same_audio),
                duration(copy.duration_seconds),
                copy.format or "-",
                str(copy.kilobits_per_second or "-"),
                megabytes(copy.size_bytes),
            )
        if one.count > len(one.copies):
            yield (str(one.number), "", f"and {one.count - len(one.copies)} more", "", "", "", "", "")
