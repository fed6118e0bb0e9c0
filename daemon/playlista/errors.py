"""The error tree and the closed list of reasons for which a track may fail.

What enters: nothing. What leaves: the exceptions that cross from one room to the next. Foreign exceptions are
translated at a room's edge, so that the worker and the command line have to know only these.
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


class PlaylistaError(Exception):
    """Root of all errors that we raise on purpose; its text is one line: what, where, what to do."""


class ConfigError(PlaylistaError):
    """A setting that cannot be used: unknown key, wrong type, out of range. Ends the program with exit code 2."""


class StoreError(PlaylistaError):
    """The database cannot be opened, read or written."""


class ModelError(PlaylistaError):
    """The MusiCNN model, or the runtime that should carry it, cannot be used."""


class Interrupted(PlaylistaError):
    """The daemon was asked to stop in the middle of a track; the track is given back unpunished."""


class TrackError(PlaylistaError):
    """One track cannot be analyzed; the others can.

    Parameters
    ----------
    path : the file as the user would name it.
    reason : one of the closed list.
    message : one line for people, without the path.
    retryable : whether a later attempt at the same bytes could end otherwise (a vanished mount, a busy machine).
    """

    def __init__(self, path: str, reason: FailureReason, message: str, *, retryable: bool = False) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.reason = reason
        self.message = message
        self.retryable = retryable


class DecodeError(TrackError):
    """The file could not be opened or decoding broke off."""


class AnalysisError(TrackError):
    """The audio was decoded but a feature could not be computed."""


class BudgetError(TrackError):
    """The track cannot be analyzed within the memory that there is, even at the smallest configuration."""
