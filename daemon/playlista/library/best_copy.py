"""Which of several copies of a recording is the best, and why.

Input: copies. Output: the best, and in words what sets it apart. The first of these on which they differ decides: it is
whole, its format is lossless, it is longer, it is not clipped, its sample rate, its channels, whether it only looks
lossless, its bit rate, its tags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playlista.tracks.formats import is_lossless

#: A lossless file that is suspected at least so much to come from a lossy one counts as lossy.
_SUSPECTED = 0.5
#: What a bit of other encoders is worth, in bits of MP3, roughly: at half an MP3's rate Opus sounds about the same.
_WORTH_OF_A_BIT = {"OPUS": 1.8, "AAC": 1.3, "VORBIS": 1.3}
#: Lengths that differ by less are the same: encoders pad the ends.
_LENGTH_STEP_SECONDS = 1.0
#: What Opus counts as, whose decoders always deliver 48 kHz.
_USUAL_RATE_HZ = 44_100
#: Bit rates that differ by less are the same.
_RATE_STEP = 1.1


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that holds a recording; None where a value is not known.

    is_whole : it was decoded to its end, and nothing of it was left out.
    named : how many of title, artist, album, year, number, genre, MusicBrainz id and cover its tags have.
    same_audio : a number for each sound; copies with the same number sound the same bit for bit.
    """

    id: int
    path: str
    size_bytes: int
    format: str | None
    duration_seconds: float | None
    sample_rate_hz: int | None
    channels: int | None
    is_whole: bool
    clipped_runs: int | None
    lossy_suspicion: float | None
    named: int
    same_audio: int = 0

    @property
    def is_lossless(self) -> bool:
        """Whether nothing was lost, as far as is known."""
        return is_lossless(self.format or "") and (self.lossy_suspicion or 0.0) < _SUSPECTED

    @property
    def is_suspected(self) -> bool:
        """Whether it looks as if it had been made from a lossy file, whose bit rate nobody knows."""
        return is_lossless(self.format or "") and not self.is_lossless

    @property
    def kilobits_per_second(self) -> int | None:
        """Of the file, tags and pictures included."""
        return round(self.size_bytes * 8 / self.duration_seconds / 1000) if self.duration_seconds else None

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return {
            "id": self.id,
            "path": self.path,
            "same_audio": self.same_audio,
            "format": self.format,
            "lossless": self.is_lossless,
            "duration_seconds": self.duration_seconds,
            "sample_rate_hz": self.sample_rate_hz,
            "channels": self.channels,
            "size_bytes": self.size_bytes,
            "kilobits_per_second": self.kilobits_per_second,
        }


def _worth(copy: Copy) -> float:
    """The bit rate of a lossy copy, as MP3 would need it; lossless ones are all alike."""
    if copy.is_lossless:
        return 0.0
    return (copy.kilobits_per_second or 0) * _WORTH_OF_A_BIT.get(copy.format or "", 1.0)


def _telling_rate(copy: Copy) -> int:
    """The sample rate in Hz as far as it says something: Opus has 48 kHz whatever it was made from (RFC 6716)."""
    rate_hz = copy.sample_rate_hz or 0
    return min(rate_hz, _USUAL_RATE_HZ) if copy.format == "OPUS" else rate_hz


#: In the order in which they decide: a value, the least difference or ratio that counts, and what the best has then.
_CRITERIA: tuple[tuple[Callable[[Copy], float], Callable[[float, float], bool], str], ...] = (
    (lambda copy: copy.is_whole, lambda best, other: best > other, "whole"),
    (lambda copy: copy.is_lossless, lambda best, other: best > other, "lossless"),
    (lambda copy: copy.duration_seconds or 0.0, lambda best, other: best - other > _LENGTH_STEP_SECONDS, "longer"),
    (lambda copy: not copy.clipped_runs, lambda best, other: best > other, "not clipped"),
    (_telling_rate, lambda best, other: best > other, "higher sample rate"),
    (lambda copy: copy.channels or 0, lambda best, other: best > other, "more channels"),
    (lambda copy: not copy.is_suspected, lambda best, other: best > other, "not made from a lossy file"),
    (_worth, lambda best, other: best > other * _RATE_STEP, "higher bit rate"),
    (lambda copy: copy.named, lambda best, other: best > other, "more tags"),
)


def best_of(copies: Sequence[Copy]) -> tuple[Copy, str]:
    """The best of `copies`, and why it is better than the others; of equal ones the first by its path.

    Raises
    ------
    ValueError : there are none.
    """
    left, reasons = sorted(copies, key=lambda copy: copy.path), []
    for value_of, exceeds, words in _CRITERIA:
        most = max(value_of(copy) for copy in left)
        best = [copy for copy in left if not exceeds(most, value_of(copy))]
        if len(best) < len(left):
            reasons.append(words)
        left = best
    return left[0], ", ".join(reasons) or "as good as the others"
