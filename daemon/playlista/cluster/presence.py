"""Asks a scheduler who is there and who was lost; one of somebody else does not know the question.

Input: dask's connection to a scheduler. Output: the report that ``scheduler.Presence`` gives, or a ``ClusterError``.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from playlista.cluster.security import ClusterError

_FIELDS = {"version", "workers", "lost"}


async def ask_presence(scheduler: Any, address: str, *, seconds: float) -> dict[str, Any]:
    """The report of the scheduler at `address`, which has so long for it.

    Raises
    ------
    ClusterError : it is none of ours.
    TimeoutError, OSError : it does not answer.
    """
    text = await asyncio.wait_for(scheduler.playlista_presence(), seconds)
    try:
        report = json.loads(text)  # dask answers None to what it does not know
    except (TypeError, ValueError):
        report = None
    if not isinstance(report, dict) or not report.keys() >= _FIELDS:
        raise ClusterError(f"{address}: this is a scheduler of dask alone; start `playlista scheduler`")
    return report
