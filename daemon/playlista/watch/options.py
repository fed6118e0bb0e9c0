"""What the settings say of watching a music folder."""

from __future__ import annotations

from dataclasses import dataclass

from playlista.watch.event_source import WatchMode


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How one music folder is watched.

    Attributes
    ----------
    settle_seconds : how long size and time of a file must stay the same before it is taken.
    rescan_interval_seconds : how often everything is compared even while inotify works.
    mode : "auto" polls network and FUSE mounts, and where links are followed, and uses inotify elsewhere.
    follow_symlinks : whether links that lead out of the music folder are followed.
    retention_seconds : how long results of files that are gone are kept; 0 forgets them at once.
    ignore : gitignore patterns of what is left out, besides known debris and ``.playlistaignore`` files.
    """

    settle_seconds: float
    rescan_interval_seconds: float
    mode: WatchMode = "auto"
    follow_symlinks: bool = False
    retention_seconds: float = 0.0
    ignore: tuple[str, ...] = ()
