"""``playlista scheduler``, ``worker`` and ``cluster certificates``: the members of a cluster besides the daemon."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

from playlista.cli.options import (
    ConfigOption,
    DataOption,
    ListenOption,
    MusicOption,
    SchedulerOption,
    native_settings_from,
    settings_from,
)
from playlista.cli.terminal import write_line
from playlista.config import Settings
from playlista.errors import ConfigError
from playlista.system.stop_signals import StopSignals

BindOption = Annotated[
    str, typer.Option("--listen", metavar="ADDRESS", help="Where to listen, such as tls://0.0.0.0:8786.")
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="How the worker is called; the host's name by default.")
]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Where the worker listens for the scheduler; 0 takes any.")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=36500, help="How long the certificates hold.")]
EofOption = Annotated[
    bool, typer.Option("--until-eof", help="Stop when standard input ends, as under a program that keeps it open.")
]

cluster = typer.Typer(help="What several machines need to work together.")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(scheduler)
    app.command()(worker)
    app.add_typer(cluster, name="cluster")


def scheduler(
    context: typer.Context,
    listen: BindOption = "tls://0.0.0.0:8786",
    until_eof: EofOption = False,
    config: ConfigOption = None,
) -> None:
    """Pass tracks from a daemon to the workers of a cluster."""
    settings = settings_from(config, dask_scheduler=listen)
    _log(settings)
    from playlista.cluster.scheduler import run_scheduler  # noqa: PLC0415 - only where a cluster is used
    from playlista.cluster.security import credentials_for  # noqa: PLC0415

    credentials = credentials_for(
        listen, "scheduler", tls_dir=settings.cluster_tls_dir, insecure=settings.cluster_insecure
    )
    raise typer.Exit(run_scheduler(listen, credentials, _signals(context, until_eof=until_eof)))


def worker(
    context: typer.Context,
    scheduler: SchedulerOption = None,
    music: MusicOption = None,
    data: DataOption = None,
    listen: ListenOption = None,
    name: NameOption = None,
    port: PortOption = 0,
    until_eof: EofOption = False,
    config: ConfigOption = None,
) -> None:
    """Analyze tracks for a daemon on another machine."""
    settings = native_settings_from(
        config, dask_scheduler=scheduler, music_dir=music, data_dir=data, listen_address=listen
    )
    address = settings.dask_scheduler
    if not address:
        raise ConfigError("no scheduler is named; give --scheduler tls://HOST:8786 or set DASK_SCHEDULER")
    _log(settings)
    from playlista.cluster.node import run_worker  # noqa: PLC0415 - native libraries come after the environment
    from playlista.cluster.security import credentials_for  # noqa: PLC0415
    from playlista.cluster.worker import Place  # noqa: PLC0415

    credentials = credentials_for(
        address, "worker", tls_dir=settings.cluster_tls_dir, insecure=settings.cluster_insecure
    )
    place = Place(address, credentials, name or socket.gethostname(), port)
    raise typer.Exit(run_worker(settings, place, _signals(context, until_eof=until_eof)))


@cluster.command()
def certificates(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where they are put; what is there stays.")],
    days: DaysOption = 3650,
) -> None:
    """Make certificates for a cluster: an authority, and one for scheduler, workers and daemon each."""
    from playlista.cluster.certificates import make_certificates  # noqa: PLC0415 - brings cryptography

    made = make_certificates(folder, days=days)
    for path in made:
        write_line(f"playlista: made {path}")
    if not made:
        write_line(f"playlista: {folder} has them all; remove the .pem and .key of one to have it made anew")


def _log(settings: Settings) -> None:
    from playlista.logs import configure_logging  # noqa: PLC0415 - brings structlog

    configure_logging(settings.log_level, settings.log_format)


def _signals(context: typer.Context, *, until_eof: bool) -> StopSignals:
    signals: StopSignals = context.obj or StopSignals.catch()
    if until_eof:
        threading.Thread(target=_stop_at_eof, args=(signals,), name="eof", daemon=True).start()
    return signals


def _stop_at_eof(signals: StopSignals) -> None:
    while os.read(0, 4096):
        pass
    signals.ask()
