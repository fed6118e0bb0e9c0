"""The error tree, the closed lists of reasons for which a track may fail or stay untagged, and whose fault it is.

These exceptions cross from one package to the next. Foreign exceptions are translated at a package's edge, so that
the worker and the command line have to know only these.
"""

from __future__ import annotations

from enum import StrEnum


class FailureReason(StrEnum):
    """Why a track failed or was only partly analyzed: a closed list, since dashboards and scripts rely on it."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NOT_AUDIO = "not_audio"
    CORRUPT = "corrupt"
    DECODE_TIMEOUT = "decode_timeout"
    OVER_BUDGET = "over_budget"
    PERMISSION_DENIED = "permission_denied"
    VANISHED = "vanished"
    CRASHED = "crashed"
    INTERNAL = "internal"


class TagRefusal(StrEnum):
    """Why no tags were written into a file: a closed list as well."""

    READ_ONLY = "read_only"
    RIGHTS = "rights"
    HARD_LINKS = "hard_links"
    FORMAT = "format"
    TAGS_LOST = "tags_lost"
    TAGS_TOO_LARGE = "tags_too_large"
    OTHER_SOUND = "other_sound"
    SOUND_CHANGED = "sound_changed"
    IN_USE = "in_use"
    STORAGE = "storage"
    CONTESTED = "contested"
    CRASHED = "crashed"
    OTHER = "other"


class Blame(StrEnum):
    """Whose fault it is that a track could not be analyzed.

    Only the track's own fault counts an attempt. What the storage (a share, a disk, a mount) or the installation
    (ffmpeg, the libraries it needs, the memory that the container leaves it) did makes the track wait until they work.
    """

    TRACK = "track"
    STORAGE = "storage"
    INSTALLATION = "installation"


class PlaylistaError(Exception):
    """Root of all errors that we raise on purpose; its text is one line: what, where, what to do."""


class ConfigError(PlaylistaError):
    """A setting that cannot be used: unknown key, wrong type, out of range. Ends the program with exit code 2."""


class MachineError(PlaylistaError):
    """This machine cannot run the program, whatever its settings."""


class StoreError(PlaylistaError):
    """The database cannot be opened, read or written."""


class ModelError(PlaylistaError):
    """The MusiCNN model, or the runtime that should carry it, cannot be used."""


class Interrupted(PlaylistaError):
    """The daemon was asked to stop in the middle of a track; the track is given back unpunished."""


class TrackError(PlaylistaError):
    """One track cannot be analyzed, now or ever.

    Parameters
    ----------
    path : the file as the user would name it.
    reason : one of the closed list.
    message : one line for people, without the path.
    retryable : whether a later attempt at the same bytes could end otherwise (a busy machine).
    blame : whose fault it is; what is not the track's is always tried again, and counts no attempt.
    """

    def __init__(
        self,
        path: str,
        reason: FailureReason,
        message: str,
        *,
        retryable: bool = False,
        blame: Blame = Blame.TRACK,
    ) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.reason = reason
        self.message = message
        self.retryable = retryable or blame is not Blame.TRACK
        self.blame = blame


class DecodeError(TrackError):
    """The file could not be opened, or decoding stopped with an error."""
