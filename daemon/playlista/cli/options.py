"""Options that several commands share, and the settings and environment that follow from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from playlista.config import Settings, settings_from_process
from playlista.memory.cgroup import Cgroup
from playlista.system.environment import prepare_environment

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings; ./playlista.conf where there is one.")
]
MusicOption = Annotated[str | None, typer.Option("--music", metavar="DIR", help="The music folder (MUSIC_DIR).")]
DataOption = Annotated[str | None, typer.Option("--data", metavar="DIR", help="Database, models and lock (DATA_DIR).")]
ListenOption = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Metrics, health and page (LISTEN_ADDRESS).")
]
SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="The cluster's scheduler (DASK_SCHEDULER).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout, one object a line.")]


def settings_from(config: Path | None, **flags: str | None) -> Settings:
    """The settings of this run; `flags` by setting name in lower case.

    Raises
    ------
    ConfigError : a setting that cannot be used.
    """
    return settings_from_process(config, {name.upper(): value for name, value in flags.items()})


def native_settings_from(config: Path | None, **flags: str | None) -> Settings:
    """`settings_from`, with the environment of native libraries in place: call before importing what analyzes."""
    settings = settings_from(config, **flags)
    threads = Cgroup().cpu_threads()
    prepare_environment(
        settings.native_environment(), threads=threads, inference_threads=settings.inference_threads(threads)
    )
    return settings
