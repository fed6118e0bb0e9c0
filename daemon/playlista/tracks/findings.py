"""What is wrong with a track, in a word and in a sentence, from the numbers of its result.

Input: a result object. Output: `Finding`s with their evidence. Every threshold between a number that is merely stated
and one that is named a finding is here; how the numbers are measured is in ``features.health``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from playlista.tracks.groups import Loudness
from playlista.tracks.health import Health, IntegrityState
from playlista.tracks.result import Analysis


class Finding(StrEnum):
    """What may be found; the order is that of lists and counts."""

    #: Not of a result but of the scrub: other bytes than those that were analyzed; see ``library.scrubs``.
    ROTTED = "rotted"
    MISMATCH = "mismatch"
    TRANSCODED = "transcoded"
    UPSAMPLED = "upsampled"
    CLIPPED = "clipped"
    OVERS = "overs"
    DC_OFFSET = "dc_offset"
    DEAD_CHANNEL = "dead_channel"
    WEAK_CHANNEL = "weak_channel"
    MONO = "mono"
    POLARITY = "polarity"
    SILENCE = "silence"
    DROPOUTS = "dropouts"
    CLICKS = "clicks"
    WRONG_RATE = "wrong_rate"


#: A suspicion from here on is a finding; see ``features.health.authenticity`` for what it was fitted to.
SUSPICION = 0.5
#: Of fewer clipped runs nobody hears anything.
CLIPPED_RUNS = 3
#: Above full scale between the samples; a meter after BS.1770 may read 0.1 dB too high.
OVERS_DBTP = 0.1
#: -46 dB: may be heard as a click where the track starts and ends.
DC_OFFSET = 0.005
WEAK_CHANNEL_DB = 20.0
#: Silence that somebody waits through.
SILENCE_START_SECONDS = 3.0
SILENCE_END_SECONDS = 5.0
SILENCE_INSIDE_SECONDS = 5.0


def findings(analysis: Analysis) -> dict[Finding, str]:
    """What was found in a track, each with its evidence in words; empty for a sound track or without `health`."""
    return findings_of(analysis.health, analysis.loudness)


def findings_of(health: Health | None, loudness: Loudness | None) -> dict[Finding, str]:
    """The same by the two groups that it follows from."""
    if health is None:
        return {}
    found = dict(
        (
            *_of_the_file(health),
            *_of_levels(health, loudness),
            *_of_channels(health),
            *_of_time(health),
        )
    )
    return {finding: found[finding] for finding in Finding if finding in found} if found else found


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The names of findings in their order; those that a newer version added come last."""
    known = list(Finding)
    return tuple(sorted(names, key=lambda name: (known.index(Finding(name)) if name in known else len(known), name)))


def _of_the_file(health: Health) -> Iterator[tuple[Finding, str]]:
    if health.integrity == IntegrityState.MISMATCH:
        yield Finding.MISMATCH, health.integrity_detail or "the sound is not what the file's checksum says"
    if health.lossy_suspicion is not None and health.lossy_suspicion >= SUSPICION:
        yield Finding.TRANSCODED, "; ".join(health.suspicion_evidence)
    if health.upsampled_from_hz is not None:
        yield Finding.UPSAMPLED, f"nothing above {health.upsampled_from_hz / 2000:g} kHz"


def _of_levels(health: Health, loudness: Loudness | None) -> Iterator[tuple[Finding, str]]:
    if health.clipped_runs >= CLIPPED_RUNS:
        longest = f"the longest of {health.longest_clipped_samples} samples"
        yield Finding.CLIPPED, f"{health.clipped_runs} runs at the ceiling{_at(health, 'clipped')}, {longest}"
    peak = loudness.true_peak_dbtp if loudness else None
    if peak is not None and peak > OVERS_DBTP:
        yield Finding.OVERS, f"{peak:+.1f} dBTP between the samples"
    if abs(health.dc_offset) >= DC_OFFSET:
        yield Finding.DC_OFFSET, f"{100 * health.dc_offset:+.1f} % of full scale"


def _of_channels(health: Health) -> Iterator[tuple[Finding, str]]:
    difference_db = health.channel_difference_db
    if health.dead_channel:
        yield Finding.DEAD_CHANNEL, "one channel is silent"
    elif difference_db is not None and abs(difference_db) >= WEAK_CHANNEL_DB:
        weak = "right" if difference_db > 0 else "left"
        yield Finding.WEAK_CHANNEL, f"the {weak} channel is {abs(difference_db):.0f} dB weaker"
    if health.is_mono:
        yield Finding.MONO, "both channels hold the same"
    if health.polarity_inverted:
        yield Finding.POLARITY, "one channel is upside down"


def _of_time(health: Health) -> Iterator[tuple[Finding, str]]:
    if long := list(_silences(health)):
        yield Finding.SILENCE, ", ".join(long)
    if health.dropouts:
        yield Finding.DROPOUTS, _counted(health, "dropouts", health.dropouts, "hole")
    if health.clicks:
        yield Finding.CLICKS, _counted(health, "clicks", health.clicks, "click")
    if health.rate_changes:
        yield Finding.WRONG_RATE, _counted(health, "rate_changes", health.rate_changes, "change of the sample rate")


def _silences(health: Health) -> Iterator[str]:
    if health.silence_start_seconds >= SILENCE_START_SECONDS:
        yield f"{health.silence_start_seconds:.1f} s at the start"
    if health.silence_end_seconds >= SILENCE_END_SECONDS:
        yield f"{health.silence_end_seconds:.1f} s at the end"
    if health.longest_silence_seconds >= SILENCE_INSIDE_SECONDS:
        yield f"{health.longest_silence_seconds:.1f} s inside{_at(health, 'silence')}"


def _counted(health: Health, kind: str, count: int, name: str) -> str:
    return f"{count} {name if count == 1 else _several(name)}{_at(health, kind)}"


def _several(name: str) -> str:
    """The plural of a name, whose first word is the noun."""
    noun, space, rest = name.partition(" ")
    return f"{noun}s{space}{rest}"


def _at(health: Health, kind: str) -> str:
    """The place of the first one of a kind, as " from 0:12 on"; empty where it is not known."""
    seconds = health.positions.get(kind)
    return f" from {int(seconds[0]) // 60}:{int(seconds[0]) % 60:02} on" if seconds else ""
