"""Loudness of recordings against published values and against ffmpeg's ebur128 filter, which gets the same samples."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray

from playlista.decode.layouts import named_layout
from playlista.features.loudness.accumulator import LoudnessAccumulator
from playlista.tracks import Loudness
from tests.conformance.rows import Row, greatest
from tests.kernels import way

#: ffmpeg would otherwise guess 2.1 for three channels and 4.0 with a rear centre for four.
FFMPEG_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
#: ffmpeg prints this for what its gate stops; what we leave out must be that.
FFMPEG_GATED_LUFS = -70.0
SHORTEST_SECONDS = 3.0
#: ffmpeg counts the windows of the first 3 s that are not full yet in the range; over half a minute under 0.3 LU.
SHORTEST_FOR_RANGE_SECONDS = 30.0


def measure(track: NDArray[np.float32], rate_hz: int) -> Loudness:
    """Loudness of a whole track [shape=(n, channels)]."""
    layout = named_layout(FFMPEG_LAYOUTS[track.shape[1]])
    accumulator = LoudnessAccumulator(rate_hz, track.shape[1], layout, kernels=way.kernels)
    accumulator.update(track)
    return accumulator.result()


def recordings(folder: Path) -> Iterator[tuple[str, NDArray[np.float32], int]]:
    """The first minute of every recording that libsndfile opens and that is long enough: name, samples, rate.

    Broken files are read as far as they go. ``SoundFile.blocks`` would hand out memory never written where a header
    declares too much.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            with soundfile.SoundFile(path) as file:
                rate_hz = file.samplerate
                blocks = [np.zeros((0, file.channels), np.float32)]
                while len(block := file.read(rate_hz, dtype="float32", always_2d=True)) and len(blocks) <= 60:
                    blocks.append(block)
        except soundfile.LibsndfileError:
            continue
        track = np.concatenate(blocks)
        if len(track) >= SHORTEST_SECONDS * rate_hz and track.shape[1] in FFMPEG_LAYOUTS:
            yield path.name, track, rate_hz


def ffmpeg_reading(track: NDArray[np.float32], rate_hz: int, options: str = "") -> dict[str, float]:
    """Last values of ffmpeg's ebur128 filter, which gets the very same samples."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-hide_banner", "-nostdin", "-f", "f32le", "-ar", str(rate_hz)),
        *("-ch_layout", FFMPEG_LAYOUTS[track.shape[1]], "-i", "pipe:0"),
        *("-af", f"ebur128=metadata=1{options},ametadata=print:file=-", "-f", "null", "-"),
    ]
    printed = subprocess.run(command, input=track.tobytes(), capture_output=True, check=True).stdout.decode()
    return {key: float(value) for key, value in re.findall(r"lavfi\.r128\.(\w+)=(-?[\d.]+|-inf)", printed)}


def published(folder: Path) -> dict[str, float]:
    """Published integrated loudness of files in `folder`, from its TRUTH.tsv."""
    with (folder / "TRUTH.tsv").open(newline="", encoding="utf-8") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        truths = {row["path"]: json.loads(row["truth"])["lufs"] for row in rows if "lufs" in row["truth"]}
    return {path: float(text.split()[0]) for path, text in truths.items()}


def published_rows(folder: Path) -> Iterator[Row]:
    """A line for every file with a published loudness.

    The publisher asks for 0.1 LU of the files of BS.2217, and for equality with its own filter of its own file.
    """
    for path, truth in published(folder).items():
        track, rate_hz = soundfile.read(folder / path, dtype="float32", always_2d=True)
        measured = measure(track, rate_hz).integrated_lufs
        passed = measured is not None and abs(measured - truth) <= 0.1
        yield Row(f"integrated_lufs: {Path(path).name}", measured, truth, "pyloudnorm's test", "+-0.1", passed)


def ffmpeg_rows(folder: Path, most: int) -> Iterator[Row]:
    """Greatest distances from ffmpeg over the first `most` recordings of `folder`."""
    integrated: dict[str, float] = {}
    ranges: dict[str, float] = {}
    for name, track, rate_hz in islice(recordings(folder), most):
        theirs, ours = ffmpeg_reading(track, rate_hz), measure(track, rate_hz)
        ours_lufs = FFMPEG_GATED_LUFS if ours.integrated_lufs is None else ours.integrated_lufs
        integrated[name] = abs(ours_lufs - theirs["I"])
        if len(track) >= SHORTEST_FOR_RANGE_SECONDS * rate_hz and ours.range_lu is not None:
            ranges[name] = abs(ours.range_lu - theirs["LRA"])
    for quantity, apart, bound, unit in (("integrated_lufs", integrated, 0.1, "LU"), ("range_lu", ranges, 0.3, "LU")):
        if apart:
            worst = max(apart, key=apart.__getitem__)
            name = f"{quantity}: {len(apart)} recordings, worst {worst}"
            yield greatest(name, apart[worst], bound, truth="the same", source="ffmpeg ebur128", unit=unit)
