"""Dask's own settings, as they must be for one death to be one attempt; nothing of the user's dask configuration.

Output: changes of ``dask.config``, to be made before ``distributed`` is imported. ADR 20 gives the reasons.
"""

from __future__ import annotations

import logging
from typing import Any

from playlista.errors import PlaylistaError

#: A worker that was not heard of for this long is lost. Its heartbeat does not depend on the track at work.
WORKER_TTL_SECONDS = 60.0
#: Without any packet from the other side a connection is closed after this long.
SILENCE_SECONDS = 30.0
#: Dask's locks, queues, variables, spans and the like: nothing of them is used, and the spans grow with every task.
NO_EXTENSIONS: dict[str, type] = {}
#: Dask always opens an HTTP server, at port 8787 of every interface unless told otherwise. It serves nothing here.
HTTP_ADDRESS = "127.0.0.1:0"

_SETTINGS: dict[str, Any] = {
    # One death is one attempt. A task at a worker is its own: none is queued behind another, stolen, or tried again.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-ttl": f"{WORKER_TTL_SECONDS:g}s",
    "distributed.comm.timeouts.connect": "15s",
    "distributed.comm.timeouts.tcp": f"{SILENCE_SECONDS:g}s",
    # Memory is the cgroup's and our admission's matter; dask would pause, spill or end the worker by its own ideas.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    # What costs CPU or memory with every task, and serves dask's dashboard, which we do not start.
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.events-cleanup-delay": "5 minutes",
    "distributed.scheduler.validate": False,
    "distributed.worker.validate": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "10s",
    # Of the messages to each worker as many are kept, with the tasks in them, which counts with a hundred workers.
    "distributed.admin.low-level-log-length": 10,
    "distributed.admin.event-loop-monitor-interval": "10s",
    # Code comes from the installed program alone.
    "distributed.scheduler.preload": [],
    "distributed.worker.preload": [],
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def configure_dask() -> None:
    """Make the settings.

    Raises
    ------
    PlaylistaError : dask is not installed.
    """
    try:
        import dask.config  # noqa: PLC0415 - only where a cluster is used
    except ImportError as error:
        raise PlaylistaError(
            "dask.distributed is not installed, which a cluster needs; install playlista[dask] or take the image for it"
        ) from error
    # Its import would put handlers of its own on its loggers; ours tell what matters, in our format.
    dask.config.set({"logging": {"version": 1, "incremental": True}})
    dask.config.set(_SETTINGS)
    for name in ("distributed", "tornado", "bokeh", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def forget_task_names() -> None:
    """Empty dask's memory of the names of former tasks; called now and then where tasks come and go.

    It keeps the last 100,000 of them, which took 70 MB of a scheduler (dask/distributed 3898).
    """
    from dask.utils import key_split  # noqa: PLC0415 - after its settings

    key_split.cache_clear()
