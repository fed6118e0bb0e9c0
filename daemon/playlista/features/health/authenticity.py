"""Whether a lossless file looks as if it had been made from a lossy one.

Input: the average spectrum of a track and what the search for codec grids found. Output: `Authenticity`: a suspicion
from 0 to 1, the evidence in words, and where the spectrum ends. It is a suspicion, never a verdict: music may be
band-limited for many good reasons.

What is looked at, each as a number from 0 to 1
-----------------------------------------------
grid : coefficients that an encoder rounded to 0 or to the steps of its quantizer, found on its own grid, and confirmed
    where the track is long enough (``codecs.search``). Where it is there, it is nearly certain.
wall : how far the spectrum falls within 350 Hz at its hardest edge above 5 kHz, and within 150 Hz; walls between 14.5
    and 20.9 kHz, where encoders have theirs, and next to 20 kHz, count apart. Filters of studios are wider: an
    analogue one falls over kHz, a resampler over several hundred Hz.
floor : behind the wall nothing is left but the rounding of the samples to 16 bits, without dither.
holes : how unsteady the levels of neighbouring bins are (``spectrum``) above 10 kHz, against below; above 16 kHz
    against 12 to 16 kHz, since MP3 has no step size of its own there (scale factor band 21); and at most.

They are weighed by a logistic regression on recordings that were encoded as MP3, AAC, Vorbis and Opus and decoded
again, against the same ones untouched, resampled, filtered and made to sound old: ``python -m benchmarks.health
--fit``. The suspicion is 0.5 somewhat above all genuine ones. ``docs/appendix/health.md`` has the tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from playlista.features.health.codecs.search import GridTrace
from playlista.features.health.spectrum import AverageSpectrum, MeanSpectrum
from playlista.features.health.walls import ROUNDING_DB, Wall, former_rate, wall_of
from playlista.tracks.findings import SUSPICION

#: The regression: by the names of `Evidence.measures`. Fitted, not thought out; see the module.
WEIGHTS = {
    "one": -3.05,
    "grid": 0.36,
    "grid_confirmed": 3.42,
    "grid_certain": 2.01,
    "wall": -0.87,
    "wall_of_codecs": 0.04,
    "wall_hardness": 2.14,
    "wall_at_20_khz": 1.13,
    "wall_low": -0.11,
    "holes_above": 0.8,
    "holes_from_16_khz": 0.47,
    "holes_most": 0.54,
    "holes_mean": 1.12,
    "floor": 1.7,
    "holes_above_mean": 1.19,
}
#: The score at which the suspicion is 0.5, see ``tracks.findings.SUSPICION``.
THRESHOLD_SCORE = -0.5
#: A score without anything to name for it stays so far below.
UNNAMED = 0.2
#: Fewer looks than these tell nothing.
LEAST_LOOKS = 2
#: A wall of so many dB is named, and a spectrum ends where it falls to so many above its floor.
NAMED_WALL_DB = 8.0
NAMED_GRID, NAMED_CONFIRMED = 7.0, 4.0
NAMED_HOLES_DB = 6.2
#: The mean unsteadiness of a spectrum of tones, and of one that is filled.
FILLED_DB = (3.8, 4.6)


@dataclass(frozen=True, slots=True)
class Authenticity:
    """See ``tracks.Health``; everything is None or empty where there was too little sound to tell."""

    suspicion: float | None = None
    evidence: tuple[str, ...] = ()
    bandwidth_hz: float | None = None
    upsampled_from_hz: int | None = None


@dataclass(frozen=True, slots=True)
class Holes:
    """Unsteadiness in dB: above 10 kHz over that below at most and on average, from 16 kHz on over that below, at most
    and on average above 4 kHz."""

    above_most: float = 0.0
    above_mean: float = 0.0
    from_16_khz: float = 0.0
    most: float = 4.9
    mean: float = 4.9


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one track."""

    wall: Wall
    holes: Holes
    grid: GridTrace

    def measures(self) -> dict[str, float]:
        """The numbers that `WEIGHTS` weighs."""
        wall, holes = self.wall, self.holes
        of_codecs = 14_500 < wall.hz < 20_900
        # Between steady tones there is nothing; the edge of the highest one is no wall.
        is_filled = _from_to(holes.mean, *FILLED_DB)
        is_confirmable = self.grid.confirmed is not None
        sharp_share = wall.sharp_db / max(wall.wide_db, 8.0)
        return {
            "one": 1.0,
            "grid": 0.0 if is_confirmable else _from_to(self.grid.found, 4, 8),
            "grid_confirmed": _from_to(self.grid.confirmed or 0.0, 3, 6),
            "grid_certain": _from_to(self.grid.confirmed or 0.0, 6, 12),
            "wall": is_filled * _from_to(wall.fall_db, 5, 22),
            "wall_of_codecs": is_filled * of_codecs * _from_to(wall.sharp_db, 6, 20),
            "wall_hardness": is_filled * (of_codecs and wall.sharp_db > 6) * _from_to(sharp_share, 0.55, 0.9),
            "wall_at_20_khz": is_filled * (19_000 < wall.hz < 20_500) * _from_to(wall.fall_db, 5, 15),
            "wall_low": is_filled * (wall.hz <= 14_500) * _from_to(wall.fall_db, 5, 20),
            "holes_above": _from_to(holes.above_most, 0.4, 2.5),
            "holes_from_16_khz": _from_to(holes.from_16_khz, 0.3, 2),
            "holes_most": _from_to(holes.most, 5.5, 8),
            "holes_mean": _from_to(holes.mean, 5, 6.5),
            "floor": is_filled * (wall.fall_db > 5) * _from_to(wall.behind_db, -124, -129),
            "holes_above_mean": _from_to(holes.above_mean, 0, 1.5),
        }

    def score(self) -> float:
        """The regression; from `THRESHOLD_SCORE` on it is suspicious, but only what can be named is."""
        score = sum(WEIGHTS[name] * value for name, value in self.measures().items())
        return score if any(self.words()) else min(score, THRESHOLD_SCORE - UNNAMED)

    def words(self) -> Iterator[str]:
        """What speaks for a lossy past, the strongest first."""
        wall, holes = self.wall, self.holes
        found, confirmed = self.grid.found, self.grid.confirmed
        most = found if confirmed is None else confirmed
        if most >= (NAMED_GRID if confirmed is None else NAMED_CONFIRMED):
            yield f"coefficients rounded on the frame grid of {self.grid.codec} ({most:.0f} standard deviations)"
        if wall.fall_db >= NAMED_WALL_DB:
            yield f"the spectrum falls by {wall.sharp_db:.0f} dB within 150 Hz at {wall.hz / 1000:.1f} kHz"
            if wall.behind_db < ROUNDING_DB:
                yield "nothing but the rounding of 16 bits above it"
        if holes.most >= NAMED_HOLES_DB:
            yield f"holes that come and go in the treble ({holes.most:.1f} dB, music has 5)"
        if holes.from_16_khz >= 1.0:
            yield f"coarser above 16 kHz than below, as in MP3 ({holes.from_16_khz:+.1f} dB)"


