"""What the table "key-changes" is made of: medleys of recordings whose keys are known, as the daemon hears them.

Input: a folder with a TRUTH.tsv of keys. Output: rows as plain types. Where recordings of different keys meet there is
a change; which ones meet is drawn by a fixed seed.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality_key_changes import MEDLEYS, ONE_KEY, Row, matched
from playlista.features.tonal.accumulator import TonalAccumulator
from tests.conformance.recordings import recording

_RATE_HZ = 22_050
_CHUNK = 3 * _RATE_HZ
_MEDLEYS, _FEWEST, _MOST, _REPEATS, _SEED = 40, 3, 8, 4, 7

#: A recording: its key and its samples.
_Tune = tuple[str, NDArray[np.float16]]


def measure(folder: Path) -> list[Row]:
    """A row for every medley, and one for every recording played several times."""
    tunes = list(_tunes(folder))
    if not tunes:
        return []
    chance = random.Random(_SEED)
    medleys = [_medley(tunes, chance) for _ in range(_MEDLEYS)]
    return [_row(MEDLEYS, medley) for medley in medleys] + [_row(ONE_KEY, [tune] * _REPEATS) for tune in tunes]


def _tunes(folder: Path) -> Iterator[_Tune]:
    if (folder / "TRUTH.tsv").is_file():
        with (folder / "TRUTH.tsv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if row["key"]:
                    yield row["key"], recording(folder, row["file"], {}).optimized


def _medley(tunes: Sequence[_Tune], chance: random.Random) -> list[_Tune]:
    """Some of the tunes, none twice in a row."""
    places: list[int] = []
    for _ in range(chance.randint(_FEWEST, _MOST)):
        places.append(chance.choice([place for place in range(len(tunes)) if place not in places[-1:]]))
    return [tunes[place] for place in places]


def _row(kind: str, tunes: Sequence[_Tune]) -> Row:
    accumulator = TonalAccumulator(_RATE_HZ)
    joins, seconds, before = [], 0.0, None
    for key, samples in tunes:
        if before not in (None, key):
            joins.append(seconds)
        for start in range(0, len(samples), _CHUNK):
            accumulator.update(samples[start : start + _CHUNK].astype(np.float32))
        seconds, before = seconds + len(samples) / _RATE_HZ, key
    told, others = matched(joins, [start for start, *_ in accumulator.result().key_changes[1:]])
    return {"kind": kind, "joins": joins, "told": told, "others": others}
