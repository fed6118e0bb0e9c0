"""What a minute of music costs above the floor, by format: ``python -m benchmarks.floor RECORDING [--write]``.

The floor is what any program with our answers to identity and tags has to do: the same decoder, the same hash of the
samples, and bare inference on patches that were made beforehand. It and the whole analysis, with the compiled kernels
and in NumPy, with tags and without, run in turns in one process on one CPU, so that a ratio holds on other machines.
Ratios are taken within a round; of all rounds the median. CPU time is that of this process and of its ffmpeg children.

Input: a recording of two minutes or more, of which the first two are taken, the length of a short song: what a track
costs once is in the figures as it is in a library. Output: a table. ``--bliss PYTHON`` adds bliss-audio from that
interpreter's packages (a process for each file, less its start).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import truediv
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING, Any

from benchmarks import machine
from benchmarks.tables import markdown_table, write_section

if TYPE_CHECKING:  # native libraries come after the environment that they read
    from playlista.config import Settings
    from playlista.memory.cgroup import Cgroup
    from playlista.musicnn.runtimes.runtime import TaggerRuntime

PAGE = Path("docs/appendix/benchmarks.md")
SECONDS = 120
#: Name, suffix and ffmpeg's options; all of stereo at 44.1 kHz but the last two.
FORMATS = (
    ("OGG", "ogg", ("-c:a", "libvorbis", "-q:a", "6")),
    ("MP3", "mp3", ("-b:a", "256k")),
    ("FLAC", "flac", ("-sample_fmt", "s16")),
    ("AAC", "m4a", ("-c:a", "aac", "-b:a", "256k")),
    ("Opus", "opus", ("-ar", "48000", "-c:a", "libopus", "-b:a", "160k")),
    ("FLAC 24/96", "96.flac", ("-ar", "96000", "-sample_fmt", "s32")),
)
BLISS = "import sys, bliss_audio\nfor path in sys.argv[1:]: bliss_audio.Song(path)"
HEADER = ("format", "decode", "hash", "inference", "floor", "NumPy", "of the floor", "kernels", "of the floor")


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def cost(work: Callable[[], object]) -> float:
    """CPU milliseconds."""
    before = cpu_seconds()
    work()
    return 1000 * (cpu_seconds() - before)


def minutely(milliseconds: float) -> float:
    """What `SECONDS` of music cost, for a minute of it."""
    return milliseconds * 60 / SECONDS


def encode(
    recording: Path, folder: Path, seconds: int = SECONDS, formats: Sequence[tuple[str, str, tuple[str, ...]]] = FORMATS
) -> Iterator[tuple[str, Path]]:
    """The first `seconds` of the recording in each format, written by ffmpeg."""
    from playlista.decode.readers.ffmpeg_child import ffmpeg_path

    for name, suffix, options in formats:
        path = folder / f"music.{suffix}"
        cut = ("-t", str(seconds), "-i", str(recording), "-vn", "-ac", "2", "-ar", "44100")
        subprocess.run([ffmpeg_path(), "-v", "error", "-nostdin", *cut, *options, str(path)], check=True)
        yield name, path


@dataclass(frozen=True, slots=True)
class Parts:
    """What is measured of one file, each a call."""

    decode: Callable[[], object]
    hash: Callable[[], object]
    inference: Callable[[], object]
    analyses: Mapping[str, Callable[[], object]]


def parts(path: Path, models: Path, runtime: str) -> Parts:
    """The calls for `path`; what they need is loaded, and the patches are made."""
    from playlista.config import Settings
    from playlista.musicnn.files import ModelFiles
    from playlista.musicnn.runtimes.runtime import load_runtime

    settings = Settings(musicnn_runtime=runtime, models_dir=models)
    patches, blocks, rate_hz = heard(path, settings)
    files = ModelFiles.find(models)
    assert files is not None, f"no model in {models}"
    return Parts(
        decode=partial(decode, path),
        hash=partial(hash_music, blocks, rate_hz),
        inference=partial(infer, load_runtime(runtime, files), patches),
        analyses=analyses(path, settings),
    )


def heard(path: Path, settings: Settings) -> tuple[Sequence[Any], Sequence[Any], int]:
    """Patches and native blocks of the file, and their sample rate."""
    from benchmarks.contenders.patches import Recorder
    from playlista.analysis.track_stream import Signals
    from playlista.features.tags.accumulator import TagsAccumulator
    from playlista.memory_optimized_loader import MemoryOptimizedLoader

    recorder, blocks = Recorder(), []
    accumulator = TagsAccumulator(recorder, ["tag"])
    with MemoryOptimizedLoader(settings, one_cpu()).open(str(path), signals=Signals(analysis=False)) as stream:
        rate_hz = stream.info.sample_rate_hz
        for chunk in stream:
            accumulator.update(chunk.model)
            blocks.append(chunk.native)
    accumulator.result()
    return recorder.patches, blocks, rate_hz


def decode(path: Path) -> None:
    """All of the file, and nothing else."""
    from playlista.decode.opening import open_source

    how = {"block_seconds": 3, "max_block_bytes": 2**22, "mapping_min_bytes": None, "timeout_seconds": 600}
    with open_source(str(path), **how) as source:  # type: ignore[arg-type]
        for _block in source.blocks():
            pass


def hash_music(blocks: Sequence[Any], rate_hz: int) -> None:
    """The hash of the samples."""
    from playlista.decode.identity import MusicHash
    from playlista.decode.resample import downmix

    music = MusicHash(rate_hz)
    for block in blocks:
        music.update(downmix(block), block)


def infer(model: TaggerRuntime, patches: Sequence[Any]) -> None:
    """Bare inference, a patch at a time."""
    for patch in patches:
        model.activations(patch[None])


def analyses(path: Path, settings: Settings) -> dict[str, Callable[[], object]]:
    """The whole analysis of the file, in NumPy ("off") and with the kernels ("auto"), with tags and without."""
    from playlista.analysis.audio_analyzer import AudioAnalyzer
    from playlista.analysis.tagger import load_tagger

    calls: dict[str, Callable[[], object]] = {}
    for kernels in ("off", "auto"):
        for name, runtime in (("tags", settings.musicnn_runtime), ("no tags", "off")):
            chosen = replace(settings, native_kernels=kernels, musicnn_runtime=runtime)
            tagger = load_tagger(chosen, one_cpu()).accumulator
            analyzer = AudioAnalyzer(chosen, tagger=tagger, cgroup=one_cpu())
            calls[f"{kernels} {name}"] = partial(analyzer.analyze, str(path))
    return calls


def one_cpu() -> Cgroup:
    """This machine with a single CPU."""
    from playlista.memory.cgroup import Cgroup

    return Cgroup(affinity=lambda: 1)


def measure(found: Parts, rounds: int) -> dict[str, list[float]]:
    """The cost of each part by round, run in turns; once before it counts."""
    calls = {"decode": found.decode, "hash": found.hash, "inference": found.inference, **found.analyses}
    costs: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            spent = minutely(cost(call))
            if number:
                costs[name].append(spent)
    return costs


def bliss(interpreter: str, path: Path, rounds: int) -> list[float]:
    """The cost of bliss-audio by round, less that of its start."""
    command = [interpreter, "-c", BLISS]
    costs = []
    for _ in range(rounds):
        start = cost(lambda: subprocess.run(command, check=True))
        whole = cost(lambda: subprocess.run([*command, str(path)], check=True))
        costs.append(minutely(whole - start))
    return costs


def table(costs: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Milliseconds for a minute of music, with tags; then without, and bliss where it was measured."""
    whole, bare = [], []
    for name, of_format in costs.items():
        parts = [of_format[part] for part in ("decode", "hash", "inference")]
        floor = [sum(round_) for round_ in zip(*parts, strict=True)]
        ours = [of_format["off tags"], of_format["auto tags"]]
        whole.append([name, *map(_figure, (*parts, floor)), *(text for one in ours for text in _against(one, floor))])
        without = [of_format["off no tags"], of_format["auto no tags"]]
        theirs = of_format.get("bliss")
        compared = [_figure(theirs), _against(without[1], theirs)[1]] if theirs else []
        bare.append([name, *map(_figure, without), *compared])
    header = ("format, without tags", "NumPy", "kernels", *(("bliss", "kernels of bliss") if len(bare[0]) > 3 else ()))
    return f"{markdown_table(HEADER, whole)}\n\n{markdown_table(header, bare)}"


def _figure(costs: Sequence[float]) -> str:
    return f"{statistics.median(costs):.0f}"


def _against(ours: Sequence[float], theirs: Sequence[float]) -> tuple[str, str]:
    """The median of ours, and of what it is of theirs in the same round."""
    return _figure(ours), f"{statistics.median(map(truediv, ours, theirs)):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--runtime", default="numpy")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bliss", help="an interpreter that has bliss-audio")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE}")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from playlista.config import Settings
    from playlista.system.environment import prepare_environment

    prepare_environment(Settings().native_environment(), threads=1)
    costs: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        for name, path in encode(asked.recording, Path(place)):
            costs[name] = measure(parts(path, asked.models, asked.runtime), asked.rounds)
            if asked.bliss:
                costs[name]["bliss"] = bliss(asked.bliss, path, asked.rounds)
            print(f"benchmarks: {name} is measured", flush=True)
    of_what = f"CPU ms a minute, of {SECONDS} s of music."
    said = f"{machine.describe()} Runtime {asked.runtime}; median of {asked.rounds} rounds; {of_what}"
    text = f"{said}\n\n{table(costs)}"
    print(text)
    if asked.write:
        write_section(PAGE, "floor", text)


if __name__ == "__main__":
    main()
