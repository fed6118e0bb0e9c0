"""The health of a track's sound: what is measured of it, and the words for what is wrong.

Nothing is computed here; ``features.health`` measures, ``decode`` checks the file's own checksums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

#: Places that are kept of each kind.
MOST_POSITIONS = 8


class IntegrityState(StrEnum):
    """What the checksums that a file carries say of its audio."""

    VERIFIED = "verified"
    MISMATCH = "mismatch"
    NO_CHECKSUM = "no checksum"


@dataclass(frozen=True, slots=True)
class Integrity:
    """The verdict of the file's own checksums; ``detail`` says for people which one, and where it does not fit."""

    state: IntegrityState = IntegrityState.NO_CHECKSUM
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Faults of the sound, and evidence of a lossy past. Thresholds are stated where each is measured.

    lossy_suspicion : 0..1, how much a lossless file looks as if it had been made from a lossy one; None for lossy
        formats and where there is too little sound to tell. ``suspicion_evidence`` says why, in words.
    bandwidth_hz : where the spectrum ends; None where there is too little sound to tell.
    effective_bits : 1..24, the bits per sample that are in use; None for sound that is not made of integers.
    upsampled_from_hz : the lower sample rate whose band the sound does not leave; None where it fills its own.
    clipped_runs : how often the waveform is cut flat; ``longest_clipped_samples`` is the longest of these runs.
    dc_offset : the steady mean of the channel where it is farthest from 0; 1.0 is full scale, 0 where none is steady.
    channel_difference_db : level of the left channel less that of the right one; None without two that sound.
    dead_channel : one of the two front channels is silent or hiss while the other plays.
    is_mono : two channels that hold the same.
    silence_start_seconds, silence_end_seconds : silence before the first and behind the last sound.
    longest_silence_seconds : the longest silence between sounds.
    dropouts : holes in the music: exact zeros, a value that stands still, a piece that is played twice.
    clicks : single steps of the waveform that do not belong to what is around them.
    rate_changes : joins behind which the sound goes on at another sample rate than the file states, by its container,
        or else by where its spectrum ends; a place of the latter is known to some seconds.
    positions : seconds of the first few of each of these, by ``clipped``, ``silence``, ``dropouts``, ``clicks`` and
        ``rate_changes``; of a kind that was not found there are none.
    """

    integrity: IntegrityState = IntegrityState.NO_CHECKSUM
    integrity_detail: str | None = None
    lossy_suspicion: float | None = None
    suspicion_evidence: tuple[str, ...] = ()
    bandwidth_hz: float | None = None
    effective_bits: int | None = None
    upsampled_from_hz: int | None = None
    clipped_runs: int = 0
    longest_clipped_samples: int = 0
    clipped_runs_per_minute: float = 0.0
    dc_offset: float = 0.0
    channel_difference_db: float | None = None
    dead_channel: bool = False
    polarity_inverted: bool = False
    is_mono: bool = False
    silence_start_seconds: float = 0.0
    silence_end_seconds: float = 0.0
    longest_silence_seconds: float = 0.0
    dropouts: int = 0
    clicks: int = 0
    rate_changes: int = 0
    positions: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "integrity", IntegrityState(self.integrity))

    def with_rate_changes(self, seconds: Sequence[float]) -> Health:
        """The same with the places at which joined parts of another sample rate begin."""
        if not seconds:
            return self
        first = tuple(round(second, 3) for second in seconds[:MOST_POSITIONS])
        return replace(self, rate_changes=len(seconds), positions={**self.positions, "rate_changes": first})

    def with_integrity(self, integrity: Integrity) -> Health:
        """The same with what the file's own checksums say."""
        return replace(self, integrity=integrity.state, integrity_detail=integrity.detail)
