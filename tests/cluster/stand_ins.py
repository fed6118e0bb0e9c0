"""``python -m tests.cluster.stand_ins ADDRESS COUNT SECONDS``: many workers in one process that only sleep.

Each is a real worker of dask with the product's settings; what it answers is a result that was made before.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from types import SimpleNamespace
from typing import Any

from playlista.cluster.dask_settings import NO_EXTENSIONS, configure_dask
from playlista.cluster.messages import Answer, Request, analysis_text
from playlista.cluster.tasks import PLUGIN
from tests.libraries import analysis_of


def requests(seconds: float) -> Any:
    """Accepts every daemon; each attempt takes `seconds`."""

    def attempt(text: str) -> str:
        time.sleep(seconds)
        analysis = analysis_of(Request.from_text(text).path)
        return Answer(analysis=analysis_text(analysis), has_result=True).to_text()

    return SimpleNamespace(greet=lambda _: Answer().to_text(), attempt=attempt)


async def serve(address: str, count: int, seconds: float) -> None:
    """Until the process is killed."""
    from distributed import Worker, WorkerPlugin

    plugin = type("StandIn", (WorkerPlugin,), {"name": PLUGIN, "requests": requests(seconds)})
    with tempfile.TemporaryDirectory() as folder:
        workers = [
            await Worker(
                address,
                name=f"{id(plugin)}-{number}#0",
                nthreads=1,
                memory_limit=0,
                dashboard=False,
                local_directory=folder,
                plugins=(plugin(),),
                extensions=NO_EXTENSIONS,
            )
            for number in range(count)
        ]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.gather(*(worker.finished() for worker in workers))


if __name__ == "__main__":
    configure_dask()
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
