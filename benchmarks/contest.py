"""The contenders side by side: the same files, one thread, a fresh process each, interleaved, several rounds.

Input: files, the model, the published graphs. Output: for every contender and round what it cost with the
files and without any (its start-up). A contender that leaves a file out fails the contest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.children import ChildFailed, Run, python, run
from benchmarks.published import PublishedGraphs

RUNTIMES = ("onnx", "numpy", "essentia", "tensorflow")
OUR_HOP, ESSENTIA_HOP = 187, 93


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to do the job.

    command : without the files, which are put behind it.
    hop_frames : between patches; None where there are no tags.
    does : what it computes, in a few words.
    """

    key: str
    title: str
    does: str
    hop_frames: int | None
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


EVERYTHING = "rhythm, key, loudness with true peak, spectrum, tags, embedding"
BASICS = "rhythm, key, tags"


def ours(runtime: str, models: Path) -> Contender:
    """The product itself, from its command line, at its default settings."""
    environment = {"MUSICNN_RUNTIME": runtime, "MODELS_DIR": str(models)}
    command = python("-m", "playlista", "analyze", "--json")
    return Contender(f"ours-{runtime}", f"playlista, {runtime}", EVERYTHING, OUR_HOP, command, environment)


def peers(graphs: PublishedGraphs) -> Iterator[Contender]:
    """The same job by other means, each at its own hop and at ours."""
    for name, title in (
        ("textbook", "the textbook essentia way"),
        ("guide", "the guide's loader read literally"),
    ):
        for hop in (ESSENTIA_HOP, OUR_HOP):
            options = ("--graph", str(graphs.tensorflow), "--hop", str(hop))
            yield Contender(f"{name}-{hop}", title, BASICS, hop, _program(name, *options))
    options = ("--graph", str(graphs.onnx), "--hop", str(OUR_HOP))
    does = "rhythm, key, centroid, tags"
    yield Contender("librosa", "librosa and ONNX Runtime", does, OUR_HOP, _program("librosa_onnx", *options))
    does = "rhythm, key, loudness, spectrum, no tags"
    yield Contender("extractor", "essentia's MusicExtractor", does, None, _program("music_extractor"))


def floors(models: Path, graphs: PublishedGraphs, patches: Path, runtimes: Sequence[str]) -> Iterator[Contender]:
    """Decoding and inference alone, with the published graph and with ours."""
    published = {"essentia": graphs.tensorflow, "tensorflow": graphs.tensorflow, "onnx": graphs.onnx}
    for runtime in runtimes:
        options = ("--runtime", runtime, "--models", str(models), "--patches", str(patches))
        does = "decode, inference"
        title = f"floor, {runtime}, folded graph"
        yield Contender(f"floor-{runtime}", title, does, OUR_HOP, _program("floor", *options))
        if runtime in published:
            command = _program("floor", *options, "--published", str(published[runtime]))
            title = f"floor, {runtime}, published graph"
            yield Contender(f"floor-{runtime}-published", title, does, OUR_HOP, command)


def write_patches(folder: Path, files: Sequence[str]) -> None:
    """What the floor infers."""
    folder.mkdir(parents=True, exist_ok=True)
    run(_program("patches", str(folder), *files)).checked()


def contest(contenders: Sequence[Contender], files: Sequence[str], nothing: str, rounds: int) -> dict[str, Any]:
    """Run them all `rounds` times in turn, each time in another order.

    Parameters
    ----------
    nothing : an empty folder: the product wants a path where the others start without any.

    Returns
    -------
    by the key of each contender: ``runs`` and ``starts``, lists of figures by round, and ``lines``, its last output.
    """
    results: dict[str, Any] = {contender.key: {"runs": [], "starts": [], "lines": []} for contender in contenders}
    for number in range(rounds):
        turn = number % len(contenders)
        for contender in (*contenders[turn:], *contenders[:turn]):
            start = _run(contender, [nothing] if contender.key.startswith("ours") else [])
            ended = _run(contender, files)
            lines = _lines(contender, ended, files)
            results[contender.key]["starts"].append(start.figures())
            results[contender.key]["runs"].append(ended.figures())
            results[contender.key]["lines"] = lines
            print(f"  round {number + 1}: {contender.key:26} {ended.cpu_seconds:7.2f} CPU s", flush=True)
    return results


def warm_up(contenders: Sequence[Contender], shortest: str) -> None:
    """One run each that is not measured: files into the page cache, numba's code into its own."""
    for contender in contenders:
        _run(contender, [shortest])


def _run(contender: Contender, files: Sequence[str]) -> Run:
    try:
        return run([*contender.command, *files], environment=contender.environment).checked()
    except ChildFailed as error:
        raise ChildFailed(f"{contender.key} {error}") from error


def _lines(contender: Contender, ended: Run, files: Sequence[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in ended.output.splitlines() if line.startswith("{")]
    if [line["path"] for line in lines] != list(files):
        raise ChildFailed(f"{contender.key} answered for {len(lines)} of {len(files)} files: {ended.errors[-1000:]}")
    if contender.hop_frames and not all(line.get("patches", 1) and line.get("tags", True) for line in lines):
        raise ChildFailed(f"{contender.key} left tags out: {ended.errors[-1000:]}")
    return lines


def _program(name: str, *options: str) -> list[str]:
    return python("-m", f"benchmarks.contenders.{name}", *options)
