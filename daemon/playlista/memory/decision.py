"""How a track goes ahead, on what grounds, and what was done to make that possible."""

from __future__ import annotations

from dataclasses import dataclass

from playlista.memory.configuration import Configuration


@dataclass(frozen=True, slots=True)
class AdmissionDecision:
    """The answer of ``Admission.admit``.

    Attributes
    ----------
    configuration : how the track is to be analyzed.
    need_bytes : what it is predicted to need, including what the caller added and what must be reloaded.
    occupied_bytes, limit_bytes, limit_source : of the level that would run out first.
    waited_seconds : 0 where it went ahead at once.
    cleaned : steps that were taken to free memory, in order.
    fits : False where it goes ahead although it may not fit.
    why : the decision in words.
    """

    configuration: Configuration
    need_bytes: int
    occupied_bytes: int
    limit_bytes: int
    limit_source: str
    waited_seconds: float
    cleaned: tuple[str, ...]
    fits: bool
    why: str


def explain(*, as_asked: bool, fits: bool, waited: bool, cleaned: bool) -> str:
    """The decision in words, for the log."""
    if not fits:
        return "in the smallest configuration, although it may not fit"
    if not as_asked:
        return "in a smaller configuration, since the one asked for does not fit"
    if waited:
        return "as asked, after waiting for memory"
    return "as asked, after freeing memory" if cleaned else "as asked, there is enough memory"
