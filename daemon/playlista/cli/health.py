"""The command ``health``: which tracks of the library have something wrong with them, and what; a report on one."""

from __future__ import annotations

from typing import Annotated

import typer

from playlista.cli.health_report import write_health_report
from playlista.cli.library import reading
from playlista.cli.library_paths import known_places
from playlista.cli.options import (
    ConfigOption,
    DataOption,
    JsonOption,
    MusicOption,
    native_settings_from,
    settings_from,
)
from playlista.cli.output_options import ForceOption
from playlista.cli.terminal import table, write_json_line
from playlista.tracks.findings import Finding


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(health)


def health(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH…", help="Files or folders; all if none.")] = None,
    only: Annotated[
        str, typer.Option(metavar="FINDINGS", help=f"Tracks with one of these, by commas: {', '.join(Finding)}.")
    ] = "",
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE.html", help="Write a report on one track, to send; - for stdout."),
    ] = None,
    force: ForceOption = False,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Show what is wrong with tracks. Clipping, dropouts, dead channels, lossy sources and more, with the evidence.

    With --report an HTML file on one track: each finding with its meaning, the spectrum, the waveform, its copies. A
    file that the library does not know is analyzed for it.
    """
    if report is not None:
        if paths is None or len(paths) != 1 or only or json_lines:
            raise typer.BadParameter("takes one PATH, and neither --only nor --json", param_hint="--report")
        write_health_report(paths[0], report, native_settings_from(config, data_dir=data, music_dir=music), force=force)
        return
    wanted = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in set(Finding)]:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(Finding)}", param_hint="--only")
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.health_report import read_findings  # noqa: PLC0415

    with reading(settings) as database:
        places = known_places(paths, settings, database)
        found = (one for place in places for one in read_findings(database, only=wanted, below=place))
        if json_lines:
            for one in found:
                write_json_line({"path": one.path, "findings": one.findings})
            return
        rows = ((one.path, finding, evidence) for one in found for finding, evidence in one.findings.items())
        shown = (row for row in rows if not wanted or row[1] in wanted)
        table(("track", "finding", "evidence"), shown, nothing="nothing found")
