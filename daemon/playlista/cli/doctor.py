"""``playlista doctor``: whether this machine lets the daemon do its work."""

from __future__ import annotations

import typer

from playlista.cli.options import ConfigOption, DataOption, MusicOption, native_settings_from
from playlista.cli.terminal import printable, write_line


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(doctor)


def doctor(music: MusicOption = None, data: DataOption = None, config: ConfigOption = None) -> None:
    """Check this machine's setup. Settings, folders, limits, processor, model, ffmpeg. Exit code 1 on a failure."""
    settings = native_settings_from(config, music_dir=music, data_dir=data)
    from playlista.cli.checkup import Verdict, examine  # noqa: PLC0415

    works = True
    for finding in examine(settings):
        works &= finding.verdict is not Verdict.BAD
        write_line(f"{finding.verdict:<5} {finding.subject:<10} {printable(finding.text)}")
    raise typer.Exit(0 if works else 1)
