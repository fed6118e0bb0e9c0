"""The two functions that dask calls on a worker, by name; what they need is the worker's plugin.

Input: a text. Output: a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playlista.cluster.dask_settings import forget_task_names

if TYPE_CHECKING:
    from playlista.cluster.requests import Requests

#: The worker's plugin that has its `Requests`.
PLUGIN = "playlista"


def answer_greeting(text: str) -> str:
    """See ``Requests.greet``."""
    return _requests().greet(text)


def answer_attempt(text: str) -> str:
    """See ``Requests.attempt``."""
    forget_task_names()
    return _requests().attempt(text)


def _requests() -> Requests:
    from distributed import get_worker  # noqa: PLC0415 - there is one where this is called

    plugin: Any = get_worker().plugins[PLUGIN]
    requests: Requests = plugin.requests
    return requests
