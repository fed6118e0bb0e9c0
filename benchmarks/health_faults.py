"""Faults put into real music: how many are found, and what is found where none was put.

Input: genuine recordings. Output: a table. Faults are put where it is loud; each recording gets each fault once, if the
fault can be one there: by what is known of the recording and the fault, not by what is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import soxr

from benchmarks.health_material import Recording, Samples
from benchmarks.tables import markdown_table
from playlista.features.health.accumulator import HealthAccumulator
from playlista.features.health.walls import ROUNDING_DB
from playlista.features.loudness.accumulator import LoudnessAccumulator
from playlista.tracks import Analysis, Audio, Status
from playlista.tracks.findings import CLIPPED_RUNS, Finding, findings

#: Makes the fault; None where there would be none.
Fault = Callable[[Recording], Samples | None]
STEP = 0.5
#: Of each recording.
SECONDS = 10
#: A part of another rate is to be found if each half has so many seconds with so much treble, half of their time.
TREBLE_SECONDS, TREBLE_DB = 4, 20.0
#: Zeros are a dropout between music: an RMS of -46 dBFS within `EDGE_FRAMES` on both sides, in one channel at least.
EDGE_FRAMES, EDGE_LEVEL = 512, 0.005
#: What was found in recordings as they are, and is there.
TRUE_FINDINGS = {
    ("loop_amen_full.flac", Finding.CLIPPED): "438 runs of up to 63 equal samples at full scale",
    ("loop_amen_full.flac", Finding.MONO): "99.7 % of the samples are equal on both sides",
    ("loop_amen_full.flac", Finding.OVERS): "clipped: the waveform goes on above full scale between the samples",
    ("bass_thick_c.flac", Finding.DC_OFFSET): "-0.4 to -0.8 % in every half second",
    ("horse_0.flac", Finding.CLIPPED): "crests that stay within 0.02 % of the highest value for 35 samples",
    (
        "27 - old format variable blocksize file created with Flake 0.11.flac",
        Finding.POLARITY,
    ): "a correlation of -0.57: summed to mono it loses 4 dB",
}


def fault_table(material: list[Recording]) -> str:
    """A row for each fault; recordings in which the same is found as they are do not get it."""
    long = [one for one in material if one.samples.shape[1] == 2 and len(one.samples) > 3 * one.rate_hz]
    stereo = [replace(one, samples=one.samples[: SECONDS * one.rate_hz]) for one in long]
    sound = {one.name: _found(one, one.samples) for one in stereo}
    rows = []
    for finding, name, fault in FAULTS:
        before = [one.name for one in stereo if finding in sound[one.name]]
        known = sum((name, finding) in TRUE_FINDINGS for name in before)
        tried = [(one, broken) for one in stereo if one.name not in before if (broken := fault(one)) is not None]
        hits = 0
        for one, broken in tried:
            is_hit = finding in _found(one, broken)
            hits += is_hit
            if not is_hit:
                print(f"not found: {name} in {one.name}", flush=True)
        print(f"{finding} before: {[name for name in before if (name, finding) not in TRUE_FINDINGS]}", flush=True)
        false = f"{len(before) - known} of {len(stereo) - known}"
        rows.append([finding.value, name, f"{hits} of {len(tried)}", len(stereo) - len(before) - len(tried), false])
    return markdown_table(("finding", "fault", "found", "no fault there", "found before, and not there"), rows)


def _found(one: Recording, samples: Samples) -> dict[Finding, str]:
    health, loudness = HealthAccumulator(one.rate_hz, 2), LoudnessAccumulator(one.rate_hz, 2)
    health.update(samples.astype(np.float32))
    loudness.update(samples.astype(np.float32))
    audio = Audio(1.0, 1.0, None, one.rate_hz, 2, "WAV", truncated=False)
    analysis = replace(Analysis(path="", status=Status.ANALYZED), audio=audio, health=health.result())
    return findings(replace(analysis, loudness=loudness.result()))


def _loud_places(one: Recording) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Frames in the loudest tenth of the recording, but for a second at both ends, in an order that its name gives."""
    level = np.convolve(np.abs(one.samples).max(axis=1), np.ones(1024) / 1024, "same")
    middle = np.arange(one.rate_hz, len(one.samples) - one.rate_hz)
    loud = middle[level[middle] >= np.quantile(level[middle], 0.9)]
    return np.random.default_rng(len(one.name)).permutation(loud)


def _loud(one: Recording) -> int:
    return int(_loud_places(one)[0])


def _zeros(frames: int) -> Fault:
    """None if the music behind them is silent."""

    def fault(one: Recording) -> Samples | None:
        broken, place = one.samples.copy(), _loud(one)
        behind = one.samples[place + frames : place + frames + EDGE_FRAMES]
        if float(np.sqrt(np.square(behind).mean(axis=0)).max()) < EDGE_LEVEL:
            return None
        broken[place : place + frames] = 0.0
        return broken

    return fault


def _held(one: Recording) -> Samples:
    broken, place = one.samples.copy(), _loud(one)
    broken[place : place + 400] = broken[place - 1]
    return broken


def _twice(one: Recording) -> Samples:
    samples, place = one.samples, _loud(one)
    return np.concatenate([samples[:place], samples[place - 1024 : place], samples[place:]])


def _step(one: Recording) -> Samples | None:
    """A step, at a place where nothing within 3 ms is a sixth as sharp; in noise there is none."""
    around = round(0.003 * one.rate_hz)
    for place in _loud_places(one)[:200]:
        sharpest = np.abs(np.diff(one.samples[place - around : place + around], 2, axis=0)).max()
        if sharpest < STEP / 6:
            broken = one.samples.copy()
            broken[place:] = np.clip(broken[place:] - np.sign(broken[place - 1]) * STEP, -1, 1)
            return broken
    return None


