"""Starts the daemon with its settings, and ends it: the one function that the command calls.

Input: settings and stop signals. Output: an exit code. The data folder is claimed first, and the HTTP server answers
before the library is opened.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playlista import __version__
from playlista.config import Settings
from playlista.daemon.app import Daemon
from playlista.daemon.components import Components
from playlista.daemon.data_guard import DataGuard
from playlista.daemon.readings import views_while_starting
from playlista.daemon.stopping import Stopping
from playlista.errors import PlaylistaError
from playlista.library.instance_lock import instance_lock
from playlista.memory.budget import CapReason
from playlista.serve.http import Application, http_rules
from playlista.serve.metrics import Metrics
from playlista.serve.server import serving
from playlista.system.stop_signals import StopSignals

#: How long a thread may keep Python's lock while another wants it. With the default of 5 ms an answer that needs the
#: lock some hundred times takes seconds while a track is analyzed; with this the analysis costs no more CPU time.
SWITCH_SECONDS = 0.001


def run_daemon(
    settings: Settings,
    signals: StopSignals,
    *,
    once: bool,
    sources: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> int:
    """Run the daemon with `settings`, or one pass over the folder; the exit code.

    `sources` says where the values of settings come from, for people; `config` is the file that was named.

    Raises
    ------
    PlaylistaError : it cannot start: folder, lock, database, port, runtime.
    """
    if not os.path.isdir(settings.music_dir):
        raise PlaylistaError(f"{settings.music_dir}: no such folder; set MUSIC_DIR or --music to your music")
    stopping = Stopping()
    signals.follow(stopping.ask, stopping.insist)
    metrics = Metrics(version=__version__, cap_reasons=CapReason)

    with ExitStack() as resources:
        resources.callback(stopping.done)  # last of all: to close the others may be what has to wait for a share
        guard = resources.enter_context(_owned(settings, stopping.ask))

        def built() -> Daemon:
            components = Components(settings, resources, guard=guard, metrics=metrics, stopping=stopping, config=config)
            return Daemon(components, resources, guard=guard, stopping=stopping)

        if once:
            return built().run_once()
        sys.setswitchinterval(SWITCH_SECONDS)
        application = Application(views_while_starting(metrics), http_rules(settings), is_starting=True)
        server = resources.enter_context(serving(settings.listen_address, application))
        return built().run(application, server, sources or {})


@contextmanager
def _owned(settings: Settings, end: Callable[[], None]) -> Iterator[DataGuard]:
    """The data folder, held by this process alone, and what watches over it; `end` makes the daemon stop."""
    # The guard runs before the database is opened: it answers for us during a long migration.
    with instance_lock(os.fspath(settings.data_dir)) as owner, DataGuard(owner, stop=end) as guard:
        yield guard
