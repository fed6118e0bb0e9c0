"""What a report says of the file itself: format, checksum, levels, channels, silence.

Input: an analysis. Output: rows of a name and a value, for people; what is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from playlista.tracks import Analysis, Audio
from playlista.tracks.groups import Loudness
from playlista.tracks.health import Health

#: What the checksum of a file may say, for people.
_INTEGRITY = {"verified": "fits the sound", "mismatch": "does not fit the sound", "no checksum": "the file has none"}


def facts(analysis: Analysis, size_bytes: int) -> Iterator[tuple[str, str]]:
    """The rows, those about the file first."""
    if analysis.audio is not None:
        yield from _of_audio(analysis.audio, size_bytes)
    if analysis.health is not None:
        yield from _of_health(analysis.health)
    if analysis.loudness is not None:
        yield from _of_loudness(analysis.loudness)


def length(seconds: float) -> str:
    """Such as "3:07"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _of_audio(audio: Audio, size_bytes: int) -> Iterator[tuple[str, str]]:
    rate = f", {size_bytes * 8 / audio.duration_seconds / 1000:.0f} kbit/s" if audio.duration_seconds else ""
    yield "Format", f"{audio.format}, {audio.sample_rate_hz / 1000:g} kHz, {_channels(audio.channels)}{rate}"
    yield "Length", length(audio.duration_seconds)
    yield "Size", f"{size_bytes / 1_000_000:.1f} MB"


def _channels(count: int) -> str:
    return {1: "mono", 2: "stereo"}.get(count, f"{count} channels")


def _of_health(health: Health) -> Iterator[tuple[str, str]]:
    detail = f": {health.integrity_detail}" if health.integrity_detail else ""
    yield "Checksum", f"{_INTEGRITY[health.integrity.value]}{detail}"
    if health.lossy_suspicion is not None:
        yield "Suspicion of a lossy past", f"{health.lossy_suspicion:.2f} (0 to 1; a finding from 0.5 on)"
    if health.bandwidth_hz is not None:
        yield "Sound up to", f"{health.bandwidth_hz / 1000:.1f} kHz"
    if health.effective_bits is not None:
        yield "Bits in use", str(health.effective_bits)
    yield "Clipped runs", _count(health.clipped_runs, f"the longest of {health.longest_clipped_samples} samples")
    yield "Dropouts, clicks", f"{_count(health.dropouts)}, {_count(health.clicks)}"
    yield "Silence", _silence(health)


def _silence(health: Health) -> str:
    places = (
        (health.silence_start_seconds, "at the start"),
        (health.silence_end_seconds, "at the end"),
        (health.longest_silence_seconds, "inside at most"),
    )
    return ", ".join(f"{seconds:.1f} s {where}" for seconds, where in places if seconds >= 0.05) or "none"


def _count(number: int, detail: str = "") -> str:
    if not number:
        return "none"
    return f"{number}, {detail}" if detail else str(number)


def _of_loudness(loudness: Loudness) -> Iterator[tuple[str, str]]:
    if loudness.integrated_lufs is not None:
        yield "Loudness", f"{loudness.integrated_lufs:.1f} LUFS"
    if loudness.range_lu is not None:
        yield "Loudness range", f"{loudness.range_lu:.1f} LU"
    if loudness.true_peak_dbtp is not None:
        yield "True peak", f"{loudness.true_peak_dbtp:+.1f} dBTP"
