"""``playlista scrub``: read files again and say which of them rotted. It works while the daemon runs."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playlista.cli.library import PathsArgument, reading, writing
from playlista.cli.library_paths import place_in_library
from playlista.cli.options import ConfigOption, DataOption, JsonOption, MusicOption, settings_from
from playlista.cli.terminal import write_json_line, write_line
from playlista.config import Settings
from playlista.errors import PlaylistaError, TrackError

if TYPE_CHECKING:
    from playlista.library.scrubs import DueScrub, Scrubs

#: What can be found, and how the summary names it: "sound" would be taken for what is heard.
RESULTS = {"sound": "unchanged", "rotted": "rotted", "changed": "changed", "unread": "unread"}
#: Files that are written down in one transaction.
NOTED_TOGETHER = 100


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(scrub)


def scrub(
    paths: PathsArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole library.")] = False,
    rotted: Annotated[bool, typer.Option("--rotted", help="Read nothing; list what was found to have rotted.")] = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Read files again, and name those that rotted.

    A file has rotted when its bytes changed while size and time stamp did not. PATH is a track or a folder. Nothing is
    changed; `playlista retry PATH` accepts a change. Exit code 3: some rotted, or could not be read.
    """
    if bool(paths) + everything + rotted != 1:
        raise typer.BadParameter("name tracks or folders, or --all, or --rotted")
    settings = settings_from(config, data_dir=data, music_dir=music)
    if rotted:
        failed = _list_rotted(settings, json_lines=json_lines)
    else:
        places = [place_in_library(path, settings) for path in paths or ()] or [""]
        failed = _scrub(settings, places, json_lines=json_lines)
    if failed:
        raise typer.Exit(3)


def _list_rotted(settings: Settings, *, json_lines: bool) -> int:
    """Print what is known to have rotted; how many files that are."""
    from playlista.library.scrubs import Scrubs  # noqa: PLC0415

    with reading(settings) as database:
        found = Scrubs(database).rotted(limit=-1)
    for one in found:
        _say(one.path, "rotted", one.detail, json_lines=json_lines)
    if not found and not json_lines:
        write_line("no file is known to have rotted")
    return len(found)


def _scrub(settings: Settings, paths: list[str], *, json_lines: bool) -> int:
    """Read all of `paths`, and print what is not sound; how many rotted or cannot be read."""
    from playlista.library.scrubs import Scrubbed, Scrubs  # noqa: PLC0415
    from playlista.system.io_priority import read_when_idle  # noqa: PLC0415

    read_when_idle()
    counts: Counter[str] = Counter()
    with writing(settings) as database:
        scrubs, read = Scrubs(database), []
        for due in _due(scrubs, paths):
            found, result, detail = _read(settings, due)
            counts[result] += 1
            if result != "sound":
                _say(due.file.path, result, detail, json_lines=json_lines)
            read += [found] if isinstance(found, Scrubbed) else []
            if len(read) >= NOTED_TOGETHER or result == "rotted":
                scrubs.note(read, time.time())
                read = []
        scrubs.note(read, time.time())
    if not json_lines:
        told = (f"{counts[result]} {name}" for result, name in RESULTS.items() if counts[result])
        write_line(", ".join(told) or "nothing to read")
    return counts["rotted"] + counts["unread"]


def _due(scrubs: Scrubs, paths: list[str]) -> Iterator[DueScrub]:
    """The files at and below `paths`, a page at a time."""
    for path in paths:
        after, is_known = "", False
        while page := scrubs.at(path, after):
            yield from page
            after, is_known = page[-1].file.path, True
        if not is_known and path:
            raise PlaylistaError(f"{path}: no track with a result; `playlista status` says what waits in the queue")


def _read(settings: Settings, due: DueScrub) -> tuple[Any, str, str | None]:
    """What was found, in a word, and the details."""
    from playlista.daemon.scrub_file import scrub_file  # noqa: PLC0415
    from playlista.library.scrubs import Scrubbed  # noqa: PLC0415

    try:
        found = scrub_file(os.path.abspath(settings.music_dir), due, passed=lambda _count: None)
    except TrackError as error:
        return None, "unread", error.message
    if isinstance(found, Scrubbed):
        return found, "rotted" if found.rot else "sound", found.rot
    return found, "changed", "it was written to or is gone; the next scan sees to it"


def _say(path: str, result: str, detail: str | None, *, json_lines: bool) -> None:
    if json_lines:
        write_json_line({"path": path, "result": result, "detail": detail})
    else:
        write_line(f"{path}: {result}, {detail}")
