"""Commands that keep the library: forget, backup, restore. All but restore work while the daemon runs."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from playlista.cli.library import PathsArgument, writing
from playlista.cli.library_paths import in_library
from playlista.cli.options import ConfigOption, DataOption, MusicOption, settings_from
from playlista.cli.output_options import ForceOption, refuse_library_files, say_written
from playlista.cli.terminal import write_line
from playlista.errors import PlaylistaError


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (forget, backup, restore):
        app.command()(command)


def forget(
    paths: PathsArgument = None,
    gone: Annotated[bool, typer.Option("--gone", help="Everything that is gone.")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
    music: MusicOption = None,
) -> None:
    """Forget results of tracks that are no longer on disk. PATH is a track or a folder."""
    if bool(paths) == gone:
        raise typer.BadParameter("name tracks or folders, or --gone")
    settings = settings_from(config, data_dir=data, music_dir=music)
    from playlista.library.gone_files import GoneFiles  # noqa: PLC0415

    with writing(settings) as database:
        gone_files = GoneFiles(database)
        if gone:
            write_line(f"{gone_files.forget_all()} forgotten")
            return
        forgotten = {path: gone_files.forget_at(in_library(path, settings)) for path in paths or ()}
    write_line(f"{sum(forgotten.values())} forgotten")
    if unknown := [path for path, count in forgotten.items() if not count]:
        raise PlaylistaError(f"{', '.join(unknown)}: no deleted track has this path; `playlista status` counts them")


def backup(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where the copy goes (- is stdout); an older backup is replaced.")
    ],
    force: ForceOption = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Copy the database, also while the daemon runs."""
    settings = settings_from(config, data_dir=data)
    from playlista.library.backup import back_up  # noqa: PLC0415
    from playlista.library.database import FILE_NAME  # noqa: PLC0415

    refuse_library_files(file, settings)
    back_up(os.path.join(settings.data_dir, FILE_NAME), file, force=force)
    say_written(file, f"{os.path.getsize(file)} bytes" if os.path.isfile(file) else "written")


def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file that `playlista backup` wrote.")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Put a backup in the place of the database. The daemon must be stopped; the former database is kept."""
    settings = settings_from(config, data_dir=data)
    from playlista.library.database import FILE_NAME  # noqa: PLC0415
    from playlista.library.instance_lock import instance_lock  # noqa: PLC0415
    from playlista.library.restore import finish_restore  # noqa: PLC0415
    from playlista.library.restore import restore as put_back  # noqa: PLC0415

    data_dir = os.fspath(settings.data_dir)
    library = os.path.join(data_dir, FILE_NAME)
    with instance_lock(data_dir):
        finish_restore(library)  # of one that was killed
        done = put_back(file, library)
    write_line(f"{library}: restored from {file}, {done.files} tracks")
    if done.former:
        write_line(f"{done.former}: the former library; delete it when you no longer need it")
