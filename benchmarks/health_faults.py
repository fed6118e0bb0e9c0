"""Faults put into real music: how many are found, and what is found where none was put.

Input: genuine recordings. Output: a table. Faults are put where it is loud; each recording gets each fault once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.health_material import Recording, Samples
from benchmarks.tables import markdown_table
from playlista.features.health.accumulator import HealthAccumulator
from playlista.tracks import Analysis, Audio, Health, Status
from playlista.tracks.findings import Finding, findings

Fault = Callable[[Samples, int, int], Samples]


def fault_table(material: list[Recording]) -> str:
    """A row for each fault."""
    stereo = [one for one in material if one.samples.shape[1] == 2 and len(one.samples) > 3 * one.rate_hz]
    sound = {one.name: _found(one.samples, one.rate_hz) for one in stereo}
    rows = []
    for finding, name, fault in FAULTS:
        tried = [one for one in stereo if finding not in sound[one.name]]
        hits = sum(finding in _found(fault(one.samples, one.rate_hz, _loud(one)), one.rate_hz) for one in tried)
        false = len(stereo) - len(tried)
        rows.append([finding.value, name, f"{hits} of {len(tried)}", f"{false} of {len(stereo)}"])
    return markdown_table(("finding", "fault", "found", "found before"), rows)


def _found(samples: Samples, rate_hz: int) -> dict[Finding, str]:
    accumulator = HealthAccumulator(rate_hz, samples.shape[1])
    accumulator.update(samples.astype(np.float32))
    return findings(_analysis(accumulator.result(), rate_hz))


def _analysis(health: Health, rate_hz: int) -> Analysis:
    audio = Audio(1.0, 1.0, None, rate_hz, 2, "WAV", truncated=False)
    return replace(Analysis(path="", status=Status.ANALYZED), audio=audio, health=health)


def _loud(recording: Recording) -> int:
    """A frame in the loudest tenth of the middle of the recording, by its name."""
    rate_hz, frames = recording.rate_hz, len(recording.samples)
    level = np.convolve(np.abs(recording.samples).max(axis=1), np.ones(1024) / 1024, "same")
    middle = np.arange(rate_hz, frames - rate_hz)
    loud = middle[level[middle] >= np.quantile(level[middle], 0.9)]
    return int(np.random.default_rng(len(recording.name)).choice(loud))


def _zeros(frames: int) -> Fault:
    def fault(samples: Samples, _rate_hz: int, place: int) -> Samples:
        broken = samples.copy()
        broken[place : place + frames] = 0.0
        return broken

    return fault


def _held(samples: Samples, _rate_hz: int, place: int) -> Samples:
    broken = samples.copy()
    broken[place : place + 400] = broken[place - 1]
    return broken


def _twice(samples: Samples, _rate_hz: int, place: int) -> Samples:
    return np.concatenate([samples[:place], samples[place - 1024 : place], samples[place:]])


def _step(samples: Samples, _rate_hz: int, place: int) -> Samples:
    broken = samples.copy()
    broken[place:] = np.clip(broken[place:] - np.sign(broken[place - 1]) * 0.5, -1, 1)
    return broken


def _clipped(samples: Samples, _rate_hz: int, _place: int) -> Samples:
    return np.clip(samples / np.abs(samples).max() * 2.0, -1.0, 1.0 - 1 / 32768)


def _silent_inside(samples: Samples, rate_hz: int, place: int) -> Samples:
    return np.concatenate([samples[:place], np.zeros((6 * rate_hz, 2), np.float32), samples[place:]])


FAULTS: tuple[tuple[Finding, str, Fault], ...] = (
    (Finding.CLIPPED, "6 dB over full scale", _clipped),
    (
        Finding.DC_OFFSET,
        "2 % of full scale",
        lambda samples, _rate, _place: samples * np.float32(0.9) + np.float32(0.02),
    ),
    (Finding.DEAD_CHANNEL, "the right channel silent", lambda samples, _rate, _place: samples * np.array([1, 0])),
    (
        Finding.WEAK_CHANNEL,
        "the right channel 30 dB down",
        lambda samples, _rate, _place: samples * np.array([1, 0.03]),
    ),
    (Finding.MONO, "the left channel twice", lambda samples, _rate, _place: samples[:, [0, 0]]),
    (
        Finding.POLARITY,
        "the right channel upside down",
        lambda samples, _rate, _place: samples * np.array([1, -1]),
    ),
    (Finding.SILENCE, "6 s of silence inside", _silent_inside),
    (Finding.DROPOUTS, "200 zeros", _zeros(200)),
    (Finding.DROPOUTS, "8,000 zeros", _zeros(8_000)),
    (Finding.DROPOUTS, "a value held for 400 samples", _held),
    (Finding.DROPOUTS, "1,024 samples played twice", _twice),
    (Finding.CLICKS, "a step of half of full scale", _step),
)