def _clipped(one: Recording) -> Samples | None:
    """6 dB over full scale; None if only single samples are, as where one lone peak is far above all others."""
    highest, lowest = 1.0 - 1 / 32768, -1.0
    broken = np.clip(one.samples / np.abs(one.samples).max() * 2.0, lowest, highest)
    runs = 0
    for side in (broken >= highest, broken <= lowest):
        flat = side[:-2] & side[1:-1] & side[2:]
        runs += int(np.diff(flat, axis=0, prepend=False).astype(bool).sum()) // 2
    return broken if runs >= 2 * CLIPPED_RUNS else None


def _over(one: Recording) -> Samples | None:
    """The highest sample at full scale; None if the waveform between the samples, at 8 times the rate, is not above."""
    scaled = one.samples / np.abs(one.samples).max() * (1 - 1 / 32768)
    between = np.abs(soxr.resample(scaled, one.rate_hz, 8 * one.rate_hz, "VHQ")).max()
    return np.asarray(scaled, np.float32) if between > 10 ** (0.3 / 20) else None


def _silent(seconds: float, at: float) -> Fault:
    """Seconds of zeros at 0.0, the start, 0.5, a loud place, or 1.0, the end."""

    def fault(one: Recording) -> Samples:
        place = {0.0: 0, 0.5: _loud(one), 1.0: len(one.samples)}[at]
        zeros = np.zeros((round(seconds * one.rate_hz), 2), np.float32)
        return np.concatenate([one.samples[:place], zeros, one.samples[place:]])

    return fault


def _upside_down(one: Recording) -> Samples | None:
    """None if the channels have little in common: then nothing is the wrong way up."""
    in_common = float(np.corrcoef(one.samples.T)[0, 1])
    return one.samples * np.array([1, -1], np.float32) if in_common > 0.3 else None


def _from_another_rate(rate_hz: int) -> Fault:
    """The second half from a lower rate; None if little sounds there that could end, in either half."""

    def fault(one: Recording) -> Samples | None:
        half = len(one.samples) // 2
        first, second = one.samples[:half], one.samples[half:]
        if min(_seconds_with_treble(part, one.rate_hz, rate_hz) for part in (first, second)) < TREBLE_SECONDS:
            return None
        low = soxr.resample(soxr.resample(second, one.rate_hz, rate_hz, "HQ"), rate_hz, one.rate_hz, "HQ")
        return np.asarray(np.round(np.concatenate([first, low]) * 32768) / 32768, np.float32)

    return fault


def _seconds_with_treble(samples: Samples, rate_hz: int, low_hz: int) -> int:
    """In how many seconds the kHz on both sides of where the lower rate ends are `TREBLE_DB` above 16 bits' rounding.

    In half of the frames of a second: a single hit does not sound for a second.
    """
    edges = [round(hz * 2048 / rate_hz) for hz in (0.45 * low_hz - 1_000, 0.45 * low_hz, 0.5 * low_hz + 1_000)]
    window = np.hanning(2048)
    count = 0
    for start in range(0, len(samples) - rate_hz + 1, rate_hz):
        frames = samples[start : start + rate_hz // 2048 * 2048].mean(axis=1).reshape(-1, 2048)
        power = np.asarray(np.abs(np.fft.rfft(frames * window * (2 / window.sum()), axis=1)) ** 2)
        levels = [10 * np.log10(power[:, low:high].mean(axis=1) + 1e-16) for low, high in pairwise(edges)]
        count += bool(np.median(np.min(levels, axis=0)) >= ROUNDING_DB + TREBLE_DB)
    return count


def _scaled(left: float, right: float, offset: float = 0.0) -> Fault:
    return lambda one: np.asarray(one.samples * np.array([left, right]) + offset, np.float32)


FAULTS: tuple[tuple[Finding, str, Fault], ...] = (
    (Finding.CLIPPED, "6 dB over full scale", _clipped),
    (Finding.OVERS, "the highest sample at full scale", _over),
    (Finding.DC_OFFSET, "2 % of full scale", _scaled(0.9, 0.9, 0.02)),
    (Finding.DEAD_CHANNEL, "the right channel silent", _scaled(1, 0)),
    (Finding.WEAK_CHANNEL, "the right channel 30 dB down", _scaled(1, 0.03)),
    (Finding.MONO, "the left channel twice", lambda one: one.samples[:, [0, 0]]),
    (Finding.POLARITY, "the right channel upside down", _upside_down),
    (Finding.SILENCE, "4 s of silence at the start", _silent(4, 0.0)),
    (Finding.SILENCE, "6 s of silence inside", _silent(6, 0.5)),
    (Finding.SILENCE, "6 s of silence at the end", _silent(6, 1.0)),
    (Finding.DROPOUTS, "200 zeros", _zeros(200)),
    (Finding.DROPOUTS, "8,000 zeros", _zeros(8_000)),
    (Finding.DROPOUTS, "a value held for 400 samples", _held),
    (Finding.DROPOUTS, "1,024 samples played twice", _twice),
    (Finding.CLICKS, "a step of half of full scale", _step),
    (Finding.WRONG_RATE, "the second half from 22.05 kHz", _from_another_rate(22_050)),
    (Finding.WRONG_RATE, "the second half from 32 kHz", _from_another_rate(32_000)),
)
