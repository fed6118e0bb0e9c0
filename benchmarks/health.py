"""How sure the findings of health are: ``python -m benchmarks.health FOLDER… [--fit]``.

Input: folders with genuine lossless recordings. Output: tables and pictures in ``docs/appendix/health.md``: the
suspicion of a lossy past by encoder, on the recordings that its regression was fitted to and on those held out; how
many genuine ones are suspected; how many of the faults that were put into them are found; what it costs. With
``--fit`` it prints the weights of a new regression instead.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from time import thread_time
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from benchmarks.health_faults import fault_table
from benchmarks.health_material import ENCODERS, Recording, Samples, genuine, recordings, transcoded
from benchmarks.plots import finish
from benchmarks.tables import load, markdown_table, save, write_section
from playlista.features.health.accumulator import HealthAccumulator
from playlista.features.health.authenticity import THRESHOLD_SCORE, WEIGHTS, Evidence, Holes, Wall, evidence
from playlista.features.health.blocks import PlanarBlocks, block_frames
from playlista.features.health.codecs.search import GridSearch, GridTrace
from playlista.features.health.passes import NumpyPasses
from playlista.features.health.spectrum import SpectrumLooks
from playlista.native.kernels import Kernels
from playlista.native.library import choose_kernels

PAGE = Path("docs/appendix/health.md")
PICTURES = Path("docs/appendix/health")
SHOWN = ("MP3 128", "MP3 192", "MP3 320", "AAC 192", "AAC 256", "Vorbis q5", "Opus 160")
#: Ridge of the regression: small, against weights that a few recordings would decide.
RIDGE = 0.002

UNKNOWN = "of unknown origin, untouched"

#: Evidence by (held out, kind): kinds of genuine sound begin with "genuine".
Found = dict[tuple[bool, str], list[Evidence]]


def evidence_of(samples: Samples, rate_hz: int) -> Evidence | None:
    """What speaks for a lossy past; None where there is too little sound."""
    grid, blocks = GridSearch(rate_hz), _blocks(samples.shape[1])
    looks = SpectrumLooks(rate_hz, samples.shape[1], grid.update)
    for block in chain(blocks.cut(samples), blocks.rest()):  # each is only valid until the next one is made
        looks.update(block)
    spectrum = looks.average()
    return None if spectrum is None else evidence(spectrum, grid.best())


def _blocks(channels: int) -> PlanarBlocks:
    return PlanarBlocks(channels, NumpyPasses(channels * block_frames(channels)))


def measure(material: list[Recording]) -> Found:
    """All pairs of all recordings."""
    found: Found = defaultdict(list)
    for number, one in enumerate(material, start=1):
        print(f"{number} of {len(material)}: {one.name}", flush=True)
        if one.is_origin_known:
            heard = [(f"genuine, {kind}", samples, rate_hz) for kind, samples, rate_hz in genuine(one)]
            heard += [(encoder, *transcoded(one, encoder)) for encoder in ENCODERS]
        else:
            heard = [(UNKNOWN, one.samples, one.rate_hz)]
        for kind, samples, rate_hz in heard:
            if (known := evidence_of(samples, rate_hz)) is not None:
                found[one.is_held_out, kind].append(known)
    return found


def kept(found: Found) -> list[object]:
    """As JSON, so that tables can be made again without measuring again."""
    return [[held, kind, [asdict(one) for one in many]] for (held, kind), many in found.items()]


def unkept(rows: list[tuple[bool, str, list[dict[str, Any]]]]) -> Found:
    """The inverse of `kept`."""
    return {
        (held, kind): [Evidence(Wall(**one["wall"]), Holes(**one["holes"]), GridTrace(**one["grid"])) for one in many]
        for held, kind, many in rows
    }


def scores(found: Found, kind: str, *, held_out: bool) -> NDArray[np.float64]:
    """Of all whose kind begins with `kind`."""
    return np.array(
        [
            one.score()
            for (held, name), many in found.items()
            if held == held_out and name.startswith(kind)
            for one in many
        ]
    )


def area(lossy: NDArray[np.float64], sound: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often a lossy one scores above a genuine one."""
    above = lossy[:, np.newaxis] > sound
    return float((above + 0.5 * (lossy[:, np.newaxis] == sound)).mean())


def authenticity_tables(found: Found) -> str:
    """By encoder the area and the share that is suspected; by kind of genuine sound the share that is."""
    rows = []
    for encoder in ENCODERS:
        cells: list[object] = [encoder]
        for held_out in (False, True):
            lossy, sound = (scores(found, kind, held_out=held_out) for kind in (encoder, "genuine"))
            cells += [f"{area(lossy, sound):.3f}", f"{(lossy >= THRESHOLD_SCORE).mean():.0%}"]
        rows.append(cells)
    kinds = sorted({kind for _, kind in found if kind.startswith("genuine")})
    sound_rows = [
        [kind, *(_suspected(scores(found, kind, held_out=held_out)) for held_out in (False, True))]
        for kind in (*kinds, "genuine", UNKNOWN)
    ]
    header = ("encoder", "area, fitted", "suspected", "area, held out", "suspected")
    genuine_header = ("kind (genuine: all of them)", "suspected, fitted", "suspected, held out")
    return f"{markdown_table(header, rows)}\n\n{markdown_table(genuine_header, sound_rows)}"


