"""What a handler, or a view that it asks, may raise besides the errors of parameters.

Each becomes an answer with a status of its own in ``serve.http``.
"""

from __future__ import annotations

from playlista.errors import PlaylistaError


class NotFoundError(PlaylistaError):
    """There is no such thing: 404."""


class NotReadyError(PlaylistaError):
    """It will be there in a moment: 503, and when to ask again."""