def authenticity(spectrum: AverageSpectrum | None, grid: GridTrace) -> Authenticity:
    """What the looks at a lossless track tell, and `grid`, which is what `codecs.search.GridSearch.best` does."""
    if spectrum is None or spectrum.looks < LEAST_LOOKS:
        return Authenticity()
    found = evidence(spectrum, grid)
    suspicion = round(1.0 / (1.0 + math.exp(THRESHOLD_SCORE - found.score())), 3)
    return Authenticity(
        suspicion=suspicion,
        evidence=tuple(found.words()),
        bandwidth_hz=_bandwidth_hz(spectrum),
        upsampled_from_hz=None if suspicion >= SUSPICION else former_rate(found.wall, spectrum.rate_hz),
    )


def of_lossy(spectrum: MeanSpectrum | None) -> Authenticity:
    """Where the spectrum of a lossy track ends: it is known where it comes from."""
    if spectrum is None or spectrum.looks < LEAST_LOOKS:
        return Authenticity()
    return Authenticity(bandwidth_hz=_bandwidth_hz(spectrum))


def evidence(spectrum: AverageSpectrum, grid: GridTrace) -> Evidence:
    """The numbers of one track."""
    return Evidence(wall_of(spectrum.typical_db, spectrum.bin_hz), _holes(spectrum), grid)


def named_wall(spectrum: AverageSpectrum) -> Wall | None:
    """The hardest edge of a spectrum, if it is hard enough to be named."""
    wall = wall_of(spectrum.typical_db, spectrum.bin_hz)
    return wall if wall.fall_db >= NAMED_WALL_DB else None


def _holes(spectrum: AverageSpectrum) -> Holes:
    """Only bands with more in them than the rounding of 16 bits count."""
    steadiness = spectrum.steadiness_db
    width = round(1_000 / spectrum.bin_hz)
    levels = [float(spectrum.typical_db[band * width : (band + 1) * width].mean()) for band in range(len(steadiness))]
    heard = [band for band, level in enumerate(levels) if level > ROUNDING_DB and band >= 4]
    if not heard:
        return Holes(mean=0.0)  # not filled: an edge up there is one of the rounding's own lines
    low = [steadiness[band] for band in heard if band < 10]
    usual = float(np.median(low)) if low else 4.9
    above = [float(steadiness[band]) - usual for band in heard if band >= 10]
    coarse = [steadiness[band] for band in heard if 16 <= band < 20]
    fine = [steadiness[band] for band in heard if 12 <= band < 16]
    return Holes(
        above_most=max([0.0, *above]),
        above_mean=float(np.mean(above)) if above else 0.0,
        from_16_khz=float(np.mean(coarse) - np.mean(fine)) if coarse and fine else 0.0,
        most=float(max(steadiness[band] for band in heard)),
        mean=float(np.mean([steadiness[band] for band in heard])),
    )


def _bandwidth_hz(spectrum: MeanSpectrum) -> float:
    """The highest frequency with 10 dB more than the least that there is in 300 Hz anywhere; else all of the band."""
    width = max(1, round(300 / spectrum.bin_hz))
    smooth = np.convolve(spectrum.mean_db, np.full(width, 1.0 / width), mode="valid")
    least = float(smooth.min())
    top_hz = (len(spectrum.mean_db) - 1) * spectrum.bin_hz
    if least > ROUNDING_DB + 24.0:  # no floor is seen
        return top_hz
    above = np.flatnonzero(smooth > max(least + 10.0, ROUNDING_DB))
    if len(above) == 0:
        return 0.0
    last = int(above[-1])
    return top_hz if last == len(smooth) - 1 else round((last + width / 2) * spectrum.bin_hz, 1)


def _from_to(value: float, low: float, high: float) -> float:
    """0 at `low`, 1 at `high`, straight between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
