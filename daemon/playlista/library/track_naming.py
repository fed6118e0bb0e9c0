"""The track that somebody names in words: on the command line, in the rule of a playlist.

Input: a text. Output: the track that is meant.
"""

from __future__ import annotations

from playlista.errors import PlaylistaError
from playlista.library.database import Database
from playlista.library.search import Search
from playlista.library.track_summaries import TrackLookup, TrackSummary


def track_named(text: str, database: Database, *, path: str | None = None) -> TrackSummary:
    """The track by its path, as "artist - title", or by words, of which the best find counts.

    Parameters
    ----------
    path : `text` as a path in the library, where it differs from the text.

    Raises
    ------
    PlaylistaError : there is none.
    """
    lookup = TrackLookup(database)
    artist, dash, title = text.partition(" - ")
    file_id = lookup.id_of_path(path or text) or (lookup.id_of_names(artist, title) if dash else None)
    found = lookup.summaries([file_id]) if file_id is not None else Search(database).search(text, limit=1).tracks
    if not found:
        raise PlaylistaError(f"{text}: not in the library, or not analyzed yet; `playlista list` shows what is")
    return found[0]
