"""``playlista run``: the daemon, or one pass over the folder."""

from __future__ import annotations

from typing import Annotated

import typer

from playlista.cli.options import (
    ConfigOption,
    DataOption,
    ListenOption,
    MusicOption,
    SchedulerOption,
    native_settings_from,
)
from playlista.config import sources_of_process
from playlista.system.stop_signals import StopSignals

OnceOption = Annotated[
    bool, typer.Option("--once", help="Scan, analyze what is due, and exit: 0 success, 3 some tracks failed.")
]
LocalTooOption = Annotated[
    bool, typer.Option("--local-too", help="With a cluster, analyze on this machine as well (CLUSTER_LOCAL_TOO).")
]
WorkersOption = Annotated[
    str | None, typer.Option("--workers", metavar="N", help="Analyze in N processes on this machine (WORKERS).")
]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(run)


def run(
    context: typer.Context,
    music: MusicOption = None,
    data: DataOption = None,
    listen: ListenOption = None,
    scheduler: SchedulerOption = None,
    local_too: LocalTooOption = False,
    workers: WorkersOption = None,
    once: OnceOption = False,
    config: ConfigOption = None,
) -> None:
    """Watch the music folder and analyze every track in it."""
    flags = {
        "music_dir": music,
        "data_dir": data,
        "listen_address": listen,
        "dask_scheduler": scheduler,
        "cluster_local_too": "true" if local_too else None,
        "workers": workers,
    }
    settings = native_settings_from(config, **flags)
    sources = sources_of_process(config, {name.upper(): value for name, value in flags.items()})
    from playlista.logs import configure_logging  # noqa: PLC0415

    configure_logging(settings.log_level, settings.log_format)
    from playlista.daemon.entry import run_daemon  # noqa: PLC0415 - native libraries come after the environment

    raise typer.Exit(
        run_daemon(settings, context.obj or StopSignals.catch(), once=once, sources=sources, config=config)
    )
