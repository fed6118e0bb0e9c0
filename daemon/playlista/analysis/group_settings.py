"""The settings that a feature group's values depend on, and which groups of a stored result they make outdated.

Input: the settings of this process, and what a result says it was made with. Output: plain numbers by group. The length
of a chunk, the runtime of the model and the memory limits are not here: no value depends on them (ADR 2 and 4), but for
a cut, which the result says by itself. Nor is the CPU, which moves the last digits alone (ADR 13).
"""

from __future__ import annotations

from collections.abc import Mapping

from playlista.config import Settings
from playlista.tracks import GroupSettings

#: The groups that are computed from the resampled signal.
_OF_THE_SIGNAL = ("rhythm", "tonal", "spectral")


def group_settings(settings: Settings) -> GroupSettings:
    """What each group's values depend on today. Loudness, health and VibeNet depend on nothing.

    Nor does a fingerprint: another rate moves single bits of it, which its comparison allows for.
    """
    signal = {"sample_rate_hz": settings.analysis_rate_hz, "bit_depth": 16 if settings.analysis_is_float16 else 32}
    tempo_range = settings.tempo_range
    counted = {"slowest_bpm": tempo_range[0], "fastest_bpm": tempo_range[1]} if tempo_range else {}
    return {
        **{group: dict(signal) for group in _OF_THE_SIGNAL},
        "rhythm": signal | counted,
        "loudness": {},
        "health": {},
        "fingerprint": {},
        "vibenet": {},
        "tags": {"patch_hop_frames": settings.musicnn_patch_hop_frames},
    }


def made_otherwise(former: Mapping[str, Mapping[str, int]], today: GroupSettings) -> frozenset[str]:
    """The groups that were made with other settings than today's; one that does not say is taken for today's."""
    return frozenset(group for group, values in today.items() if group in former and former[group] != values)
