"""What a playlist is made by: its rule.

A rule says which tracks belong in it, in which order they are played, and for which program its file is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from playlista.errors import PlaylistaError
from playlista.library.track_filter import TrackFilter

USUAL_LIMIT = 50
#: The orders that are no columns.
BEST = "best"
FLOW = "flow"
SHUFFLE = "shuffle"


class RuleError(PlaylistaError):
    """A rule that cannot be used; its text says which, where and what is allowed."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Tracks by the texts that name them: those that are wanted together, less others."""

    add: tuple[str, ...]
    subtract: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaylistRule:
    """One playlist.

    track_filter : what its tracks have in common.
    like : the tracks that they sound like; None where that does not matter.
    path : the first and the last track of a chain in which neighbours sound alike; then nothing else counts.
    order : "best", "flow", "shuffle" or a column, with "-" in front to go down.
    per_artist : tracks of one artist at most; 0 for any number.
    file_kind : "m3u8", or "nsp" for Navidrome's own rules.
    """

    name: str
    track_filter: TrackFilter = field(default_factory=TrackFilter)
    like: Mixture | None = None
    path: tuple[str, str] | None = None
    limit: int = USUAL_LIMIT
    order: str = "best"
    per_artist: int = 0
    file_kind: str = "m3u8"


@dataclass(frozen=True, slots=True)
class RuleFile:
    """What the file says: its rules, and whether the playlists that need no rule are wanted."""

    rules: tuple[PlaylistRule, ...]
    wants_defaults: bool = True