def _suspected(found: NDArray[np.float64]) -> str:
    return f"{(found >= THRESHOLD_SCORE).sum()} of {len(found)}"


def pictures(found: Found) -> None:
    """The ROC curves of both parts."""
    mpl.use("Agg")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for held_out, name in ((False, "fitted"), (True, "held-out")):
        figure, axes = plt.subplots(figsize=(5, 4))
        sound = scores(found, "genuine", held_out=held_out)
        for encoder in SHOWN:
            lossy = scores(found, encoder, held_out=held_out)
            steps = np.sort(np.concatenate([lossy, sound]))[::-1]
            false, true = ([float((some >= step).mean()) for step in steps] for some in (sound, lossy))
            axes.plot([0, *false, 1], [0, *true, 1], label=encoder)
        axes.set(xlabel="genuine suspected", ylabel="lossy suspected", title=name)
        axes.legend(fontsize=7, loc="lower right")
        finish(figure, axes, PICTURES / f"roc-{name}.png")


def fitted(found: Found) -> dict[str, float]:
    """The weights of a logistic regression on the recordings that are not held out; both classes weigh the same."""
    used = [(one, not kind.startswith("genuine")) for (held, kind), many in found.items() if not held for one in many]
    measures = np.array([list(one.measures().values()) for one, _ in used])
    is_lossy = np.array([lossy for _, lossy in used], float)
    shares = np.where(is_lossy > 0, 0.5 / is_lossy.mean(), 0.5 / (1 - is_lossy.mean()))
    weights = np.zeros(measures.shape[1])
    for _ in range(200):  # Newton's method
        likely = 1 / (1 + np.exp(-measures @ weights))
        slope = measures.T @ (shares * (likely - is_lossy)) / len(used) + RIDGE * weights
        bend = (measures * (shares * likely * (1 - likely))[:, np.newaxis]).T @ measures / len(used)
        weights -= np.linalg.solve(bend + RIDGE * np.eye(len(weights)), slope)
    return dict(zip(WEIGHTS, np.round(weights, 2).tolist(), strict=True))


def cost_table() -> str:
    """CPU ms of this thread for a minute of stereo, the least of five, and what is kept; noise has every candidate."""
    rows = []
    for rate_hz, channels in ((44_100, 1), (44_100, 2), (48_000, 2), (96_000, 2), (48_000, 6)):
        random = np.random.default_rng(1)
        minute = (0.1 * random.standard_normal((60 * rate_hz, channels))).astype(np.float32)
        ways = (None, choose_kernels("auto").kernels)
        spent = [[_cost(minute, rate_hz, kernels, lossless) for kernels in ways] for lossless in (True, False)]
        kept = [HealthAccumulator(rate_hz, channels, kernels=kernels).retained_bytes for kernels in ways]
        figures = (f"{1000 * least:.1f}" for of_format in spent for least in of_format)
        rows.append([f"{rate_hz} Hz, {channels} channels", *figures, *(f"{size / 1024:.0f}" for size in kept)])
    header = (
        *("signal", "lossless, NumPy", "lossless, kernels", "lossy, NumPy", "lossy, kernels"),
        *("KiB kept, NumPy", "KiB kept, kernels"),
    )
    return markdown_table(header, rows)


def _cost(minute: NDArray[np.float32], rate_hz: int, kernels: Kernels | None, is_lossless: bool) -> float:
    least = float("inf")
    for _ in range(5):
        accumulator = HealthAccumulator(rate_hz, minute.shape[1], is_lossless=is_lossless, kernels=kernels)
        started = thread_time()
        for start in range(0, len(minute), 3 * rate_hz):
            accumulator.update(minute[start : start + 3 * rate_hz])
        accumulator.result()
        least = min(least, thread_time() - started)
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--fit", action="store_true", help="print the weights of a new regression")
    parser.add_argument("--kept", type=Path, default=Path("build/health.json"), help="what was measured, kept here")
    parser.add_argument("--only", choices=("authenticity", "faults", "cost"), help="one table alone")
    given = parser.parse_args()
    material = [] if given.only == "cost" else list(recordings(given.folders))
    if given.only in (None, "authenticity"):
        if not given.kept.exists():
            save(given.kept, kept(measure(material)))
        found = unkept(load(given.kept))
        if given.fit:
            print(fitted(found))
            return
        pictures(found)
        fit, held = (len(found[held_out, "genuine, untouched"]) for held_out in (False, True))
        said = f"{fit + held} recordings, {held} of them held out.\n\n"
        write_section(PAGE, "authenticity", said + authenticity_tables(found))
    if given.only in (None, "faults"):
        write_section(PAGE, "faults", fault_table(material))
    if given.only in (None, "cost"):
        write_section(PAGE, "cost", cost_table())


if __name__ == "__main__":
    main()
