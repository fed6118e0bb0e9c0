"""By which ids other programs name tracks and artists: ours, or those of a media server.

Input: ids of another program. Output: ids of our tracks, and the way back. ``OwnIds`` is for programs that have got
their ids from us; ``serve.audiomuse.media_library`` reads those of a media server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from playlista.serve.parameters import is_id


class MediaIds(Protocol):
    """Ids of one program; may be asked from any thread, and raises `NotReadyError` while they are being read."""

    def file_of(self, item: str) -> int | None:
        """The id of our track that another program calls `item`."""

    def items_of(self, file_ids: Iterable[int]) -> dict[int, str]:
        """What the other program calls our tracks; those that it does not have are left out."""

    def file_of_artist(self, artist: str, /) -> int | None:
        """A track of the artist with the id `artist`."""

    def artist_of(self, file_id: int, /) -> str | None:
        """The id of the artist of our track."""


class OwnIds:
    """Tracks are named by our own ids; artists have none."""

    def file_of(self, item: str) -> int | None:
        """The number in `item`."""
        return int(item) if is_id(item) else None

    def items_of(self, file_ids: Iterable[int]) -> dict[int, str]:
        """The numbers as texts."""
        return {file_id: str(file_id) for file_id in file_ids}

    def file_of_artist(self, _artist: str) -> int | None:
        """None."""
        return None

    def artist_of(self, _file_id: int) -> str | None:
        """None."""
        return None
